"""Pass 1: read the whole file, say everything that is wrong with it, and write nothing."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from django.utils.text import slugify
from django.utils.translation import gettext as _

from inventory_site.common.tables import ImportRefused, Table, TableRow, open_table
from orders.importers import known, lines
from orders.importers.cells import BadCell
from orders.importers.corrections import set_off
from orders.importers.formats import Fault, Kind, Row, SalesFormat, shape_fault
from orders.importers.lines import NOTHING, Growing
from orders.importers.options import WRITE_SALES, Progress, SalesOptions, no_progress
from orders.importers.report import Listing, Report
from orders.importers.sales_file import FORMATS, OrderName, SalesFile
from orders.importers.warehouses import Warehouses

TOLD_EVERY = 5000


def check_sales(
    *, path: Path, options: SalesOptions, actor: Any = None, listing: Listing, progress: Progress = no_progress
) -> SalesFile:
    """Read and judge the whole file. Raises ``ImportRefused`` where it cannot be read at all."""
    may_create = options.create_warehouses and (actor is None or actor.has_perm("stock.add_warehouse"))
    warehouses = Warehouses(actor=actor, permission=WRITE_SALES, default=options.warehouse, may_create=may_create)
    file = SalesFile(options, Report(format=options.format), warehouses)
    with open_table(path, options.encoding) as table:
        _Reader(file, table, listing).read(progress)
    _drop_duplicates(file, listing)
    _leave_out_live_orders(file, listing)
    _list_left_out(file, listing)
    file.numbers = lines.numbering(file.columns, _collective(file))
    set_off(file, listing)
    _count(file)
    return file


class _Reader:
    """Turns the rows of a table into columns."""

    def __init__(self, file: SalesFile, table: Table, listing: Listing):
        self.file, self.table, self.listing, self.report = file, table, listing, file.report
        self.format = self._format()
        self.growing = Growing()
        self.channels: dict[str, str] = {}
        self.report.about = table.about
        self.report.columns = {name: table.headers[place] for name, place in self.format.places.items()}
        if "warehouse" not in self.format.places and file.warehouses.default is None:
            raise ImportRefused(_("There are several warehouses: say which one the file is about."))

    def _format(self) -> SalesFormat:
        chosen = FORMATS[self.file.options.format]
        try:
            return chosen(self.table.headers, self.file.options.date_order)
        except ImportRefused as refusal:
            fitting = [name for name, other in FORMATS.items() if other.fits(self.table.headers)]
            hint = _(" Its columns are those of the format “%(name)s”.") % {"name": fitting[0]} if fitting else ""
            raise ImportRefused(f"{refusal}{hint}") from refusal

    def read(self, progress: Progress) -> None:
        for number, told in enumerate(self.table.rows, start=1):
            row, faults = self._read(told)
            self.report.add_faults(faults, self.listing)
            self.report.add_row(row)
            if number % TOLD_EVERY == 0:
                progress("check", number, max(self.table.total, number))
            self.report.rows = number
        progress("check", self.report.rows, self.report.rows)
        self.file.columns = self.growing.columns()

    def _read(self, told: TableRow) -> tuple[Row, list[Fault]]:
        fault = shape_fault(told, self.table.headers)
        row, faults = (Row(told.line), [fault]) if fault else self.format.read(told.line, told.cells)
        warehouse, at, day = self._when_and_where(row, faults) if row.at else (NOTHING, 0, 0)
        row.kind = Kind.BAD if faults else row.kind
        equal = self.format.drops_duplicates and row.kind != Kind.BAD
        self.growing.add(
            row.line, row.kind, self._sku(row), self._order(row, day), self._customer(row), warehouse,
            at, day, row.quantity, row.price, lines.digest("\x1f".join(map(str, told.cells))) if equal else 0,
        )  # fmt: skip
        return row, faults

    def _when_and_where(self, row: Row, faults: list[Fault]) -> tuple[int, int, int]:
        """The warehouse's number, the moment in seconds and the warehouse's business day."""
        try:
            place = self.file.warehouses.place(row.warehouse)
        except BadCell as why:
            column = self.report.columns.get("warehouse", _("warehouse"))
            faults.append(Fault(row.line, column, row.warehouse, str(why)))
            return NOTHING, 0, 0
        zone = self.file.warehouses.zones[place]
        at = row.at.replace(tzinfo=zone) if row.at.tzinfo is None else row.at.astimezone(zone)
        return place, int(at.timestamp()), at.toordinal()

    def _sku(self, row: Row) -> int:
        if not row.sku:
            return NOTHING
        number = self.file.skus.number(row.sku.upper(), row.sku)
        if row.kind == Kind.SALE and row.name:
            self.file.names.setdefault(number, Counter())[row.name] += 1
        return number

    def _customer(self, row: Row) -> int:
        return self.file.customers.number(row.customer, row.customer) if row.customer else NOTHING

    def _order(self, row: Row, day: int) -> int:
        if not row.order and not day:
            return NOTHING
        code = self._channel(row.channel)
        number = row.order or f"day {date.fromordinal(day)} {row.customer}".strip()
        name = OrderName(code, number, self._customer(row), not row.order)
        return self.file.orders.number((code, number, name.is_collective), name)

    def _channel(self, name: str) -> str:
        if name not in self.channels:
            told = name or self.file.options.channel
            self.channels[name] = slugify(told)[:32] or "import"
            self.file.channels.setdefault(self.channels[name], told[:100])
        return self.channels[name]


def _collective(file: SalesFile) -> np.ndarray:
    """Whether each order is a collective one; the last place answers for rows without any order."""
    return np.array([order.is_collective for order in file.orders.things] + [False])


def _drop_duplicates(file: SalesFile, listing: Listing) -> None:
    if not FORMATS[file.options.format].drops_duplicates:
        return
    columns = file.columns
    places = lines.later_duplicates(columns["digest"], columns["kind"] != Kind.BAD)
    columns["kind"][places] = Kind.DUPLICATE
    for place in places:
        listing.add("duplicate", int(columns["line"][place]), "", _sku(file, place), _("equal to an earlier line"))


def _leave_out_live_orders(file: SalesFile, listing: Listing) -> None:
    live = set()
    for channel in file.channels:
        numbers = [order.number for order in file.orders.things if order.channel == channel]
        live |= {(channel, number) for number in known.live_orders(channel, numbers)}
    if not live:
        return
    is_live = np.array([(order.channel, order.number) in live for order in file.orders.things] + [False])
    columns = file.columns
    places = np.flatnonzero(is_live[columns["order"]] & np.isin(columns["kind"], [Kind.SALE, Kind.CANCELLATION]))
    columns["kind"][places] = Kind.ALREADY_LIVE
    for place in places:
        number = file.orders.things[columns["order"][place]].number
        listing.add("already_live", int(columns["line"][place]), "", number, _("this order was entered here"))


def _list_left_out(file: SalesFile, listing: Listing) -> None:
    for place in file.places(Kind.NOT_GOODS):
        listing.add("not_goods", int(file.columns["line"][place]), "", _sku(file, place), _("not goods, left out"))
    for place in file.places(Kind.WRITE_OFF):
        pieces = _("%(quantity)d pieces at price 0") % {"quantity": file.columns["quantity"][place]}
        listing.add("write_off", int(file.columns["line"][place]), "", _sku(file, place), pieces)


def _sku(file: SalesFile, place: int) -> str:
    return file.skus.things[file.columns["sku"][place]]


def _count(file: SalesFile) -> None:
    """Fill the report from the columns."""
    columns, report = file.columns, file.report
    kinds, counts = np.unique(columns["kind"], return_counts=True)
    report.kinds.update({Kind(int(kind)): int(count) for kind, count in zip(kinds, counts, strict=True)})
    left_out = columns["sku"][file.places(Kind.NOT_GOODS)]
    report.not_goods.update(file.skus.things[number].upper() for number in left_out)
    sales, write_offs = file.places(Kind.SALE), file.places(Kind.WRITE_OFF)
    report.facts |= {
        "sold": int(columns["quantity"][sales].sum()),
        "written_off": -int(columns["quantity"][write_offs].sum()),
        "at_price_zero": int((columns["price"][sales] == 0).sum()) if "price" in report.columns else 0,
        "orders": len(np.unique(columns["order"][sales])),
        "customers": len(set(np.unique(columns["customer"][sales]).tolist()) - {NOTHING}),
        "new_warehouses": ", ".join(file.warehouses.new),
    }
    if len(sales):
        _count_sales(file, sales)


def _count_sales(file: SalesFile, sales: np.ndarray) -> None:
    columns, facts = file.columns, file.report.facts
    skus = np.unique(columns["sku"][sales])
    there = known.products_by_sku()
    facts["products"] = len(skus)
    facts["new_products"] = sum(file.skus.things[number].upper() not in there for number in skus)
    facts["series"] = len(np.unique(columns["sku"][sales].astype(np.int64) << 32 | columns["warehouse"][sales]))
    facts["first_on"] = date.fromordinal(int(columns["day"][sales].min())).isoformat()
    facts["last_on"] = date.fromordinal(int(columns["day"][sales].max())).isoformat()
    facts["days"] = f"{facts['first_on']} - {facts['last_on']}"
    if known.has_imported_lines():
        found = _compare(file, sales)
        facts["there"], facts["changed"] = found


def _compare(file: SalesFile, sales: np.ndarray) -> tuple[int, int]:
    """How many of the sales are there already, and how many of those will change."""
    there = changed = 0
    for part in known.batches(file.lines(sales.tolist()), 5000):
        by_key = {line.key: line for line in part}
        for key, found in known.imported_lines(by_key).items():
            there += 1
            changed += file.differs(by_key[key], found)
    return there, changed
