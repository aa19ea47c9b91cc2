"""Which item is asked for where: the series of daily demand, and what must be closed again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, Min, OuterRef, Subquery
from django.db.models.functions import TruncDate

from orders.models import DemandSeries, DirtyDay, SalesOrderLine
from stock.models import StockMovement, Warehouse

Pair = tuple[int, int]  # product, warehouse

WRITTEN_AT_ONCE = 2000


def series_of(*, product_id: int, warehouse_id: int, first_on: date) -> DemandSeries:
    """The series of an item; a new one starts on ``first_on``."""
    return DemandSeries.objects.get_or_create(
        product_id=product_id, warehouse_id=warehouse_id, defaults={"first_on": first_on}
    )[0]


def mark_dirty(*, product_id: int, warehouse_id: int, on_date: date) -> None:
    """Let the next close compute this day again, where it is closed; call it in the transaction that wrote to it.

    Always a new row: one that is there already may be in the hands of a close that has not seen this writing.
    """
    mark_dirty_days({(product_id, warehouse_id, on_date)})


def mark_dirty_days(days: Collection[tuple[int, int, date]]) -> None:
    """The same for many (product, warehouse, day) at once."""
    wanted = {(product, warehouse): set() for product, warehouse, _day in days}
    for product, warehouse, day in days:
        wanted[product, warehouse].add(day)
    closed = DemandSeries.objects.filter(
        product__in={product for product, _w in wanted}, warehouse__in={warehouse for _p, warehouse in wanted},
        closed_on__gte=min(day for *_pair, day in days),
    )  # fmt: skip
    DirtyDay.objects.bulk_create(
        DirtyDay(series_id=pk, on_date=day)
        for pk, product, warehouse, closed_on in closed.values_list("pk", "product", "warehouse", "closed_on")
        for day in sorted(wanted.get((product, warehouse), ()))
        if day <= closed_on
    )


def ensure_series() -> int:
    """Make the missing series of whatever was asked for or moved, and let the others start early enough."""
    first_on = _first_asked_for()
    for pair, day in _first_moved().items():
        first_on[pair] = min(day, first_on.get(pair, day))
    rows = [DemandSeries(product_id=p, warehouse_id=w, first_on=day) for (p, w), day in sorted(first_on.items())]
    DemandSeries.objects.bulk_create(rows, ignore_conflicts=True, batch_size=WRITTEN_AT_ONCE)
    _start_earlier()
    return len(rows)


def _without_series(product: str, warehouse: str) -> Exists:
    return ~Exists(DemandSeries.objects.filter(product=OuterRef(product), warehouse=OuterRef(warehouse)))


def _first_asked_for() -> dict[Pair, date]:
    lines = SalesOrderLine.objects.filter(_without_series("product", "warehouse"), order__is_placed=True).order_by()
    found = lines.values_list("product", "warehouse").annotate(first_on=Min("demand_on"))
    return {(product, warehouse): day for product, warehouse, day in found}


def _first_moved() -> dict[Pair, date]:
    """The business day of the first movement: from then on the item was on offer."""
    found = {}
    for warehouse in Warehouse.objects.all():
        moved = StockMovement.objects.filter(
            _without_series("level__product", "level__warehouse"), level__warehouse=warehouse
        )
        day = TruncDate(Min("effective_at"), tzinfo=ZoneInfo(warehouse.time_zone))
        for product, first_on in moved.order_by().values_list("level__product").annotate(first_on=day):
            found[product, warehouse.pk] = first_on
    return found


def _start_earlier() -> None:
    """A line back-dated to before the first day of its series moves that day."""
    lines = SalesOrderLine.objects.filter(
        product=OuterRef("product"), warehouse=OuterRef("warehouse"), order__is_placed=True
    )
    earliest = Subquery(lines.order_by("demand_on").values("demand_on")[:1])
    late = list(DemandSeries.objects.annotate(earliest=earliest).filter(earliest__lt=F("first_on")))
    for series in late:
        series.first_on = series.earliest
    DemandSeries.objects.bulk_update(late, ["first_on"], batch_size=WRITTEN_AT_ONCE)
