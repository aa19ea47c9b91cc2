"""Lines of a count pasted from a sheet or brought in as a file: all that is wrong with them at once, nothing lost."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common.tables import Cell, ImportRefused, TableRow, open_table
from stock.models import Bin, StockCount
from stock.services import Sent
from stock.services.count_entries import FUTURE_AT_MOST, MOST_COUNTED, OLDEST

COLUMNS = ("code", "counted", "bin", "counted_at")
#: What people call them, without regard to case.
NAMES = {
    "code": ("code", "sku", "barcode", "ean", "product", "item", "编码", "条码", "商品"),
    "counted": ("counted", "count", "quantity", "qty", "pieces", "数量", "盘点数量"),
    "bin": ("bin", "place", "location", "货位"),
    "counted_at": ("counted_at", "counted at", "at", "time", "盘点时间"),
}
MOST_LINES, MOST_BYTES = 20_000, 5 * 2**20
THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+", re.ASCII)
WHOLE = re.compile(r"\d{1,16}(?:[.,]0+)?", re.ASCII)


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell: the line as in the file, the column, what stands there, and why."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Pasted:
    """One line as it was read; ``at`` is None where it tells no time."""

    line: int
    cells: tuple[str, ...]
    code: str
    counted: int
    bin: str
    at: datetime | None


@dataclass
class Paste:
    """All lines of a file. ``good`` can be taken; ``rows`` are all, under ``headers``; ``text`` is what was pasted, and
    None of a file."""

    headers: list[str]
    is_headed: bool
    rows: list[TableRow]
    good: list[Pasted]
    faults: list[Fault]
    text: str | None = None

    @property
    def bad_lines(self) -> set[int]:
        return {fault.line for fault in self.faults}

    def as_text(self, *, only_bad: bool = False) -> str:
        """For who mends it: what was pasted as it was, a file's cells between tabs."""
        if self.text is not None:
            return self._bad_text() if only_bad else self.text
        out = io.StringIO()
        writer = csv.writer(out, delimiter="\t", lineterminator="\n")
        writer.writerow(self.headers)
        kept = [row for row in self.rows if not only_bad or row.line in self.bad_lines]
        writer.writerows([[_told(cell) for cell in row.cells] for row in kept])
        return out.getvalue()

    def _bad_text(self) -> str:
        """Whole lines, up to where the next row begins: a cell may have line ends in it."""
        lines = list(_lines_of(self.text))
        ends = [row.line - 1 for row in self.rows[1:]] + [len(lines)]
        kept = lines[: self.rows[0].line - 1] if self.is_headed else []
        for row, end in zip(self.rows, ends, strict=True):
            kept += lines[row.line - 1 : end] if row.line in self.bad_lines else []
        return "".join(kept)

    def entries(self, *, key: str, at: datetime) -> list[Sent]:
        """For the count; the same line of the same import (``key``) is the same entry, however often it is sent."""
        return [
            Sent(
                uuid.uuid5(uuid.NAMESPACE_OID, f"{key}\n{line.code.lower()}\n{line.bin.lower()}\n{line.counted}"),
                line.code, line.counted, line.at or at, line.bin,
            )
            for line in self.good
        ]  # fmt: skip


def read_text(text: str, count: StockCount) -> Paste:
    """What was pasted: cells by tabs, commas or semicolons."""
    # with a mark in front, so that no text is taken for a workbook or another encoding
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8-sig", newline="") as file:
        file.write(text.removeprefix("\ufeff"))
        file.flush()
        paste = _read(Path(file.name), count)
    paste.text = text
    return paste


def read_file(upload: IO[bytes], count: StockCount) -> Paste:
    """A CSV or XLSX file as it was uploaded."""
    with tempfile.NamedTemporaryFile("wb", suffix=".upload") as file:
        file.write(upload.read(MOST_BYTES + 1))
        if file.tell() > MOST_BYTES:
            raise ImportRefused(_("The file is larger than %(most)d MB.") % {"most": MOST_BYTES // 2**20})
        file.flush()
        return _read(Path(file.name), count)


def _lines_of(text: str) -> IO[str]:
    """As the reader of a file tells them apart; ``str.splitlines`` also breaks at a form feed within a cell."""
    return io.StringIO(text, newline="")


def _read(path: Path, count: StockCount) -> Paste:
    with open_table(path) as table:
        places, is_headed = _places(table.headers)
        first = [] if is_headed else [TableRow(table.first_line, list(table.headers))]
        rows = first + [row for row, _number in zip(table.rows, range(MOST_LINES + 1), strict=False)]
    if len(rows) > MOST_LINES:
        raise ImportRefused(_("At most %(most)d lines at once. Nothing was taken.") % {"most": MOST_LINES})
    headers = list(table.headers if is_headed else COLUMNS)
    reader = _Reader(count, places, headers, _shelf(rows, places, count), is_headed=is_headed)
    good = [one for row in rows if (one := reader.line(row))]
    return Paste(headers, is_headed, rows, good, reader.faults)


def _places(headers: Sequence[str]) -> tuple[dict[str, int], bool]:
    """Where each column stands, and whether the first line names them. Without names: code, counted, bin, time."""
    known = {alias: name for name, aliases in NAMES.items() for alias in aliases}
    named = {known[cell.strip().lower()]: at for at, cell in enumerate(headers) if cell.strip().lower() in known}
    if "code" in named and "counted" in named:
        return named, True
    if len(headers) > 1 and (WHOLE.fullmatch(headers[1].strip()) or not named):
        return {name: at for at, name in enumerate(COLUMNS)}, False
    raise ImportRefused(
        _("The columns “code” and “counted” are needed; the first line names %(names)s.")
        % {"names": ", ".join(headers)[:200] or "–"}
    )


@dataclass(frozen=True)
class _Shelf:
    """What codes, as they are written, mean."""

    products: dict[str, Product]
    bins: dict[str, Bin]


def _shelf(rows: Sequence[TableRow], places: dict[str, int], count: StockCount) -> _Shelf:
    bins = Bin.objects.filter(warehouse=count.warehouse_id)
    return _Shelf(Product.objects.by_code(_column(rows, places, "code")), bins.by_code(_column(rows, places, "bin")))


def _column(rows: Sequence[TableRow], places: dict[str, int], name: str) -> set[str]:
    """What stands in it, on lines that are long enough to have it."""
    at = places.get(name)
    return set() if at is None else {_told(row.cells[at]) for row in rows if len(row.cells) > at}


class _Reader:
    """Reads lines one after the other and keeps what is wrong with each."""

    def __init__(
        self, count: StockCount, places: dict[str, int], headers: Sequence[str], shelf: _Shelf, *, is_headed: bool
    ):
        self.count, self.places, self.headers, self.shelf, self.is_headed = count, places, headers, shelf, is_headed
        self.faults: list[Fault] = []
        self.seen: dict[tuple[int, str], int] = {}
        self.now = timezone.now()

    def line(self, row: TableRow) -> Pasted | None:
        before = len(self.faults)
        if row.fault:
            self._fault(row, "", "", row.fault)
            return None
        code, counted, place, at = (self._cell(row, name) for name in COLUMNS)
        told = Pasted(
            row.line, tuple(_told(cell) for cell in row.cells), self._code(row, _told(code)),
            self._counted(row, _told(counted)), self._bin(row, _told(place)), self._at(row, at),
        )  # fmt: skip
        self._beyond(row)
        self._once(row, told)
        return told if len(self.faults) == before else None

    def _beyond(self, row: TableRow) -> None:
        """A cell behind the last column is nobody's remark: “9,5” between commas would count as 9."""
        more = [_told(cell) for cell in row.cells[len(self.headers) :] if cell]
        if more:
            why = _("more cells than there are headers") if self.is_headed else _("more cells than four columns")
            self._fault(row, "", ", ".join(more), why)

    def _once(self, row: TableRow, told: Pasted) -> None:
        """The first right line of an item and bin is the one that the others are measured against."""
        product = self.shelf.products.get(told.code)
        key = (product.pk if product else None, told.bin.lower())
        earlier = self.seen.get(key)
        if earlier:
            self._fault(row, "code", told.code, _("also on line %(line)d: which one holds?") % {"line": earlier})
        elif not (self.faults and self.faults[-1].line == row.line):
            self.seen[key] = row.line

    def _cell(self, row: TableRow, name: str) -> Cell:
        at = self.places.get(name)
        return row.cells[at] if at is not None and at < len(row.cells) else ""

    def _fault(self, row: TableRow, name: str, value: str, reason: str) -> None:
        at = self.places.get(name)
        column = self.headers[at] if at is not None and at < len(self.headers) else name
        self.faults.append(Fault(row.line, column, value[:80], reason))

    def _code(self, row: TableRow, code: str) -> str:
        known = self.shelf.products.get(code)
        if not code:
            self._fault(row, "code", code, _("empty"))
        elif known is None:
            self._fault(row, "code", code, _("nobody knows this SKU or barcode"))
        elif not known.is_active:
            self._fault(row, "code", code, _("this product is no longer bought"))
        return code

    def _counted(self, row: TableRow, counted: str) -> int:
        bare = counted.replace(" ", "").replace("\u00a0", "")
        if not bare:
            self._fault(
                row, "counted", counted, _("empty: what nobody counted is not zero; take the line out or write 0")
            )
        elif THOUSANDS.fullmatch(bare):
            self._fault(row, "counted", counted, _("one or a thousand? Write it without points and commas"))
        elif not WHOLE.fullmatch(bare):
            self._fault(row, "counted", counted, _("not a whole number of pieces from 0 on"))
        elif (number := int(re.split("[.,]", bare)[0])) > MOST_COUNTED:
            self._fault(row, "counted", counted, _("more than can be counted"))
        else:
            return number
        return 0

    def _bin(self, row: TableRow, place: str) -> str:
        if place and place not in self.shelf.bins:
            self._fault(row, "bin", place, _("there is no such bin in %(place)s") % {"place": self.count.warehouse})
            return ""
        return place

    def _at(self, row: TableRow, told: Cell) -> datetime | None:
        at = told if isinstance(told, datetime) else _moment(told)
        if not told:
            return None
        if at is None:
            self._fault(row, "counted_at", str(told), _("not a time like 2026-03-29 18:00"))
            return None
        if (at.hour, at.minute, at.second) == (0, 0, 0):  # a sheet's day, and a day alone, come as midnight
            self._fault(row, "counted_at", _told(told), _("a day without a time: what was sold on it would be guessed"))
            return None
        at = at if timezone.is_aware(at) else timezone.make_aware(at)
        if at > self.now + FUTURE_AT_MOST:
            self._fault(row, "counted_at", str(told), _("still to come"))
        elif at < self.now - OLDEST:
            self._fault(row, "counted_at", str(told), _("more than two weeks ago: count it again"))
        return at


def _moment(told: str) -> datetime | None:
    try:
        return parse_datetime(told.replace(" ", "T", 1)) if told else None
    except ValueError:
        return None


def _told(cell: Cell) -> str:
    return cell.isoformat(" ", "minutes") if isinstance(cell, datetime) else cell.strip()
