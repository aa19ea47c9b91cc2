"""What open counts have found missing already, where somebody says the same a second time, or seems to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Exists, Min, OuterRef

from stock.models import CountEntry, CountLine, StockCount, StockMovement
from stock.services.count_lines import settled_lines
from stock.services.counted import looks


def gap_found(level: int, missing: int, moment: datetime) -> dict[datetime, int]:
    """When to date so many missing pieces: to a count, not posted yet, that found them missing by then, or now.

    Pieces by moment. A count is dated by its first bin, so that nothing moves between it and the last. One that others
    overtook by then says nothing any more. The moment is what tells ``said_twice`` of it.
    """
    lines = CountLine.objects.in_open_counts().filter(level=level, captured_at__lte=moment)
    seen_at = [look.at for _level, look in looks([level]) if look.at <= moment]
    for line in lines.select_related("count", "level").order_by("captured_at", "pk"):
        settled_lines(line.count, [line])  # what it expected when it was entered may have changed since
        gap = min(-(line.delta or 0), missing)
        first = CountEntry.objects.accepted().filter(line=line).order_by("captured_at").first()
        if gap > 0 and (not seen_at or seen_at[-1] < first.captured_at):
            return {first.captured_at: gap} | ({moment: missing - gap} if missing > gap else {})
    return {moment: missing}


def said_twice(count: StockCount, lines: Sequence[CountLine]) -> list[CountLine]:
    """Counted lines that found pieces missing which were reported as not found after it, too.

    They may be the same pieces; or the count misses some of which nobody told yet, and others are missing since.
    Whoever looks again, after it was reported, knows.
    """
    reported = _reported(count)
    doubted = [line for line in lines if line.state == CountLine.State.COUNTED and line.level_id in reported]
    entries: dict[int, list[CountEntry]] = defaultdict(list)
    for entry in CountEntry.objects.accepted().filter(line__in=[line.pk for line in doubted]):
        entries[entry.line_id].append(entry)
    return [line for line in doubted if not _seen_again(entries[line.pk], reported[line.level_id])]


def _reported(count: StockCount) -> dict[int, datetime]:
    """By level when it was last told that pieces are missing, dated to what this count found."""
    entries = CountEntry.objects.accepted().filter(line__count=count)
    began = entries.aggregate(Min("captured_at"))["captured_at__min"]
    if began is None:
        return {}
    rows = StockMovement.objects.filter(
        Exists(entries.filter(line__level=OuterRef("level"), captured_at=OuterRef("effective_at"))),
        reason=StockMovement.Reason.ADJUSTMENT, quantity__lt=0, reversed_by=None, effective_at__gte=began,
        level__warehouse=count.warehouse_id,
    )  # fmt: skip
    return dict(rows.order_by("recorded_at").values_list("level", "recorded_at"))


def _seen_again(entries: Collection[CountEntry], since: datetime) -> bool:
    """Each bin that was counted was counted again; an entry without a bin is of all of them."""
    again = {entry.bin_id for entry in entries if entry.captured_at > since}
    return None in again or (bool(again) and {entry.bin_id for entry in entries} - {None} <= again)
