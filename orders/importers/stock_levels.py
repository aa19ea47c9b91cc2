"""Today's stock from a file: sku, warehouse, on_hand. The difference to the ledger is posted, so twice is once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common.retry import retry_when_busy
from inventory_site.common.tables import Cell, ImportRefused, TableRow, open_table
from orders.importers import cells
from orders.importers.formats import Fault, FileFormat, RowReading, shape_fault, sku
from orders.importers.known import batches, products_by_sku
from orders.importers.options import Progress, no_progress
from orders.importers.report import FAULTS_SHOWN, Listing
from orders.importers.warehouses import Warehouses
from stock.models import StockMovement
from stock.services import Entry, ensure_levels, post_movements
from stock.services.levels import lock_levels

ADJUST_STOCK = "stock.add_stockmovement"
LEVELS_AT_ONCE = 500

Pair = tuple[int, int]  # product, warehouse


class StockFormat(FileFormat):
    name = "stock"
    columns = {
        "sku": ("sku", "variantsku", "productsku", "itemcode", "productcode"),
        "warehouse": ("warehouse", "warehousecode", "location", "locationname"),
        "on_hand": ("onhand", "onhandquantity", "stock", "currentstock", "quantity", "qty", "available"),
    }
    required = frozenset({"sku", "on_hand"})


@dataclass
class StockFile:
    """A checked file: what is on hand of which product where."""

    about: str = ""
    rows: int = 0
    bad_rows: int = 0
    faults: int = 0
    first_faults: list[Fault] = field(default_factory=list)
    on_hand: dict[Pair, int] = field(default_factory=dict)


def check_stock(
    *, path: Path, warehouse: str = "", encoding: str = "", actor: Any = None, listing: Listing,
    progress: Progress = no_progress,
) -> StockFile:  # fmt: skip
    """Read and judge the whole file; writes nothing."""
    file = StockFile()
    warehouses = Warehouses(actor=actor, permission=ADJUST_STOCK, default=warehouse)
    with open_table(path, encoding) as table:
        file.about = table.about
        reader = _Reader(StockFormat(table.headers), warehouses, file)
        for told in table.rows:
            file.rows += 1
            faults = reader.read(told)
            file.bad_rows += bool(faults)
            file.faults += len(faults)
            file.first_faults += faults[: FAULTS_SHOWN - len(file.first_faults)]
            for fault in faults:
                listing.add("bad_row", fault.line, fault.column, fault.value, fault.reason)
            progress("check", file.rows, max(table.total, file.rows))
    return file


class _Reader:
    def __init__(self, format: StockFormat, warehouses: Warehouses, file: StockFile):
        self.format, self.warehouses, self.file = format, warehouses, file
        self.products = products_by_sku()
        self.lines: dict[Pair, int] = {}

    def read(self, told: TableRow) -> list[Fault]:
        """Keep what the row says, or return what is wrong with it."""
        if fault := shape_fault(told, self.format.headers):
            return [fault]
        faults: list[Fault] = []
        reading = RowReading(self.format, told.cells, told.line, faults)
        product = reading.cell("sku", self._product)
        on_hand = reading.cell("on_hand", _on_hand)
        warehouse = self._warehouse(reading, faults)
        if not faults:
            first = self.lines.setdefault((product, warehouse), told.line)
            if first == told.line:
                self.file.on_hand[product, warehouse] = on_hand
            else:
                reading.cell("sku", lambda _cell: _refuse_twice(first))
        return faults

    def _product(self, cell: Cell) -> int:
        found = self.products.get(sku(cell).upper())
        if found is None:
            raise cells.BadCell(_("there is no product with this SKU"))
        return found

    def _warehouse(self, reading: RowReading, faults: list[Fault]) -> int:
        try:
            warehouse = self.warehouses.chosen[self.warehouses.place(reading.text("warehouse"))]
            if warehouse.pk is None:
                raise cells.BadCell(_("there is no warehouse yet: make one first"))
            return warehouse.pk
        except cells.BadCell as why:
            place = self.format.places.get("warehouse")
            column = self.format.headers[place] if place is not None else _("warehouse")
            faults.append(Fault(reading.line, column, reading.text("warehouse"), str(why)))
            return 0


def _on_hand(cell: Cell) -> int:
    number = cells.whole_number(cell)
    if number < 0:
        raise cells.BadCell(_("negative"))
    return number


def _refuse_twice(line: int) -> None:
    raise cells.BadCell(_("the same SKU and warehouse as line %(line)d") % {"line": line})


def write_stock(
    *, file: StockFile, skip_bad_rows: bool = False, reference: str = "", actor: Any = None,
    progress: Progress = no_progress,
) -> int:  # fmt: skip
    """Post the differences to the ledger, some hundred levels in one transaction; returns how many movements.

    The first movement of a level is its opening stock, later ones are counts: promises that a count breaks
    become short.
    """
    if file.bad_rows and not skip_bad_rows:
        raise ImportRefused(
            _("%(count)d bad rows: nothing was written. Mend them, or leave them out.") % {"count": file.bad_rows}
        )
    posted = done = 0
    for part in batches(sorted(file.on_hand.items()), LEVELS_AT_ONCE):
        posted += retry_when_busy(lambda part=part: _post(part, reference, actor))
        done += len(part)
        progress("levels", done, len(file.on_hand))
    return posted


@transaction.atomic
def _post(part: Sequence[tuple[Pair, int]], reference: str, actor: Any) -> int:
    ids = ensure_levels(pair for pair, _on_hand in part)
    levels = lock_levels(ids.values())
    moved = set(StockMovement.objects.filter(level__in=levels).values_list("level", flat=True).distinct())
    reasons = {pk: StockMovement.Reason.COUNT if pk in moved else StockMovement.Reason.OPENING for pk in levels}
    entries = [
        Entry(*pair, quantity=difference, reason=reasons[ids[pair]], reference=reference)
        for pair, on_hand in part
        if (difference := on_hand - levels[ids[pair]].on_hand)
    ]
    if entries:
        post_movements(entries=entries, actor=actor)
    return len(entries)
