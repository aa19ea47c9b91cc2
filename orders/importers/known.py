"""What the database holds already of a file's products, orders and lines. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from catalog.models import Product
from orders.models import DemandCorrection, SalesOrder, SalesOrderLine, Source

T = TypeVar("T")

ASKED_AT_ONCE = 500


class KnownLine(NamedTuple):
    """An imported line as it stands."""

    warehouse_id: int
    day: date
    quantity: int
    price: int


class EarlierSale(NamedTuple):
    """An imported sale that a cancellation of this file may mean."""

    key: str
    sku: str
    warehouse: str
    customer: str
    at: int
    day: date
    quantity: int


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch


def products_by_sku() -> dict[str, int]:
    """Primary keys by SKU in upper case; compared here, since SQLite's UPPER knows only ASCII."""
    return {sku.upper(): pk for sku, pk in Product.objects.values_list("sku", "pk").iterator()}


def live_orders(channel: str, numbers: Sequence[str]) -> set[str]:
    """Those numbers of the channel that were entered here and are no imported history."""
    entered = SalesOrder.objects.filter(channel__code=channel).exclude(source=Source.IMPORT)
    if not entered.exists():
        return set()
    return {
        number
        for part in batches(numbers, ASKED_AT_ONCE)
        for number in entered.filter(external_id__in=part).values_list("external_id", flat=True)
    }


def has_imported_lines() -> bool:
    return SalesOrderLine.objects.filter(import_key__isnull=False).exists()


def imported_lines(keys: Iterable[str]) -> dict[str, KnownLine]:
    """The lines of these keys, as they stand."""
    found = {}
    for part in batches(keys, ASKED_AT_ONCE):
        rows = SalesOrderLine.objects.filter(import_key__in=part).values_list(
            "import_key", "warehouse_id", "demand_on", "quantity", "unit_price"
        )
        found.update({row[0]: KnownLine(row[1], row[2], row[3], int(row[4] * 10_000)) for row in rows})
    return found


def earlier_sales(product_ids: Sequence[int], but: Collection[str]) -> Iterator[EarlierSale]:
    """The imported sales of these products, but for those keys."""
    for part in batches(product_ids, ASKED_AT_ONCE):
        rows = SalesOrderLine.objects.filter(product__in=part, import_key__isnull=False).values_list(
            "import_key", "product__sku", "warehouse__code", "order__customer__external_id",
            "order__placed_at", "demand_on", "quantity",
        )  # fmt: skip
        for key, sku, warehouse, customer, placed_at, day, quantity in rows.iterator():
            if key not in but:
                yield EarlierSale(key, sku, warehouse, customer or "", int(placed_at.timestamp()), day, quantity)


def corrections(product_ids: Sequence[int]) -> tuple[dict[str, int], dict[str, int]]:
    """How many pieces were taken off each sale, and how many each cancellation has taken, by their keys."""
    taken: dict[str, int] = defaultdict(int)
    applied: dict[str, int] = defaultdict(int)
    for part in batches(product_ids, ASKED_AT_ONCE):
        rows: Any = DemandCorrection.objects.filter(series__product__in=part).values_list("source_key", "quantity")
        for source_key, quantity in rows.iterator():
            sale, _dot, cancellation = source_key.partition(".")
            taken[sale] += quantity
            applied[cancellation] += quantity
    return taken, applied
