"""What a count says about the ledger: pure, from moments and whole pieces.

What lies on the shelf at a moment is what was on hand then, without what was picked and not yet shipped. A count is
compared with its own moment, so that sales before and after it change nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Capture:
    """So many pieces were seen in one bin (None: in the only place of the item) at a moment."""

    bin: int | None
    counted: int
    at: datetime


class Shelf:
    """What lay on the shelf of one item, backwards from now.

    ``changes`` are (moment, pieces) of all that changed the shelf since the first moment that is asked for: movements,
    minus what was picked and plus what was put back or shipped of it.
    """

    def __init__(self, now: int, changes: Iterable[tuple[datetime, int]]):
        ordered = sorted(changes)
        self._moments = [at for at, _pieces in ordered]
        self._held = [now]
        for _at, pieces in reversed(ordered):
            self._held.append(self._held[-1] - pieces)
        self._held.reverse()

    def at(self, moment: datetime) -> int:
        """What happened at the very moment has happened."""
        return self._held[bisect_right(self._moments, moment)]

    def moved(self, after: datetime, until: datetime) -> bool:
        """Whether anything came or went in between, even if it came back."""
        return bisect_right(self._moments, after) < bisect_right(self._moments, until)


@dataclass(frozen=True)
class Reading:
    """An item's count: ``expected`` on the shelf at ``at``, and the difference."""

    counted: int
    expected: int
    at: datetime

    @property
    def delta(self) -> int:
        return self.counted - self.expected


class Unsettled(Exception):
    """The captures of an item's bins don't make one count; ``reason`` is "partly" or "moved"."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def read(captures: Sequence[Capture], bins: frozenset[int], shelf: Shelf, replaced: Sequence[datetime] = ()) -> Reading:
    """The newest capture of each bin, summed; ``replaced`` are the moments when the item changed its bins.

    Raises ``Unsettled`` where a bin is missing, and where stock moved between the first and the last bin: nobody knows
    whether a piece that went was counted before, so guessing would be wrong in half of the cases. Nor is it known what
    went from a bin that was counted into one that is counted later: what was captured before that is dropped.
    """
    newest: dict[int | None, Capture] = {}
    for capture in sorted(captures, key=lambda capture: capture.at):
        newest[capture.bin] = capture
    if None in newest and len(newest) > 1:
        last = max(newest.values(), key=lambda capture: capture.at)
        newest = {None: newest[None]} if last.bin is None else {at: one for at, one in newest.items() if at is not None}
    last = max(one.at for one in newest.values())
    changed = max((at for at in replaced if at <= last), default=None)
    kept = {place: one for place, one in newest.items() if changed is None or one.at >= changed}
    if None not in kept and not bins <= kept.keys():
        raise Unsettled("moved" if len(kept) < len(newest) or _since(replaced, newest) else "partly")
    newest = kept
    first = min(one.at for one in newest.values())
    if shelf.moved(first, last):
        raise Unsettled("moved")
    return Reading(sum(one.counted for one in newest.values()), shelf.at(last), last)


def _since(replaced: Iterable[datetime], captures: Mapping[int | None, Capture]) -> bool:
    """Whether the item changed its bins after it was counted in one of them."""
    first = min(one.at for one in captures.values())
    return any(at > first for at in replaced)
