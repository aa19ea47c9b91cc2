"""Exponential smoothing of seasonally adjusted demand (the multiplicative Holt-Winters family, without trend)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.engine.history import row_sums
from forecasting.engine.panel import Panel
from forecasting.methods.base import CYCLE, ForecastMethod, register
from forecasting.methods.smoothing import best_of, by_bucket, smooth


def seasonal_index(demand: np.ndarray, cycle: int, prior: float = 2.0) -> np.ndarray:
    """Demand of each place in the cycle relative to the mean, [series, cycle], by place from the END backwards.

    ``prior`` cycles of flat demand pull noisy series towards 1.
    """
    missed = np.isnan(demand)
    filled = np.where(missed, 0.0, demand) if missed.any() else demand
    seen = np.empty((len(demand), cycle))
    total = np.empty_like(seen)
    for place in range(cycle):
        own = slice((demand.shape[1] - cycle + place) % cycle, None, cycle)
        total[:, place] = row_sums(filled[:, own])
        seen[:, place] = -(-(demand.shape[1] - own.start) // cycle) - np.count_nonzero(missed[:, own], axis=1)
    mean = total.sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    index = (total + prior * mean) / np.maximum((seen + prior) * mean, 1e-12)
    return np.where(mean > 0, index, 1.0)


@dataclass(frozen=True)
class Adjusted:
    """Demand divided by its seasonal index, and the smoothing of that.

    ``index`` [series, cycle] from the end backwards, ``demand`` float32 [buckets, series], ``levels`` and ``errors``
    [weights, series].
    """

    index: np.ndarray
    demand: np.ndarray
    levels: np.ndarray
    errors: np.ndarray


#: Weights with which adjusted demand is smoothed.
WEIGHTS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def adjusted_of(panel: Panel) -> Adjusted:
    """Found once for all methods that begin with it."""
    return panel.once("adjusted", lambda: _adjusted(panel.demand, CYCLE[panel.freq]))


def _adjusted(demand: np.ndarray, cycle: int) -> Adjusted:
    index = np.maximum(seasonal_index(demand, cycle), 1e-3)
    repeats = -(-demand.shape[1] // cycle)
    columns = by_bucket(demand)
    columns /= np.tile(index.T.astype(np.float32), (repeats, 1))[repeats * cycle - demand.shape[1] :]
    return Adjusted(index, columns, *smooth(columns, WEIGHTS))


@register
class SeasonalSmoothing(ForecastMethod):
    """Simple exponential smoothing after division by shrunken seasonal indices, which it multiplies in again."""

    name = "seasonal_smoothing"

    def fit(self, panel: Panel) -> SeasonalSmoothing:
        adjusted = adjusted_of(panel)
        self.index_ = adjusted.index
        self.level_, variance = best_of(adjusted.levels, adjusted.errors)
        self.variance_ = variance * (self.index_**2).mean(axis=1)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return self.level_[:, None] * self.index_[:, np.arange(horizon) % self.index_.shape[1]]
