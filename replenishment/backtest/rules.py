"""Ordering rules to compare: what each knew on an evening, and one number that makes it bolder or more careful."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from replenishment.backtest.replay import Levels

#: Days of cover that a fixed minimum is chosen among.
FIXED_DAYS = (3, 5, 7, 10, 14, 21, 28, 42, 56, 84)

#: Days of demand that a spreadsheet looks back on.
LOOKED_BACK_DAYS = 90

#: An item observed for fewer days than this gets no fixed minimum yet.
LEAST_OBSERVED_DAYS = 28


@dataclass(frozen=True)
class Family:
    """All the ways to follow one rule: ``levels(knob)`` with one number an item, more of which is more stock.

    ``own`` is the number that the rule itself would use [items].
    """

    levels: Callable[[np.ndarray], Levels]
    low: float
    high: float
    own: np.ndarray


def looked_back(demand: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and deviation a day over the last days, and days observed ever, each [items].

    Of ``demand`` [items, days], NaN where it was not observed. Sales as they were booked: a spreadsheet does not know
    of empty shelves.
    """
    recent = demand[:, -LOOKED_BACK_DAYS:]
    seen = ~np.isnan(recent)
    number = np.maximum(seen.sum(axis=1), 1)
    mean = np.nansum(recent, axis=1) / number
    square = np.nansum(recent**2, axis=1) / number
    return mean, np.sqrt(np.maximum(square - mean**2, 0)), (~np.isnan(demand)).sum(axis=1)


def z_formula(base: Levels, mean: np.ndarray, deviation: np.ndarray, z: np.ndarray) -> Family:
    """Mean + z x deviation of lead-time demand: ``mean`` and ``deviation`` [spans, items] as known in each span."""

    def levels(knob: np.ndarray) -> Levels:
        point = np.maximum(np.ceil(np.round(mean + knob * deviation, 6)), 0).astype(np.int64)
        return base.at(point, mean > 0)

    return Family(levels, -4.0, 12.0, z)


def fixed_minimum(base: Levels, a_day: np.ndarray, days: float | np.ndarray) -> Family:
    """So many days of what was usual when the minimum was set, ``a_day`` [spans, items] (0: not set yet)."""

    def levels(knob: np.ndarray) -> Levels:
        return base.at(np.ceil(np.round(knob * a_day, 6)).astype(np.int64), a_day > 0)

    return Family(levels, 0.0, 400.0, np.broadcast_to(np.asarray(days, float), a_day.shape[1:]))


def set_once(mean: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The usual demand a day of fixed minima [spans, items]: that of the first span that has seen enough, kept."""
    known = observed >= LEAST_OBSERVED_DAYS
    first = np.where(known.any(axis=0), known.argmax(axis=0), len(known))
    at_first = np.take_along_axis(mean, np.minimum(first, len(known) - 1)[None], axis=0)[0]
    return np.where(np.arange(len(known))[:, None] >= first, at_first, 0.0)


def advice(base: Levels, points: np.ndarray) -> Family:
    """Our reorder points: ``points`` [targets, spans, items] rise with the target; between two of them a share.

    Below the first target they fall to 0, to order when the shelf is empty; above the last they rise to twice as much.
    ``own`` is NaN: as planned, the levels are ``base`` itself.
    """
    points = np.concatenate([np.zeros_like(points[:1]), points, 2 * points[-1:]])

    def levels(knob: np.ndarray) -> Levels:
        below = np.clip(np.floor(knob).astype(int), 0, len(points) - 2)
        low = np.take_along_axis(points, below[None, None], axis=0)[0]
        high = np.take_along_axis(points, below[None, None] + 1, axis=0)[0]
        point = np.ceil(np.round(low + (knob - below) * (high - low), 6)).astype(np.int64)
        return base.at(np.maximum(point, 0), base.is_bought)

    return Family(levels, 0.0, float(len(points) - 1), np.full(points.shape[2], np.nan))
