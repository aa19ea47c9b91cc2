"""Close business days: orders become daily demand, the ledger becomes stocked-out rates and snapshots.

Only differences are written, so closing a day again costs little and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Min, Q
from django.db.models.functions import TruncDate

from orders.day_rows import Changes, Ledger, compare_days, compare_snapshots
from orders.demand import WRITTEN_AT_ONCE
from orders.models import DailyDemand, DayRevision, DemandSeries, DirtyDay
from orders.stock_days import stock_days
from stock.models import StockLevel, StockMovement, StockSnapshot, Warehouse

ONE_DAY = timedelta(days=1)
#: The last closed days are always looked at again: an order may have been written while they were closed.
REOPENED = 2 * ONE_DAY
#: Series that go back further than this are read apart, so that the others don't read a long ledger with them.
RECENT = 7 * ONE_DAY
REVISIONS_KEPT = 800 * ONE_DAY


def close_demand(*, until: date, series_ids: Sequence[int]) -> Callable[[], None]:
    """Compute these series up to ``until``; returns what writes it, in the caller's transaction.

    A series with a dirty day is computed again from that day on, since stock carries over; the others from the last
    closed days on. The demand and sales of imported history are kept.
    """
    dirty = DirtyDay.objects.filter(series__in=series_ids, on_date__lte=until)
    seen, dirty_from = [], {}
    for pk, series, day in dirty.values_list("pk", "series", "on_date"):  # read before the orders, see mark_dirty
        seen.append(pk)
        dirty_from[series] = min(day, dirty_from.get(series, day))
    starts = {}
    for series in DemandSeries.objects.filter(pk__in=series_ids, first_on__lte=until).order_by("pk"):
        usual = series.closed_on - REOPENED + ONE_DAY if series.closed_on else series.first_on
        starts[series] = max(min(usual, dirty_from.get(series.pk, usual)), series.first_on)
    starts = {series: day for series, day in starts.items() if day <= until}
    changes = Changes()
    recent = {series: day for series, day in starts.items() if day > until - RECENT}
    for group in (recent, {series: day for series, day in starts.items() if series not in recent}):
        if group:
            _compare(group, until, changes)
    return lambda: _write(changes, until, list(starts), seen)


def _compare(starts: dict[DemandSeries, date], until: date, changes: Changes) -> None:
    first_on = min(starts.values())
    series_of = {(series.product_id, series.warehouse_id): series.pk for series in starts}
    levels = StockLevel.objects.filter(product__in={product for product, _ in series_of}).order_by("pk")
    level_of = {
        pk: series_of[product, warehouse]
        for pk, product, warehouse in levels.values_list("pk", "product", "warehouse")
        if (product, warehouse) in series_of
    }
    stock = stock_days(list(level_of), first_on, until) if level_of else None
    row_of = {series: row for row, series in enumerate(level_of.values())}
    compare_days(starts, until, Ledger(stock, row_of, first_on), changes)
    if stock:
        compare_snapshots(stock, first_on, until, changes)


def _write(changes: Changes, until: date, series: list[DemandSeries], dirty_seen: list[int]) -> None:
    DailyDemand.objects.filter(pk__in=changes.gone_days).delete()
    DailyDemand.objects.bulk_create(
        changes.days, update_conflicts=True, unique_fields=["series", "on_date"], batch_size=WRITTEN_AT_ONCE,
        update_fields=["demand", "sales", "price", "stocked_out_rate"],
    )  # fmt: skip
    DayRevision.objects.bulk_create(changes.revisions, ignore_conflicts=True, batch_size=WRITTEN_AT_ONCE)
    StockSnapshot.objects.filter(pk__in=changes.gone_snapshots).delete()
    StockSnapshot.objects.bulk_create(
        changes.snapshots, update_conflicts=True, unique_fields=["level", "on_date"], batch_size=WRITTEN_AT_ONCE,
        update_fields=["on_hand", "stocked_out_rate"],
    )  # fmt: skip
    unclosed = DemandSeries.objects.filter(Q(closed_on=None) | Q(closed_on__lt=until))
    unclosed.filter(pk__in=[row.pk for row in series]).update(closed_on=until)
    DirtyDay.objects.filter(pk__in=dirty_seen).delete()


def note_late_movements(*, recorded_since: datetime) -> int:
    """Mark the first day of what was recorded since then for a day already closed; returns how many series."""
    late = []
    for warehouse in Warehouse.objects.all():
        moved = StockMovement.objects.filter(
            recorded_at__gte=recorded_since, effective_at__lt=F("recorded_at") - ONE_DAY, level__warehouse=warehouse
        )
        day = TruncDate(Min("effective_at"), tzinfo=ZoneInfo(warehouse.time_zone))
        first_late = dict(moved.order_by().values_list("level__product").annotate(day=day))
        closed = DemandSeries.objects.filter(warehouse=warehouse, closed_on__isnull=False)
        for pk, product, closed_on in closed.values_list("pk", "product", "closed_on"):
            if product in first_late and first_late[product] <= closed_on - REOPENED:
                late.append(DirtyDay(series_id=pk, on_date=first_late[product]))
    DirtyDay.objects.bulk_create(late, batch_size=WRITTEN_AT_ONCE)
    return len(late)


def forget_revisions(*, until: date) -> int:
    """Drop what days older than a back-test reads said once; returns how many."""
    return DayRevision.objects.filter(on_date__lt=until - REVISIONS_KEPT).delete()[0]
