"""Croston's method for intermittent demand."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import column_sums, columns_of, observed_variance


def sizes_and_gaps(columns: np.ndarray, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """Smoothed size of a sale and smoothed buckets between sales, [series] each (Croston 1972), of [buckets, series].

    Not-observed buckets count neither as a sale nor as waiting. Without any sale: size 0, gap 1.
    """
    sold, seen = columns > 0, (~np.isnan(columns)).astype(np.float32)
    count = np.maximum(np.count_nonzero(sold, axis=0), 1)
    asked = np.where(sold, columns, np.float32(0))
    state = np.stack([column_sums(asked), np.maximum(column_sums(seen), 1)])
    state = (state / count).astype(np.float32)
    told, change = np.zeros_like(state), np.empty_like(state)  # size of the sale, buckets waited for it
    for size, here, hit in zip(asked, seen, sold, strict=True):
        told[0] = size
        told[1] += here
        np.subtract(told, state, out=change)
        change *= hit * np.float32(weight)
        state += change
        told[1] *= ~hit
    size, gap = state.astype(float)
    return size, np.where(size > 0, gap, 1.0)


@register
class Croston(ForecastMethod):
    """Size of a sale divided by the gap between sales, both smoothed at sales only."""

    name = "croston"
    #: Syntetos and Boylan's correction is 1 - weight/2; Croston himself has none.
    correction = 1.0

    def __init__(self, weight: float = 0.1):
        self.weight = weight

    def fit(self, panel: Panel) -> Croston:
        size, gap = sizes_and_gaps(columns_of(panel), self.weight)
        self.rate_ = self.correction * size / np.maximum(gap, 1.0)
        self.variance_ = observed_variance(panel.demand, self.rate_)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.rate_[:, None], horizon, axis=1)
