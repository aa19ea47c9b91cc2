"""Naive forecast."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register


def last_observed(demand: np.ndarray) -> np.ndarray:
    """Each bucket's latest observed demand up to and with that bucket; 0 before the first one."""
    seen = ~np.isnan(demand)
    at = np.maximum.accumulate(np.where(seen, np.arange(demand.shape[1]), -1), axis=1)
    filled = np.take_along_axis(np.nan_to_num(demand), np.maximum(at, 0), axis=1)
    return np.where(at >= 0, filled, 0.0)


@register
class Naive(ForecastMethod):
    """The last observed bucket, repeated: what every other method has to beat."""

    name = "naive"

    def fit(self, panel: Panel) -> Naive:
        held = last_observed(panel.demand)
        self.last_ = held[:, -1:].sum(axis=1)  # also of an empty history
        change = np.where(np.isnan(panel.demand[:, 1:]), 0.0, panel.demand[:, 1:] - held[:, :-1])
        self.variance_ = (change**2).sum(axis=1) / np.maximum((~np.isnan(panel.demand[:, 1:])).sum(axis=1), 1)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.last_[:, None], horizon, axis=1)
