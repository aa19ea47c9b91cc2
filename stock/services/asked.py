"""Counts of one item that something asks for: pieces that were not found, or a count that cannot have known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from inventory_site.common.models import User
from stock.models import CountEntry, CountLine, StockCount, StockLevel
from stock.services.counts import open_count


def ask_for_count(*, level: StockLevel, actor: User | None, note: str) -> StockCount:
    """An open count that asks for this item, or a new one."""
    asked = CountLine.objects.in_open_counts().filter(level=level, state=CountLine.State.OPEN)
    if known := asked.select_related("count").order_by("pk").first():
        return known.count
    return open_count(warehouse=level.warehouse, products=[level.product], actor=actor, note=note[:200])


def counted_around(acts: Iterable[tuple[int, str, datetime]]) -> dict[int, str]:
    """Of acts (level, count's number, moment) the levels of which that count saw one bin before it and another after.

    Whether it knew the act, nobody knows: the pieces may have been of a bin that was counted already.
    """
    acts = list(acts)
    entries = CountEntry.objects.accepted().filter(
        line__level__in={level for level, _number, _at in acts}, line__count__number__in={act[1] for act in acts}
    )
    seen: dict[tuple[int, str], list[CountEntry]] = defaultdict(list)
    for entry in entries.select_related("line__count").order_by("captured_at", "pk"):
        seen[entry.line.level_id, entry.line.count.number].append(entry)
    return {level: number for level, number, at in acts if (own := seen[level, number]) and _began(own) <= at}


def _began(entries: Sequence[CountEntry]) -> datetime:
    """When the first bin was seen, as it was seen last; what was counted again stands alone."""
    valid = [entry for entry in entries if entry.is_recount] or entries
    return min({entry.bin_id: entry.captured_at for entry in valid}.values())
