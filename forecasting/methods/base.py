"""The contract of a forecast method and the registry that finds methods by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from scipy import special

from forecasting.engine.panel import STEP_LEVELS, Panel

REGISTRY: dict[str, type[ForecastMethod]] = {}

#: Buckets after which demand repeats itself within a year or a week.
CYCLE = {"D": 7, "W": 52, "M": 12}


@dataclass(frozen=True)
class Prediction:
    """``mean`` [series, horizon] and ``quantiles`` [series, horizon, len(STEP_LEVELS)], pieces a bucket."""

    mean: np.ndarray
    quantiles: np.ndarray


class ForecastMethod(ABC):
    """Fits all series of a panel at once; learned state ends in ``_`` and starts with [series].

    A subclass sets ``name``, learns in ``fit`` and answers ``means``. ``fit`` must set
    ``variance_`` [series], the mean squared error one bucket ahead within the history.
    """

    name: ClassVar[str]
    #: Whether every night tries it on every series; the others run only where they are asked for.
    nightly: ClassVar[bool] = True
    #: Whether it learns across series, so that one's forecast depends on the others of its panel.
    pooled: ClassVar[bool] = False
    #: Processor seconds of one fit of one series, roughly; what is asked for must fit into the night.
    seconds: ClassVar[float] = 0.002
    variance_: np.ndarray

    @abstractmethod
    def fit(self, panel: Panel) -> ForecastMethod:
        """Learn from demand (NaN = not observed, never zero) and return self."""

    @abstractmethod
    def means(self, horizon: int) -> np.ndarray:
        """Expected demand, float [series, horizon]."""

    def predict(self, horizon: int) -> Prediction:
        """Means and quantiles of the next ``horizon`` buckets; never negative, never crossing."""
        mean = np.maximum(self.means(horizon), 0.0)
        variance = np.broadcast_to(self.variance_[:, None], mean.shape)
        return Prediction(mean, gamma_quantiles(mean, variance, STEP_LEVELS))

    def summed(self, length: int) -> Prediction:
        """Mean [series] and quantiles [series, STEP_LEVELS] of the demand of the next ``length`` buckets together."""
        mean = self.predict(length).mean.sum(axis=1)
        return Prediction(mean, gamma_quantiles(mean, self.variance_ * length, STEP_LEVELS))


def nightly() -> list[str]:
    """Names of the methods that every night tries, sorted."""
    return sorted(name for name, method in REGISTRY.items() if method.nightly)


def largest(demand: np.ndarray) -> np.ndarray:
    """The largest observed bucket of each series, [series, 1]; 0 where nothing was observed."""
    return np.nan_to_num(demand).max(axis=1, initial=0.0)[:, None]


def register(cls: type[ForecastMethod]) -> type[ForecastMethod]:
    """Class decorator: make the method known under its ``name``, which must be new."""
    if cls.name in REGISTRY:
        raise ValueError(f"method {cls.name} is registered twice")
    REGISTRY[cls.name] = cls
    return cls


@cache
def _gamma_table(levels: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of shapes, evenly spaced, and the quantiles of gammas with mean 1 there [shapes, levels]."""
    log_shape = np.linspace(np.log(1e-3), np.log(1e8), 1200)
    shape = np.exp(log_shape)[:, None]
    return log_shape, special.gammaincinv(shape, np.asarray(levels)) / shape


def gamma_quantiles(mean: np.ndarray, variance: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Quantiles of the gamma distribution with these moments, [..., len(levels)]; zero where the mean is.

    The variance is at least that of a Poisson count, since demand comes in pieces. Read from a table:
    the exact inverse takes a hundred times longer.

    >>> gamma_quantiles(np.array([4.0]), np.array([16.0]), (0.5,)).round(3)  # exponential: 4 ln 2
    array([[2.773]])
    """
    mean, variance = np.asarray(mean, float), np.asarray(variance, float)
    variance = np.maximum(variance, mean)
    log_shape, table = _gamma_table(tuple(levels))
    ratio = np.where(mean > 1e-12, mean, 1.0) ** 2 / np.where(mean > 1e-12, np.maximum(variance, 1e-12), 1.0)
    place = (np.log(ratio) - log_shape[0]) / (log_shape[1] - log_shape[0])
    place = np.clip(place, 0, len(log_shape) - 1)
    low = np.minimum(place.astype(int), len(log_shape) - 2)
    share = (place - low)[..., None]
    return (table[low] * (1 - share) + table[low + 1] * share) * np.where(mean > 1e-12, mean, 0.0)[..., None]
