"""The shelves of many items at past moments, in four queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from stock.counting import Shelf
from stock.models import Allocation, StockLevel, StockMovement
from stock.services.counted import ledger_time

ASKED_AT_ONCE = 5000


def shelves_since(levels: Mapping[int, datetime]) -> dict[int, Shelf]:
    """By primary key of a level its shelf, back to the moment that is given for it."""
    found: dict[int, Shelf] = {}
    keys = sorted(levels)
    for at in range(0, len(keys), ASKED_AT_ONCE):
        part = {pk: levels[pk] for pk in keys[at : at + ASKED_AT_ONCE]}
        found |= _shelves(part)
    return found


def _shelves(levels: dict[int, datetime]) -> dict[int, Shelf]:
    since = min(levels.values())
    changes: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    when = ledger_time()
    moved = StockMovement.objects.filter(level__in=list(levels), **{f"{when}__gt": since}).order_by()
    for level, moment, pieces in moved.values_list("level", when, "quantity"):
        changes[level].append((moment, pieces))
    picked_now: dict[int, int] = defaultdict(int)
    picks = Allocation.objects.picked().filter(level__in=list(levels)).exclude(closed_at__lte=since).order_by()
    for level, pieces, picked_at, closed_at in picks.values_list("level", "quantity", "picked_at", "closed_at"):
        changes[level].append((picked_at, -pieces))
        if closed_at is None:
            picked_now[level] += pieces
        else:
            changes[level].append((closed_at, pieces))
    on_hand = StockLevel.objects.filter(pk__in=list(levels)).values_list("pk", "on_hand")
    return {pk: Shelf(pieces - picked_now[pk], changes[pk]) for pk, pieces in on_hand}
