"""What stock is expected to serve, to miss and to leave over, read off the quantiles of lead-time demand."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import GRID, LeadTimeDemand


def expected_short(demand: LeadTimeDemand, stock: np.ndarray) -> np.ndarray:
    """E[(D - x)+], pieces [series, k], at each ``stock`` [series, k], which may be below 0 (promised already).

    Demand lies at the first quantile with the grid's first chance, evenly between two quantiles, and beyond the last
    one by an exponential law whose mean is the forecast's ``excess``.

    Five pieces are asked for certainly; three, five and six are there, or one is owed:

    >>> law = LeadTimeDemand(np.array([5.0]), np.full((1, len(GRID)), 5.0), np.array([0.0]))
    >>> expected_short(law, np.array([[3, 5, 6, -1]])).tolist()
    [[2.0, 0.0, 0.0, 6.0]]
    """
    grid, q = np.array(GRID), demand.quantiles
    stock = np.asarray(stock, float)
    between = np.diff(q, axis=1) * (1 - (grid[:-1] + grid[1:]) / 2)
    at = demand.excess[:, None] + np.concatenate([between[:, ::-1].cumsum(axis=1)[:, ::-1], 0 * q[:, :1]], axis=1)
    place = (q[:, None, :] <= stock[:, :, None]).sum(axis=2)  # quantiles at or below
    low, high = np.maximum(place - 1, 0), np.minimum(place, len(grid) - 1)
    q_low, q_high = np.take_along_axis(q, low, axis=1), np.take_along_axis(q, high, axis=1)
    share = np.divide(stock - q_low, q_high - q_low, out=np.ones_like(stock), where=q_high > q_low)
    reached = np.where(place > 0, grid[low] + share * (grid[high] - grid[low]), 0.0)
    held = np.where(place > 0, (reached + grid[high]) / 2, 0.0)
    inside = np.take_along_axis(at, high, axis=1) + (q_high - stock) * (1 - held)
    mean = demand.excess[:, None] / (1 - grid[-1])
    ratio = np.divide(stock - q[:, -1:], mean, out=np.full_like(stock, np.inf), where=mean > 0)
    beyond = demand.excess[:, None] * np.exp(-np.maximum(ratio, 0))
    return np.where(place == len(grid), beyond, inside)


def expected_demand(demand: LeadTimeDemand) -> np.ndarray:
    """The mean [series] of the law above; the forecast's own ``mean`` may differ a little from it."""
    return expected_short(demand, np.zeros((len(demand.quantiles), 1)))[:, 0]


def expected_left(demand: LeadTimeDemand, stock: np.ndarray) -> np.ndarray:
    """E[(x - D)+], pieces [series, k]."""
    return stock - expected_demand(demand)[:, None] + expected_short(demand, stock)


def rows_of(demand: LeadTimeDemand, rows: np.ndarray) -> LeadTimeDemand:
    """The law of some series only."""
    return LeadTimeDemand(demand.mean[rows], demand.quantiles[rows], demand.excess[rows])
