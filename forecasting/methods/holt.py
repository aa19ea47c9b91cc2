"""Holt's method with a damped trend."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import best_of, columns_of, first_mean


@register
class Holt(ForecastMethod):
    """Level and damped trend; an undamped one runs away over a lead time of weeks."""

    name = "holt"

    def __init__(self, weights: tuple[tuple[float, float], ...] = ((0.05, 0.01), (0.1, 0.02), (0.2, 0.05), (0.4, 0.1))):
        self.weights = weights

    damping = 0.95

    def fit(self, panel: Panel) -> Holt:
        alpha, beta = np.asarray(self.weights, float).T[:, :, None]
        columns = columns_of(panel)
        alpha, beta = alpha.astype(np.float32), beta.astype(np.float32)
        level = np.repeat(first_mean(columns)[None].astype(np.float32), len(alpha), axis=0)
        trend, squares = np.zeros_like(level), np.zeros_like(level)
        for column in columns:
            trend *= np.float32(self.damping)
            level += trend
            error = np.where(np.isnan(column), np.float32(0), column - level)
            squares += error * error
            error *= alpha
            level += error
            trend += beta * error
        level, trend, squares = level.astype(float), trend.astype(float), squares.astype(float)
        squares /= np.maximum(np.count_nonzero(~np.isnan(columns), axis=0), 1)
        self.level_, self.variance_ = best_of(level, squares)
        self.trend_, _ = best_of(trend, squares)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return self.level_[:, None] + np.cumsum(self.damping ** np.arange(1, horizon + 1)) * self.trend_[:, None]
