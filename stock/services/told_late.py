"""What happened on a shelf before it was counted, and is told after that count was posted.

The count saw a shelf that the ledger did not know of, and corrected the ledger for it. Told now, the same pieces would
be corrected twice; so what the count did about them is taken back, dated to the count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from inventory_site.common.models import User
from stock.models import CountLine, StockLevel, StockMovement
from stock.services.ledger import Entry, post_movements


def counted_since(levels: Collection[int], at: datetime) -> dict[int, CountLine]:
    """By level the first posted count of its shelf after this moment. Call it under the levels' locks."""
    lines = CountLine.objects.filter(level__in=levels, state=CountLine.State.POSTED, captured_at__gt=at)
    found: dict[int, CountLine] = {}
    for line in lines.select_related("count").order_by("captured_at", "pk"):
        found.setdefault(line.level_id, line)
    return found


def make_good(changes: Mapping[int, int], at: datetime, actor: User | None) -> None:
    """``changes`` are the pieces by which each level's shelf changed at this moment, below zero where they left it."""
    lines = counted_since(changes, at)
    levels = StockLevel.objects.in_bulk(lines)
    entries = [
        Entry(
            levels[pk].product_id, levels[pk].warehouse_id, -changes[pk], StockMovement.Reason.COUNT, line.count.number,
            line.captured_at,
        )
        for pk, line in sorted(lines.items())
    ]  # fmt: skip
    if entries:
        post_movements(entries=entries, actor=actor)
