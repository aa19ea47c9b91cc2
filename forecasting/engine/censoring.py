"""Demand that stock-outs hid: censored buckets are not zeros."""

from __future__ import annotations

import numpy as np
from scipy import special

from forecasting.engine.panel import Panel

#: Buckets before a censored one whose demand tells what is usual, and how many of the long mean that is worth.
USUAL = {"D": 56, "W": 13, "M": 6}
LONG_MEAN = 1 / 16
#: Spread beyond chance, as the shape of a negative binomial; the largest is a Poisson count.
SHAPES = (0.2, 1e6)
#: A bucket that was open for less than this and is the first of its series tells nothing of the rest.
MIN_OPEN = 0.5
#: Buckets of silence that are no accident in a steady seller, and buckets on both sides that show it is one.
SILENCE = {"D": (14, 28), "W": (4, 8), "M": (3, 6)}
STEADY = 0.7
#: How often the buckets that asked for at least something are estimated anew.
ROUNDS = 2


def observed(panel: Panel) -> np.ndarray:
    """Demand [series, buckets] as it would have been asked for: NaN where nobody can know.

    A bucket that was out of stock for part of its time is completed by what the rest would have brought, one that was
    shut all the time is unknown. So is a time in which the item was shut. Leading zeros stay.
    """
    demand = np.array(panel.demand, float)
    demand = np.where(np.isfinite(demand), np.maximum(demand, 0.0), np.nan)
    return reopened(uncensored(demand, panel), panel.freq)


def uncensored(demand: np.ndarray, panel: Panel) -> np.ndarray:
    """Demand completed by the share of each bucket in which it could not be ordered.

    Scaling up what was sold would be wrong twice: the shelf is emptied by busy days, and the busier the day the smaller
    the share. What is sold up to a moment, over the time up to it, has the right mean whatever emptied the shelf; so
    the missing part gets the usual rate before it, raised by how busy the bucket was. A bucket that sold something and
    is told to have been shut throughout is only known to have asked for at least that.
    """
    if panel.stocked_out is None:
        return demand
    opened = 1.0 - np.clip(np.nan_to_num(panel.stocked_out), 0.0, 1.0)
    opened = np.where(np.isnan(demand), 0.0, opened)
    at_least = (opened == 0) & (demand > 0)
    found = _completed(demand, opened, *_usual(demand, opened, opened == 1, panel.freq))
    for _ in range(ROUNDS if at_least.any() else 0):  # these were busy too, so ask again what is usual, with them
        sold, time = np.where(at_least, found, demand), np.where(at_least, 1.0, opened)
        found = _completed(demand, opened, *_usual(sold, time, opened == 1, panel.freq))
    return found


def _completed(demand: np.ndarray, opened: np.ndarray, rate: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Expected demand of whole buckets, given what the open part of each sold; NaN where none of it was open."""
    shut = 1.0 - opened
    rest = shut * (shape + demand) / np.maximum(shape / np.maximum(rate, 1e-9) + opened, 1e-12)
    alone = np.where(opened >= MIN_OPEN, demand / np.maximum(opened, MIN_OPEN), np.nan)
    found = np.where(shut > 0, np.where(np.isnan(rate), alone, demand + rest), demand)
    found = np.where(opened > 0, found, np.nan)
    hidden = (opened == 0) & (demand > 0)
    found[hidden] = _at_least(demand[hidden], rate[hidden], shape[hidden])
    return found


def _usual(demand: np.ndarray, opened: np.ndarray, whole: np.ndarray, freq: str) -> tuple[np.ndarray, np.ndarray]:
    """Rate a bucket and shape of the spread before each bucket [series, buckets]; NaN before anything was open."""
    sold = np.where(opened > 0, np.nan_to_num(demand), 0.0)
    since = np.maximum(np.arange(demand.shape[1]) - USUAL[freq], 0)
    ever, time = _before(sold), _before(opened)
    at = np.arange(demand.shape[1])
    total, span = ever[:, at] - ever[:, since], time[:, at] - time[:, since]
    weight = USUAL[freq] * LONG_MEAN
    long_mean = ever[:, at] / np.maximum(time[:, at], 1e-9)
    rate = np.where(time[:, at] > 0, (total + weight * long_mean) / np.maximum(span + weight, 1e-9), np.nan)
    number = np.maximum(_before(whole)[:, at], 1.0)
    mean = _before(np.where(whole, sold, 0.0))[:, at] / number
    beyond = _before(np.where(whole, sold**2, 0.0))[:, at] / number - mean**2 - mean
    shape = np.where(beyond > 0, mean**2 / np.maximum(beyond, 1e-9), SHAPES[1])
    return rate, np.clip(shape, *SHAPES)


def _before(values: np.ndarray) -> np.ndarray:
    """Sums of all buckets before each one [series, buckets + 1]."""
    return np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))


def _at_least(demand: np.ndarray, rate: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """The means of negative binomials that are known to be at least ``demand``, which is something."""
    rate = np.maximum(np.nan_to_num(rate), 1e-9)
    chance = rate / (shape + rate)
    above = special.betainc(demand, shape, chance)
    mean = rate * np.where(demand > 1, special.betainc(np.maximum(demand - 1, 1.0), shape + 1, chance), 1.0)
    found = np.where(above > 1e-9, mean / np.maximum(above, 1e-9), demand)
    return np.maximum(found, demand)


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
