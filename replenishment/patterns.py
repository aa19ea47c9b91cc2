"""What a year of daily demand says of an item: pattern, dormancy, volume. Pure arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.segments import patterns, rhythm

DORMANT_DAYS = 90


@dataclass(frozen=True)
class Habits:
    """Arrays [series]; ``last_demand`` is the number of the last of ``days`` with demand, -1 where none had."""

    days: int
    pattern: np.ndarray
    is_dormant: np.ndarray
    last_demand: np.ndarray
    yearly_demand: np.ndarray
    yearly_revenue: np.ndarray


def habits(demand: np.ndarray, price: np.ndarray) -> Habits:
    """Of daily demand and price [series, days]; demand is NaN where the series was not observed."""
    asked = np.nan_to_num(demand)
    days = demand.shape[1]
    sold = asked > 0
    last = np.where(sold.any(axis=1), days - 1 - sold[:, ::-1].argmax(axis=1), -1)
    observed = (~np.isnan(demand)).sum(axis=1)
    year = slice(max(days - 365, 0), days)
    return Habits(
        days=days,
        pattern=demand_pattern(demand),
        is_dormant=(last < days - DORMANT_DAYS) & (observed >= DORMANT_DAYS),
        last_demand=last,
        yearly_demand=asked[:, year].sum(axis=1),
        yearly_revenue=(asked[:, year] * np.nan_to_num(price[:, year])).sum(axis=1),
    )


def demand_pattern(demand: np.ndarray) -> np.ndarray:
    """Smooth, erratic, intermittent, lumpy or none [series], by whole weeks of the last year.

    >>> week = np.zeros((3, 28)); week[0] = 2; week[1, [0, 27]] = 3; week[2, [0, 13, 27]] = 1, 1, 60
    >>> demand_pattern(week).tolist()
    ['smooth', 'intermittent', 'lumpy']
    """
    return patterns(rhythm(demand))
