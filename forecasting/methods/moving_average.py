"""Moving average."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import observed_variance

WINDOW = {"D": 56, "W": 13, "M": 6}


@register
class MovingAverage(ForecastMethod):
    """The mean of the last ``window`` buckets that were observed, repeated over the horizon."""

    name = "moving_average"

    def __init__(self, window: int | None = None):
        self.window = window

    def fit(self, panel: Panel) -> MovingAverage:
        recent = panel.demand[:, -(self.window or WINDOW[panel.freq]) :]
        seen = ~np.isnan(recent)
        ever = np.nan_to_num(panel.demand).sum(axis=1) / np.maximum((~np.isnan(panel.demand)).sum(axis=1), 1)
        mean = np.where(seen, recent, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
        self.mean_ = np.where(seen.any(axis=1), mean, ever)
        self.variance_ = observed_variance(panel.demand, self.mean_)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.mean_[:, None], horizon, axis=1)
