"""The Theta method."""

from __future__ import annotations

import numpy as np

from forecasting.engine.history import row_sums
from forecasting.engine.panel import Panel
from forecasting.methods.base import CYCLE, ForecastMethod, largest, register
from forecasting.methods.seasonal_smoothing import seasonal_index
from forecasting.methods.smoothing import best_of, smooth


def slope_of(demand: np.ndarray, least: int = 5) -> np.ndarray:
    """Least-squares slope a bucket [series]; 0 where fewer than ``least`` buckets were observed."""
    seen = ~np.isnan(demand)
    count = np.maximum(seen.sum(axis=1), 1)
    time = np.where(seen, np.arange(demand.shape[1], dtype=float), 0.0)
    time = np.where(seen, time - (row_sums(time) / count)[:, None], 0.0)
    norm = row_sums(time * time)
    slope = row_sums(time * np.where(seen, demand, 0.0)) / np.maximum(norm, 1e-12)
    return np.where(seen.sum(axis=1) >= least, slope, 0.0)


@register
class Theta(ForecastMethod):
    """Seasonally adjusted smoothing with half the least-squares slope as drift (Assimakopoulos and Nikolopoulos
    2000, in the form of Hyndman and Billah 2003); never above twice the largest bucket."""

    name = "theta"

    def __init__(self, weights: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)):
        self.weights = weights

    def fit(self, panel: Panel) -> Theta:
        cycle, demand = CYCLE[panel.freq], panel.demand
        self.index_ = np.maximum(seasonal_index(demand, cycle), 1e-3)
        repeats = -(-demand.shape[1] // cycle)
        adjusted = demand / np.tile(self.index_, (1, repeats))[:, repeats * cycle - demand.shape[1] :]
        levels, errors = smooth(adjusted, self.weights)
        self.level_, variance = best_of(levels, errors)
        alpha = np.asarray(self.weights)[errors.argmin(axis=0)]
        self.start_ = (1 - (1 - alpha) ** (~np.isnan(demand)).sum(axis=1)) / alpha
        self.drift_ = slope_of(adjusted) / 2
        self.variance_ = variance * (self.index_**2).mean(axis=1)
        self.ceiling_ = 2 * largest(demand)
        return self

    def means(self, horizon: int) -> np.ndarray:
        ahead = np.arange(horizon) + self.start_[:, None]
        season = self.index_[:, np.arange(horizon) % self.index_.shape[1]]
        return np.clip((self.level_[:, None] + self.drift_[:, None] * ahead) * season, 0.0, self.ceiling_)
