"""Recursions shared by the smoothing methods: one pass over time for all series and all weights.

They run over buckets first, in single precision: a bucket of all series lies together in memory, and half the bytes
take half the time. The weights differ by far more than what is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.engine.history import row_sums
from forecasting.engine.panel import Panel

#: Buckets whose mean a recursion starts from.
FIRST = 8


def columns_of(panel: Panel) -> np.ndarray:
    """Demand over time, float32 [buckets, series]."""
    return panel.once("columns", lambda: by_bucket(panel.demand))


def by_bucket(demand: np.ndarray) -> np.ndarray:
    """[series, buckets] as float32 [buckets, series]."""
    return np.ascontiguousarray(demand.astype(np.float32).T)


def column_sums(columns: np.ndarray) -> np.ndarray:
    """Sum of each series, float64, bit for bit the same whatever other series are there."""
    return row_sums(columns.T.astype(float))


def where(told: np.ndarray) -> list[np.ndarray]:
    """The series of each bucket for which ``told`` [buckets, series] is true."""
    return np.split(np.nonzero(told)[1], np.cumsum(np.count_nonzero(told, axis=1)))[:-1]


def first_mean(columns: np.ndarray) -> np.ndarray:
    """Mean of the first FIRST observed buckets of each series [series]; 0 where nothing was observed."""
    out = column_sums(columns[:FIRST]) / max(min(len(columns), FIRST), 1)
    late = np.isnan(out)
    if late.any():
        out[late] = _late_mean(columns[:, late])
    return out


def _late_mean(columns: np.ndarray) -> np.ndarray:
    """Of series that miss some of the first buckets: most of them only those before their launch."""
    start = (~np.isnan(columns)).argmax(axis=0)
    row = np.minimum(start + np.arange(FIRST)[:, None], len(columns) - 1)
    out = column_sums(np.take_along_axis(columns, row, axis=0)) / FIRST
    gaps = np.isnan(out) | (start + FIRST > len(columns))
    own = columns[:, gaps]
    seen = ~np.isnan(own)
    early = seen & (np.cumsum(seen, axis=0, dtype=np.int32) <= FIRST)
    out[gaps] = column_sums(np.where(early, own, 0.0)) / np.maximum(early.sum(axis=0), 1)
    return out


def smooth(columns: np.ndarray, weights: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Exponentially smoothed level and one-step mean squared error, both [weights, series], of [buckets, series].

    A bucket that was not observed leaves the level as it was.
    """
    alpha = np.asarray(weights, np.float32)[:, None]
    level = np.repeat(first_mean(columns)[None].astype(np.float32), len(alpha), axis=0)
    squares, error, squared = np.zeros_like(level), np.empty_like(level), np.empty_like(level)
    missed = np.isnan(columns)
    for column, unseen in zip(columns, where(missed), strict=True):
        if len(unseen) == len(column):
            continue
        np.subtract(column, level, out=error)
        if len(unseen):
            error[:, unseen] = 0.0
        np.multiply(error, error, out=squared)
        squares += squared
        error *= alpha
        level += error
    seen = np.maximum(len(columns) - np.count_nonzero(missed, axis=0), 1)
    return level.astype(float), squares.astype(float) / seen


def best_of(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each series the value with the least error: (value, error), from [weights, series]."""
    at = errors.argmin(axis=0)[None]
    return np.take_along_axis(values, at, 0)[0], np.take_along_axis(errors, at, 0)[0]


def observed_variance(demand: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Mean squared distance of the observed demand from ``around`` [series] or [series, buckets]; [series]."""
    squares = demand - (around[:, None] if around.ndim == 1 else around)
    np.multiply(squares, squares, out=squares)
    missed = np.isnan(squares)
    if missed.any():
        squares[missed] = 0.0
        missed = np.isnan(demand)
    return squares.sum(axis=1) / np.maximum(demand.shape[1] - np.count_nonzero(missed, axis=1), 1)
