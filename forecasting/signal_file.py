"""A file of signals: name, date, value, and perhaps warehouse and known_on; all bad rows at once, nothing written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from forecasting.services.signals import Word
from inventory_site.common.models import ShopSettings
from inventory_site.common.tables import Cell, ImportRefused, TableRow, open_table
from orders.importers import cells
from orders.importers.formats import Fault, FileFormat, RowReading, shape_fault
from stock.access import within
from stock.models import Warehouse

WRITE_SIGNALS = "forecasting.add_signal"
MOST_ROWS = 100_000
NAME = re.compile(r"[\w.-]{1,40}")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?", re.ASCII)


class SignalFormat(FileFormat):
    name = "signals"
    columns = {
        "name": ("name", "signal", "variable"),
        "on_date": ("date", "ondate", "day"),
        "value": ("value", "amount", "number"),
        "warehouse": ("warehouse", "warehousecode", "location"),
        "known_on": ("knownon", "knownsince", "announcedon", "issuedon"),
    }
    required = frozenset({"name", "on_date", "value"})


@dataclass
class SignalFile:
    """What a file says; where ``faults`` is not empty some rows are not among the ``words``."""

    words: list[Word] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rows: int = 0


def read_signals(*, path: Path, actor: Any) -> SignalFile:
    """Read and judge the whole file as that person. Raises ``ImportRefused`` where it cannot be read at all."""
    found, lines = SignalFile(), {}
    with open_table(path) as table:
        reader = _Reader(SignalFormat(table.headers), actor)
        for told in table.rows:
            found.rows += 1
            if found.rows > MOST_ROWS:
                raise ImportRefused(_("At most %(rows)d rows at once: split the file.") % {"rows": MOST_ROWS})
            word, faults = reader.read(told)
            if word and not faults and (first := lines.setdefault(word.key, told.line)) != told.line:
                same = _("the same signal, warehouse and day as in line %(line)d") % {"line": first}
                faults = [Fault(told.line, "", str(word.on_date), same)]
            found.faults += faults
            if word and not faults:
                found.words.append(word)
    return found


class _Reader:
    def __init__(self, format: SignalFormat, actor: Any):
        self.format, self.today = format, ShopSettings.objects.load().today()
        self.everywhere = within(actor, WRITE_SIGNALS) is None
        places = Warehouse.objects.visible_to(actor, WRITE_SIGNALS)
        self.places = {place.code.casefold(): place for place in places}

    def read(self, told: TableRow) -> tuple[Word | None, list[Fault]]:
        if fault := shape_fault(told, self.format.headers):
            return None, [fault]
        faults: list[Fault] = []
        reading = RowReading(self.format, told.cells, told.line, faults)
        name, day = reading.cell("name", _name), reading.cell("on_date", _day)
        value = reading.cell("value", _number)
        place = reading.cell("warehouse", self._place) if "warehouse" in self.format.places else None
        if place is None and not faults and not self.everywhere:
            faults.append(Fault(told.line, "warehouse", "", _("name one: you do not work in all of them")))
        known_on = reading.cell("known_on", self._known_on) if "known_on" in self.format.places else None
        if faults:
            return None, faults
        return Word(name, day, value, known_on or min(day, self.today), place), []

    def _place(self, cell: Cell) -> Warehouse | None:
        if not cell:
            return None
        if (found := self.places.get(str(cell).casefold())) is None:
            raise cells.BadCell(_("there is no such warehouse that you may write to"))
        return found

    def _known_on(self, cell: Cell) -> date | None:
        day = _day(cell) if cell else None
        if day and day > self.today:
            raise cells.BadCell(_("in the future: nobody knows it yet"))
        return day


def _name(cell: Cell) -> str:
    told = cells.required_text(cell, 40)
    if not NAME.fullmatch(told):
        raise cells.BadCell(_("write letters, digits, _, . and - only"))
    return told


def _day(cell: Cell) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if not cell:
        raise cells.BadCell(_("empty"))
    try:
        found = date.fromisoformat(cell)
    except ValueError:
        raise cells.BadCell(_("not a date; write 2024-01-31")) from None
    if not 1990 <= found.year <= 2100:
        raise cells.BadCell(_("not between 1990 and 2100"))
    return found


def _number(cell: Cell) -> float:
    told = str(cell).strip()
    if not told:
        raise cells.BadCell(_("empty"))
    value = float(told.replace(",", ".")) if _NUMBER.fullmatch(told) else math.nan
    if not math.isfinite(value) or abs(value) > 1e12:
        raise cells.BadCell(_("not a number; write 12.5"))
    return value
