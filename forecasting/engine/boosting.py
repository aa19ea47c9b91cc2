"""Gradient boosted quantiles over all series: lightgbm, or scikit-learn where libgomp is missing."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Literal

import numpy as np

#: Levels that get a model of their own; the grid between them is filled in and calibrated.
MODEL_LEVELS = (0.1, 0.5, 0.8, 0.9, 0.95, 0.98)
ROUNDS, RATE, LEAVES, LEAF_ROWS = 100, 0.08, 16, 250


@dataclass(frozen=True)
class QuantileModel:
    """One ensemble of trees for each of MODEL_LEVELS; ``texts`` are lightgbm model strings or packed arrays."""

    library: Literal["lightgbm", "scikit-learn"]
    texts: tuple[bytes, ...]

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Quantiles [rows, levels] of the target; may cross, may be negative."""
        load = _lightgbm_loaded if self.library == "lightgbm" else _trees_loaded
        return np.stack(_side_by_side(lambda text: load(text)(x), self.texts), axis=1)


def fit(x: np.ndarray, target: np.ndarray, seed: int, weight: np.ndarray | None = None) -> QuantileModel:
    """Fit every level; the same rows and seed give the same model."""
    try:
        import lightgbm  # noqa: F401  seconds to import; OSError without libgomp
    except (ImportError, OSError):
        return QuantileModel("scikit-learn", _fit_scikit_learn(x, target, seed, weight))
    return QuantileModel("lightgbm", _fit_lightgbm(x, target, seed, weight))


def _fit_lightgbm(x: np.ndarray, target: np.ndarray, seed: int, weight) -> tuple[bytes, ...]:
    import lightgbm as lgb

    settings = {
        "objective": "quantile", "learning_rate": RATE, "num_leaves": LEAVES, "min_data_in_leaf": LEAF_ROWS,
        "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 1.0, "max_bin": 63,
        "seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }  # fmt: skip
    data = lgb.Dataset(x, target, weight=weight, params=settings, free_raw_data=False).construct()
    making = Lock()

    def grow(level: float) -> bytes:
        with making:  # within the thread, since lightgbm keeps its verbosity by thread
            booster = lgb.Booster({**settings, "alpha": level}, data)
        for _ in range(ROUNDS):
            booster.update()
        return zlib.compress(booster.model_to_string().encode(), 6)

    return tuple(_side_by_side(grow, MODEL_LEVELS))


def _side_by_side(work: Callable, items: Sequence) -> list:
    """One thread a level: OpenMP's own threads spin, and crawl when the machine has other work."""
    with ThreadPoolExecutor(max_workers=min(len(items), os.cpu_count() or 1)) as pool:
        return list(pool.map(work, items))


@lru_cache(maxsize=64)
def _lightgbm_loaded(text: bytes):
    """Kept: a night asks the same few models for every part of the series."""
    import lightgbm as lgb

    model = lgb.Booster(model_str=zlib.decompress(text).decode())
    return lambda x: model.predict(x, num_threads=1)


def _fit_scikit_learn(x: np.ndarray, target: np.ndarray, seed: int, weight) -> tuple[bytes, ...]:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    def grow(level: float) -> bytes:
        model = HistGradientBoostingRegressor(
            loss="quantile", quantile=level, learning_rate=RATE, max_iter=ROUNDS, max_leaf_nodes=LEAVES,
            min_samples_leaf=LEAF_ROWS, l2_regularization=1.0, max_bins=63, max_features=0.5,
            early_stopping=False, random_state=seed,
        ).fit(x, target, sample_weight=weight)  # fmt: skip
        nodes = [stage[0].nodes for stage in model._predictors]
        with io.BytesIO() as out:
            np.savez_compressed(
                out, nodes=np.concatenate(nodes), sizes=[len(n) for n in nodes], start=model._baseline_prediction
            )
            return out.getvalue()

    with threadpool_limits(1, "openmp"):
        return tuple(grow(level) for level in MODEL_LEVELS)


def _trees_loaded(text: bytes):
    """Walk the stored trees with numpy, so that no pickle has to be trusted."""
    with np.load(io.BytesIO(text), allow_pickle=False) as stored:
        nodes, sizes, start = stored["nodes"], stored["sizes"], stored["start"]
    trees = np.split(nodes, np.cumsum(sizes)[:-1])

    def predict(x: np.ndarray) -> np.ndarray:
        out = np.full(len(x), float(np.ravel(start)[0]))
        rows = np.arange(len(x))
        for tree in trees:
            at = np.zeros(len(x), int)
            while not tree["is_leaf"][at].all():
                value = x[rows, tree["feature_idx"][at]]
                left = np.where(np.isnan(value), tree["missing_go_to_left"][at], value <= tree["num_threshold"][at])
                step = np.where(left, tree["left"][at], tree["right"][at])
                at = np.where(tree["is_leaf"][at], at, step)
            out += tree["value"][at]
        return out

    return predict
