"""Forecast methods, one file each. ``REGISTRY`` names them all.

To add one: copy a file, give it a new name, import it here, run ``tests/forecasting`` and add a row
to ``docs/methods.md``.
"""

from __future__ import annotations

from forecasting.methods import (
    calendar_regression,
    croston,
    exponential_smoothing,
    holt,
    moving_average,
    naive,
    sba,
    seasonal_naive,
    seasonal_smoothing,
    tsb,
)
from forecasting.methods.base import CYCLE, REGISTRY, ForecastMethod, Prediction, gamma_quantiles, register

__all__ = [
    "CYCLE",
    "REGISTRY",
    "ForecastMethod",
    "Prediction",
    "calendar_regression",
    "croston",
    "exponential_smoothing",
    "gamma_quantiles",
    "holt",
    "moving_average",
    "naive",
    "register",
    "sba",
    "seasonal_naive",
    "seasonal_smoothing",
    "tsb",
]
