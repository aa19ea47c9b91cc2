"""How much of an average bucket each bucket asks for: weekday pattern times promotion uplift."""

from __future__ import annotations

import numpy as np

from forecasting.engine.calendar import weekdays
from forecasting.engine.history import History, row_sums
from forecasting.engine.late import opened_ahead

LOOK_BACK = {"D": 182, "W": 52, "M": 24}
#: Weeks of the common weekday pattern, and promoted buckets without effect, that pull a series that sells in each
#: bucket; one that seldom sells is pulled by as many sales.
WEEK_PRIOR, UPLIFT_PRIOR = 3.0, 4.0


def promotion_of(history: History, start: int, stop: int) -> np.ndarray | None:
    """Promotion flags (0-1) of buckets start .. stop - 1, 0 where unknown; None when the panel has none."""
    known = history.known.get("promotion")
    if known is None:
        return None
    flags = np.clip(np.nan_to_num(np.asarray(known[:, start:stop], float)), 0.0, 1.0)
    return np.pad(flags, ((0, 0), (0, stop - start - flags.shape[1])))


class Profile:
    """What an average bucket asks for at an origin, learned from the ``LOOK_BACK`` buckets before it.

    ``index`` [series, slots] of the weekday (mean 1) and ``uplift`` [series, 1] of a promotion.
    """

    def __init__(self, history: History, origin: int, week: np.ndarray):
        self.history = history
        start = max(origin - LOOK_BACK[history.freq], 0)
        past = _slots(history, start, origin)
        promo = promotion_of(history, start, origin)
        y, seen = history.filled[:, start:origin], ~np.isnan(history.demand[:, start:origin])
        level = (y.sum(axis=1) / np.maximum(seen.sum(axis=1), 1))[:, None]
        seldom = 1 / np.clip((y > 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1), 0.01, 1.0)[:, None]
        prior = week[None] if history.freq == "D" else np.ones((1, 1))
        index, uplift = prior + 0 * level, np.ones_like(level)
        promoted = np.zeros_like(y) if promo is None else promo
        for _ in range(1 if promo is None else 2):
            weight = np.where(seen, 1 + promoted * (uplift - 1), 0.0)
            index = (_by_slot(y, past, prior.shape[1]) + WEEK_PRIOR * seldom * level * prior) / np.maximum(
                (_by_slot(weight, past, prior.shape[1]) + WEEK_PRIOR * seldom) * level, 1e-12
            )
            index = np.where(level > 0, index, 1.0)
            if promo is not None:
                uplift = _uplift(
                    y, np.where(seen, level * index[:, past], 0.0), promoted, UPLIFT_PRIOR * seldom * level
                )
        self.index, self.uplift = index, uplift

    def of(self, start: int, stop: int) -> np.ndarray:
        """Expected demand relative to the level in buckets start .. stop - 1, [series, buckets]."""
        out = self.index[:, _slots(self.history, start, stop)]
        promo = promotion_of(self.history, start, stop)
        if promo is not None:
            out = out * (1 + promo * (self.uplift - 1))
        opened = opened_ahead(self.history.known, start, stop - start)
        return np.ascontiguousarray(out if opened is None else out * opened)


def profile_of(history: History, origin: int, week: np.ndarray) -> Profile | None:
    """The profile where buckets differ: of days, and where promotions are known."""
    return (
        Profile(history, origin, week) if history.freq == "D" or {"promotion", "closed"} & set(history.known) else None
    )


def _slots(history: History, start: int, stop: int) -> np.ndarray:
    if history.freq != "D":
        return np.zeros(stop - start, int)
    return weekdays(history.last_on, start - history.buckets + 1, stop - history.buckets + 1)


def _by_slot(values: np.ndarray, slots: np.ndarray, number: int) -> np.ndarray:
    return np.stack([row_sums(values[:, slots == k]) for k in range(number)], axis=1)


def _uplift(y: np.ndarray, usual: np.ndarray, promo: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Demand under promotion against demand without, each relative to what is usual, [series, 1]."""

    def ratio(weight: np.ndarray) -> np.ndarray:
        asked, expected = row_sums(y * weight), row_sums(usual * weight)
        return (asked[:, None] + prior) / np.maximum(expected[:, None] + prior, 1e-12)

    return np.clip(ratio(promo) / np.maximum(ratio(1 - promo), 1e-12), 0.3, 8.0)
