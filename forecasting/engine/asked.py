"""Methods that a person asked for: tried on their series at held-out origins, and used where they were nearer."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

import numpy as np

from forecasting import methods
from forecasting.engine import backtest
from forecasting.engine.history import History, row_sums
from forecasting.engine.late import opened_ahead
from forecasting.engine.panel import STEP_LEVELS, Forecast, LeadTimeDemand, Panel, ProtectionInterval
from forecasting.engine.predicting import forecast
from forecasting.engine.trained import Trained

logger = logging.getLogger(__name__)

#: Held-out origins, the last ones of the training's back-test.
ORIGINS = 3
#: What share of the automatic choice's error a method may have at most to take its place. Half of it is the method's
#: usual share on the series that it was tried on (the median), since three windows of one series are mostly luck.
NEARER = 0.95
#: Lead-time demand is moved by no larger factor than this, either way.
FARTHEST = 5.0


@dataclass(frozen=True)
class Trial:
    """What one method said of some series. ``error`` and ``automatic`` [series] are absolute errors of lead-time demand
    summed over the origins; ``reasons`` tells by row why it failed there, and there it never wins."""

    error: np.ndarray
    automatic: np.ndarray
    mean: np.ndarray
    quantiles: np.ndarray
    reasons: dict[int, str] = field(default_factory=dict)

    @property
    def wins(self) -> np.ndarray:
        """Where the method takes the automatic choice's place, bool [series]."""
        own = self.error / np.maximum(self.automatic, 1e-12)
        told = self.automatic > 0
        told[list(self.reasons)] = False
        whole = np.median(own[told]) if told.any() else np.inf
        return told & ((own + whole) / 2 < NEARER)


def typical_lengths(interval: ProtectionInterval) -> np.ndarray:
    """Mean length of each interval in whole buckets, at least 1."""
    share = interval.weights / np.maximum(row_sums(interval.weights)[:, None], 1e-12)
    return np.maximum(np.rint(row_sums(interval.lengths * share)).astype(int), 1)


def tried(name: str, panel: Panel, trained: Trained, interval: ProtectionInterval, *, horizon: int) -> Trial:
    """Try one method on all series of the panel, at the same origins and windows as the automatic choice."""
    scored = trained.scored[-ORIGINS:]
    automatic = forecast(panel, replace(trained, scored=scored), interval, horizon=1).scores["sum_absolute_error"]
    history, lengths = History.of(panel), np.asarray(trained.lengths)
    near = lengths[np.abs(np.log(typical_lengths(interval)[:, None] / lengths)).argmin(axis=1)]
    corrected = replace(panel, demand=history.demand, stocked_out=None)
    error, reasons = np.zeros(len(panel.demand)), {}
    for at in scored:
        mean, _ = _said(name, backtest.known_at(corrected, at.origin), int(near.max(initial=1)), reasons)
        within = np.arange(mean.shape[1]) < near[:, None]
        found = row_sums(np.where(within, mean, 0.0))
        for length in np.unique(near).tolist():
            rows = near == length
            asked = history.asked(at.origin, length)[rows]
            told = ~np.isnan(asked) & (history.count[rows, at.origin] > 0)
            error[rows] += np.where(told, np.abs(np.nan_to_num(asked) - found[rows]), 0.0)
    steps = max(horizon, int(typical_lengths(interval).max(initial=1)))
    mean, quantiles = _said(name, backtest.known_at(corrected, history.buckets), steps, reasons)
    return Trial(error, automatic, mean, quantiles, reasons)


def _said(name: str, panel: Panel, steps: int, reasons: dict[int, str]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and quantiles of the next buckets; zeros where the method failed, and why in ``reasons``."""
    try:
        fitted = methods.REGISTRY[name]().fit(panel.levelled)
        found = fitted.predict(steps)
        mean, quantiles = found.mean, found.quantiles
        reasons |= getattr(fitted, "failures_", {})
    except Exception as error:  # methods and their libraries fail in many ways, and no series may stop the others
        logger.warning("%s failed on %d series: %r", name, len(panel.demand), error)
        reasons |= dict.fromkeys(range(len(panel.demand)), f"{type(error).__name__}: {error}")
        return np.zeros((len(panel.demand), steps)), np.zeros((len(panel.demand), steps, len(STEP_LEVELS)))
    bad = ~(np.isfinite(mean).all(axis=1) & np.isfinite(quantiles).all(axis=(1, 2)))
    reasons |= dict.fromkeys(np.flatnonzero(bad).tolist(), "its forecast is not finite")
    mean, quantiles = np.nan_to_num(mean, posinf=0.0), np.nan_to_num(quantiles, posinf=0.0)
    opened = opened_ahead(panel.known, panel.demand.shape[1], steps)
    return (mean, quantiles) if opened is None else (mean * opened, quantiles * opened[:, :, None])


def with_method(
    result: Forecast, rows: np.ndarray, name: str, mean: np.ndarray, quantiles: np.ndarray,
    interval: ProtectionInterval,
) -> Forecast:  # fmt: skip
    """The forecast with these rows as the method says: its single buckets, and the calibrated lead-time demand moved to
    its height. ``mean`` [rows, buckets] reaches at least as far as the longest typical interval and the horizon."""
    horizon, lengths = result.mean.shape[1], typical_lengths(interval)[rows]
    height = row_sums(np.where(np.arange(mean.shape[1]) < lengths[:, None], mean, 0.0))
    demand = result.lead_time_demand
    ratio = np.where(demand.mean[rows] > 0, height / np.maximum(demand.mean[rows], 1e-12), 1.0)
    ratio = np.clip(ratio, 1 / FARTHEST, FARTHEST)

    def moved(values: np.ndarray, own: np.ndarray) -> np.ndarray:
        values = values.copy()
        values[rows] = own
        return values

    whole = (demand.quantiles == np.rint(demand.quantiles)).all()
    grid = demand.quantiles[rows] * ratio[:, None]
    distribution = LeadTimeDemand(
        moved(demand.mean, demand.mean[rows] * ratio),
        moved(demand.quantiles, np.ceil(grid - 1e-9) if whole else grid),
        moved(demand.excess, demand.excess[rows] * ratio),
    )
    method = result.method.astype(object)
    method[rows] = name
    return replace(
        result, method=method.astype(str), mean=moved(result.mean, mean[:, :horizon]),
        quantiles=moved(result.quantiles, quantiles[:, :horizon]), lead_time_demand=distribution,
    )  # fmt: skip
