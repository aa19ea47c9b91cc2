"""Methods that learn from all series of a panel at once, so that each one's forecast depends on the others."""

from __future__ import annotations

import logging
from abc import abstractmethod
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np

from forecasting.engine.panel import STEP_LEVELS, Panel
from forecasting.methods.base import ForecastMethod, Prediction, gamma_quantiles, largest
from forecasting.methods.one_by_one import LEAST
from forecasting.methods.seasonal_smoothing import SeasonalSmoothing
from forecasting.methods.windows import REACH, Windows

logger = logging.getLogger(__name__)

#: Series and origins that are learned from at most; more only take longer.
SERIES, ORIGINS = 1_500, 20_000
#: Fewer origins than this teach nothing, and smoothing answers.
LEAST_ORIGINS = 200
#: Series predicted at once, for the sake of memory.
CHUNK = 1_024
#: Last buckets whose errors tell the variance, and how many of them the smoothing's own variance counts for.
CHECKED, PRIOR = 8, 4


@dataclass(frozen=True)
class Sample:
    """Windows to learn from; ``target`` is their demand a bucket in multiples of the level at their origin."""

    row: np.ndarray
    origin: np.ndarray
    gap: np.ndarray
    length: np.ndarray
    target: np.ndarray


class AcrossSeries(ForecastMethod):
    """One model for all series. Smoothing answers for short and flat ones, and for all where learning fails.

    ``failures_`` maps rows to the reason why smoothing took over, which is logged as well. No mean is above twice
    the largest bucket. The same panel and seed give the same bytes.
    """

    nightly = False
    pooled: ClassVar[bool] = True
    #: The package that it cannot do without, and the file that installs it.
    library: ClassVar[str]
    requirements: ClassVar[str] = "requirements.txt"
    #: Windows drawn at each origin.
    draws: ClassVar[int] = 4

    def __init__(self, seed: int = 0):
        self.seed = seed

    @abstractmethod
    def learn(self, windows: Windows, sample: Sample) -> Any:
        """A model of the sample's targets."""

    @abstractmethod
    def say(self, windows: Windows, row, origin, gap, length) -> tuple[np.ndarray, np.ndarray | None]:
        """Mean [windows] and quantiles [windows, STEP_LEVELS] (None: gamma) in multiples of the level."""

    def fit(self, panel: Panel) -> AcrossSeries:
        self.panel_, self.failures_, self.model_ = panel, {}, None
        self.instead_ = SeasonalSmoothing().fit(panel)
        self.variance_ = self.instead_.variance_.copy()
        observed = ~np.isnan(panel.demand)
        lowest = np.where(observed, panel.demand, np.inf).min(axis=1, initial=np.inf)
        self.rows_ = np.flatnonzero((observed.sum(axis=1) >= LEAST) & (largest(panel.demand)[:, 0] > lowest))
        if find_spec(self.library) is None:
            self._left_to_smoothing(f"it needs the package {self.library} ({self.requirements})")
            return self
        try:
            self._learn()
        except Exception as error:  # libraries fail in many ways, and no method may stop the night
            self._left_to_smoothing(f"{type(error).__name__}: {error}")
        return self

    def _left_to_smoothing(self, reason: str) -> None:
        logger.warning("%s: %s; smoothing answers for all series", self.name, reason)
        self.model_, self.failures_ = None, dict.fromkeys(range(len(self.panel_.demand)), reason)

    def _learn(self) -> None:
        rng = np.random.default_rng(self.seed)
        some = np.sort(rng.permutation(self.rows_)[:SERIES])
        windows = Windows(self.panel_, some)
        sample = self._sample(windows, rng)
        if len(sample.target) >= LEAST_ORIGINS:
            self.model_ = self.learn(windows, sample)
            self._learn_variance()

    def _sample(self, windows: Windows, rng: np.random.Generator) -> Sample:
        """Origins evenly over the history; half of the windows are one bucket some way ahead, half begin at once."""
        buckets = windows.buckets
        row, origin = np.nonzero(windows.count[:, :-1] >= LEAST // 2)
        chosen = np.sort(rng.permutation(len(row))[:ORIGINS])
        row, origin = np.tile(row[chosen], self.draws), np.tile(origin[chosen], self.draws)
        reach = max(min(REACH[windows.freq], buckets // 3), 1)
        near = rng.random(len(row)) < 0.5
        gap = np.where(near, 0, rng.integers(0, reach, len(row)))
        length = np.where(near, np.rint(np.exp(rng.random(len(row)) * np.log(reach))).astype(int), 1)
        keep = origin + gap + length <= buckets
        row, origin, gap, length = row[keep], origin[keep], gap[keep], length[keep]
        level = windows.level(row, origin)
        target = windows.asked(row, origin, gap, length) / np.where(level > 0, level, np.nan)
        keep = ~np.isnan(target)
        return Sample(row[keep], origin[keep], gap[keep], length[keep], target[keep])

    def _learn_variance(self) -> None:
        buckets = self.panel_.demand.shape[1]
        for rows in self._chunks():
            windows, squares, number = Windows(self.panel_, rows), np.zeros(len(rows)), np.zeros(len(rows))
            row = np.arange(len(rows))
            for origin in range(max(buckets - CHECKED, LEAST), buckets):
                at = np.full(len(rows), origin)
                mean, _ = self.say(windows, row, at, np.zeros_like(at), np.ones_like(at))
                error = windows.demand[:, origin] - mean * windows.level(row, at)
                squares += np.nan_to_num(error) ** 2
                number += ~np.isnan(error)
            self.variance_[rows] = (squares + PRIOR * self.variance_[rows]) / (number + PRIOR)

    def _chunks(self) -> list[np.ndarray]:
        return [self.rows_[at : at + CHUNK] for at in range(0, len(self.rows_), CHUNK)]

    def means(self, horizon: int) -> np.ndarray:
        return self.predict(horizon).mean

    def predict(self, horizon: int) -> Prediction:
        return self._answer(self.instead_.predict(horizon), np.arange(horizon), np.ones(horizon, int))

    def summed(self, length: int) -> Prediction:
        found = self.instead_.summed(length)
        as_steps = Prediction(found.mean[:, None], found.quantiles[:, None])
        found = self._answer(as_steps, np.zeros(1, int), np.full(1, length))
        return Prediction(found.mean[:, 0], found.quantiles[:, 0])

    def _answer(self, instead: Prediction, gaps: np.ndarray, lengths: np.ndarray) -> Prediction:
        """The model's answer for each window after the history, the smoothing's where it has none."""
        mean, quantiles = instead.mean.copy(), instead.quantiles.copy()
        if self.model_ is None:
            return Prediction(mean, quantiles)
        ceiling = 2 * largest(self.panel_.demand)
        for rows in self._chunks():
            windows = Windows(self.panel_, rows, ahead=int((gaps + lengths).max()))
            row, at = np.repeat(np.arange(len(rows)), len(gaps)), np.tile(np.arange(len(gaps)), len(rows))
            origin = np.full(len(row), windows.buckets)
            found, levels = self.say(windows, row, origin, gaps[at], lengths[at])
            scale = (windows.level(row, origin) * lengths[at]).reshape(len(rows), -1)
            most = ceiling[rows] * lengths
            own = np.clip(found.reshape(scale.shape) * scale, 0.0, most)
            good = np.isfinite(own).all(axis=1)
            if levels is None:
                spread = gamma_quantiles(own, self.variance_[rows, None] * lengths, STEP_LEVELS)
            else:
                spread = np.clip(levels.reshape(*scale.shape, -1) * scale[:, :, None], 0.0, most[:, :, None])
            mean[rows[good]], quantiles[rows[good]] = own[good], spread[good]
            for bad in rows[~good].tolist():
                self.failures_[bad] = "its forecast is not finite"
                logger.warning("%s failed on series %d, smoothing answers: not finite", self.name, bad)
        return Prediction(mean, quantiles)
