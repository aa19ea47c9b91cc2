"""Days that come back: last year's closed days on this year's calendar, Easter and what hangs on it included."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from forecasting.engine.calendar import bucket_dates
from forecasting.engine.history import History
from forecasting.engine.profile import Profile

#: Public holidays of the western calendar, in days from Easter Sunday.
FROM_EASTER = (-2, -1, 0, 1, 39, 49, 50, 60)
#: How many years back a closed day is looked for.
YEARS = 3
#: Days before and after Easter whose demand is compared by their distance from it.
LEAD_UP, AFTERMATH = 70, 14


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher).

    >>> easter(2024), easter(2025)
    (datetime.date(2024, 3, 31), datetime.date(2025, 4, 20))
    """
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (year % 19 + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def year_ago(last_on: date, freq: str, bucket: int, usual: int) -> int:
    """Buckets back to the same distance from Easter last year, where Easter is near; else ``usual``.

    ``bucket`` counts from the one of last_on. The answer keeps weekdays.
    """
    if freq == "M":
        return usual
    day = bucket_dates(freq, last_on, bucket, bucket + 1)[0].astype(object)
    for year in (day.year, day.year + 1):
        away = (easter(year) - day).days
        if -AFTERMATH <= away <= LEAD_UP:
            return (easter(year) - easter(year - 1)).days // (7 if freq == "W" else 1)
    return usual


def twin(day: date, years: int) -> date | None:
    """The day that many years before that a holiday of ``day`` would have been on; None where that one hung on Easter.

    >>> twin(date(2025, 4, 21), 1), twin(date(2025, 12, 25), 2), twin(date(2020, 4, 1), 2)
    (datetime.date(2024, 4, 1), datetime.date(2023, 12, 25), None)
    """
    away, then = (day - easter(day.year)).days, easter(day.year - years)
    if away in FROM_EASTER:
        return then + timedelta(days=away)
    try:
        same = day.replace(year=day.year - years)
    except ValueError:
        return None
    return None if (same - then).days in FROM_EASTER else same


def closed_ahead(history: History, origin: int, length: int) -> np.ndarray | None:
    """Chance of each of the ``length`` days after ``origin`` to be closed, as their twins were [series, length].

    Twins on a weekday that the series does not usually sell on tell nothing. None where nothing could be told.
    """
    if history.freq != "D":
        return None
    days = bucket_dates("D", history.last_on, origin - history.buckets + 1, origin - history.buckets + 1 + length)
    end = np.datetime64(history.last_on)
    pairs = [
        (at, column)
        for at, day in enumerate(days.astype(object))
        for years in range(1, YEARS + 1)
        if (other := twin(day, years)) is not None
        and 57 <= (column := int((np.datetime64(other) - end).astype(int)) + history.buckets - 1) < origin
    ]
    if not pairs:
        return None
    chance, told = np.zeros((length, len(history.demand))), np.zeros((length, len(history.demand)))
    for at, column in pairs:
        usual = sells(history.demand, column)
        told[at] += usual
        chance[at] += usual & (history.demand[:, column] == 0)
    return (chance / np.maximum(told, 1)).T


def asked_ahead(history: History, origin: int, length: int, profile: Profile) -> np.ndarray:
    """Expected demand relative to the level in the ``length`` buckets after ``origin`` [series, length]."""
    after, closed = profile.of(origin, origin + length), closed_ahead(history, origin, length)
    return after if closed is None else after * (1 - closed)


def sells(demand: np.ndarray, day: int) -> np.ndarray:
    """Whether a series sold plenty on this weekday of the eight weeks before the day [series]."""
    before = demand[:, day - 56 : day : 7]
    least = np.where(before > 0, before, np.inf).min(axis=1)
    return ((before > 0).sum(axis=1) >= 7) & (least >= 5)
