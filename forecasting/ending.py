"""Items that end: nothing after their last day on sale, and less and less of what is bought no more. Pure arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecasting.engine import Forecast, LeadTimeDemand, ProtectionInterval

#: Days in which an item that is no longer bought fades to nothing, by a straight line.
FADING_DAYS = 28


def until_the_end(interval: ProtectionInterval, days_left: np.ndarray) -> ProtectionInterval:
    """The days of each interval on which the item is still sold, at least one; ``days_left`` [items], infinity: all."""
    return replace(interval, lengths=np.minimum(interval.lengths, np.maximum(days_left, 1)[:, None]).astype(int))


def faded(forecast: Forecast, interval: ProtectionInterval, days_left: np.ndarray, is_fading: np.ndarray) -> Forecast:
    """The forecast with nothing from each item's end on, and fading ones drawn to nothing over four weeks.

    Lead-time demand of items that end must have been forecast ``until_the_end``.
    """
    if not is_fading.any() and np.isinf(days_left).all():
        return forecast
    day = np.arange(forecast.mean.shape[1])
    left = np.where(is_fading[:, None], np.maximum(1 - (day + 1) / FADING_DAYS, 0.0), 1.0)
    left = np.where(day < days_left[:, None], left, 0.0)
    demand, share = forecast.lead_time_demand, _share(interval, is_fading) * (days_left > 0)
    return replace(
        forecast,
        mean=forecast.mean * left,
        quantiles=forecast.quantiles * left[:, :, None],
        lead_time_demand=LeadTimeDemand(
            demand.mean * share, np.ceil(demand.quantiles * share[:, None] - 1e-9), demand.excess * share
        ),
    )


def _share(interval: ProtectionInterval, is_fading: np.ndarray) -> np.ndarray:
    """Part of a fading item's lead-time demand that is still asked for [items]."""
    length = (interval.lengths * interval.weights).sum(axis=1) / np.maximum(interval.weights.sum(axis=1), 1e-12)
    fading = np.minimum(length, FADING_DAYS)
    kept = (fading - fading * (fading + 1) / (2 * FADING_DAYS)) / np.maximum(length, 1e-12)
    return np.where(is_fading, kept, 1.0)
