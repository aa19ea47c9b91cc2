"""What a cell says: whole numbers, prices, moments. A cell that says nothing usable raises ``BadCell``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from django.utils import timezone
from django.utils.translation import gettext as _

from inventory_site.common.tables import Cell
from orders.money import LARGEST_AMOUNT, line_amount

#: More than any line can mean, and half a million such lines still add up within 64 bits.
LARGEST_QUANTITY = 10**12
LARGEST_PRICE = 10**8
PRICE_SCALE = 10_000

DATE_ORDERS = {"dmy": ("%d/%m/%Y", "%d-%m-%Y"), "mdy": ("%m/%d/%Y", "%m-%d-%Y")}
CLOCKS = ("", " %H:%M", " %H:%M:%S")

_WHOLE = re.compile(r"([+-]?)(\d{1,30})(?:[.,]0+)?", re.ASCII)
_FRACTION = re.compile(r"[+-]?\d*[.,]\d+", re.ASCII)
_PRICE = re.compile(r"(-?)(\d{0,30})(?:([.,])(\d{1,30}))?", re.ASCII)
_OFFSET = re.compile(r" ([+-]\d\d:?\d\d|UTC|Z)$")


class BadCell(ValueError):
    """Why the cell is of no use, for people."""


def text(cell: Cell, longest: int) -> str:
    told = str(cell)
    if len(told) > longest:
        raise BadCell(_("longer than %(longest)d characters") % {"longest": longest})
    return told


def required_text(cell: Cell, longest: int) -> str:
    if not cell:
        raise BadCell(_("empty"))
    return text(cell, longest)


def whole_number(cell: Cell) -> int:
    """A signed whole number; 6.0 is 6, 6.5 is refused."""
    told = str(cell)
    found = _WHOLE.fullmatch(told)
    if not found:
        if not told:
            raise BadCell(_("empty"))
        if _FRACTION.fullmatch(told):
            raise BadCell(_("not a whole number: quantities are whole stock units"))
        raise BadCell(_("not a number"))
    number = int(found[1] + found[2])
    if abs(number) > LARGEST_QUANTITY:
        raise BadCell(_("larger than %(largest)d") % {"largest": LARGEST_QUANTITY})
    return number


def price(cell: Cell) -> int:
    """In ten-thousandths; a comma with three digits after it could mean thousands and is refused."""
    told = str(cell)
    found = _PRICE.fullmatch(told)
    if not told:
        raise BadCell(_("empty"))
    if not found or not (found[2] or found[4]):
        raise BadCell(_("not a number; write prices like 12.50, without a currency"))
    sign, units, mark, decimals = found[1], found[2], found[3], found[4] or ""
    if mark == "," and len(decimals) == 3:
        raise BadCell(_("could mean thousands or decimals; write 1234 or 1.234"))
    amount = int(units or "0") * PRICE_SCALE + _ten_thousandths(decimals)
    if sign and amount:
        raise BadCell(_("negative"))
    if amount >= LARGEST_PRICE * PRICE_SCALE:
        raise BadCell(_("larger than %(largest)d") % {"largest": LARGEST_PRICE})
    return amount


def check_worth(quantity: int, price: int) -> None:
    """So many pieces at that price (in ten-thousandths) must not cost more than a line can."""
    if line_amount(abs(quantity), Decimal(price) / PRICE_SCALE) > LARGEST_AMOUNT:
        raise BadCell(_("so many cost more than a line can, %(largest)s") % {"largest": LARGEST_AMOUNT})


def _ten_thousandths(decimals: str) -> int:
    """Half up at the fourth digit: binary floats in spreadsheets come as 2.5500000000000003."""
    kept = int((decimals + "0000")[:4])
    return kept + (len(decimals) > 4 and decimals[4] >= "5")


def moment(cell: Cell, date_order: str = "") -> datetime:
    """A date or a time between 1970 and tomorrow; naive where the cell names no zone.

    03/04/2024 needs ``date_order``: dmy or mdy.
    """
    if not cell:
        raise BadCell(_("empty"))
    found = cell if isinstance(cell, datetime) else _moment(cell, date_order)
    if found.year < 1970:
        raise BadCell(_("before 1970"))
    limit = timezone.now() + timedelta(days=1)
    if found > (limit if found.tzinfo else limit.replace(tzinfo=None)):
        raise BadCell(_("in the future"))
    return found


@lru_cache(maxsize=100_000)
def _moment(told: str, date_order: str) -> datetime:
    try:
        return datetime.fromisoformat(_OFFSET.sub(_joined_offset, told))
    except ValueError:
        pass
    for shape in ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", *DATE_ORDERS.get(date_order, ())):
        for clock in CLOCKS:
            try:
                return datetime.strptime(told, shape + clock)  # noqa: DTZ007 - in the warehouse's zone
            except ValueError:
                continue
    if not date_order and re.match(r"\d{1,2}[/-]\d{1,2}[/-]\d{4}", told):
        raise BadCell(_("day or month first? Write 2024-01-31, or say which comes first (date order)"))
    raise BadCell(_("not a date; write 2024-01-31 or 2024-01-31 14:05"))


def _joined_offset(found: re.Match) -> str:
    return "+00:00" if found[1] in ("UTC", "Z") else found[1]
