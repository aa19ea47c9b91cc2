"""ARIMA with order selection and regressors."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecasting.methods.base import register
from forecasting.methods.one_by_one import OneByOne

ORDERS = {"max_p": 3, "max_q": 3, "max_P": 1, "max_Q": 1, "max_D": 1}


@register
class ARIMA(OneByOne):
    """Orders by a stepwise search on AICc, differences by unit-root tests (Hyndman and Khandakar 2008); price,
    promotion and other signals as regressors."""

    name = "arima"
    reads_signals = True

    def season(self, freq: str, buckets: int) -> int:
        return 1

    def fit_one(self, y: np.ndarray, x: np.ndarray | None, freq: str) -> Any:
        from statsforecast import models

        season = self.season(freq, len(y))
        return models.AutoARIMA(season_length=season, approximation=len(y) > 150, **ORDERS).fit(y, X=x)
