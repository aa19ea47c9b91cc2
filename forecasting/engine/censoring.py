"""Demand that stock-outs hid: censored buckets are not zeros."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel

#: A bucket that could be ordered from for less than this share of its time says too little to be scaled up.
MIN_OPEN = 0.5
#: Buckets before a censored one whose mean tells what is usual.
USUAL = {"D": 28, "W": 8, "M": 4}
#: Buckets of silence that are no accident in a steady seller, and buckets on both sides that show it is one.
SILENCE = {"D": (14, 28), "W": (4, 8), "M": (3, 6)}
STEADY = 0.7


def observed(panel: Panel) -> np.ndarray:
    """Demand [series, buckets] as it would have been asked for: NaN where nobody can know.

    Slightly censored buckets are scaled up by the share of time they were open. A mostly closed one
    is dropped, unless it sold more than usual all the same: then it is a lower bound and kept.
    So is a time in which the item was shut. Leading zeros stay.
    """
    demand = np.array(panel.demand, float)
    demand = np.where(np.isfinite(demand), np.maximum(demand, 0.0), np.nan)
    return reopened(uncensored(demand, panel), panel.freq)


def uncensored(demand: np.ndarray, panel: Panel) -> np.ndarray:
    """Demand corrected for the share of each bucket in which it could not be ordered."""
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


def reopened(demand: np.ndarray, freq: str) -> np.ndarray:
    """The demand with NaN where the item was shut: it sold steadily up to a long silence, and as much right after it.

    A silence counts only when enough was seen after it, so what has just stopped stays zero, and a
    season that fades out and in again stays as well.
    """
    least, span = SILENCE[freq]
    sold = np.nan_to_num(demand) > 0
    rows, columns = np.nonzero(sold)
    same = rows[1:] == rows[:-1]
    long = same & (columns[1:] - columns[:-1] > least)
    row, start, stop = rows[1:][long], columns[:-1][long] + 1, columns[1:][long]
    known = (start >= span) & (stop + span <= demand.shape[1])
    row, start, stop = row[known], start[known], stop[known]
    if not len(row):
        return demand
    around = np.arange(span)
    before, after = demand[row[:, None], start[:, None] - 1 - around], demand[row[:, None], stop[:, None] + around]
    steady = ((before > 0).mean(axis=1) >= STEADY) & ((after > 0).mean(axis=1) >= STEADY)
    ratio = np.nan_to_num(after).sum(axis=1) / np.maximum(np.nan_to_num(before).sum(axis=1), 1e-9)
    out = demand.copy()
    for at in np.flatnonzero(steady & (ratio > 0.5) & (ratio < 2.0)):
        out[row[at], start[at] : stop[at]] = np.nan
    return out
