"""Intermittent multiple aggregation prediction."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import best_of, observed_variance, smooth

#: Buckets summed at most, whatever the gaps between sales.
COARSEST = 30


class Blocks:
    """Observed demand added up from the end, so that blocks of any size are differences of two sums."""

    def __init__(self, demand: np.ndarray):
        seen = ~np.isnan(demand)
        self.total, self.count = (_from_the_end(values) for values in (np.where(seen, demand, 0.0), seen))

    def of(self, buckets: int, rows: np.ndarray) -> np.ndarray:
        """Mean of the observed demand of these rows in blocks of ``buckets``, counted from the end, the oldest first;
        NaN where none was observed."""
        ends = np.arange((self.total.shape[1] - 1) // buckets, -1, -1) * buckets
        total, count = (-np.diff(sums[np.ix_(rows, ends)], axis=1) for sums in (self.total, self.count))
        return np.where(count > 0, np.maximum(total, 0.0) / np.maximum(count, 1), np.nan)


def _from_the_end(values: np.ndarray) -> np.ndarray:
    """Sums of the last 0, 1, 2 … columns [rows, columns + 1]."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values[:, ::-1], axis=1, dtype=float)], axis=1)


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
        total, blocks = np.zeros(len(demand)), Blocks(demand)
        for buckets in range(1, int(coarsest.max(initial=1)) + 1):
            rows = np.flatnonzero(coarsest >= buckets)
            total[rows] += best_of(*smooth(blocks.of(buckets, rows), self.weights))[0]
        self.rate_ = total / coarsest
        self.variance_ = observed_variance(demand, self.rate_)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.rate_[:, None], horizon, axis=1)
