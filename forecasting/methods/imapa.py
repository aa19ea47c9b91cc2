"""Intermittent multiple aggregation prediction."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import ForecastMethod, register
from forecasting.methods.smoothing import best_of, columns_of, observed_variance, smooth

#: Buckets summed at most, whatever the gaps between sales.
COARSEST = 30


class Blocks:
    """Observed demand [buckets, series] added up from the end, so that blocks of any size are differences of sums."""

    def __init__(self, columns: np.ndarray):
        seen = ~np.isnan(columns)
        self.total, self.count = (_from_the_end(values) for values in (np.where(seen, columns, 0.0), seen))

    def of(self, buckets: int, series: int) -> np.ndarray:
        """Mean of the observed demand of the first ``series`` in blocks of ``buckets``, counted from the end, the
        oldest first, float32 [blocks, series]; NaN where none was observed."""
        ends = slice((len(self.total) - 1) // buckets * buckets, None, -buckets)
        total, count = (sums[ends, :series][:-1] - sums[ends, :series][1:] for sums in (self.total, self.count))
        out = np.full(total.shape, np.nan, np.float32)
        np.divide(np.maximum(total, 0.0, out=total), count, out=out, where=count > 0, casting="same_kind")
        return out


def _from_the_end(columns: np.ndarray) -> np.ndarray:
    """Sums of the last 0, 1, 2 … buckets [buckets + 1, series]."""
    out = np.zeros((len(columns) + 1, columns.shape[1]))
    np.cumsum(columns[::-1], axis=0, dtype=float, out=out[1:])
    return out


@register
class IMAPA(ForecastMethod):
    """The mean of smoothing at every block size from one bucket to the usual gap between sales (Petropoulos and
    Kourentzes 2015)."""

    name = "imapa"

    def __init__(self, weights: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)):
        self.weights = weights

    def fit(self, panel: Panel) -> IMAPA:
        columns = columns_of(panel)
        seen, sold = np.count_nonzero(~np.isnan(columns), axis=0), np.count_nonzero(columns > 0, axis=0)
        gap = np.rint(seen / np.maximum(sold, 1)).astype(int)
        coarsest = np.where(sold > 0, np.clip(gap, 1, min(COARSEST, max(len(columns) // 4, 1))), 1)
        order = np.argsort(-coarsest, kind="stable")  # so that those with blocks of a size are the first ones
        total, blocks = np.zeros(len(coarsest)), Blocks(columns[:, order])
        for buckets in range(1, int(coarsest.max(initial=1)) + 1):
            some = np.count_nonzero(coarsest >= buckets)
            total[order[:some]] += best_of(*smooth(blocks.of(buckets, some), self.weights))[0]
        self.rate_ = total / coarsest
        self.variance_ = observed_variance(panel.demand, self.rate_)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.repeat(self.rate_[:, None], horizon, axis=1)
