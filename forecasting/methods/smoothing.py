"""Recursions shared by the smoothing methods: one pass over time for all series and all weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def first_mean(demand: np.ndarray, buckets: int = 8) -> np.ndarray:
    """Mean of the first observed ``buckets`` of each series [series]; 0 where nothing was observed."""
    seen = ~np.isnan(demand)
    early = seen & (np.cumsum(seen, axis=1) <= buckets)
    total = np.where(early, demand, 0.0).sum(axis=1)
    return total / np.maximum(early.sum(axis=1), 1)


def smooth(demand: np.ndarray, weights: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Exponentially smoothed level and one-step mean squared error, both [weights, series].

    A bucket that was not observed leaves the level as it was.
    """
    alpha = np.asarray(weights, float)[:, None]
    level = np.repeat(first_mean(demand)[None], len(alpha), axis=0)
    squares = np.zeros_like(level)
    columns = np.ascontiguousarray(demand.T)
    missed = np.isnan(columns)
    is_missed = missed.any(axis=1).tolist()
    error = np.empty_like(level)
    for column, gone, is_any in zip(columns, missed, is_missed, strict=True):
        np.subtract(column, level, out=error)
        if is_any:
            np.copyto(error, 0.0, where=gone)
        squares += error * error
        error *= alpha
        level += error
    seen = np.maximum((~np.isnan(demand)).sum(axis=1), 1)
    return level, squares / seen


def best_of(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each series the value with the least error: (value, error), from [weights, series]."""
    at = errors.argmin(axis=0)[None]
    return np.take_along_axis(values, at, 0)[0], np.take_along_axis(errors, at, 0)[0]


def observed_variance(demand: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Mean squared distance of the observed demand from ``around`` [series] or [series, buckets]; [series]."""
    around = around[:, None] if around.ndim == 1 else around
    squares = np.where(np.isnan(demand), 0.0, (demand - around) ** 2)
    squares = np.where(np.isnan(squares), 0.0, squares)
    return squares.sum(axis=1) / np.maximum((~np.isnan(demand)).sum(axis=1), 1)
