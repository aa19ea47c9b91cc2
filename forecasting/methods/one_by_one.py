"""Methods that fit one model a series: seconds each, so they run only where they are asked for."""

from __future__ import annotations

import logging
import warnings
from abc import abstractmethod
from importlib.util import find_spec
from typing import Any

import numpy as np

from forecasting.engine.panel import STEP_LEVELS, Panel
from forecasting.methods.base import ForecastMethod, Prediction, gamma_quantiles, largest
from forecasting.methods.regressors import regressor
from forecasting.methods.seasonal_smoothing import SeasonalSmoothing

logger = logging.getLogger(__name__)

#: Buckets of history that are read; more only take longer.
HISTORY = {"D": 730, "W": 260, "M": 120}
#: Observed buckets, of which two must differ, below which smoothing answers.
LEAST = 10
#: Normal score of the 0.8 interval that statsforecast is asked for.
SCORE_80 = 1.2815515655446004


class OneByOne(ForecastMethod):
    """One model a series. Where it fails, its library is missing or the history is short, smoothing answers.

    ``failures_`` maps the rows it failed on to the reason, which is logged as well. Gaps are
    interpolated. No mean is above twice the largest bucket.
    """

    nightly = False
    seconds = 0.3
    #: The package that it cannot do without (``requirements-classical.txt``).
    library = "statsforecast"
    #: Whether the model reads what is known ahead.
    reads_signals = False

    @abstractmethod
    def fit_one(self, y: np.ndarray, x: np.ndarray | None, freq: str) -> Any:
        """Fit a model of statsforecast to one series in multiples of its mean."""

    def design(self, panel: Panel, start: int, stop: int) -> np.ndarray:
        """Regressors [series, stop - start, terms] of buckets counted from the panel's first one."""
        names = sorted(panel.known) if self.reads_signals else []
        columns = [regressor(panel, name, start, stop) for name in names]
        return np.stack(columns, axis=2) if columns else np.empty((len(panel.demand), stop - start, 0))

    def fit(self, panel: Panel) -> OneByOne:
        self.panel_, self.failures_ = panel, {}
        self.instead_ = SeasonalSmoothing().fit(panel)
        start = max(panel.demand.shape[1] - HISTORY[panel.freq], 0)
        design = self.design(panel, start, panel.demand.shape[1])
        rows = range(len(design))
        if find_spec(self.library) is None:
            logger.warning("%s needs the package %s, smoothing answers for all series", self.name, self.library)
            self.failures_ = dict.fromkeys(rows, f"the package {self.library} is not installed")
        self.models_ = [
            None if row in self.failures_ else self._fitted(row, panel.demand[row, start:], design[row]) for row in rows
        ]
        self.variance_ = self.instead_.variance_.copy()
        following = self.design(panel, panel.demand.shape[1], panel.demand.shape[1] + 1)
        for row, fitted in enumerate(self.models_):
            if fitted is not None and (found := self._predicted(row, fitted, following[row], 1)):
                self.variance_[row] = found[1][0]
        return self

    def _fitted(self, row: int, y: np.ndarray, x: np.ndarray) -> tuple[Any, float, np.ndarray] | None:
        """Model, scale and the columns it reads of one series; None where it is left to smoothing."""
        seen = np.flatnonzero(~np.isnan(y))
        if len(seen) < LEAST or np.ptp(y[seen]) == 0:
            return None
        at = np.arange(seen[0], len(y))
        scale, x = float(y[seen].mean()), x[seen[0] :]
        used = np.flatnonzero(np.ptp(x, axis=0) > 0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of models that it tries and drops
                model = self.fit_one(
                    np.interp(at, seen, y[seen]) / scale, x[:, used] if len(used) else None, self.panel_.freq
                )
        except Exception as error:  # the library's numerics fail in many ways, and no series may stop the others
            self._failed(row, error)
            return None
        return model, scale, used

    def _failed(self, row: int, error: Exception) -> None:
        self.failures_[row] = f"{type(error).__name__}: {error}"
        logger.warning("%s failed on series %d, smoothing answers: %s", self.name, row, self.failures_[row])

    def means(self, horizon: int) -> np.ndarray:
        return self.predict(horizon).mean

    def predict(self, horizon: int) -> Prediction:
        fallback = self.instead_.predict(horizon)
        mean, quantiles = fallback.mean.copy(), fallback.quantiles.copy()
        buckets, ceiling = self.panel_.demand.shape[1], 2 * largest(self.panel_.demand)
        design = self.design(self.panel_, buckets, buckets + horizon)
        for row, fitted in enumerate(self.models_):
            if fitted is not None and (found := self._predicted(row, fitted, design[row], horizon)):
                mean[row] = np.clip(found[0], 0.0, ceiling[row])
                variance = np.minimum(found[1], ceiling[row] ** 2)
                quantiles[row] = gamma_quantiles(mean[row], variance, STEP_LEVELS)
        return Prediction(mean, quantiles)

    def _predicted(self, row: int, fitted: tuple, x: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Mean and variance [horizon] of one series; None where the model's answer is no number."""
        model, scale, used = fitted
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = model.predict(horizon, **({"X": x[:, used]} if len(used) else {}), level=[80])
            mean = np.asarray(found["mean"], float)
            deviation = (np.asarray(found["hi-80"], float) - mean) / SCORE_80
            if not (np.isfinite(mean).all() and np.isfinite(deviation).all()):
                raise FloatingPointError("its forecast is not finite")
        except Exception as error:  # as in fitting
            self._failed(row, error)
            return None
        return mean * scale, (deviation * scale) ** 2
