"""Scorecards of suppliers: over what a person may see, and each night over all warehouses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from catalog.models import Supplier
from inventory_site.common.models import ShopSettings, User
from orders.models import PromisedDate, PurchaseOrderLine, Receipt
from orders.order_days import order_days_of
from replenishment.models import SupplierScore
from replenishment.scorecards import Line, Scorecard, scorecard

#: A year, so that prices are those of the same season.
WINDOW_DAYS = 365
LONGEST_WINDOW_DAYS = 730

IDS_AT_ONCE = 1000

Place = tuple[int, int | None]  # supplier, warehouse


def scorecards(
    *,
    suppliers: Iterable[Supplier],
    until: date | None = None,
    window_days: int = WINDOW_DAYS,
    user: User | None = None,
) -> dict[int, Scorecard]:
    """By primary key of the supplier; with ``user`` only of the orders of warehouses that they may enter."""
    rows = list(suppliers)
    until = until or ShopSettings.objects.load().today()
    lines: dict[int, list[Line]] = defaultdict(list)
    for (supplier, _warehouse), line in lines_of(rows, until, window_days, user):
        lines[supplier].append(line)
    return {supplier.pk: scorecard(lines[supplier.pk], until, window_days) for supplier in rows}


def lines_of(
    suppliers: list[Supplier], until: date, window_days: int, user: User | None
) -> Iterator[tuple[Place, Line]]:
    """Lines of their confirmed orders, twice the window back; five queries however many suppliers."""
    since = datetime.combine(until - timedelta(days=2 * window_days), time.min, UTC)
    known = PurchaseOrderLine.objects.filter(order__supplier__in=suppliers, order__confirmed_at__gte=since)
    rows = (known.visible_to(user) if user else known).order_by("pk").values_list(
        "pk", "order_id", "order__supplier_id", "order__warehouse_id", "product_id", "quantity", "cancelled",
        "unit_cost", "order__confirmed_at", "order__expected_on", "order__warehouse__time_zone",
    )  # fmt: skip
    rows = list(rows)
    came, promised, calendars = _receipts(rows), _first_promises(rows), order_days_of(suppliers)
    usual = {supplier.pk: timedelta(days=supplier.lead_time_days) for supplier in suppliers}
    for (
        pk,
        order,
        supplier,
        warehouse,
        product,
        quantity,
        cancelled,
        cost,
        confirmed_at,
        expected_on,
        zone_name,
    ) in rows:
        zone = ZoneInfo(zone_name)
        ordered_on = calendars[supplier].next(confirmed_at.astimezone(zone).date())
        due_on = promised.get(pk) or expected_on or ordered_on + usual[supplier]
        days = tuple((at.astimezone(zone).date(), pieces) for at, pieces in came[pk])
        line = Line(order, product, ordered_on, due_on, quantity, cancelled, float(cost), days)
        yield (supplier, warehouse), line


def _receipts(rows: list[tuple]) -> dict[int, list[tuple[datetime, int]]]:
    came = defaultdict(list)
    for ids in _parts(rows):
        standing = Receipt.objects.standing().filter(line__in=ids).order_by("received_at", "pk")
        for line, at, pieces in standing.values_list("line_id", "received_at", "quantity"):
            came[line].append((at, pieces))
    return came


def _first_promises(rows: list[tuple]) -> dict[int, date]:
    promised: dict[int, date] = {}
    for ids in _parts(rows):
        made = PromisedDate.objects.filter(line__in=ids, promised_on__isnull=False).order_by("pk")
        for line, day in made.values_list("line_id", "promised_on"):
            promised.setdefault(line, day)
    return promised


def _parts(rows: list[tuple]) -> Iterable[list[int]]:
    for at in range(0, len(rows), IDS_AT_ONCE):
        yield [row[0] for row in rows[at : at + IDS_AT_ONCE]]


def fresh_scores(suppliers: Iterable[Supplier], until: date) -> list[SupplierScore]:
    """Rows as of that day, not saved: each supplier's of all warehouses, and of each that it delivered to."""
    rows = list(suppliers)
    places: dict[Place, list[Line]] = {(supplier.pk, None): [] for supplier in rows}
    for place, line in lines_of(rows, until, WINDOW_DAYS, None):
        places[place[0], None].append(line)
        places.setdefault(place, []).append(line)
    return [
        SupplierScore(supplier_id=supplier, warehouse_id=warehouse, until_on=until, window_days=WINDOW_DAYS,
                      **_columns(scorecard(lines, until, WINDOW_DAYS)))
        for (supplier, warehouse), lines in places.items()
    ]  # fmt: skip


def _columns(card: Scorecard) -> dict[str, object]:
    own = {name: getattr(card, name) for name in Scorecard.__dataclass_fields__ if name != "drift"}
    drift = card.drift
    return own | {"drift_days": drift and drift.days, "drift_chance": drift and drift.chance}


def save_scores(rows: list[SupplierScore]) -> None:
    """Put these in the place of those of earlier days; a day that is made up for later changes nothing."""
    known = SupplierScore.objects.filter(supplier__in={row.supplier_id for row in rows})
    until = dict(known.of_all().values_list("supplier", "until_on"))
    rows = [row for row in rows if until.get(row.supplier_id, row.until_on) <= row.until_on]
    known.filter(supplier__in={row.supplier_id for row in rows}).delete()
    SupplierScore.objects.bulk_create(rows)
