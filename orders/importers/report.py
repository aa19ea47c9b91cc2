"""What a file holds and what became of it: counts, the first rows, and a listing of every row that was left out."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from inventory_site.common.numbers import whole
from orders.importers.formats import Fault, Kind, Row

FAULTS_SHOWN = 50
ROWS_SHOWN = 20
LISTING_HEADERS = ["finding", "line", "column", "value", "reason"]


class Listing:
    """Writes each finding as it comes, so that a million bad rows need no memory."""

    def __init__(self, writer: Any = None):
        self._writer = writer

    def add(self, finding: str, line: int, column: str, value: str, reason: str) -> None:
        if self._writer:
            safe = f"'{value}" if value.startswith(("=", "+", "@", "\t", "\r")) else value
            self._writer.writerow([finding, line, column, safe, reason])


@contextmanager
def listing_at(path: Path | None) -> Iterator[Listing]:
    """A listing in that file, or one that keeps nothing."""
    if path is None:
        yield Listing()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(LISTING_HEADERS)
        yield Listing(writer)


@dataclass
class Report:
    """Counts of one file; ``as_json`` is what an ``ImportJob`` keeps and the pages show."""

    about: str = ""
    format: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    kinds: Counter = field(default_factory=Counter)
    not_goods: Counter = field(default_factory=Counter)
    faults: int = 0
    first_faults: list[Fault] = field(default_factory=list)
    first_rows: list[dict] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)

    def add_faults(self, faults: Iterable[Fault], listing: Listing) -> None:
        for fault in faults:
            self.faults += 1
            if len(self.first_faults) < FAULTS_SHOWN:
                self.first_faults.append(fault)
            listing.add("bad_row", fault.line, fault.column, fault.value, fault.reason)

    def add_row(self, row: Row) -> None:
        if len(self.first_rows) < ROWS_SHOWN:
            told = {name: getattr(row, name) for name in ("line", "sku", "order", "name", "quantity", "customer")}
            price = f"{row.price / 10_000:.2f}"
            self.first_rows.append(
                told | {"kind": Kind(row.kind).name.lower(), "at": str(row.at or ""), "price": price}
            )

    @property
    def bad_rows(self) -> int:
        return self.kinds[Kind.BAD]

    def as_json(self) -> dict:
        told = asdict(self)
        told["kinds"] = {kind.name.lower(): self.kinds[kind] for kind in Kind}
        told["not_goods"] = dict(self.not_goods.most_common())
        return told


def finding_label(code: str) -> str:
    """What a listing's code means, for people."""
    return {
        "bad_row": _("bad row"),
        "duplicate": _("duplicate"),
        "not_goods": _("not goods"),
        "write_off": _("write-off"),
        "already_live": _("entered here"),
        "cancellation_without_sale": _("cancellation without a sale"),
        "sale": _("sale"),
        "cancellation": _("cancellation"),
        "bad": _("bad row"),
    }[code]


def rows_of(report: dict) -> list[tuple[str, str]]:
    """The counts of a report as (label, value), in the order in which they add up to the rows read."""
    kinds, facts = report["kinds"], report["facts"]
    told = [
        (_("File"), f"{report['about']}; {report['format']}"),
        (_("Rows read"), whole(report["rows"])),
        (_("… sales"), _with_pieces(kinds["sale"], facts.get("sold", 0))),
        (_("… cancellations and returns"), _cancellations(kinds["cancellation"], facts)),
        (_("… exact duplicates, dropped"), whole(kinds["duplicate"])),
        (_("… not goods, left out"), _not_goods(kinds["not_goods"], report["not_goods"])),
        (_("… historical write-offs, no effect"), _with_pieces(kinds["write_off"], facts.get("written_off", 0))),
        (_("… orders entered here already, left out"), whole(kinds["already_live"])),
        (_("… bad rows"), whole(kinds["bad"])),
    ]
    told += [(label, str(facts[name])) for name, label in _fact_labels().items() if facts.get(name)]
    return told + [(_written_labels()[name], whole(count)) for name, count in report["written"].items()]


def _fact_labels() -> dict[str, str]:
    return {
        "at_price_zero": _("Sales at price 0, kept as demand"),
        "days": _("Days"),
        "orders": _("Orders"),
        "customers": _("Customers"),
        "products": _("Products"),
        "new_products": _("New products"),
        "series": _("Series of daily demand"),
        "there": _("Sales there already"),
        "changed": _("Sales there already with another quantity, price or day: the file's will replace them"),
        "new_warehouses": _("New warehouses"),
        "new_channels": _("New sales channels"),
    }


def _written_labels() -> dict[str, str]:
    return {
        "products": _("Written: products"),
        "orders": _("Written: orders"),
        "lines": _("Written: sales lines"),
        "changed": _("Written: sales lines changed"),
        "corrections": _("Written: cancellations taken off"),
        "days": _("Written: days of demand"),
    }


def _with_pieces(count: int, pieces: int) -> str:
    return _("%(count)s (%(pieces)s pieces)") % {"count": whole(count), "pieces": whole(pieces)}


def _not_goods(count: int, codes: dict[str, int]) -> str:
    listed = ", ".join(f"{code} {number}" for code, number in list(codes.items())[:15])
    return f"{whole(count)} ({listed})" if codes else whole(count)


def _cancellations(count: int, facts: dict) -> str:
    if not count:
        return whole(count)
    return _("%(count)s: %(netted)s pieces taken off earlier sales; %(rest)s pieces of %(rows)s rows found no sale") % {
        "count": whole(count),
        "netted": whole(facts.get("netted", 0)),
        "rest": whole(facts.get("unmatched", 0)),
        "rows": whole(facts.get("unmatched_rows", 0)),
    }
