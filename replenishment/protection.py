"""Lead time + review period, in days or buckets, as the discrete distribution that the engine takes."""

from __future__ import annotations

import numpy as np
from scipy import special

from forecasting.engine.panel import Freq, ProtectionInterval

#: Days in a bucket; a month is a twelfth of 365.25 days.
BUCKET_DAYS: dict[Freq, float] = {"D": 1.0, "W": 7.0, "M": 365.25 / 12}

NODES = 15  # lengths kept of an uncertain lead time


def protection_interval(lead_time: np.ndarray, lead_time_std: np.ndarray, review: np.ndarray) -> ProtectionInterval:
    """Gamma lead time + sure review period, all in buckets [series], on whole lengths that keep the mean.

    A length between two buckets is shared between both (10 days are 1.43 weeks: 57 % one week, 43 % two). What is
    shorter than one bucket counts as one.

    >>> interval = protection_interval(np.array([2.0, 10 / 7]), np.zeros(2), np.zeros(2))
    >>> interval.lengths.tolist(), interval.weights.round(2).tolist()
    ([[2, 2], [1, 2]], [[1.0, 0.0], [0.57, 0.43]])
    """
    lead, std, review = (np.asarray(x, float) for x in (lead_time, lead_time_std, review))
    first = np.maximum(np.floor(np.maximum(lead - 3.5 * std, 0) + review + 1e-9), 1)
    last = np.maximum(np.ceil(lead + 4.5 * std + review - 1e-9), first + 1)
    count = int(min(NODES, (last - first).max() + 1))
    step = np.maximum(np.ceil((last - first) / (count - 1)), 1)
    lengths = first[:, None] + step[:, None] * np.arange(count)
    excess = _expected_excess(lead, std, lengths - review[:, None])
    beyond = (excess[:, :-1] - excess[:, 1:]) / step[:, None]  # chance to be longer, between two lengths
    edge = np.ones((len(lead), 1))
    weights = -np.diff(np.concatenate([edge, beyond, 0 * edge], axis=1), axis=1)
    weights = np.where(weights < 1e-4, 0, weights)
    usual = np.take_along_axis(lengths, weights.argmax(axis=1)[:, None], axis=1)
    lengths = np.where(weights > 0, lengths, usual)  # so that the longest length is one that can happen
    used = (weights > 0).any(axis=0)
    return ProtectionInterval(lengths[:, used].astype(int), weights[:, used] / weights.sum(axis=1, keepdims=True))


def mean_length(interval: ProtectionInterval) -> np.ndarray:
    """Expected buckets of the interval [series]."""
    return (interval.lengths * interval.weights).sum(axis=1)


def _expected_excess(mean: np.ndarray, std: np.ndarray, above: np.ndarray) -> np.ndarray:
    """E[(X - above)+] [series, k] of a gamma X, or of a sure one where ``std`` is 0."""
    sure = np.maximum(mean[:, None] - above, 0)
    random = (std > 0) & (mean > 0)
    shape = np.where(random, mean, 1) ** 2 / np.where(random, std, 1) ** 2
    scale = np.where(random, mean, 1) / shape
    x = np.maximum(above, 0)
    upper = special.gammaincc(shape[:, None] + 1, x / scale[:, None])
    at = special.gammaincc(shape[:, None], x / scale[:, None])
    gamma = mean[:, None] * upper - x * at + np.maximum(-above, 0)
    return np.where(random[:, None], gamma, sure)
