"""Dates of buckets and their place in the week or the year."""

from __future__ import annotations

from datetime import date

import numpy as np

#: Buckets in a season; days count 52 whole weeks, so that weekdays meet weekdays.
YEAR = {"D": 364, "W": 52, "M": 12}


def bucket_dates(freq: str, last_on: date, start: int, stop: int) -> np.ndarray:
    """First days (datetime64[D]) of the buckets ``start`` .. ``stop`` - 1, where 0 is the one that starts on last_on.

    >>> bucket_dates("M", date(2024, 1, 1), -1, 2).astype(str).tolist()
    ['2023-12-01', '2024-01-01', '2024-02-01']
    """
    offsets = np.arange(start, stop)
    if freq == "M":
        return (np.datetime64(last_on, "M") + offsets).astype("datetime64[D]")
    return np.datetime64(last_on, "D") + offsets * (7 if freq == "W" else 1)


def weekdays(last_on: date, start: int, stop: int) -> np.ndarray:
    """Monday = 0 .. Sunday = 6 of the days ``start`` .. ``stop`` - 1 counted from last_on."""
    return (np.arange(start, stop) + last_on.weekday()) % 7


def bucket_seasons(freq: str, last_on: date, start: int, stop: int) -> np.ndarray:
    """Regressors of the season, [buckets, terms]: six weekday dummies for D, two yearly harmonics else."""
    if freq == "D":
        return (weekdays(last_on, start, stop)[:, None] == np.arange(6)).astype(float)
    days = bucket_dates(freq, last_on, start, stop)
    angle = 2 * np.pi * (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) / 365.25
    return np.stack([np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)], axis=1)
