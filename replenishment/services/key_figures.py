"""The key figures of an evening by warehouse, category and supplier: a handful of bulk queries, summed as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.db.models import Count, DecimalField, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from inventory_site.common.models import JobRun, ShopSettings
from orders.models import DailyDemand, PromisedDate, PurchaseOrder, PurchaseOrderLine, SalesOrderLine
from replenishment.key_figures import AGES_DAYS, SUMS
from replenishment.models import InventoryPosition, KeyFigures, ReorderPoint
from stock.models import StockMovement

WINDOW = timedelta(days=28)

#: Movements that bring new stock; what a person corrects is not older or newer for it.
INBOUND = (
    StockMovement.Reason.OPENING, StockMovement.Reason.RECEIPT, StockMovement.Reason.RETURN,
    StockMovement.Reason.TRANSFER,
)  # fmt: skip

WRITTEN_AT_ONCE = 1000
WORTH = DecimalField(max_digits=20, decimal_places=4)
POSITION = (
    "product_id", "warehouse_id", "product__category_id", "supplier_id", "level_id", "level__on_hand",
    "product__unit_cost", "product__price", "stock_value", "overstock_value", "stock_status", "daily_demand",
)  # fmt: skip


class Sheet:
    """Items as rows, sums as columns; ``row`` finds a product in a warehouse."""

    def __init__(self, positions: list[tuple]):
        self.at = {row[:2]: place for place, row in enumerate(positions)}
        told = dict(zip(POSITION, zip(*positions, strict=True), strict=True)) if positions else {}
        self.told = {name: told.get(name, ()) for name in POSITION}
        self.columns = {name: np.zeros(len(positions)) for name in SUMS}
        self.by_age = np.zeros((len(AGES_DAYS) + 1, len(positions)))

    def __len__(self) -> int:
        return len(self.at)

    def number(self, name: str) -> np.ndarray:
        return np.array(self.told[name], float)

    def keys(self, name: str) -> np.ndarray:
        """Primary keys, 0 where there is none."""
        return np.array([value or 0 for value in self.told[name]], np.int64)

    def add(self, rows: Iterable[tuple], *names: str) -> None:
        """Rows of (product, warehouse, values…): each value to the column of its name."""
        for product, warehouse, *values in rows:
            place = self.at.get((product, warehouse))
            if place is not None:
                for name, value in zip(names, values, strict=True):
                    self.columns[name][place] += float(value or 0)


def keep_key_figures(run: JobRun, payload: dict) -> Callable[[], None]:
    """Compute those of the run's day; returns what writes them. A newer version of the run overwrites them.

    Runs after the run is published, so that nobody waits for it in the morning.
    """
    rows = _rows(run.business_date, sheet_of(run))

    def write() -> None:
        KeyFigures.objects.filter(on_date=run.business_date).delete()
        KeyFigures.objects.bulk_create(rows, batch_size=WRITTEN_AT_ONCE)

    return write


def sheet_of(run: JobRun) -> Sheet:
    """All sums of all items."""
    day = run.business_date
    sheet = Sheet(list(InventoryPosition.objects.order_by("pk").values_list(*POSITION)))
    if not len(sheet):
        return sheet
    _stock(sheet)
    year = ReorderPoint.objects.filter(run=run).order_by().values_list("product_id", "warehouse_id", "yearly_demand")
    sheet.add(year.iterator(chunk_size=10_000), "yearly_cost")
    cost = sheet.number("product__unit_cost")
    sheet.columns["yearly_cost"] *= cost
    _demand(sheet, day)
    _sales(sheet, day)
    _purchases(sheet, day)
    _ages(sheet, day)
    return sheet


def _stock(sheet: Sheet) -> None:
    columns, a_day = sheet.columns, sheet.number("daily_demand")
    status = np.array(sheet.told["stock_status"], str)
    columns["items"][:] = 1
    columns["stock_value"][:] = value = sheet.number("stock_value")
    is_dead = status == InventoryPosition.StockStatus.DEAD.value
    columns["dead_value"][:] = np.where(is_dead, value, 0)
    columns["overstock_value"][:] = np.where(is_dead, 0, sheet.number("overstock_value"))
    columns["daily_cost"][:] = a_day * sheet.number("product__unit_cost")
    columns["expected"][:] = a_day


def _demand(sheet: Sheet, day: date) -> None:
    """What was asked for and shipped, and the share of the day without stock."""
    item = ("series__product_id", "series__warehouse_id")
    recent = DailyDemand.objects.filter(on_date__gt=day - WINDOW, on_date__lte=day).order_by()
    sums = recent.values_list(*item).annotate(asked=Sum("demand"), shipped=Sum("sales"))
    sheet.add(sums.iterator(chunk_size=10_000), "asked", "shipped")
    out = DailyDemand.objects.filter(on_date=day, stocked_out_rate__gt=0).order_by()
    sheet.add(out.values_list(*item, "stocked_out_rate"), "expected_out")
    sheet.columns["expected_out"] *= sheet.number("daily_demand")
    margin = np.maximum(sheet.number("product__price") - sheet.number("product__unit_cost"), 0)
    sheet.columns["lost_margin"][:] = sheet.columns["expected_out"] * margin


def _sales(sheet: Sheet, day: date) -> None:
    lines = SalesOrderLine.objects.filter(
        demand_on__gt=day - WINDOW, demand_on__lte=day, order__is_placed=True
    ).order_by()
    whole = Q(shipped__gt=0, shipped__gte=F("quantity") - F("cancelled"))
    sums = lines.values_list("product_id", "warehouse_id").annotate(
        lines=Count("pk", filter=Q(cancelled__lt=F("quantity"))), whole=Count("pk", filter=whole),
        ordered=Sum("quantity"), gone=Sum("cancelled"),
    )  # fmt: skip
    names = ("sales_lines", "lines_fulfilled", "ordered", "cancelled")
    sheet.add(sums.iterator(chunk_size=10_000), *names)


def _purchases(sheet: Sheet, day: date) -> None:
    """Orders placed, what placing and carrying them cost (each shared by its lines), and the lines that were due."""
    shop = ShopSettings.objects.load()
    first, end = (datetime.combine(on, time.max, tzinfo=shop.zone) for on in (day - WINDOW, day))
    placed = PurchaseOrder.objects.filter(confirmed_at__gt=first, confirmed_at__lte=end).exclude(state="cancelled")
    lines = PurchaseOrderLine.objects.filter(order__in=placed).order_by()
    terms = ("supplier__freight_cost", "supplier__free_freight_from")
    orders = {
        pk: (number, float(0 if free is not None and (worth or 0) >= free else freight))
        for pk, freight, free, number, worth in placed.order_by().values_list("pk", *terms).annotate(
            number=Count("lines"), worth=Sum(F("lines__quantity") * F("lines__unit_cost"), output_field=WORTH)
        )
    }  # fmt: skip
    cost = float(shop.order_cost)
    sheet.add(
        (
            (product, warehouse, 1 / orders[order][0], cost + orders[order][1] / orders[order][0])
            for product, warehouse, order in lines.values_list("product_id", "order__warehouse_id", "order_id")
        ),
        "purchase_orders", "supply_cost",
    )  # fmt: skip
    sheet.add(_due(day, shop), "lines_due", "lines_on_time")


def _due(day: date, shop: ShopSettings) -> Iterable[tuple]:
    """Lines that were first promised for these days, and whether all of it had come by the end of that day."""
    first = PromisedDate.objects.filter(line=OuterRef("pk"), promised_on__isnull=False).order_by("pk")
    promised = Coalesce(Subquery(first.values("promised_on")[:1]), "order__expected_on")
    due = PurchaseOrderLine.objects.annotate(due=promised).filter(due__gt=day - WINDOW, due__lte=day)
    due = due.filter(order__confirmed_at__isnull=False, quantity__gt=F("cancelled")).order_by("pk")
    columns = ("pk", "product_id", "order__warehouse_id", "due", "quantity", "cancelled")
    came: dict[int, list[tuple[date, int]]] = {}
    received = due.filter(receipts__undone_at=None).values_list("pk", "receipts__received_at", "receipts__quantity")
    for pk, moment, quantity in received:
        if moment is not None:
            came.setdefault(pk, []).append((moment.astimezone(shop.zone).date(), quantity))
    for pk, product, warehouse, on, quantity, cancelled in due.values_list(*columns):
        there = sum(pieces for arrived, pieces in came.get(pk, []) if arrived <= on)
        yield product, warehouse, 1, int(there >= quantity - cancelled)


def _ages(sheet: Sheet, day: date) -> None:
    """Value by age, first in first out: what came within so many days is what is left of the newest."""
    zone = ShopSettings.objects.load().zone
    starts = [datetime.combine(day - timedelta(days=days), time.max, tzinfo=zone) for days in AGES_DAYS]
    came = StockMovement.objects.filter(effective_at__gt=starts[-1], quantity__gt=0, reason__in=INBOUND).order_by()
    young = {f"within_{days}": Sum("quantity", filter=Q(effective_at__gt=start)) for days, start in
             zip(AGES_DAYS, starts, strict=True)}  # fmt: skip
    place = {level: at for at, level in enumerate(sheet.told["level_id"])}
    within = np.zeros((len(AGES_DAYS), len(sheet)))
    for level, *sums in came.values_list("level_id").annotate(**young).iterator(chunk_size=10_000):
        if level in place:
            within[:, place[level]] = [value or 0 for value in sums]
    on_hand = sheet.number("level__on_hand")
    reached = np.concatenate([np.minimum(within, on_hand), on_hand[None]])
    pieces = np.diff(reached, axis=0, prepend=0)
    sheet.by_age = pieces * sheet.number("product__unit_cost")


def _rows(day: date, sheet: Sheet) -> list[KeyFigures]:
    """A row for each warehouse, for each of its categories, and for each of its suppliers."""
    warehouse = sheet.keys("warehouse_id")
    nothing = np.zeros(len(sheet), np.int64)
    rows = _grouped(day, sheet, warehouse, nothing, {})
    rows += _grouped(day, sheet, warehouse, sheet.keys("product__category_id"), {"name": "category_id"})
    return rows + _grouped(day, sheet, warehouse, sheet.keys("supplier_id"), {"name": "supplier_id"})


def _grouped(day: date, sheet: Sheet, warehouse: np.ndarray, key: np.ndarray, what: dict[str, str]) -> list[KeyFigures]:
    chosen = np.flatnonzero(key > 0) if what else np.arange(len(sheet))
    pairs, group = np.unique(np.stack([warehouse[chosen], key[chosen]], axis=1), axis=0, return_inverse=True)
    group, number = group.reshape(-1), len(pairs)
    sums = {name: np.bincount(group, values[chosen], number) for name, values in sheet.columns.items()}
    ages = np.array([np.bincount(group, values[chosen], number) for values in sheet.by_age])
    made: list[KeyFigures] = []
    for at, (place, of) in enumerate(pairs.tolist()):
        told: dict[str, Any] = {name: round(float(values[at]), 4) for name, values in sums.items()}
        told |= {what["name"]: of} if what else {}
        value_by_age = [round(float(value), 2) for value in ages[:, at]]
        made.append(KeyFigures(warehouse_id=place, on_date=day, value_by_age=value_by_age, **told))
    return made
