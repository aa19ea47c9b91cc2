"""The chance that demand exceeds an inventory position before the next receipt, by logistic regression.

The forecast's own answer, 1 - F(position), is one of the inputs: where the forecast is honest the regression leaves it
as it is, and where it has been wrong at some positions or patterns, past windows correct it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from forecasting.engine.panel import GRID

PATTERNS = ("smooth", "erratic", "intermittent", "lumpy")
#: Chances are never said to be nearer to 0 or 1 than this.
SUREST = 0.002
RIDGE, NEWTON_STEPS = 5.0, 25


@dataclass(frozen=True)
class Positions:
    """What is there and what is expected to be asked for, one item a row.

    ``available``, ``on_order``  pieces; of the latter, what arrives within the interval
    ``interval``, ``spread``     mean and standard deviation of lead time + review period, in buckets
    ``quantiles``                of lead-time demand at GRID, [items, grid]
    ``pattern``                  one of PATTERNS, or anything else
    """

    available: np.ndarray
    on_order: np.ndarray
    interval: np.ndarray
    spread: np.ndarray
    quantiles: np.ndarray
    pattern: np.ndarray


@dataclass(frozen=True)
class StockOutModel:
    """Coefficients of the standardised inputs; ``weights`` starts with the intercept."""

    centre: np.ndarray
    scale: np.ndarray
    weights: np.ndarray

    def chance(self, positions: Positions) -> np.ndarray:
        """Chance of a stock-out before what is ordered now arrives, [items], SUREST .. 1 - SUREST."""
        x = (inputs(positions) - self.centre) / self.scale
        odds = base_odds(positions) + self.weights[0] + x @ self.weights[1:]
        return np.clip(special.expit(odds), SUREST, 1 - SUREST)


def exceedance(quantiles: np.ndarray, position: np.ndarray) -> np.ndarray:
    """1 - F(position) of the distributions [items, grid], straight lines between the quantiles.

    >>> exceedance(np.linspace(0, 27, 28)[None], np.array([26.0])).round(3)
    array([0.01])
    """
    levels, rows = np.asarray(GRID), np.arange(len(quantiles))
    at = (quantiles <= position[:, None]).sum(axis=1)
    low, high = np.maximum(at - 1, 0), np.minimum(at, len(levels) - 1)
    step = quantiles[rows, high] - quantiles[rows, low]
    share = np.where(step > 0, (position - quantiles[rows, low]) / np.where(step > 0, step, 1.0), 0.0)
    below = levels[low] + np.clip(share, 0.0, 1.0) * (levels[high] - levels[low])
    first = np.where(quantiles[:, 0] > 0, np.maximum(position, 0) / np.maximum(quantiles[:, 0], 1e-12), 0.0) * levels[0]
    return 1 - np.where(at == 0, first, np.where(at == len(levels), (1 + levels[-1]) / 2, below))


def base_odds(positions: Positions) -> np.ndarray:
    """Log odds of the forecast's own chance."""
    chance = exceedance(positions.quantiles, positions.available + positions.on_order)
    return special.logit(np.clip(chance, SUREST, 1 - SUREST))


def inputs(positions: Positions) -> np.ndarray:
    """What the regression sees, finite, [items, inputs]; all relative to the item's own demand."""
    quantiles = positions.quantiles
    middle = np.maximum(quantiles[:, GRID.index(0.5)], 0.5)
    wide = quantiles[:, GRID.index(0.95)] / np.maximum(quantiles[:, GRID.index(0.8)], 0.5)
    there = positions.available + positions.on_order
    columns = [
        base_odds(positions),
        np.log((np.maximum(there, 0.0) + 0.5) / middle),
        np.log((np.maximum(positions.available, 0.0) + 0.5) / middle),  # days of cover by the interval's
        positions.on_order / np.maximum(there, 1.0),
        positions.spread / np.maximum(positions.interval, 1.0),
        np.log(np.maximum(positions.interval, 1.0)),
        np.log(middle),
        wide,
        *((positions.pattern == name).astype(float) for name in PATTERNS[1:]),
    ]
    return np.clip(np.nan_to_num(np.column_stack(columns)), -20.0, 20.0)


def fit(positions: Positions, ran_out: np.ndarray) -> StockOutModel:
    """Learn from past positions and whether demand exceeded them, by Newton's method with a ridge towards the
    forecast's own chance; without any, that chance is the answer."""
    x = inputs(positions)
    centre = x.mean(axis=0) if len(x) else np.zeros(x.shape[1])
    scale = np.where(x.std(axis=0) > 1e-9, x.std(axis=0), 1.0) if len(x) else np.ones(x.shape[1])
    x = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    base, weights = base_odds(positions), np.zeros(x.shape[1])
    for _ in range(NEWTON_STEPS):
        chance = special.expit(base + x @ weights)
        gradient = x.T @ (ran_out - chance) - RIDGE * weights
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + RIDGE * np.eye(x.shape[1])
        step = np.linalg.solve(bend, gradient)
        weights = weights + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    return StockOutModel(centre, scale, weights)


def examples(
    quantiles: np.ndarray,
    asked: np.ndarray,
    interval: np.ndarray,
    spread: np.ndarray,
    pattern: np.ndarray,
    seed: int = 0,
) -> tuple[Positions, np.ndarray]:  # fmt: skip
    """Positions to learn from, where past ones are not known: each held-out window meets one drawn up to 1.3 times its
    0.98 quantile, partly on order, and runs out when more was ``asked`` for. NaN windows are left out."""
    rng = np.random.default_rng(seed)
    told = ~np.isnan(asked)
    quantiles, asked = quantiles[told], asked[told]
    high = np.maximum(1.3 * quantiles[:, GRID.index(0.98)], 2.0)
    there = np.rint(high * rng.random(len(asked)) ** 0.7)
    on_order = np.rint(there * np.where(rng.random(len(asked)) < 0.5, 0.0, rng.random(len(asked))))
    positions = Positions(there - on_order, on_order, interval[told], spread[told], quantiles, pattern[told])
    return positions, asked > there


def brier(chance: np.ndarray, happened: np.ndarray) -> float:
    """Mean squared error of chances (Brier 1950); 0 is perfect."""
    return float(np.mean((chance - happened) ** 2)) if len(chance) else float("nan")


def reliability(chance: np.ndarray, happened: np.ndarray, bins: int = 10) -> np.ndarray:
    """Rows of (mean chance, share that happened, number) by equal steps of the chance; empty ones are left out."""
    at = np.minimum((chance * bins).astype(int), bins - 1)
    rows = [(chance[at == k].mean(), happened[at == k].mean(), (at == k).sum()) for k in np.unique(at)]
    return np.array(rows, float).reshape(-1, 3)
