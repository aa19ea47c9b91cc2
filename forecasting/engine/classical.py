"""The registered methods as candidates for lead-time demand: run at held-out origins, scored, chosen by segment."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np

from forecasting import methods
from forecasting.engine.backtest import known_at, rows_of
from forecasting.engine.calibration import pinball
from forecasting.engine.history import History, row_sums
from forecasting.engine.late import opened_ahead
from forecasting.engine.panel import GRID, STEP_LEVELS, Panel
from forecasting.engine.profile import profile_of
from forecasting.engine.recurring import asked_ahead

logger = logging.getLogger(__name__)

#: What is chosen when there is nothing to choose by.
DEFAULT = "moving_average"
#: Who takes over where a method fails: the default, and for it the last bucket again.
NEXT_BEST: dict[str, str | None] = {DEFAULT: "naive", "naive": None}
#: With fewer days than these growth cannot be told from a weekday pattern.
LEAST_DAYS = 28
#: A method whose loss is more than this many times the best's has nothing to add to it.
NEAR = 1.25
#: Weekdays with less than this share of a usual day's demand tell nothing of it.
LEAST_SHARE = 0.1
SCORED = [GRID.index(level) for level in STEP_LEVELS]


@dataclass(frozen=True)
class WindowForecast:
    """``mean`` and ``variance`` [series] of demand over a window, of one method."""

    mean: np.ndarray
    variance: np.ndarray

    def quantiles(self, inflation: float | np.ndarray, whole_pieces: bool = False) -> np.ndarray:
        """Gamma quantiles on the grid, [series, grid].

        Whole pieces are lowered by a half, which leaves the quantile of the pieces after rounding up.
        """
        found = methods.gamma_quantiles(self.mean, self.variance * inflation, GRID)
        return np.maximum(found - 0.5, 0.0) if whole_pieces else found

    def part(self, rows: np.ndarray) -> WindowForecast:
        return WindowForecast(self.mean[rows], self.variance[rows])


def run(
    name: str, panel: Panel, length: int, steps: int = 0, *, quantiles: bool = True
) -> tuple[WindowForecast, methods.Prediction]:
    """Fit one method to the panel (already uncensored) and predict its window and at least ``steps`` buckets.

    A lone bulk order does not raise the level; buckets that are closed by plan get nothing. Without ``quantiles`` the
    buckets get none.
    """
    one_bucket, prediction = _answered(name, panel.levelled, max(length, steps), quantiles)
    opened = opened_ahead(panel.known, panel.demand.shape[1], prediction.mean.shape[1])
    if opened is None:
        return WindowForecast(prediction.mean[:, :length].sum(axis=1), one_bucket * length), prediction
    prediction = methods.Prediction(prediction.mean * opened, prediction.quantiles * opened[:, :, None])
    mean, days = prediction.mean[:, :length].sum(axis=1), opened[:, :length].sum(axis=1)
    return WindowForecast(mean, one_bucket * days), prediction


def _answered(name: str, panel: Panel, steps: int, quantiles: bool) -> tuple[np.ndarray, methods.Prediction]:
    """Variance of one bucket and prediction of a method; of the next best where it fails, and the log says why."""
    following = NEXT_BEST.get(name, DEFAULT)
    try:
        fitted = methods.REGISTRY[name]().fit(panel)
        prediction, variance = fitted.predict(steps) if quantiles else _means(fitted, steps), fitted.variance_
    except Exception as error:  # methods and their libraries fail in many ways, and the night goes on
        if following is None:
            raise
        logger.warning("%s failed on %d series, %s takes over: %r", name, len(panel.demand), following, error)
        return _answered(following, panel, steps, quantiles)
    told = np.concatenate([prediction.mean, prediction.quantiles.reshape(len(variance), -1), variance[:, None]], axis=1)
    bad = np.flatnonzero(~np.isfinite(told).all(axis=1))
    if len(bad) and following is not None:
        logger.warning("%s is not finite on %d series, %s takes over", name, len(bad), following)
        other, instead = _answered(following, rows_of(panel, bad), steps, quantiles)
        variance = variance.copy()
        variance[bad], prediction.mean[bad], prediction.quantiles[bad] = other, instead.mean, instead.quantiles
    return variance, prediction


def _means(fitted: methods.ForecastMethod, steps: int) -> methods.Prediction:
    """Without quantiles, which take longer than the means."""
    mean = np.maximum(fitted.means(steps), 0.0)
    return methods.Prediction(mean, np.empty((*mean.shape, 0)))


class Candidates:
    """The methods on some series at one origin. Where days or promotions differ, they see and forecast the demand of a
    usual bucket, and get weekdays, promotions and closed days back afterwards.

    ``panel`` is uncensored and known at the origin, ``history`` holds the same series; ``ahead`` is how many buckets
    after the origin will be asked for.
    """

    def __init__(self, panel: Panel, history: History, origin: int, week: np.ndarray, ahead: int):
        self.panel, self.ahead = panel, None
        self.profile = profile = profile_of(history, origin, week)
        if profile is None or (history.freq == "D" and origin < LEAST_DAYS):
            return
        start = origin - panel.demand.shape[1]
        before = profile.of(start, origin)
        opened = (np.diff(history.opened[:, start : origin + 1]) > 0) & (before > LEAST_SHARE)
        usual = np.where(opened, panel.demand / np.maximum(before, LEAST_SHARE), np.nan)
        known = {name: values for name, values in panel.known.items() if name not in ("promotion", "closed")}
        self.panel = replace(panel, demand=usual, known=known)
        self.ahead = asked_ahead(history, origin, ahead, profile)

    @classmethod
    def of(cls, history: History, origin: int, week: np.ndarray, ahead: int) -> Candidates:
        """On nothing but what the history holds."""
        panel = Panel(history.demand, history.freq, history.last_on, history.known)
        return cls(known_at(panel, origin), history, origin, week, ahead)

    def window(self, name: str, length: int, rows: np.ndarray | slice = slice(None)) -> WindowForecast:
        """The window alone, for some of the series."""
        return self.run(name, length, rows=rows, quantiles=False)[0]

    def run(
        self, name: str, length: int, steps: int = 0, rows: np.ndarray | slice = slice(None), *, quantiles: bool = True
    ) -> tuple[WindowForecast, methods.Prediction]:
        """Like ``run``, for some of the series."""
        everybody = isinstance(rows, slice) and rows == slice(None)  # whose usual demand is looked for once
        panel = self.panel if everybody else rows_of(self.panel, rows)
        window, found = run(name, panel, length, steps, quantiles=quantiles)
        if self.ahead is None:
            return window, found
        ahead = self.ahead[rows, : found.mean.shape[1]]
        found = methods.Prediction(found.mean * ahead, found.quantiles * ahead[:, :, None])
        within = ahead[:, :length]
        spread = row_sums(within**2) / length
        return WindowForecast(row_sums(found.mean[:, :length]), window.variance * spread), found

    def windows(self, name: str, lengths: tuple[int, ...]) -> tuple[dict[int, WindowForecast], methods.Prediction]:
        """The windows of several lengths from one fit, and the steps of the longest."""
        longest = max(lengths)
        window, found = self.run(name, longest)
        squared = np.ones(found.mean.shape) if self.ahead is None else self.ahead[:, : found.mean.shape[1]] ** 2
        whole = np.maximum(row_sums(squared[:, :longest]), 1e-12)
        return {
            n: WindowForecast(row_sums(found.mean[:, :n]), window.variance * row_sums(squared[:, :n]) / whole)
            for n in lengths
        }, found


def inflation_of(forecast: WindowForecast, actual: np.ndarray) -> float:
    """How much larger the squared errors of windows are than the method's own variance says."""
    if not len(actual):
        return 1.5
    ratio = (actual - forecast.mean) ** 2 / np.maximum(forecast.variance, np.maximum(forecast.mean, 1e-9))
    ratio = np.minimum(ratio, np.quantile(ratio, 0.99))
    return float(np.clip((ratio.sum() + 10 * 1.5) / (len(ratio) + 10), 0.3, 9.0))


def ranked(losses: dict[str, np.ndarray], segment: np.ndarray, segments: int, weight=None) -> list[list[str]]:
    """The names in each segment that come near the best, least loss first, by weighted rows.

    A small segment listens to the whole.
    """
    names = sorted(losses)
    if not names or not len(segment):
        return [[DEFAULT]] * segments
    table = np.stack([losses[name] for name in names])
    weight = np.ones(len(segment)) if weight is None else weight
    whole = (table * weight).sum(axis=1) / weight.sum()
    found = []
    for k in range(segments):
        own = segment == k
        mean = ((table[:, own] * weight[own]).sum(axis=1) + 50 * whole) / (weight[own].sum() + 50)
        order = np.argsort(mean, kind="stable")
        found.append([names[at] for at in order if mean[at] <= NEAR * mean[order[0]]])
    return found


def choose(losses: dict[str, np.ndarray], segment: np.ndarray, segments: int, weight=None) -> list[str]:
    """The name with the least loss in each segment."""
    return [names[0] for names in ranked(losses, segment, segments, weight)]


def averaged(forecasts: list[WindowForecast]) -> WindowForecast:
    """The mean of some methods on the same series: seldom worse than the best, and nobody knows which that is."""
    return WindowForecast(np.mean([f.mean for f in forecasts], 0), np.mean([f.variance for f in forecasts], 0))


def window_loss(quantiles: np.ndarray, actual: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Pinball loss over the root of the window's expected demand [rows]: big series count more, none decides alone."""
    return pinball(actual, quantiles, SCORED) / np.sqrt(np.maximum(unit, 1.0))


def step_loss(prediction: methods.Prediction, actual: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Mean pinball loss of the single buckets [rows]; NaN buckets were not observed and do not count."""
    steps = actual.shape[1]
    error = actual[:, :, None] - prediction.quantiles[:, :steps]
    level = np.asarray(STEP_LEVELS)
    loss = np.nan_to_num(np.maximum(level * error, (level - 1) * error).mean(axis=2))
    return loss.sum(axis=1) / np.sqrt(np.maximum(unit, 1.0))


def joined(parts: list[WindowForecast]) -> WindowForecast:
    return WindowForecast(np.concatenate([p.mean for p in parts]), np.concatenate([p.variance for p in parts]))
