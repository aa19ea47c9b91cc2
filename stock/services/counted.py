"""What posted counts knew, and what was made good of them for acts that were told late. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import chain

from stock.models import CountLine, StockMovement

Reason = StockMovement.Reason
MOST_OF_AN_ACT = 100


def counted_since(levels: Collection[int], at: datetime) -> dict[int, CountLine]:
    """By level the first posted count of its shelf after this moment. Call it under the levels' locks."""
    lines = CountLine.objects.filter(level__in=levels, state=CountLine.State.POSTED, captured_at__gt=at)
    found: dict[int, CountLine] = {}
    for line in lines.select_related("count").order_by("captured_at", "pk"):
        found.setdefault(line.level_id, line)
    return found


def made_good(movement: StockMovement, but: Collection[int] = ()) -> StockMovement | None:
    """What was posted for this movement because a count had known it already; None too where that was reversed.

    Both were written under one lock of the level, so that in its ledger nothing of another act lies between. ``but``
    are primary keys of what was posted for others.
    """
    own = StockMovement.objects.filter(level=movement.level_id)
    beside = chain(
        _same_act(movement, own.filter(pk__gt=movement.pk).order_by("pk")),
        _same_act(movement, own.filter(pk__lt=movement.pk).order_by("-pk")),
    )
    return next((row for row in beside if row.pk not in but and _is_for(row, movement)), None)


def _same_act(movement: StockMovement, rows) -> list[StockMovement]:
    """Rows up to the first of another document, in reading order."""
    found = []
    for row in rows[:MOST_OF_AN_ACT]:
        if row.reason != Reason.COUNT and row.reference != movement.reference:
            break
        found.append(row)
    return found


def _is_for(row: StockMovement, movement: StockMovement) -> bool:
    """Opposite to the movement and dated to a count that was posted before it was told, after it happened."""
    if row.reason != Reason.COUNT or row.quantity != -movement.quantity or row.effective_at <= movement.effective_at:
        return False
    lines = CountLine.objects.filter(level=row.level_id, count__number=row.reference, captured_at=row.effective_at)
    line = lines.filter(state=CountLine.State.POSTED).first()
    posted = StockMovement.objects.filter(level=row.level_id, reason=Reason.COUNT, reference=row.reference)
    knew = line and (not line.delta or posted.filter(pk__lt=min(row.pk, movement.pk)).exists())
    return bool(knew) and not StockMovement.objects.filter(reverses=row).exists()
