"""Linear regression on calendar, price and promotion, solved for all series at once."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from forecasting.engine.calendar import bucket_seasons
from forecasting.engine.panel import Panel
from forecasting.methods.base import CYCLE, ForecastMethod, register
from forecasting.methods.regressors import regressor
from forecasting.methods.smoothing import observed_variance


@register
class CalendarRegression(ForecastMethod):
    """Ridge regression of demand on trend-free calendar terms, promotion and relative price.

    Beyond what is known ahead, promotion counts as absent and price as the last one.
    """

    name = "calendar_regression"
    history: ClassVar[dict[str, int]] = {"D": 364, "W": 156, "M": 60}

    def __init__(self, ridge: float = 4.0):
        self.ridge = ridge

    def fit(self, panel: Panel) -> CalendarRegression:
        self.panel_ = panel
        demand = panel.demand
        start = max(demand.shape[1] - self.history[panel.freq], 0)
        y = demand[:, start:]
        seen = ~np.isnan(y)
        recent = seen & (np.cumsum(seen[:, ::-1], axis=1)[:, ::-1] <= max(y.shape[1] // 4, 6))
        number = np.maximum(recent.sum(axis=1), 1)
        self.level_ = np.where(recent, y, 0.0).sum(axis=1) / number
        design = self._design(start, demand.shape[1])
        self.centre_ = np.matmul(recent[:, None].astype(float), design)[:, 0] / number[:, None]
        self.slope_ = self._solve(design, y, seen)
        fitted = self._fitted(design)
        self.variance_ = observed_variance(y, fitted)
        return self

    def _solve(self, design: np.ndarray, y: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Ridge slopes [series, terms] by normal equations."""
        count, weight = np.maximum(seen.sum(axis=1), 1)[:, None], seen.astype(float)
        x = (design - np.matmul(weight[:, None], design) / count[:, None]) * weight[:, :, None]
        centred = np.where(seen, y - (np.nan_to_num(y).sum(axis=1) / count[:, 0])[:, None], 0.0)
        terms = x.shape[2]
        if not terms:
            return np.zeros((len(x), 0))
        gram = np.matmul(x.transpose(0, 2, 1), x)
        target = np.matmul(centred[:, None], x).transpose(0, 2, 1)
        return np.linalg.solve(gram + self.ridge * np.eye(terms), target)[:, :, 0]

    def _fitted(self, design: np.ndarray) -> np.ndarray:
        """What the regression says of these buckets [series, buckets]."""
        centre = (self.centre_ * self.slope_).sum(axis=1)
        return (self.level_ - centre)[:, None] + np.matmul(design, self.slope_[:, :, None])[:, :, 0]

    def _design(self, start: int, stop: int) -> np.ndarray:
        """Regressors [series, stop - start, terms] of buckets counted from the panel's first one."""
        panel, buckets = self.panel_, self.panel_.demand.shape[1]
        seasons = bucket_seasons(panel.freq, panel.last_on, start - buckets + 1, stop - buckets + 1)
        if panel.freq != "D" and buckets < 2 * CYCLE[panel.freq]:
            seasons = seasons[:, :0]  # one year cannot tell a season from a trend
        columns = [np.broadcast_to(seasons[None], (len(panel.demand), *seasons.shape))]
        columns += [regressor(panel, n, start, stop)[:, :, None] for n in ("price", "promotion") if n in panel.known]
        return np.concatenate(columns, axis=2)

    def means(self, horizon: int) -> np.ndarray:
        buckets = self.panel_.demand.shape[1]
        design = self._design(buckets, buckets + horizon)
        return self._fitted(design)
