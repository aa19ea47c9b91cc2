"""Croston's method for intermittent demand."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import observed_variance


def sizes_and_gaps(demand: np.ndarray, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """Smoothed size of a sale and smoothed buckets between sales, [series] each (Croston 1972).

    Not-observed buckets count neither as a sale nor as waiting. Without any sale: size 0, gap 1.
    """
    sold = np.nan_to_num(demand) > 0
    count = np.maximum(sold.sum(axis=1), 1)
    size = np.where(sold, demand, 0.0).sum(axis=1) / count
    gap = np.maximum((~np.isnan(demand)).sum(axis=1), 1) / count
    waited = np.zeros(len(demand))
    for column, hit in zip(np.ascontiguousarray(demand.T), np.ascontiguousarray(sold.T), strict=True):
        waited += ~np.isnan(column)
        size = np.where(hit, size + weight * (column - size), size)
        gap = np.where(hit, gap + weight * (waited - gap), gap)
        waited = np.where(hit, 0.0, waited)
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
        size, gap = sizes_and_gaps(panel.demand, self.weight)
        self.rate_ = self.correction * size / np.maximum(gap, 1.0)
        self.variance_ = observed_variance(panel.demand, self.rate_)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.rate_[:, None], horizon, axis=1)
