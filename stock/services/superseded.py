"""Counts that others overtook: who looked later, and was posted before, has corrected the same already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from stock.models import CountLine
from stock.services.counted import looks

Line = CountLine.State
ASKED_AT_ONCE = 5000


def leave_superseded(lines: Sequence[CountLine]) -> None:
    """Leave out the lines whose shelf was looked at later, by a count that is posted or was typed: once is enough."""
    keys = [line.level_id for line in lines]
    seen: dict[int, datetime] = {}
    for at in range(0, len(keys), ASKED_AT_ONCE):
        part = keys[at : at + ASKED_AT_ONCE]
        seen |= {level: look.at for level, look in looks(part)}
    for line in lines:
        if line.level_id in seen and seen[line.level_id] > line.captured_at:
            line.state = Line.LEFT
