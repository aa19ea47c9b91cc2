"""Forecast methods, one file each. ``REGISTRY`` names them all.

To add one: copy a file, give it a new name, import it here, run ``tests/forecasting`` and add a row
to ``docs/methods.md``.
"""

from __future__ import annotations

from forecasting.methods import (
    arima,
    auto_ets,
    calendar_regression,
    combination,
    croston,
    exponential_smoothing,
    holt,
    hurdle,
    imapa,
    linear_trend,
    moving_average,
    naive,
    polynomial_trend,
    pooled_boosting_point,
    recurrent,
    sarima,
    sba,
    seasonal_naive,
    seasonal_regression,
    seasonal_smoothing,
    theta,
    tsb,
)
from forecasting.methods.base import CYCLE, REGISTRY, ForecastMethod, Prediction, gamma_quantiles, nightly, register

__all__ = [
    "CYCLE",
    "REGISTRY",
    "ForecastMethod",
    "Prediction",
    "arima",
    "auto_ets",
    "calendar_regression",
    "combination",
    "croston",
    "exponential_smoothing",
    "gamma_quantiles",
    "holt",
    "hurdle",
    "imapa",
    "linear_trend",
    "moving_average",
    "naive",
    "nightly",
    "polynomial_trend",
    "pooled_boosting_point",
    "recurrent",
    "register",
    "sarima",
    "sba",
    "seasonal_naive",
    "seasonal_regression",
    "seasonal_smoothing",
    "theta",
    "tsb",
]
