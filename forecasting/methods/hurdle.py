"""Logistic regression for the chance of any sale, times the size of a sale."""

from __future__ import annotations

import numpy as np
from scipy import special

from forecasting.engine.history import row_sums
from forecasting.engine.panel import STEP_LEVELS, Panel
from forecasting.methods.base import Prediction, register
from forecasting.methods.calendar_regression import CalendarRegression
from forecasting.methods.smoothing import observed_variance

#: Buckets after which what was seen counts half.
HALF_LIFE = {"D": 90, "W": 26, "M": 12}
#: Weight of the newest bucket in the chance that the regression starts from.
NEWEST = {"D": 0.03, "W": 0.08, "M": 0.15}
NEWTON_STEPS = 8


@register
class Hurdle(CalendarRegression):
    """Chance of a sale by logistic regression on calendar, price and promotion; sizes are log-normal.

    The regression starts from the smoothed chance before each bucket, so that a dying item fades. Solved for all
    series at once by Newton's method with a ridge, so that one that always or never sells gets a finite answer.
    """

    name = "hurdle"
    nightly = False

    def __init__(self, ridge: float = 0.5):
        super().__init__(ridge)  # lower, since a bucket tells less of a chance than of a mean

    def fit(self, panel: Panel) -> Hurdle:
        self.panel_, demand = panel, panel.demand
        start = max(demand.shape[1] - self.history[panel.freq], 0)
        y, seen = demand[:, start:], ~np.isnan(demand[:, start:])
        sold = np.nan_to_num(y) > 0
        weight = np.where(seen, 0.5 ** (np.arange(y.shape[1])[::-1] / HALF_LIFE[panel.freq]), 0.0)
        self._learn_sizes(np.where(sold, y, 0.0), weight * sold)
        total = np.maximum(row_sums(weight), 1e-12)
        base = self._running_log_odds(sold, seen, NEWEST[panel.freq])
        self.base_ = base[:, -1:]
        design = self._design(start, demand.shape[1])
        self.centre_ = np.empty((len(y), design.shape[2]))
        for k in range(design.shape[2]):
            self.centre_[:, k] = row_sums(design[:, :, k] * weight) / total
        self.slope_ = self._logistic(design - self.centre_[:, None], sold, weight, base[:, :-1])
        self.ever_, self.always_ = sold.any(axis=1), sold.any(axis=1) & (sold | ~seen).all(axis=1)
        chance = self._chances(design, base[:, :-1])
        self.variance_ = observed_variance(y, chance * self.size_[:, None])
        return self

    def _learn_sizes(self, y: np.ndarray, weight: np.ndarray) -> None:
        """Mean size of a sale and the standard deviation of its logarithm, by moments."""
        total = row_sums(weight)
        known = np.maximum(total, 1e-12)
        self.size_ = np.where(total > 0, row_sums(y * weight) / known, 0.0)
        square = np.where(total > 0, row_sums((y - self.size_[:, None]) ** 2 * weight) / known, 0.0)
        self.spread_ = np.sqrt(np.log1p(square / np.where(self.size_ > 0, self.size_, 1.0) ** 2))

    def _running_log_odds(self, sold: np.ndarray, seen: np.ndarray, newest: float) -> np.ndarray:
        """Log odds of the smoothed chance of a sale before each bucket and at the end, [series, buckets + 1]."""
        chance = (row_sums(sold) + 0.5) / (row_sums(seen) + 1)
        out = np.empty((sold.shape[1] + 1, len(sold)))
        for at in range(sold.shape[1]):
            out[at] = chance
            chance = np.where(seen[:, at], chance + newest * (sold[:, at] - chance), chance)
        out[-1] = chance
        return np.ascontiguousarray(special.logit(np.clip(out, 0.001, 0.999)).T)

    def _logistic(self, x: np.ndarray, sold: np.ndarray, weight: np.ndarray, base: np.ndarray) -> np.ndarray:
        """Ridge coefficients [series, terms + 1], the first one added to the base's log odds."""
        x = np.concatenate([np.ones((*x.shape[:2], 1)), x], axis=2)
        terms, penalty = x.shape[2], np.full(x.shape[2], self.ridge)
        penalty[0] = 0.1
        found = np.zeros((len(x), terms))
        for _ in range(NEWTON_STEPS):
            chance = special.expit(self._log_odds(x, found, base))
            bend, pull = weight * chance * (1 - chance), weight * (sold - chance)
            gram = np.empty((len(x), terms, terms))
            for i in range(terms):
                for j in range(i, terms):
                    gram[:, i, j] = gram[:, j, i] = row_sums(x[:, :, i] * x[:, :, j] * bend)
            slope = np.stack([row_sums(x[:, :, i] * pull) for i in range(terms)], axis=1) - penalty * found
            step = np.linalg.solve(gram + np.diag(penalty), slope[:, :, None])[:, :, 0]
            found += np.clip(step, -2.0, 2.0)
        return found

    @staticmethod
    def _log_odds(x: np.ndarray, slope: np.ndarray, base: np.ndarray) -> np.ndarray:
        out = base + np.zeros((1, x.shape[1]))
        for k in range(x.shape[2]):
            out += x[:, :, k] * slope[:, k : k + 1]
        return out

    def _chances(self, design: np.ndarray, base: np.ndarray) -> np.ndarray:
        """Chance of any sale in the design's buckets, [series, buckets]; 0 where it never, 1 where it always sold."""
        x = np.concatenate([np.ones((*design.shape[:2], 1)), design - self.centre_[:, None]], axis=2)
        chance = np.where(self.ever_[:, None], special.expit(self._log_odds(x, self.slope_, base)), 0.0)
        return np.where(self.always_[:, None], 1.0, chance)

    def chances(self, horizon: int) -> np.ndarray:
        """Chance of any sale in each of the next buckets, [series, horizon]."""
        buckets = self.panel_.demand.shape[1]
        return self._chances(self._design(buckets, buckets + horizon), self.base_)

    def means(self, horizon: int) -> np.ndarray:
        return self.chances(horizon) * self.size_[:, None]

    def predict(self, horizon: int) -> Prediction:
        """Zero up to the chance of no sale, the log-normal sizes above it."""
        chance = self.chances(horizon)
        level = np.asarray(STEP_LEVELS)
        within = (level - 1 + chance[:, :, None]) / np.maximum(chance[:, :, None], 1e-12)
        spread, size = self.spread_[:, None, None], self.size_[:, None, None]
        sizes = size * np.exp(spread * special.ndtri(np.clip(within, 1e-9, 1 - 1e-9)) - spread**2 / 2)
        return Prediction(chance * self.size_[:, None], np.where(within > 0, sizes, 0.0))
