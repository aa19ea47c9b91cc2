"""What sales and purchases share: whole quantities, document locks, picked lines."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from orders.errors import InvalidLines, TooMuch
from stock.services import ensure_levels
from stock.services.levels import tell_changed

LARGEST = 2**53


def check_quantity(quantity: Any, sku: str) -> None:
    """Refuse what is not a whole number of pieces from 1 on."""
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 < quantity <= LARGEST:
        raise InvalidLines(
            _("%(sku)s: “%(quantity)s” is not a quantity. Write a whole number from 1 to %(largest)d.")
            % {"sku": sku, "quantity": quantity, "largest": LARGEST}
        )


def reread(order):
    """The same document, locked and as it is now; everything decided before this may be stale."""
    return type(order).objects.locked().get(pk=order.pk)


def temporary_number() -> str:
    """Unique until the row has its primary key, which makes the real number."""
    return f"new-{uuid.uuid4().hex}"


def chosen(
    lines: Iterable[Any], quantities: Mapping[int, int] | None, most: Mapping[int, int], verb: str
) -> dict[int, int]:
    """How many pieces of each line, by primary key: what the caller asked for, or all that can be.

    Refuses an unknown line and more than a line's ``most``.
    """
    by_pk = {line.pk: line for line in lines}
    if quantities is None:
        return {pk: quantity for pk, quantity in most.items() if quantity > 0}
    for pk, quantity in quantities.items():
        if pk not in by_pk:
            raise InvalidLines(_("Line %(line)s is not on this order.") % {"line": pk})
        sku = by_pk[pk].product.sku
        check_quantity(quantity, sku)
        if quantity > most[pk]:
            raise TooMuch(
                _("%(sku)s: %(asked)d asked to %(verb)s, at most %(most)d possible.")
                % {"sku": sku, "asked": quantity, "verb": verb, "most": most[pk]}
            )
    return dict(quantities)


def tell_positions(pairs: Iterable[tuple[int, int]]) -> None:
    """On order or back-ordered changed for these (product, warehouse) pairs, though nothing moved."""
    tell_changed(ensure_levels(pairs).values(), topic="orders.changed")
