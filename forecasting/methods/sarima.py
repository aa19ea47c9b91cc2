"""Seasonal ARIMA with order selection and regressors."""

from __future__ import annotations

import numpy as np

from forecasting.engine.calendar import bucket_seasons
from forecasting.engine.panel import Panel
from forecasting.methods.arima import ARIMA
from forecasting.methods.base import register

SEASON = {"D": 7, "W": 1, "M": 12}


@register
class SARIMA(ARIMA):
    """ARIMA with seasonal terms of a week of days or a year of months, from three seasons on.

    A year of weeks is too long for them: it is two yearly waves among the regressors instead.
    """

    name = "sarima"

    def season(self, freq: str, buckets: int) -> int:
        return SEASON[freq] if buckets >= 3 * SEASON[freq] else 1

    def design(self, panel: Panel, start: int, stop: int) -> np.ndarray:
        columns, buckets = super().design(panel, start, stop), panel.demand.shape[1]
        if panel.freq != "W" or buckets < 104:
            return columns
        waves = bucket_seasons("W", panel.last_on, start - buckets + 1, stop - buckets + 1)
        return np.concatenate([columns, np.broadcast_to(waves, (len(columns), *waves.shape))], axis=2)
