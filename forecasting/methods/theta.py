"""The Theta method."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, largest, register
from forecasting.methods.seasonal_smoothing import WEIGHTS, adjusted_of
from forecasting.methods.smoothing import best_of


def slope_of(columns: np.ndarray, least: int = 5) -> np.ndarray:
    """Least-squares slope a bucket [series] of [buckets, series]; 0 where fewer than ``least`` were observed."""
    missed, time = np.isnan(columns), np.arange(len(columns), dtype=float)
    when, where = np.nonzero(missed)
    count = len(columns) - np.bincount(where, minlength=columns.shape[1])
    first, second = ((time**n).sum() - np.bincount(where, when**n, columns.shape[1]) for n in (1, 2))
    filled = np.where(missed, np.float32(0), columns)
    total, product = np.zeros(columns.shape[1]), np.zeros(columns.shape[1])
    for at, column in zip(time.tolist(), filled, strict=True):
        total += column
        product += at * column
    norm = second - first**2 / np.maximum(count, 1)
    slope = (product - first * total / np.maximum(count, 1)) / np.maximum(norm, 1e-12)
    return np.where(count >= least, slope, 0.0)


@register
class Theta(ForecastMethod):
    """Seasonally adjusted smoothing with half the least-squares slope as drift (Assimakopoulos and Nikolopoulos
    2000, in the form of Hyndman and Billah 2003); never above twice the largest bucket."""

    name = "theta"

    def fit(self, panel: Panel) -> Theta:
        adjusted = adjusted_of(panel)
        self.index_ = adjusted.index
        self.level_, variance = best_of(adjusted.levels, adjusted.errors)
        alpha = np.asarray(WEIGHTS)[adjusted.errors.argmin(axis=0)]
        self.start_ = (1 - (1 - alpha) ** np.count_nonzero(~np.isnan(adjusted.demand), axis=0)) / alpha
        self.drift_ = slope_of(adjusted.demand) / 2
        self.variance_ = variance * (self.index_**2).mean(axis=1)
        self.ceiling_ = 2 * largest(panel.demand)
        return self

    def means(self, horizon: int) -> np.ndarray:
        ahead = np.arange(horizon) + self.start_[:, None]
        season = self.index_[:, np.arange(horizon) % self.index_.shape[1]]
        return np.clip((self.level_[:, None] + self.drift_[:, None] * ahead) * season, 0.0, self.ceiling_)
