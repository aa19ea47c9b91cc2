"""The registered methods as candidates for lead-time demand: run at held-out origins, scored, chosen by segment."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecasting import methods
from forecasting.engine.calibration import pinball
from forecasting.engine.late import opened_ahead
from forecasting.engine.panel import GRID, STEP_LEVELS, Panel

#: What is chosen when there is nothing to choose by.
DEFAULT = "moving_average"
SCORED = [GRID.index(level) for level in STEP_LEVELS]


@dataclass(frozen=True)
class WindowForecast:
    """``mean`` and ``variance`` [series] of demand over a window, of one method."""

    mean: np.ndarray
    variance: np.ndarray

    def quantiles(self, inflation: float | np.ndarray) -> np.ndarray:
        """Gamma quantiles on the grid, [series, grid]."""
        return methods.gamma_quantiles(self.mean, self.variance * inflation, GRID)

    def part(self, rows: np.ndarray) -> WindowForecast:
        return WindowForecast(self.mean[rows], self.variance[rows])


def run(name: str, panel: Panel, length: int, steps: int = 0) -> tuple[WindowForecast, methods.Prediction]:
    """Fit one method to the panel (already uncensored) and predict its window and at least ``steps`` buckets.

    A lone bulk order does not raise the level; buckets that are closed by plan get nothing.
    """
    fitted = methods.REGISTRY[name]().fit(replace(panel, demand=panel.usual))
    prediction = fitted.predict(max(length, steps))
    opened = opened_ahead(panel.known, panel.demand.shape[1], prediction.mean.shape[1])
    if opened is None:
        return WindowForecast(prediction.mean[:, :length].sum(axis=1), fitted.variance_ * length), prediction
    prediction = methods.Prediction(prediction.mean * opened, prediction.quantiles * opened[:, :, None])
    mean, days = prediction.mean[:, :length].sum(axis=1), opened[:, :length].sum(axis=1)
    return WindowForecast(mean, fitted.variance_ * days), prediction


def inflation_of(forecast: WindowForecast, actual: np.ndarray) -> float:
    """How much larger the squared errors of windows are than the method's own variance says."""
    if not len(actual):
        return 1.5
    ratio = (actual - forecast.mean) ** 2 / np.maximum(forecast.variance, np.maximum(forecast.mean, 1e-9))
    ratio = np.minimum(ratio, np.quantile(ratio, 0.99))
    return float(np.clip((ratio.sum() + 10 * 1.5) / (len(ratio) + 10), 0.3, 9.0))


def choose(losses: dict[str, np.ndarray], segment: np.ndarray, segments: int, weight=None) -> list[str]:
    """The name with the least loss in each segment, by weighted rows; a small segment listens to the whole."""
    names = sorted(losses)
    if not names or not len(segment):
        return [DEFAULT] * segments
    table = np.stack([losses[name] for name in names])
    weight = np.ones(len(segment)) if weight is None else weight
    whole = (table * weight).sum(axis=1) / weight.sum()
    chosen = []
    for k in range(segments):
        own = segment == k
        mean = ((table[:, own] * weight[own]).sum(axis=1) + 50 * whole) / (weight[own].sum() + 50)
        chosen.append(names[int(mean.argmin())])
    return chosen


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
