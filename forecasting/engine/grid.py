"""Distributions as quantiles on a grid: fill in between, keep in order, mix, and take means."""

from __future__ import annotations

import numpy as np
from scipy import special

from forecasting.engine.history import row_sums
from forecasting.engine.panel import GRID

LEVELS = np.asarray(GRID)
_NORMAL = special.ndtri(LEVELS)
_NEAR_END = GRID.index(0.98)
_UP_TO_ONE = np.append(LEVELS, 1.0)


def spread_over_grid(quantiles: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Quantiles at a few levels, [rows, levels], to those at GRID: straight lines over normal scores.

    Beyond the outer levels the last slope goes on; never negative, never crossing.
    """
    at = special.ndtri(levels)
    order = np.maximum.accumulate(quantiles, axis=1)
    right = np.clip(np.searchsorted(at, _NORMAL), 1, len(at) - 1)
    share = (_NORMAL - at[right - 1]) / (at[right] - at[right - 1])
    out = order[:, right - 1] * (1 - share) + order[:, right] * share
    return np.maximum.accumulate(np.maximum(out, 0.0), axis=1)


def mean_of(quantiles: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Mean of the distributions [rows]: the area under the quantile function, plus the excess above its end."""
    inner = row_sums((quantiles[:, 1:] + quantiles[:, :-1]) / 2 * np.diff(LEVELS))
    return quantiles[:, 0] * LEVELS[0] + inner + quantiles[:, -1] * (1 - LEVELS[-1]) + excess


def mix(parts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Quantiles [rows, grid] of the mixture of ``parts`` [rows, k, grid] with ``weights`` [rows, k].

    The distribution functions are mixed and the mixture is inverted by bisection; averaging the
    quantiles instead would hide the spread between a short and a long lead time.
    """
    end = 2 * parts[:, :, -1:] - parts[:, :, _NEAR_END : _NEAR_END + 1]  # where each part counts as exhausted
    parts = np.concatenate([parts, end], axis=2)
    low = np.repeat(parts[:, :, 0].min(axis=1)[:, None], len(LEVELS), axis=1)
    high = np.repeat(parts[:, :, -1].max(axis=1)[:, None], len(LEVELS), axis=1)
    for _ in range(48):
        middle = (low + high) / 2
        reached = sum(weights[:, k : k + 1] * _cdf(parts[:, k], middle) for k in range(parts.shape[1])) >= LEVELS
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.maximum.accumulate(high, axis=1)


def _cdf(quantiles: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Share of each distribution at or below x, [rows, points]; a jump where quantiles are equal."""
    at = (quantiles[:, None, :] <= x[:, :, None]).sum(axis=2)
    left, right = np.maximum(at - 1, 0), np.minimum(at, len(_UP_TO_ONE) - 1)
    low, high = np.take_along_axis(quantiles, left, 1), np.take_along_axis(quantiles, right, 1)
    share = np.where(high > low, (x - low) / np.where(high > low, high - low, 1.0), 0.0)
    inside = _UP_TO_ONE[left] + share * (_UP_TO_ONE[right] - _UP_TO_ONE[left])
    return np.where(at == 0, 0.0, inside)
