"""Exponential smoothing of seasonally adjusted demand (the multiplicative Holt-Winters family, without trend)."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import CYCLE, ForecastMethod, register
from forecasting.methods.smoothing import best_of, smooth


def seasonal_index(demand: np.ndarray, cycle: int, prior: float = 2.0) -> np.ndarray:
    """Demand of each place in the cycle relative to the mean, [series, cycle], by place from the END backwards.

    ``prior`` cycles of flat demand pull noisy series towards 1.
    """
    cycles = -(-demand.shape[1] // cycle)
    padded = np.concatenate([np.full((len(demand), cycles * cycle - demand.shape[1]), np.nan), demand], axis=1)
    folded = padded.reshape(len(demand), cycles, cycle)
    seen = (~np.isnan(folded)).sum(axis=1)
    total = np.nan_to_num(folded).sum(axis=1)
    mean = total.sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    index = (total + prior * mean) / np.maximum((seen + prior) * mean, 1e-12)
    return np.where(mean > 0, index, 1.0)


@register
class SeasonalSmoothing(ForecastMethod):
    """Simple exponential smoothing after division by shrunken seasonal indices, which it multiplies in again."""

    name = "seasonal_smoothing"

    def __init__(self, weights: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.4)):
        self.weights = weights

    def fit(self, panel: Panel) -> SeasonalSmoothing:
        cycle, demand = CYCLE[panel.freq], panel.demand
        self.index_ = np.maximum(seasonal_index(demand, cycle), 1e-3)
        repeats = -(-demand.shape[1] // cycle)
        over = np.tile(self.index_, (1, repeats))[:, repeats * cycle - demand.shape[1] :]
        self.level_, adjusted = best_of(*smooth(demand / over, self.weights))
        self.variance_ = adjusted * (self.index_**2).mean(axis=1)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return self.level_[:, None] * self.index_[:, np.arange(horizon) % self.index_.shape[1]]
