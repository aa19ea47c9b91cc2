"""Money of order lines, to the cent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")

#: What the columns hold, and what SQLite, which keeps money as floats, still adds up to the cent.
LARGEST_CHARGE = Decimal("9999999999.99")
LARGEST_AMOUNT = Decimal("999999999999.99")
LARGEST_TOTAL = Decimal("9999999999999.99")


def line_amount(quantity: int, unit_price: Decimal) -> Decimal:
    """What so many pieces cost together.

    >>> line_amount(3, Decimal("0.3333"))
    Decimal('1.00')
    """
    return (quantity * Decimal(unit_price)).quantize(CENT, ROUND_HALF_UP)


def share(amount: Decimal, part: int, whole: int) -> Decimal:
    """The part's share of an amount; what is left over stays with the rest, so that nothing is lost.

    >>> share(Decimal("1.00"), 1, 3)
    Decimal('0.33')
    """
    return (amount * part / whole).quantize(CENT, ROUND_HALF_UP)
