"""Pooled gradient boosting of means: one model of trees over all series."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecasting.methods.across_series import AcrossSeries, Sample
from forecasting.methods.base import register
from forecasting.methods.windows import Windows

LAGS = {"D": (1, 2, 3, 4, 5, 6, 7, 14, 21, 28), "W": (1, 2, 3, 4, 5, 6, 7, 8), "M": (1, 2, 3, 4, 5, 6, 12)}
MEANS = {"D": (7, 14, 28, 91, 182, 364), "W": (2, 4, 8, 13, 26, 52), "M": (2, 3, 6, 12, 24)}
ROUNDS = 100
SETTINGS = {
    "objective": "poisson", "learning_rate": 0.08, "num_leaves": 31, "min_data_in_leaf": 30, "feature_fraction": 0.8,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 1.0, "max_bin": 63, "deterministic": True,
    "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip


@register
class PooledBoostingPoint(AcrossSeries):
    """lightgbm with the Poisson loss, whose optimum is the mean, on lags, means of the last weeks and of last year,
    calendar and signals, all relative to the level; how far ahead and how long are inputs."""

    name = "pooled_boosting_point"
    library = "lightgbm"

    def learn(self, windows: Windows, sample: Sample) -> Any:
        import lightgbm as lgb

        x = _seen(windows, sample.row, sample.origin, sample.gap, sample.length)
        settings = SETTINGS | {"seed": self.seed}
        return lgb.train(settings, lgb.Dataset(x, sample.target, params=settings), ROUNDS)

    def say(self, windows: Windows, row, origin, gap, length) -> tuple[np.ndarray, None]:
        return self.model_.predict(_seen(windows, row, origin, gap, length), num_threads=1), None


def _seen(windows: Windows, row: np.ndarray, origin: np.ndarray, gap: np.ndarray, length: np.ndarray) -> np.ndarray:
    """What the trees see of each window, float32 [windows, features]; NaN where the history does not reach."""
    level = np.maximum(windows.level(row, origin), 1e-300)
    lags = [windows.mean(row, origin - lag, origin - lag + 1) / level for lag in LAGS[windows.freq]]
    means = [windows.mean(row, origin - n, origin) / level for n in MEANS[windows.freq]]
    age = windows.count[row, origin]
    return np.column_stack([windows.ahead(row, origin, gap, length), *lags, *means, age]).astype(np.float32)
