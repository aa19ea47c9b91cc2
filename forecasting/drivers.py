"""Why this number: what each driver adds to a forecast, so that all of them add up to it. Knows no Django.

The forecast is taken apart, not the method: weekdays, promotions, prices and holidays are read off the shape of its
own days; the rest stands against the recent level, and what lies between is the season of a year ago and the trend of
the last weeks as far as the forecast follows them. What is left was learned by other means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WEEK, MONTH, YEAR = 7, 28, 364
TREND_WEEKS, LEAST_WEEKS = 8, 5
#: Days around a day of last year that tell its season, and pieces that pull it to an even year.
AROUND, SEASON_PRIOR = 10, 1.0
#: A season or a trend counts from so many standard errors on; less may be chance.
SURE = 2.0
#: Days without an event in the forecast that suffice to read its weekdays and base from.
LEAST_PLAIN = 14
#: A price is another one when it differs from the recent one by more than this.
PRICE_CHANGE = 0.03

EVENTS = ("promotion", "holiday", "price")
ORDER = ("level", "trend", "weekday", "season", *EVENTS, "override", "rest")
_CENTRE = (MONTH + 1) / 2


@dataclass(frozen=True)
class Drivers:
    """Pieces a day that each driver adds: ``level`` [series], ``trend`` [series] per day of distance, ``weekday``
    [series, 7] from the first day of the forecast on, ``season`` [series, weeks], ``events`` name -> [series, days]."""

    level: np.ndarray
    trend: np.ndarray
    weekday: np.ndarray
    season: np.ndarray
    events: Mapping[str, np.ndarray]


def drivers_of(
    demand: np.ndarray, mean: np.ndarray, known: Mapping[str, np.ndarray], stocked_out: np.ndarray | None = None
) -> Drivers:
    """Take ``mean`` [series, horizon] apart. ``demand`` [series, days] is NaN where unknown, ``known`` by name
    [series, days + horizon or more]; of a horizon only whole weeks are looked at."""
    past, horizon = demand.shape[1], mean.shape[1]
    if not len(demand) or horizon < WEEK or not past:
        nothing = np.zeros(len(demand))
        return Drivers(nothing, nothing, np.zeros((len(demand), WEEK)), np.zeros((len(demand), 0)), {})
    flags = _flags(known, past, horizon)
    lately = slice(max(past - TREND_WEEKS * WEEK, 0), past)
    recent = _level(_usual(demand, stocked_out, lately), _special(known, lately))
    plain, lasting = _plain(flags, mean.shape)
    weekday, base = _shape(mean, plain)
    left = base - recent[:, None]
    season = np.zeros(mean.shape)
    if past >= YEAR + MONTH + AROUND:
        then = slice(past - YEAR - MONTH, min(past - YEAR + horizon + AROUND, past))
        season = _followed(left, _season(_usual(demand, stocked_out, then), recent, horizon))
    left = left - season
    distance = np.arange(horizon) + _CENTRE
    followed = _followed(left, _trend(_usual(demand, stocked_out, lately))[:, None] * distance)
    trend = followed[:, -1] / distance[-1]
    whole = base + np.tile(weekday, (1, -(-horizon // WEEK)))[:, :horizon]
    events = {name: np.where(flag, mean - whole, 0.0) for name, flag in flags.items()}
    if "price" in flags:
        dearer = known["price"][:, past : past + horizon] > _recent_price(known["price"], past)
        since = _lasting_price(left - followed, dearer)
        events["price"] = np.where(lasting[:, None], since, events["price"])
    by_week = season[:, : horizon // WEEK * WEEK].reshape(len(mean), -1, WEEK).mean(axis=2)
    return Drivers(recent, trend, weekday, by_week, events)


def _usual(demand: np.ndarray, stocked_out: np.ndarray | None, days: slice) -> np.ndarray:
    """Demand of these days, NaN on days without stock."""
    found = demand[:, days].astype(float)
    return found if stocked_out is None else np.where(np.nan_to_num(stocked_out[:, days]) > 0, np.nan, found)


def _special(known: Mapping[str, np.ndarray], days: slice) -> np.ndarray:
    """Days with a promotion or a holiday; False where nothing is known of either."""
    marked = [np.nan_to_num(known[name][:, days]) > 0 for name in ("promotion", "holiday") if name in known]
    return np.any(marked, axis=0) if marked else np.zeros(1, bool)


def _flags(known: Mapping[str, np.ndarray], past: int, horizon: int) -> dict[str, np.ndarray]:
    """Days ahead with a promotion, a holiday or another price [series, horizon]; each day belongs to one of them."""
    flags: dict[str, np.ndarray] = {}
    for name in EVENTS:
        if name not in known or known[name].shape[1] < past + horizon:
            continue
        ahead = known[name][:, past : past + horizon]
        flag = _is_dearer_or_cheaper(known[name], past, ahead) if name == "price" else np.nan_to_num(ahead) > 0
        for other in flags.values():
            flag &= ~other
        if flag.any():
            flags[name] = flag
    return flags


def _is_dearer_or_cheaper(price: np.ndarray, past: int, ahead: np.ndarray) -> np.ndarray:
    recent = _recent_price(price, past)
    return np.nan_to_num(np.abs(ahead - recent)) > PRICE_CHANGE * np.nan_to_num(recent, nan=np.inf)


def _recent_price(price: np.ndarray, past: int) -> np.ndarray:
    """The usual price of the last four weeks [series, 1]; NaN where none is known."""
    return _median(price[:, max(past - MONTH, 0) : past])[:, None]


def _plain(flags: Mapping[str, np.ndarray], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Days to read weekdays and base from [series, horizon], and which series have another price nearly throughout.

    A price that lasts is no event among others: its days are read like any. So are all, where only events are ahead.
    """
    marked = [flag for name, flag in flags.items() if name != "price"]
    without = ~np.any(marked, axis=0) if marked else np.ones(shape, bool)
    price = flags.get("price", np.zeros(shape, bool))
    lasting = (without & ~price).sum(axis=1) < LEAST_PLAIN
    plain = np.where(lasting[:, None], without, without & ~price)
    few = plain.sum(axis=1) < LEAST_PLAIN
    return plain | few[:, None], lasting & price.any(axis=1)


def _lasting_price(left: np.ndarray, dearer: np.ndarray) -> np.ndarray:
    """What is left between forecast and past on average, where it goes the way of a price: dearer sells less."""
    middle = left.mean(axis=1, keepdims=True)
    return np.where(dearer == (middle < 0), middle, 0.0)


def _median(values: np.ndarray) -> np.ndarray:
    """Of the known values of each row; NaN where there are none."""
    order = np.sort(values, axis=1)  # NaN comes last
    n = (~np.isnan(values)).sum(axis=1)
    return np.where(n > 0, order[np.arange(len(values)), np.maximum(n - 1, 0) // 2], np.nan)


def _mean(values: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the kept values of each row (0 where there are none), and their number."""
    n = keep.sum(axis=1)
    return np.where(keep, values, 0.0).sum(axis=1) / np.maximum(n, 1), n


def _level(usual: np.ndarray, special: np.ndarray) -> np.ndarray:
    """Mean of the last four weeks without promotions, with them where there is nothing else."""
    recent, marked = usual[:, -MONTH:], special[..., -MONTH:]
    seen = ~np.isnan(recent)
    plain, n = _mean(recent, seen & ~marked)
    return np.where(n >= WEEK, plain, _mean(recent, seen)[0])


def _shape(mean: np.ndarray, plain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weekdays [series, 7] and base [series, horizon] of the forecast, read from its plain days."""
    horizon = mean.shape[1]
    pairs = plain[:, WEEK:] & plain[:, :-WEEK]  # the same weekday a week apart: a slope without weekdays
    slope = _mean(mean[:, WEEK:] - mean[:, :-WEEK], pairs)[0] / WEEK
    rising = slope[:, None] * np.arange(horizon)
    flat = mean - rising
    middle = _mean(flat, plain)[0][:, None]
    weekday = np.stack([_mean(flat - middle, _every(plain, day))[0] for day in range(WEEK)], axis=1)
    weekday = weekday - weekday.mean(axis=1, keepdims=True)
    middle = _mean(flat - np.tile(weekday, (1, -(-horizon // WEEK)))[:, :horizon], plain)[0][:, None]
    return weekday, middle + rising


def _every(plain: np.ndarray, day: int) -> np.ndarray:
    keep = np.zeros(plain.shape, bool)
    keep[:, day::WEEK] = plain[:, day::WEEK]
    return keep


def _trend(usual: np.ndarray) -> np.ndarray:
    """Pieces a day by which demand grew each day, by a straight line through the last eight weeks [series]."""
    weeks = min(TREND_WEEKS, usual.shape[1] // WEEK)
    if weeks < LEAST_WEEKS:
        return np.zeros(len(usual))
    parts = usual[:, -weeks * WEEK :].reshape(len(usual), weeks, WEEK)
    seen = ~np.isnan(parts)
    told = seen.sum(axis=2) > WEEK // 2
    mean = np.where(seen, parts, 0.0).sum(axis=2) / np.maximum(seen.sum(axis=2), 1)
    n = told.sum(axis=1)
    at = np.arange(weeks) * float(WEEK)
    centre = np.where(told, at, 0.0).sum(axis=1) / np.maximum(n, 1)
    spread = np.where(told, at - centre[:, None], 0.0)
    width = np.maximum((spread**2).sum(axis=1), 1e-12)
    slope = (spread * mean).sum(axis=1) / width
    middle = np.where(told, mean, 0.0).sum(axis=1) / np.maximum(n, 1)
    missed = np.where(told, mean - middle[:, None], 0.0) - slope[:, None] * spread
    by_chance = SURE * np.sqrt((missed**2).sum(axis=1) / np.maximum(n - 2, 1) / width)
    return np.where((n >= LEAST_WEEKS) & (np.abs(slope) > by_chance), slope, 0.0)


def _season(then: np.ndarray, recent: np.ndarray, horizon: int) -> np.ndarray:
    """By how much the days ahead stood above the four weeks before them a year ago, at today's level.

    ``then`` begins with those four weeks and goes on past the horizon.
    """
    seen = ~np.isnan(then)
    total = np.cumsum(np.pad(np.where(seen, then, 0.0), ((0, 0), (1, 0))), axis=1)
    count = np.cumsum(np.pad(seen, ((0, 0), (1, 0))), axis=1)
    first = np.maximum(MONTH + np.arange(horizon) - AROUND, 0)
    last = np.minimum(MONTH + np.arange(horizon) + AROUND + 1, then.shape[1])
    n, m = count[:, last] - count[:, first], count[:, [MONTH]]
    around, before = (total[:, last] - total[:, first]) / np.maximum(n, 1), total[:, [MONTH]] / np.maximum(m, 1)
    ratio = (around + SEASON_PRIOR / MONTH) / (before + SEASON_PRIOR / MONTH)
    by_chance = SURE * np.sqrt(before * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)))
    told = (n > AROUND) & (m > MONTH // 2) & (np.abs(around - before) > by_chance)
    return np.where(told, recent[:, None] * (np.clip(ratio, 0.2, 5.0) - 1), 0.0)


def _followed(left: np.ndarray, effect: np.ndarray) -> np.ndarray:
    """The effect as far as what is left goes with it: none of it, all of it or a share."""
    share = (left * effect).sum(axis=1) / np.maximum((effect**2).sum(axis=1), 1e-12)
    return effect * np.clip(share, 0.0, 1.0)[:, None]


def stored(found: Drivers) -> list[dict[str, Any]]:
    """Plain values by series, without what adds nothing."""
    level, trend = found.level.round(3).tolist(), found.trend.round(5).tolist()
    weekday, season = found.weekday.round(3), found.season.round(3)
    has_weekday, has_season = weekday.any(axis=1), season.any(axis=1)
    rows: list[dict[str, Any]] = []
    for at in range(len(level)):
        row: dict[str, Any] = {"level": level[at], "trend": trend[at]}
        row |= {"weekday": weekday[at].tolist()} if has_weekday[at] else {}
        row |= {"season": season[at].tolist()} if has_season[at] else {}
        rows.append(row)
    for name, added in found.events.items():
        for at, day in zip(*np.nonzero(added.round(3)), strict=True):
            rows[at].setdefault(name, {})[str(day)] = round(float(added[at, day]), 3)
    return rows


def terms(
    row: Mapping[str, Any], mean: Sequence[float], baseline: Sequence[float] | None = None
) -> dict[str, np.ndarray]:
    """What each driver adds on each day, in ``ORDER``; they sum to ``mean`` on every day.

    >>> told = terms({"level": 2.0, "trend": 0.0, "promotion": {"1": 3.0}}, [2.0, 5.0, 2.5])
    >>> {name: days.tolist() for name, days in told.items() if days.any()}
    {'level': [2.0, 2.0, 2.0], 'promotion': [0.0, 3.0, 0.0], 'rest': [0.0, 0.0, 0.5]}
    """
    final = np.asarray(mean, float)
    days = np.arange(len(final))
    model = final if baseline is None else np.asarray(baseline, float)
    found = {
        "level": np.full(len(final), float(row.get("level", 0.0))),
        "trend": row.get("trend", 0.0) * (days + _CENTRE),
        "weekday": np.asarray(row.get("weekday", [0.0] * WEEK))[days % WEEK],
        "season": _weekly(row.get("season", []), days),
    }
    for name in EVENTS:
        found[name] = np.array([row.get(name, {}).get(str(day), 0.0) for day in days])
    return found | {"override": final - model, "rest": model - sum(found.values())}


def _weekly(season: Sequence[float], days: np.ndarray) -> np.ndarray:
    return np.asarray(season)[np.minimum(days // WEEK, len(season) - 1)] if season else np.zeros(len(days))


def rounded(terms_by_name: Mapping[str, float], digits: int = 1) -> dict[str, float]:
    """The sums as people read them: rounded, and still adding up to the rounded total; ``rest`` takes the difference.

    >>> rounded({"level": 1.26, "trend": 1.26, "rest": 0.0})
    {'level': 1.3, 'trend': 1.3, 'rest': -0.1}
    """
    told = {name: round(float(value), digits) for name, value in terms_by_name.items()}
    total = round(float(sum(terms_by_name.values())), digits)
    taker = "rest" if "rest" in told else next(iter(told))
    told[taker] = round(told[taker] + total - sum(told.values()), digits)
    return told
