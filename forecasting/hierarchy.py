"""Items added up: means that agree at every level, quantiles that each level has calibrated for itself. Pure arrays.

Means are bottom-up: a group's mean is the sum of its items'. Quantiles do not add, so each level is forecast as series
of its own; its quantiles are then moved to the height of the mean that adds up, which keeps their relative width.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecasting.engine import Forecast, LeadTimeDemand

#: A level's own forecast is moved by at most this factor; beyond it the two have little to do with each other.
MOST_MOVED = 3.0


def added(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Rows of each group summed up [groups, columns]; ``group`` [rows] is the number of each row's group.

    >>> added(np.array([[1, 2], [3, 4], [5, 6]]), np.array([0, 1, 0]), 2).tolist()
    [[6.0, 8.0], [3.0, 4.0]]
    """
    total = np.zeros((groups, values.shape[1]))
    np.add.at(total, group, values)
    return total


def from_the_first(demand: np.ndarray) -> np.ndarray:
    """Demand [groups, days] with NaN before the first day on which anything was asked for."""
    begun = np.cumsum(demand > 0, axis=1) > 0
    return np.where(begun, demand, np.nan)


def coherent(own: Forecast, mean: np.ndarray) -> Forecast:
    """A level's forecast with the means [groups, days] that its items add up to, and its quantiles at their height."""
    height = np.clip(_ratio(mean.sum(axis=1), own.mean.sum(axis=1)), 1 / MOST_MOVED, MOST_MOVED)
    total = own.lead_time_demand
    moved = np.clip(_ratio(mean.sum(axis=1), total.mean), 1 / MOST_MOVED, MOST_MOVED)
    return replace(
        own,
        mean=mean,
        quantiles=own.quantiles * height[:, None, None],
        lead_time_demand=LeadTimeDemand(
            mean.sum(axis=1), np.ceil(total.quantiles * moved[:, None] - 1e-6), total.excess * moved
        ),
    )


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.where(below > 0, above / np.maximum(below, 1e-12), 1.0)
