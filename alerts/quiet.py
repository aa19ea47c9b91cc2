"""Hours in which nobody wants to be disturbed."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def after_quiet(moment: datetime, begins: time | None, ends: time | None, zone: ZoneInfo) -> datetime:
    """The moment itself, or the end of the quiet hours in which it falls by the clock of ``zone``.

    Hours that begin later than they end go over midnight.
    """
    if begins is None or ends is None or begins == ends:
        return moment
    local = moment.astimezone(zone)
    clock, day = local.time(), local.date()
    if begins < ends:
        is_quiet = begins <= clock < ends
    else:
        is_quiet = clock >= begins or clock < ends
        day += timedelta(days=1 if clock >= begins else 0)
    if not is_quiet:
        return moment
    return max(moment, datetime.combine(day, ends, tzinfo=zone).astimezone(moment.tzinfo))
