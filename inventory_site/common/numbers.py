"""Numbers as the reader's locale writes them, and amounts as people type them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from django.utils.formats import number_format


def amount(value: Decimal | float) -> str:
    """Money to the cent; Django's own ``number_format`` cuts off where this rounds."""
    return number_format(round(value, 2), 2, force_grouping=True)


def whole(value: Decimal | float) -> str:
    return number_format(round(value), force_grouping=True)


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
