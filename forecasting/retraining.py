"""When models are trained anew, and when errors drift. Pure arrays and dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

#: Nights between two trainings.
WEEK = 7
#: Nights before the training that tell what errors are usual, at least and at most.
LEAST_NIGHTS, MOST_NIGHTS = 10, 28
#: CUSUM (Page 1954): half a deviation is chance, and five deviations gathered are an alarm (Montgomery: k 0.5, h 4-5).
SLACK, ALARM = 0.5, 5.0
#: Errors never deviate less than this share of themselves, or a shop of clockwork would raise alarms.
LEAST_DEVIATION = 0.1
#: So many times the series of last night is another shop: history was imported.
GROWN = 1.25


@dataclass(frozen=True)
class Night:
    """What is known before models are chosen. ``tried_on`` is the last day on which any were trained; None: never."""

    today: date
    tried_on: date | None
    is_readable: bool
    is_pinned: bool
    series_before: int
    series_now: int
    drift: float


def reason_to_train(night: Night) -> str | None:
    """Why the models must be trained anew: first, format, grown, drift or age; None where they still serve.

    A pinned model serves for as long as it can be read.
    """
    if night.tried_on is None:
        return "first"
    if not night.is_readable:
        return "format"
    if night.is_pinned:
        return None
    if night.series_now > GROWN * max(night.series_before, 1):
        return "grown"
    if night.drift >= ALARM:
        return "drift"
    return "age" if (night.today - night.tried_on).days >= WEEK else None


def drift(usual: np.ndarray, since: np.ndarray) -> float:
    """How far errors have moved away from what was usual: the largest of three CUSUM sums, in standard deviations.

    ``usual`` [nights, 2] holds loss and bias of the nights before the training, ``since`` those after it, NaN where a
    night could not be measured. Rising loss counts, and bias either way. Too few usual nights say nothing: 0.

    >>> usual = np.array([[0.2, 0.0], [0.22, 0.1], [0.18, -0.1], [0.2, 0.0]] * 3)
    >>> drift(usual, np.array([[0.2, 0.0]] * 5)), drift(usual, np.array([[0.3, 0.0]] * 3)) > 5
    (0.0, True)
    """
    usual = usual[~np.isnan(usual).any(axis=1)][-MOST_NIGHTS:]
    since = since[~np.isnan(since).any(axis=1)]
    if len(usual) < LEAST_NIGHTS or not len(since):
        return 0.0
    mean = usual.mean(axis=0)
    least = LEAST_DEVIATION * np.array([mean[0], 1.0])
    moved = (since - mean) / np.maximum(np.maximum(usual.std(axis=0, ddof=1), least), 1e-9)
    return max(_cusum(moved[:, 0]), _cusum(moved[:, 1]), _cusum(-moved[:, 1]))


def _cusum(deviations: np.ndarray) -> float:
    """The sum now of what exceeded the slack, begun again whenever it fell to nothing."""
    total = 0.0
    for value in deviations:
        total = max(0.0, total + float(value) - SLACK)
    return total


def challenger_wins(champion: float, challenger: float) -> bool:
    """The new models take over when they lose less than the old ones, not on a tie; or where the old ones said nothing.

    >>> challenger_wins(0.2, 0.19), challenger_wins(0.2, 0.2), challenger_wins(float("nan"), 0.2)
    (True, False, True)
    """
    return bool(np.isnan(champion) or challenger < champion)
