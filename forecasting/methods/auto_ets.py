"""Automatic exponential smoothing: simple, Holt's and Holt-Winters', chosen by AICc."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecasting.methods.base import register
from forecasting.methods.one_by_one import OneByOne

#: The library's models know no season longer than 24 buckets; weeks are left without.
SEASON = {"D": 7, "W": 1, "M": 12}


@register
class AutoETS(OneByOne):
    """Error, trend (damped or not) and season, each absent, additive or multiplicative (Hyndman and others 2002)."""

    name = "auto_ets"

    def fit_one(self, y: np.ndarray, x: np.ndarray | None, freq: str) -> Any:
        from statsforecast import models

        season = SEASON[freq] if len(y) >= 2 * SEASON[freq] + 2 else 1
        return models.AutoETS(season_length=season).fit(y)
