"""What happened on a shelf before it was counted, and is told after that count was posted.

The count saw a shelf that the ledger did not know of, and corrected the ledger for it. Told now, the same pieces would
be corrected twice; so what the count did about them is taken back, dated to the count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from django.utils.translation import gettext as _

from inventory_site.common.models import User
from stock.models import StockLevel, StockMovement
from stock.services.asked import ask_for_count, counted_around
from stock.services.counted import counted_since
from stock.services.ledger import Entry, post_movements

Reason = StockMovement.Reason


@dataclass(frozen=True)
class Late:
    """Pieces that came to a level's shelf, or left it (below zero), at a moment."""

    level: int
    pieces: int
    at: datetime


def make_good(changes: Sequence[Late], actor: User | None) -> None:
    """Take back what counts did about each change, by a movement of its own; under the levels' locks.

    Where a count saw one bin of the item before the change and another after it, a new one is asked for.
    """
    entries, known = [], []
    levels = StockLevel.objects.select_related("product", "warehouse").in_bulk({late.level for late in changes})
    for at, same in groupby(sorted(changes, key=attrgetter("at")), attrgetter("at")):
        together = list(same)
        seen = counted_since([late.level for late in together], at)
        for late in together:
            if look := seen.get(late.level):
                place = levels[late.level].product_id, levels[late.level].warehouse_id
                entries.append(Entry(*place, -late.pieces, Reason.COUNT, look.reference, look.at))
                known.append((late.level, look.reference, at))
    if entries:
        post_movements(entries=entries, actor=actor)
        for level, number in counted_around(known).items():
            told = {"number": number, "sku": levels[level].product.sku}
            note = _("%(number)s: %(sku)s was on the move while its bins were counted") % told
            ask_for_count(level=levels[level], actor=actor, note=note)
