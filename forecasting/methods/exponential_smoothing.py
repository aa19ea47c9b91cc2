"""Simple exponential smoothing."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import best_of, columns_of, smooth


@register
class ExponentialSmoothing(ForecastMethod):
    """A level that moves a share of each error; the share with the least error, series by series."""

    name = "exponential_smoothing"

    def __init__(self, weights: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)):
        self.weights = weights

    def fit(self, panel: Panel) -> ExponentialSmoothing:
        self.level_, self.variance_ = best_of(*smooth(columns_of(panel), self.weights))
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.level_[:, None], horizon, axis=1)
