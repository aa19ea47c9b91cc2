"""Overrides as a CSV file: what is in it, and everything that is wrong with it at once. Nothing is written here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from catalog.models import Product
from forecasting.errors import OverrideRefused
from forecasting.services.overrides import ADD, Wish, fault_in, read_amount
from inventory_site.common.admin_export import FORMULA_STARTS
from inventory_site.common.models import ShopSettings
from stock.models import Warehouse

#: ``forecast`` and ``name`` are for people, and are not read.
COLUMNS = ("sku", "name", "warehouse", "first_on", "last_on", "forecast", "override", "reason")
NEEDED = ("sku", "warehouse", "first_on", "last_on", "override", "reason")
MOST_ROWS = 5000
MOST_BYTES = 2_000_000


@dataclass(frozen=True)
class Fault:
    line: int
    column: str
    value: str
    reason: str


@dataclass
class OverrideFile:
    """``wishes`` in the order of the file; rows whose override is empty are only counted."""

    wishes: list[Wish] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    empty: int = 0


def read_overrides(text: str, *, user: Any) -> OverrideFile:
    """Read the file as that person: items of warehouses where they may say nothing are faults."""
    found = OverrideFile()
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=_delimiter(text))
    missing = [name for name in NEEDED if name not in (reader.fieldnames or [])]
    if missing:
        found.faults.append(Fault(1, ", ".join(missing), "", _("These columns are missing.")))
        return found
    rows = list(reader)
    if len(rows) > MOST_ROWS:
        found.faults.append(Fault(MOST_ROWS + 2, "", "", _("At most %(rows)d rows at once.") % {"rows": MOST_ROWS}))
        return found
    known = _Known(rows, user)
    seen: dict[tuple, int] = {}
    for line, row in enumerate(rows, start=2):
        if not _cell(row, "override"):
            found.empty += 1
            continue
        wish, faults = known.wish(line, row)
        if wish and (first := seen.setdefault(wish.item, line)) != line:
            faults = [Fault(line, "first_on", str(wish.first_on), _("The same days as in line %(n)d.") % {"n": first})]
        found.faults += faults
        if wish and not faults:
            found.wishes.append(wish)
    return found


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _cell(row: dict, name: str) -> str:
    """The cell without the apostrophe that exports put before what a spreadsheet would run."""
    text = (row.get(name) or "").strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


class _Known:
    """The products and warehouses that the rows name, and today."""

    def __init__(self, rows: Sequence[dict], user: Any):
        skus = {_cell(row, "sku") for row in rows}
        self.products = {product.sku: product for product in _in_parts(Product.objects.visible_to(user), skus)}
        self.warehouses = {row.code: row for row in Warehouse.objects.visible_to(user, ADD)}
        self.today = ShopSettings.objects.load().today()

    def wish(self, line: int, row: dict) -> tuple[Wish | None, list[Fault]]:
        """The row as a wish, and every fault of it; None where it cannot be read."""
        faults: list[Fault] = []

        def told(name: str, reason: str) -> None:
            faults.append(Fault(line, name, _cell(row, name)[:60], reason))

        product = self.products.get(_cell(row, "sku")) or told("sku", _("There is no product with this SKU."))
        warehouse = self.warehouses.get(_cell(row, "warehouse"))
        if warehouse is None:
            told("warehouse", _("There is no such warehouse, or your role there does not allow it."))
        days = [_day(_cell(row, name)) or told(name, _("Write the day as 2026-03-30.")) for name in NEEDED[2:4]]
        try:
            kind, amount = read_amount(_cell(row, "override"))
        except OverrideRefused as refusal:
            told("override", str(refusal))
        if faults:
            return None, faults
        wish = Wish(product, warehouse, *days, kind, amount, _cell(row, "reason"))
        if why := fault_in(wish, self.today):
            told("reason" if not wish.reason else "last_on", why)
        return wish, faults


def _in_parts(products, skus: Iterable[str]) -> Iterator[Product]:
    names = sorted(skus)
    for at in range(0, len(names), 500):
        yield from products.filter(sku__in=names[at : at + 500])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
