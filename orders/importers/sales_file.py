"""A checked file of sales: its rows as columns of numbers, and what the numbers stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from orders.importers.formats import Kind, SalesFormat
from orders.importers.generic import Generic
from orders.importers.invoices import Invoices
from orders.importers.known import KnownLine, batches
from orders.importers.lines import Index, line_key
from orders.importers.options import SalesOptions
from orders.importers.report import Report
from orders.importers.warehouses import Warehouses

FORMATS: dict[str, type[SalesFormat]] = {kind.name: kind for kind in (Generic, Invoices)}
READ_AT_ONCE = 2000


@dataclass(frozen=True)
class OrderName:
    """An order of the file; a collective one stands for the sales of a day that name no order."""

    channel: str
    number: str
    customer: int
    is_collective: bool


class Correction(NamedTuple):
    """Pieces of one sale that one cancellation takes back."""

    sku: str
    warehouse: str
    on_date: date
    known_on: date
    quantity: int
    source_key: str


class FileLine(NamedTuple):
    """One row with its key; ``order``, ``sku`` and ``warehouse`` are numbers in the file's lists."""

    place: int
    key: str
    order: int
    sku: int
    warehouse: int
    at: int
    day: date
    quantity: int
    price: int


@dataclass
class SalesFile:
    """A checked file: its rows as columns, what they point at, and the report."""

    options: SalesOptions
    report: Report
    warehouses: Warehouses
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    skus: Index = field(default_factory=Index)
    customers: Index = field(default_factory=Index)
    orders: Index = field(default_factory=Index)
    channels: dict[str, str] = field(default_factory=dict)
    names: dict[int, Counter] = field(default_factory=dict)
    numbers: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    corrections: list[Correction] = field(default_factory=list)

    def places(self, kind: Kind) -> np.ndarray:
        return np.flatnonzero(self.columns["kind"] == kind)

    def lines(self, places: Iterable[int]) -> Iterator[FileLine]:
        """The rows at these places, a batch at a time: numpy hands out single values slowly."""
        for part in batches(places, READ_AT_ONCE):
            names = ("order", "sku", "warehouse", "at", "day", "quantity", "price", "kind")
            columns = [self.columns[name][part].tolist() for name in names]
            for place, number, *told, kind in zip(part, self.numbers[part].tolist(), *columns, strict=True):
                order, sku, warehouse, at, day, quantity, price = told
                key = self._key(order, sku, warehouse, at, kind, number)
                yield FileLine(place, key, order, sku, warehouse, at, date.fromordinal(day), quantity, price)

    def _key(self, order: int, sku: int, warehouse: int, at: int, kind: int, number: int) -> str:
        """The same for the same sale in any file: its order and SKU, or its place, moment and SKU."""
        name: OrderName = self.orders.things[order]
        code = self.skus.things[sku].upper()
        if not name.is_collective:
            return line_key(name.channel, name.number, code, kind, number)
        place = self.warehouses.chosen[warehouse].code
        return line_key(name.channel, "", name.number, place, code, at, kind, number)

    def differs(self, line: FileLine, known: KnownLine) -> bool:
        """Whether an imported line is not what this file says of it."""
        warehouse = self.warehouses.chosen[line.warehouse]
        return (warehouse.pk, line.day, line.quantity, line.price) != tuple(known)
