"""What open counts have found missing already, where somebody says the same a second time."""

from __future__ import annotations

from datetime import datetime

from stock.models import CountEntry, CountLine
from stock.services.count_lines import settled_lines
from stock.services.counted import looks


def gap_found(level: int, missing: int, moment: datetime) -> dict[datetime, int]:
    """When to date so many missing pieces: to a count, not posted yet, that found them missing by then, or now.

    Pieces by moment. A count is dated by its first bin, so that nothing moves between it and the last. One that others
    overtook by then says nothing any more.
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
