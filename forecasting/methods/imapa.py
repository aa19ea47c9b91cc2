"""Intermittent multiple aggregation prediction."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import best_of, observed_variance, smooth

#: Buckets summed at most, whatever the gaps between sales.
COARSEST = 30


def aggregated(demand: np.ndarray, buckets: int) -> np.ndarray:
    """Mean of the observed demand in blocks of ``buckets``, counted from the end; NaN where none was observed."""
    whole = demand.shape[1] // buckets * buckets
    folded = demand[:, demand.shape[1] - whole :].reshape(len(demand), -1, buckets)
    seen = (~np.isnan(folded)).sum(axis=2)
    return np.where(seen > 0, np.nan_to_num(folded).sum(axis=2) / np.maximum(seen, 1), np.nan)


@register
class IMAPA(ForecastMethod):
    """The mean of smoothing at every block size from one bucket to the usual gap between sales (Petropoulos and
    Kourentzes 2015)."""

    name = "imapa"

    def __init__(self, weights: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)):
        self.weights = weights

    def fit(self, panel: Panel) -> IMAPA:
        demand = panel.demand
        seen, sold = (~np.isnan(demand)).sum(axis=1), (np.nan_to_num(demand) > 0).sum(axis=1)
        gap = np.rint(seen / np.maximum(sold, 1)).astype(int)
        coarsest = np.where(sold > 0, np.clip(gap, 1, min(COARSEST, max(demand.shape[1] // 4, 1))), 1)
        total = np.zeros(len(demand))
        for buckets in range(1, int(coarsest.max(initial=1)) + 1):
            rows = coarsest >= buckets
            total[rows] += best_of(*smooth(aggregated(demand[rows], buckets), self.weights))[0]
        self.rate_ = total / coarsest
        self.variance_ = observed_variance(demand, self.rate_)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.rate_[:, None], horizon, axis=1)
