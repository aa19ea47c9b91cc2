"""Demand that stock-outs hid: censored buckets are not zeros."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel

#: A bucket that could be ordered from for less than this share of its time says too little to be scaled up.
MIN_OPEN = 0.5
#: Buckets before a censored one whose mean tells what is usual.
USUAL = {"D": 28, "W": 8, "M": 4}


def observed(panel: Panel) -> np.ndarray:
    """Demand [series, buckets] as it would have been asked for: NaN where nobody can know.

    Slightly censored buckets are scaled up by the share of time they were open. A mostly closed one
    is dropped, unless it sold more than usual all the same: then it is a lower bound and kept.
    Leading zeros stay; a series that never sold at all stays zero from its launch.
    """
    demand = np.array(panel.demand, float)
    demand = np.where(np.isfinite(demand), np.maximum(demand, 0.0), np.nan)
    if panel.stocked_out is None:
        return demand
    closed = np.clip(np.nan_to_num(panel.stocked_out), 0.0, 1.0)
    opened = 1.0 - closed
    scaled = np.where(opened >= MIN_OPEN, demand / np.maximum(opened, MIN_OPEN), np.nan)
    usual = trailing_mean(scaled, USUAL[panel.freq])
    keep = (opened < MIN_OPEN) & (demand > np.nan_to_num(usual, nan=np.inf))
    return np.where(keep, demand, scaled)


def trailing_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of the up to ``window`` observed values before each bucket, NaN where there are none."""
    seen = ~np.isnan(values)
    zero = np.zeros((len(values), 1))
    total = np.concatenate([zero, np.cumsum(np.where(seen, values, 0.0), axis=1)], axis=1)
    count = np.concatenate([zero, np.cumsum(seen, axis=1)], axis=1)
    at = np.arange(values.shape[1])
    since = np.maximum(at - window, 0)
    n = count[:, at] - count[:, since]
    return np.where(n > 0, (total[:, at] - total[:, since]) / np.maximum(n, 1), np.nan)
