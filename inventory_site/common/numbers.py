"""Numbers as the reader's locale writes them."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format


def amount(value: Decimal | float) -> str:
    """Money to the cent; Django's own ``number_format`` cuts off where this rounds."""
    return number_format(round(value, 2), 2, force_grouping=True)


def whole(value: Decimal | float) -> str:
    return number_format(round(value), force_grouping=True)
