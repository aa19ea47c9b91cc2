"""The chance that demand exceeds an inventory position before the next receipt, by logistic regression.

The forecast's own answer, 1 - F(position), is one of the inputs: where the forecast is honest the regression leaves it
as it is, and where it has been wrong at some positions or patterns, past windows correct it. More stock is never a
larger chance: the signs of what depends on it are held.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy import optimize, special

from forecasting.engine.panel import GRID

PATTERNS = ("smooth", "erratic", "intermittent", "lumpy")
#: Chances are never said to be nearer to 0 or 1 than this.
SUREST = 0.002
#: The regression tells them apart down to here, so that a lot of stock stays safe where the forecast is corrected.
FAINTEST = 1e-5
RIDGE = 5.0
#: Fewer windows than this teach nothing, and judge nobody.
FEWEST = 100
#: The newest windows, this share of all at least, judge what the older ones taught.
HELD_OUT_SHARE = 0.25


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

    def where(self, chosen: np.ndarray) -> Positions:
        return Positions(*(values[chosen] for values in vars(self).values()))


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

    def as_lists(self) -> dict[str, list[float]]:
        return {name: values.tolist() for name, values in asdict(self).items()}

    @classmethod
    def of(cls, lists: dict[str, list[float]]) -> StockOutModel | None:
        """What ``as_lists`` gave; None where that was learned from other inputs than these."""
        known = len(lists.get("weights", ())) == INPUTS + 1
        return cls(**{name: np.array(values, float) for name, values in lists.items()}) if known else None


@dataclass(frozen=True)
class Verdict:
    """What past windows taught; the losses are Brier scores on the newest, NaN where there are too few to tell."""

    model: StockOutModel
    own: float
    learned: float

    @property
    def is_better(self) -> bool:
        return self.learned < self.own


def exceedance(quantiles: np.ndarray, position: np.ndarray) -> np.ndarray:
    """1 - F(position) of the distributions [items, grid], straight lines between the quantiles; beyond the last the
    chance falls to a tenth over each distance from the 0.95 to the 0.995 quantile.

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
    width = np.maximum(quantiles[:, -1] - quantiles[:, GRID.index(0.95)], 1.0)
    beyond = (1 - levels[-1]) * 10.0 ** -(np.maximum(position - quantiles[:, -1], 0) / width)
    return np.where(at == 0, 1 - first, np.where(at == len(levels), beyond, 1 - below))


def own_chance(positions: Positions) -> np.ndarray:
    """What the forecast alone says: 1 - F(position), [items]."""
    return exceedance(positions.quantiles, positions.available + positions.on_order)


def base_odds(positions: Positions) -> np.ndarray:
    """Log odds of the forecast's own chance."""
    return special.logit(np.clip(own_chance(positions), FAINTEST, 1 - SUREST))


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


INPUTS = 8 + len(PATTERNS) - 1


def fit(positions: Positions, ran_out: np.ndarray) -> StockOutModel:
    """Learn from past positions and whether demand exceeded them, with a ridge towards the forecast's own chance;
    without any, that chance is the answer."""
    x, base = inputs(positions), base_odds(positions)
    centre = x.mean(axis=0) if len(x) else np.zeros(x.shape[1])
    scale = np.where(x.std(axis=0) > 1e-9, x.std(axis=0), 1.0) if len(x) else np.ones(x.shape[1])
    x = np.column_stack([np.ones(len(x)), (x - centre) / scale])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        odds = base + x @ weights
        value = np.logaddexp(0, odds).sum() - odds[ran_out].sum() + RIDGE / 2 * weights @ weights
        return value, x.T @ (special.expit(odds) - ran_out) + RIDGE * weights

    free = (None, None)
    # Odds may not grow with the stock: neither by the forecast's own (to which 1 is added), nor by what is available.
    bounds = [free, (-scale[0], None), (None, 0), (None, 0), (0, None)] + [free] * (x.shape[1] - 5)
    found = optimize.minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds)
    return StockOutModel(centre, scale, found.x)


def contest(positions: Positions, ran_out: np.ndarray, begun: np.ndarray, over: np.ndarray) -> Verdict:
    """Learn from windows, and judge the lesson by the newest of them with a model that knew none of their days.

    ``begun``, ``over``  the last day before each window, and its own last day, as numbers [windows]
    """
    days = np.sort(begun)
    since = days[min(int(len(days) * (1 - HELD_OUT_SHARE)), len(days) - 1)] if len(days) else 0
    taught, held_out = over <= since, begun >= since
    own = learned = float("nan")
    if min(taught.sum(), held_out.sum()) >= FEWEST:
        judged, happened = positions.where(held_out), ran_out[held_out]
        own = brier(own_chance(judged), happened)
        learned = brier(fit(positions.where(taught), ran_out[taught]).chance(judged), happened)
    return Verdict(fit(positions, ran_out), own, learned)


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
