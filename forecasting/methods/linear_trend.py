"""Least-squares trend: a straight line over time."""

from __future__ import annotations

import numpy as np

from forecasting.engine.history import row_sums
from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, largest, register

HISTORY = {"D": 364, "W": 156, "M": 60}
#: Gain in n log(squared error) that one degree more must bring: about |t| = 4 for few buckets, 3 for many.
PENALTY = 10.0


@register
class LinearTrend(ForecastMethod):
    """A line through the last year (three of weeks, five of months), flat unless the trend is clear.

    It goes on for as long as it has been seen and then stands still, and never above twice the largest
    bucket: ten days of growth are no reason to expect a year of it.
    """

    name = "linear_trend"
    degree = 1
    #: Buckets ahead that the trend goes on, as a share of those it was seen in.
    reach = 1.0

    def fit(self, panel: Panel) -> LinearTrend:
        y = panel.demand[:, -HISTORY[panel.freq] :]
        seen = ~np.isnan(y)
        filled, self.count_ = np.where(seen, y, 0.0), seen.sum(axis=1)
        first = (np.cumsum(seen, axis=1) == 0).sum(axis=1)
        self.span_ = np.maximum(y.shape[1] - first, 1.0)[:, None]
        self.ceiling_ = 2 * largest(panel.demand)
        self._learn((np.arange(y.shape[1]) - y.shape[1] + 1.0) / self.span_, filled, seen)
        return self

    def _learn(self, time: np.ndarray, y: np.ndarray, seen: np.ndarray) -> None:
        """Coefficients of orthogonal polynomials (Forsythe 1957), kept up to the degree that pays, and the error."""
        number = np.maximum(self.count_, 1)
        self.recurrence_: list[tuple[np.ndarray, np.ndarray]] = []
        basis, before = seen.astype(float), np.zeros_like(y)
        norm, squares = number.astype(float), row_sums(y * y)
        floor = 1e-12 * squares + 1e-300
        weights, criteria, errors = [], [], []
        for degree in range(self.degree + 1):
            weights.append(row_sums(y * basis) / norm)
            squares = np.maximum(squares - weights[-1] ** 2 * norm, 0.0)
            errors.append(squares)
            enough = self.count_ >= 2 * (degree + 1) + 1
            gain = number * np.log(squares + floor) + PENALTY * degree
            criteria.append(np.where(enough | (degree == 0), gain, np.inf))
            shift = row_sums(time * basis * basis) / norm
            following = np.where(seen, (time - shift[:, None]) * basis, 0.0)
            if degree:
                following -= self.recurrence_[-1][1][:, None] * before
            basis, before, old = following, basis, norm
            norm = np.maximum(row_sums(basis * basis), 1e-300)
            self.recurrence_.append((shift, norm / old))
        chosen = np.argmin(criteria, axis=0)
        self.weights_ = np.where(np.arange(self.degree + 1)[:, None] <= chosen, weights, 0.0)
        self.variance_ = np.take_along_axis(np.stack(errors), chosen[None], 0)[0] / number

    def means(self, horizon: int) -> np.ndarray:
        time = np.minimum(np.arange(1.0, horizon + 1) / self.span_, self.reach)
        before, basis = np.zeros_like(time), np.ones_like(time)
        found, ratio = np.zeros_like(time), np.zeros(len(time))
        for weight, (shift, following) in zip(self.weights_, self.recurrence_, strict=True):
            found += weight[:, None] * basis
            basis, before = (time - shift[:, None]) * basis - ratio[:, None] * before, basis
            ratio = following
        return np.clip(found, 0.0, self.ceiling_)
