"""Forecasts made by hand, from the true law of the demand of a bucket."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecasting.engine.panel import GRID, STEP_LEVELS, Forecast, LeadTimeDemand

Draw = Callable[[np.random.Generator, int], np.ndarray]


def poisson(mean: float) -> Draw:
    return lambda rng, n: rng.poisson(mean, n)


def lumpy(chance: float, mean: float) -> Draw:
    """A sale in ``chance`` of the buckets, of a geometric size."""
    return lambda rng, n: (rng.random(n) < chance) * rng.geometric(1 / mean, n)


def true_forecast(draws: list[Draw], interval: int, buckets: int = 300_000) -> Forecast:
    """The very law of each item's demand, as the engine would tell it if it knew it."""
    means, steps, grids, excesses = [], [], [], []
    for seed, draw in enumerate(draws):
        demand = draw(np.random.default_rng(seed), buckets).astype(float)
        total = np.concatenate([[0], np.cumsum(demand)])
        windows = total[interval:] - total[:-interval]
        grid = np.quantile(windows, GRID, method="inverted_cdf")
        means.append(demand.mean())
        steps.append(np.quantile(demand, STEP_LEVELS, method="inverted_cdf"))
        grids.append(grid)
        excesses.append(np.maximum(windows - grid[-1], 0).mean())
    mean, size = np.array(means), len(draws)
    return Forecast(
        method=np.full(size, "true"),
        mean=np.repeat(mean[:, None], interval, axis=1),
        quantiles=np.repeat(np.array(steps)[:, None, :], interval, axis=1),
        lead_time_demand=LeadTimeDemand(mean * interval, np.array(grids), np.array(excesses)),
        scores={},
    )


def sure_forecast(expected: list[float], quantile: list[float], interval: int, method: str = "by_hand") -> Forecast:
    """Even demand: each bucket its share of ``expected``; every grid level from 0.5 on at ``quantile``."""
    expected_, top = np.array(expected, float), np.array(quantile, float)
    size = len(expected)
    grid = np.where(np.array(GRID) < 0.5, expected_[:, None], top[:, None])
    mean = np.repeat(expected_[:, None] / interval, interval, axis=1)
    steps = np.repeat(mean[:, :, None], len(STEP_LEVELS), axis=2)
    return Forecast(np.full(size, method), mean, steps, LeadTimeDemand(expected_, grid, np.zeros(size)), {})
