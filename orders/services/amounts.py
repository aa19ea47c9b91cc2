"""Money that is more than the columns hold is refused before it is written."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _

from orders.errors import InvalidLines
from orders.money import LARGEST_AMOUNT, LARGEST_CHARGE, LARGEST_TOTAL


def check_amounts(amounts: Iterable[tuple[str, Decimal]]) -> Decimal:
    """The sum of what lines (SKU, amount) cost; refuses a line or an order that is worth too much."""
    total, sku = Decimal(0), ""
    for sku, amount in amounts:
        if amount > LARGEST_AMOUNT:
            raise InvalidLines(
                _("%(sku)s: the line would cost %(amount)s, the largest possible amount is %(most)s.")
                % {"sku": sku, "amount": amount, "most": LARGEST_AMOUNT}
            )
        total += amount
        if total > LARGEST_TOTAL:
            raise InvalidLines(
                _("%(sku)s: with it the order would cost %(total)s, the largest possible total is %(most)s.")
                % {"sku": sku, "total": total, "most": LARGEST_TOTAL}
            )
    return total


def check_charges(*charges: Decimal) -> None:
    """Refuses a shipping charge or a discount beyond its column."""
    for charge in charges:
        if charge > LARGEST_CHARGE:
            raise InvalidLines(
                _("%(charge)s is more than a shipping charge or a discount can be: %(most)s.")
                % {"charge": charge, "most": LARGEST_CHARGE}
            )
