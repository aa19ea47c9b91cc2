"""Numbers as the reader's locale writes them, and amounts as people type them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from django.utils.formats import number_format
from django.utils.translation import gettext as _


def amount(value: Decimal | float) -> str:
    """Money to the cent; Django's own ``number_format`` cuts off where this rounds."""
    return number_format(round(value, 2), 2, force_grouping=True)


def whole(value: Decimal | float) -> str:
    return number_format(round(value), force_grouping=True)


def per_cent(rate: Decimal | float, decimals: int | None = None, *, signed: bool = False) -> str:
    """A rate (0.985) as the number before the sign ("98.5"), for sentences that have the sign themselves.

    Without ``decimals`` one, and none where it would be a 0.
    """
    number = round(100 * rate, 1 if decimals is None else decimals) or 0  # not "-0"
    if decimals is None:
        decimals = 0 if number == round(number) else 1
    return ("+" if signed and number > 0 else "") + number_format(number, decimals)


def percent(rate: Decimal | float | None, decimals: int | None = 1, *, signed: bool = False) -> str:
    """A rate with its sign: "98.5 %", by a German "98,5 %", by a Chinese "98.5%"; None is "–".

    >>> [percent(rate) for rate in (0.985, 1.0, None)], percent(0.126, 0), percent(0.95, None)
    (['98.5 %', '100.0 %', '–'], '13 %', '95 %')
    >>> [percent(rate, signed=True) for rate in (0.0512, -0.02, -0.0001)]
    ['+5.1 %', '-2.0 %', '0.0 %']
    """
    return "–" if rate is None else _("%(share)s %%") % {"share": per_cent(rate, decimals, signed=signed)}


def whole_number(text: str | None, digits: int = 18) -> int | None:
    """A whole number as a form or an address tells it, None where it is none or longer than that.

    >>> [whole_number(text) for text in ("12", " 007 ", "-1", "1.5", "²", "", None)], whole_number("12345", 4)
    ([12, 7, None, None, None, None, None], None)
    """
    bare = (text or "").strip()
    return int(bare) if bare.isdecimal() and len(bare) <= digits else None


def typed_amount(text: str) -> Decimal | None:
    """An amount as a person types it, None where it is none: a comma stands between thousands, else for the point.

    >>> [str(typed_amount(text)) for text in ("10,000", "12,5", " 1 234,567.80", "1.234,56", "nan", "much")]
    ['10000', '12.5', '1234567.80', 'None', 'None', 'None']
    """
    bare = re.sub(r",(?=\d{3}(?!\d))", "", "".join(text.split())).replace(",", ".")
    try:
        found = Decimal(bare)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
