"""Linear regression on trend, calendar, yearly wave, price, promotion and any other signal."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from forecasting.engine.calendar import YEAR, bucket_dates
from forecasting.engine.panel import Panel
from forecasting.methods.base import largest, register
from forecasting.methods.calendar_regression import CalendarRegression
from forecasting.methods.regressors import regressor


@register
class SeasonalRegression(CalendarRegression):
    """The calendar regression with a trend, with all signals of the panel and, from a year and a half of days on,
    with a yearly wave. The trend goes on for a quarter of the history at most."""

    name = "seasonal_regression"
    nightly = False
    history: ClassVar[dict[str, int]] = {"D": 1092, "W": 260, "M": 120}

    def fit(self, panel: Panel) -> SeasonalRegression:
        super().fit(panel)
        self.ceiling_ = 2 * largest(panel.demand)
        return self

    def _design(self, start: int, stop: int) -> np.ndarray:
        panel, buckets = self.panel_, self.panel_.demand.shape[1]
        span = max(min(buckets, self.history[panel.freq]), 1)
        time = np.minimum((np.arange(start, stop) - buckets) / span, 0.25)[:, None]
        shared = [time] if span >= 2 * 5 else []
        if panel.freq == "D" and buckets >= 1.5 * YEAR["D"]:
            days = bucket_dates("D", panel.last_on, start - buckets + 1, stop - buckets + 1).astype(int)
            angle = 2 * np.pi * days[:, None] / 365.25 * np.array([1, 2])
            shared += [np.sin(angle), np.cos(angle)]
        columns = [super()._design(start, stop)]
        columns += [np.broadcast_to(part, (len(panel.demand), *part.shape)) for part in shared]
        others = sorted(set(panel.known) - {"price", "promotion"})
        columns += [regressor(panel, name, start, stop)[:, :, None] for name in others]
        return np.concatenate(columns, axis=2)

    def means(self, horizon: int) -> np.ndarray:
        return np.clip(super().means(horizon), 0.0, self.ceiling_)
