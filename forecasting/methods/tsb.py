"""Teunter-Syntetos-Babai for intermittent demand that may die."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import observed_variance


@register
class TSB(ForecastMethod):
    """Chance of a sale, smoothed in every bucket, times the smoothed size: fades when sales stop."""

    name = "tsb"

    def __init__(self, chance_weight: float = 0.05, size_weight: float = 0.1):
        self.chance_weight, self.size_weight = chance_weight, size_weight

    def fit(self, panel: Panel) -> TSB:
        demand = panel.demand
        sold, seen = demand > 0, ~np.isnan(demand)
        size = np.where(sold, demand, 0.0).sum(axis=1) / np.maximum(sold.sum(axis=1), 1)
        chance = sold.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
        for column, hit in zip(np.ascontiguousarray(demand.T), np.ascontiguousarray(sold.T), strict=True):
            chance = np.where(np.isnan(column), chance, chance + self.chance_weight * (hit - chance))
            size = np.where(hit, size + self.size_weight * (column - size), size)
        self.rate_ = chance * size
        self.variance_ = observed_variance(demand, self.rate_)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.rate_[:, None], horizon, axis=1)
