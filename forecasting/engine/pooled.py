"""What series have in common: their summed demand now and a year ago, seen from an origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.engine.calendar import YEAR, weekdays
from forecasting.engine.history import running
from forecasting.engine.recurring import year_ago

#: Lengths at which last year's demand after the same date is kept; in between it is interpolated.
KNOTS = (1, 2, 3, 4, 6, 8, 10, 14, 21, 28, 42, 56, 84, 112, 168, 224, 364)
#: Buckets that say how much is asked for now.
RECENT = {"D": (7, 14, 28, 56), "W": (1, 2, 4, 13), "M": (1, 2, 3, 6)}


@dataclass(frozen=True)
class Pooled:
    """Sums over one group each: ``recent`` mean demand [groups, 4], ``year_ago`` demand a bucket before the same
    origin last year [groups], ``after`` what followed it, cumulated at KNOTS [groups, knots] (NaN when unknown),
    ``moved`` the same at last year's distance from Easter, ``members`` [groups] and ``week`` the share of each
    weekday times seven, [7]."""

    recent: np.ndarray
    year_ago: np.ndarray
    after: np.ndarray
    moved: np.ndarray
    members: np.ndarray
    week: np.ndarray

    def following(self, length: int, which: str = "after") -> np.ndarray:
        """Demand of ``length`` buckets after the same origin last year, or ``moved`` by Easter, [groups]."""
        sums = getattr(self, which)
        at = int(np.searchsorted(KNOTS, min(length, KNOTS[-1])))
        if KNOTS[at] == length or at == 0:
            return sums[:, at]
        share = (min(length, KNOTS[-1]) - KNOTS[at - 1]) / (KNOTS[at] - KNOTS[at - 1])
        return sums[:, at - 1] * (1 - share) + sums[:, at] * share


class Groups:
    """Summed demand of the groups of a panel, of which it can tell ``Pooled`` at any origin."""

    def __init__(self, filled: np.ndarray, freq: str, last_on, index: np.ndarray, groups: int):
        if groups == 1:
            total = filled.sum(axis=0, dtype=float)[None]
        else:
            order = np.argsort(index, kind="stable")
            starts = np.searchsorted(index[order], np.arange(groups))
            total = np.add.reduceat(filled[order], starts, axis=0, dtype=float)
        self.total = running(total)
        self.members = np.bincount(index, minlength=groups).astype(float)
        self.freq, self.last_on, self.buckets = freq, last_on, filled.shape[1]

    def at(self, origin: int) -> Pooled:
        year, total = YEAR[self.freq], self.total
        windows = RECENT[self.freq]
        recent = [(total[:, origin] - total[:, max(origin - w, 0)]) / min(w, origin) for w in windows]
        nothing = np.full(len(total), np.nan)
        ago, before = origin - year, min(windows[-1], origin - year)
        mean_then = (total[:, ago] - total[:, ago - before]) / before if before >= 1 else nothing
        moved = origin - year_ago(self.last_on, self.freq, origin - self.buckets + 1, year)

        def following(start: int) -> np.ndarray:
            found = (
                total[:, start + k] - total[:, start] if start > 0 and start + k <= origin else nothing for k in KNOTS
            )
            return np.stack(list(found), 1)

        return Pooled(
            np.stack(recent, 1), mean_then, following(ago), following(moved), self.members, self._week(origin)
        )

    def _week(self, origin: int) -> np.ndarray:
        if self.freq != "D" or origin < 14:
            return np.ones(7)
        start = max(origin - 56, 0)
        start += (origin - start) % 7
        day = np.diff(self.total[:, start : origin + 1].sum(axis=0))
        days = weekdays(self.last_on, start - self.buckets + 1, origin - self.buckets + 1)
        share = np.bincount(days, day, 7) + 1e-9
        return share / share.mean()
