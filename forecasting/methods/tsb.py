"""Teunter-Syntetos-Babai for intermittent demand that may die."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import column_sums, columns_of, observed_variance


@register
class TSB(ForecastMethod):
    """Chance of a sale, smoothed in every bucket, times the smoothed size: fades when sales stop."""

    name = "tsb"

    def __init__(self, chance_weight: float = 0.05, size_weight: float = 0.1):
        self.chance_weight, self.size_weight = chance_weight, size_weight

    def fit(self, panel: Panel) -> TSB:
        columns = columns_of(panel)
        sold, missed = columns > 0, np.isnan(columns)
        sales = np.count_nonzero(sold, axis=0)
        asked = np.where(sold, columns, np.float32(0))
        size = column_sums(asked) / np.maximum(sales, 1)
        chance = sales / np.maximum(len(columns) - np.count_nonzero(missed, axis=0), 1)
        state = np.stack([chance, size]).astype(np.float32)
        seen = np.stack([sold, asked], axis=1, dtype=np.float32)
        weight = np.stack([~missed, sold], axis=1) * np.array([[self.chance_weight], [self.size_weight]], np.float32)
        change = np.empty_like(state)
        for value, own in zip(seen, weight, strict=True):
            np.subtract(value, state, out=change)
            change *= own
            state += change
        self.rate_ = state[0].astype(float) * state[1]
        self.variance_ = observed_variance(panel.demand, self.rate_)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.rate_[:, None], horizon, axis=1)
