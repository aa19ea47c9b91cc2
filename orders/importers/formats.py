"""What the columns of a file of sales mean. A format is a subclass in a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from inventory_site.common.tables import Cell, ImportRefused, TableRow
from orders.importers import cells

LONGEST = {"sku": 64, "order": 100, "customer": 100, "name": 1000, "warehouse": 100, "channel": 100}


class Kind(IntEnum):
    """What becomes of a row."""

    SALE = 1
    CANCELLATION = 2
    BAD = 3
    DUPLICATE = 4
    NOT_GOODS = 5
    WRITE_OFF = 6
    ALREADY_LIVE = 7


@dataclass(frozen=True)
class Fault:
    """One cell that cannot be used, for people."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(slots=True)
class Row:
    """What one line says; ``price`` in ten-thousandths, ``at`` naive where the file names no zone."""

    line: int
    kind: Kind = Kind.BAD
    sku: str = ""
    at: datetime | None = None
    quantity: int = 0
    price: int = 0
    order: str = ""
    customer: str = ""
    name: str = ""
    warehouse: str = ""
    channel: str = ""


class FileFormat:
    """Finds the columns it needs among a file's headers."""

    name: ClassVar[str]
    #: field -> headers that mean it, the surest first, in lower case without spaces or signs
    columns: ClassVar[dict[str, Sequence[str]]]
    required: ClassVar[frozenset[str]]
    #: Fields of text that no row may leave empty.
    filled: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, headers: Sequence[str]):
        self.headers = headers
        self.places = self._find_columns()
        missing = sorted(self.required - set(self.places))
        if missing:
            raise ImportRefused(self._missing(missing))

    def _find_columns(self) -> dict[str, int]:
        plain = ["".join(filter(str.isalnum, header.lower())) for header in self.headers]
        return {
            field: plain.index(known[0])
            for field, names in self.columns.items()
            if (known := [name for name in names if name in plain])
        }

    def _missing(self, missing: list[str]) -> str:
        return _("The format “%(format)s” needs columns for %(missing)s. Found: %(found)s.") % {
            "format": self.name,
            "missing": ", ".join(self.columns[field][0] for field in missing),
            "found": ", ".join(f"“{header}”" for header in self.headers if header) or "-",
        }

    @classmethod
    def fits(cls, headers: Sequence[str]) -> bool:
        try:
            cls(headers)
        except ImportRefused:
            return False
        return True


class SalesFormat(FileFormat):
    """Reads rows of sales; subclasses say which columns there are and which kinds of rows."""

    required: ClassVar[frozenset[str]] = frozenset({"sku", "at", "quantity"})
    #: Equal rows are one row sent twice; where False they are two sales.
    drops_duplicates: ClassVar[bool] = False
    #: Whether a cancellation without a customer takes from sales without a customer.
    nets_anonymous: ClassVar[bool] = True
    default_date_order: ClassVar[str] = ""

    def __init__(self, headers: Sequence[str], date_order: str = ""):
        super().__init__(headers)
        self.date_order = date_order or self.default_date_order

    def is_goods(self, sku: str) -> bool:
        """False for postage, fees and the like, which are left out."""
        return True

    def kind_of(self, row: Row) -> Kind:
        """What a readable row of goods is; raises ``BadCell`` about its quantity."""
        return Kind.SALE if row.quantity > 0 else Kind.CANCELLATION

    def read(self, line: int, told: Sequence[Cell]) -> tuple[Row, list[Fault]]:
        """The row, and every one of its cells that cannot be used."""
        row, faults = Row(line), []
        reading = RowReading(self, told, line, faults)
        row.sku = reading.cell("sku", sku) or ""
        row.order = reading.text("order")
        if row.sku and not self.is_goods(row.sku):
            row.kind = Kind.NOT_GOODS
            return row, []
        row.at = reading.cell("at", lambda cell: cells.moment(cell, self.date_order))
        row.quantity = reading.cell("quantity", _quantity) or 0
        if "price" in self.places and (told[self.places["price"]] or "price" in self.required):
            row.price = reading.cell("price", cells.price) or 0
        for field in ("customer", "name", "warehouse", "channel"):
            setattr(row, field, reading.text(field))
        if not faults:
            row.kind = reading.cell("quantity", lambda cell: self._kind_within_reason(row)) or Kind.BAD
        return row, faults

    def _kind_within_reason(self, row: Row) -> Kind:
        cells.check_worth(row.quantity, row.price)
        return self.kind_of(row)


class RowReading:
    """One line while it is read: collects the faults."""

    __slots__ = ("faults", "format", "line", "told")

    def __init__(self, format: FileFormat, told: Sequence[Cell], line: int, faults: list[Fault]):
        self.format, self.told, self.line, self.faults = format, told, line, faults

    def cell(self, field: str, parse: Callable[[Cell], Any]) -> Any:
        place = self.format.places[field]
        try:
            return parse(self.told[place])
        except cells.BadCell as why:
            value = str(self.told[place])[:200]
            self.faults.append(Fault(self.line, self.format.headers[place], value, str(why)))
            return None

    def text(self, field: str) -> str:
        if field not in self.format.places:
            return ""
        parse = cells.required_text if field in self.format.filled else cells.text
        return self.cell(field, lambda cell: parse(cell, LONGEST[field])) or ""


def sku(cell: Cell) -> str:
    return cells.required_text(cell, LONGEST["sku"])


def shape_fault(told: TableRow, headers: Sequence[str]) -> Fault | None:
    """What is wrong with a row as a whole; a short row is filled up with empty cells."""
    if told.fault:
        return Fault(told.line, "", "", told.fault)
    if any(told.cells[len(headers) :]):
        return Fault(told.line, "", str(told.cells[-1])[:200], _("more cells than there are headers"))
    told.cells += [""] * (len(headers) - len(told.cells))
    return None


def _quantity(cell: Cell) -> int:
    number = cells.whole_number(cell)
    if number == 0:
        raise cells.BadCell(_("zero"))
    return number
