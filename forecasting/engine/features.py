"""What the pooled model sees of a series at an origin; everything is relative to its level, so that series compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.engine.calendar import YEAR
from forecasting.engine.classical import Candidates, WindowForecast
from forecasting.engine.history import History, row_sums
from forecasting.engine.pooled import KNOTS, RECENT, Pooled
from forecasting.engine.profile import LOOK_BACK, Profile, promotion_of
from forecasting.engine.recurring import asked_ahead, year_ago

WINDOWS = {"D": (7, 14, 28, 56, 91, 182, 364), "W": (1, 2, 4, 8, 13, 26, 52), "M": (1, 2, 3, 6, 12, 24)}
#: Buckets that set the level.
LEVEL = {"D": 56, "W": 13, "M": 6}
#: Buckets over which demand is compared without weekdays, promotions and closed days.
USUAL = {"D": (7, 14, 28, 91), "W": (1, 2, 4, 13), "M": (1, 2, 3, 6)}
ROOTS = {"D": (28, 91, 364), "W": (4, 13, 52), "M": (3, 6, 12)}
#: Quick methods whose mean tells how much to expect of a window, beside a share of recent demand, and how many times
#: recent demand that may be.
EXPECTING, RECENT_SHARE, MOST = ("exponential_smoothing", "seasonal_smoothing", "theta", "tsb"), 0.15, 6.0


@dataclass(frozen=True)
class Rows:
    """``x`` float32 [series, features]; ``unit`` [series], what simple methods expect of the window, never zero;
    ``usable`` [series], false for series that never sold; ``expected`` what each of EXPECTING says."""

    x: np.ndarray
    unit: np.ndarray
    usable: np.ndarray
    expected: dict[str, WindowForecast]


@dataclass(frozen=True)
class Common:
    """Pooled sums at one origin: of all series (one group) and of the groups that ``index`` [series] points to."""

    everything: Pooled
    group: Pooled | None = None
    index: np.ndarray | None = None


def build(history: History, origin: int, length: int, common: Common) -> Rows:
    """Features of every series for the demand of ``length`` buckets after ``origin``; reads nothing later but what
    is known ahead."""
    found: dict[str, np.ndarray] = {}
    candidates = Candidates.of(history, origin, common.everything.week, length)
    profile = candidates.profile
    level, ahead = _level(history, origin, length, profile, found)
    _recent(history, origin, length, level, found)
    _last_year(history, origin, length, level, found)
    if profile is not None:
        _usual(history, origin, length, level, profile, found)
    _spread(history, origin, length, level, found)
    _windows(history, origin, length, level, found)
    _intermittency(history, origin, level, found)
    _pooled(common, origin, length, history.freq, level, found)
    recent = level * ahead * length
    expected = {name: candidates.window(name, length) for name in EXPECTING}
    found |= {name: window.mean / recent for name, window in expected.items()}
    mean = np.mean([window.mean for window in expected.values()], axis=0)
    unit = RECENT_SHARE * recent + (1 - RECENT_SHARE) * np.minimum(mean, MOST * recent)
    found["log_level"], found["log_unit"] = np.log(level), np.log(unit)
    found["length"] = np.full(len(level), float(length))
    x = np.stack(list(found.values()), axis=1).astype(np.float32)
    return Rows(x, unit, (history.total[:, origin] > 0) & (history.count[:, origin] >= 1), expected)


def _level(
    history: History, origin: int, length: int, profile: Profile | None, found: dict
) -> tuple[np.ndarray, np.ndarray]:
    """Recent demand a usual bucket, drawn a little towards the long mean, and the window's mean multiplier."""
    span = LEVEL[history.freq]
    start = max(origin - span, 0)
    total = history.total[:, origin] - history.total[:, start]
    seen = history.opened[:, origin] - history.opened[:, start]
    ahead = np.ones(len(total))
    if profile is not None:
        seen = _opened(history, start, origin, profile)
        ahead = np.maximum(row_sums(asked_ahead(history, origin, length, profile)) / length, 1e-3)
    ever = history.total[:, origin] / np.maximum(history.opened[:, origin], 1)
    level = (total + span / 8 * ever) / (seen + span / 8)
    found["multiplier"] = ahead
    promo = promotion_of(history, origin - min(origin, LOOK_BACK[history.freq]), origin + length)
    nothing = np.full(len(total), np.nan)
    found["promoted"] = nothing if promo is None else promo[:, -length:].mean(axis=1)
    found["promoted_before"] = nothing if promo is None else promo[:, :-length].mean(axis=1)
    found["price"] = _price(history, origin, length)
    return np.maximum(level, 0.25 / (history.count[:, origin] + 1)), ahead


def _opened(history: History, start: int, stop: int, profile: Profile) -> np.ndarray:
    """Sum of the multipliers of the buckets start .. stop - 1 that were open, [series]."""
    opened = np.diff(history.opened[:, start : stop + 1]) > 0
    return row_sums(np.where(opened, profile.of(start, stop), 0.0))


def _usual(history: History, origin: int, length: int, level: np.ndarray, profile: Profile, found: dict) -> None:
    """Demand a usual bucket: without weekdays, promotions and closed days, recently and at this time last year."""

    def mean(start: int, stop: int) -> np.ndarray:
        if start < 0 or stop <= start:
            return np.full(len(level), np.nan)
        usual = _opened(history, start, stop, profile)
        total = history.total[:, stop] - history.total[:, start]
        return np.where(usual > 0, total / np.maximum(usual, 1e-9), np.nan) / level

    for window in USUAL[history.freq]:
        found[f"usual_{window}"] = mean(origin - window, origin)
    for name, back in _years(history, origin):
        found[f"usual_{name}"] = mean(origin - back, min(origin - back + length, origin))


def _years(history: History, origin: int) -> tuple[tuple[str, int], tuple[str, int]]:
    """Buckets back to last year by date and by Easter."""
    year = YEAR[history.freq]
    return ("last_year", year), ("moved", year_ago(history.last_on, history.freq, origin - history.buckets + 1, year))


def _windows(history: History, origin: int, length: int, level: np.ndarray, found: dict) -> None:
    """Quantiles of the sums of past windows of this length, relative to the level."""
    last, step = origin - length, max(length // 4, 1)
    starts = np.arange(last, max(last - YEAR[history.freq], -1), -step)
    if not len(starts):
        starts = np.zeros(1, int)
    sums = history.raw_total[:, np.minimum(starts + length, origin)] - history.raw_total[:, starts]
    whole = starts >= history.launch[:, None]
    sums = np.sort(np.where(whole, sums, np.inf), axis=1)
    number = whole.sum(axis=1)
    for share in (0.25, 0.5, 0.8, 0.95):
        place = np.maximum(np.rint(share * (number - 1)), 0).astype(int)
        at = np.take_along_axis(sums, place[:, None], axis=1)[:, 0]
        found[f"window_{share}"] = np.where(number >= 4, np.where(number >= 4, at, 0.0) / (level * length), np.nan)


def _price(history: History, origin: int, length: int) -> np.ndarray:
    """Mean known price ahead relative to the last quarter's; NaN where either is unknown."""
    prices = history.known.get("price")
    if prices is None:
        return np.full(len(history.demand), np.nan)

    def mean(start: int, stop: int) -> np.ndarray:
        part = np.asarray(prices[:, start:stop], float)
        known = np.isfinite(part) & (part > 0)
        n = known.sum(axis=1)
        return np.where(n > 0, np.where(known, part, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)

    return mean(origin, origin + length) / mean(max(origin - YEAR[history.freq] // 4, 0), origin)


def _recent(history: History, origin: int, length: int, level: np.ndarray, found: dict) -> None:
    seen = history.count[:, origin]
    for window in WINDOWS[history.freq]:
        found[f"mean_{window}"] = np.where(seen >= window / 2, history.mean(origin - window, origin) / level, np.nan)
    for weight, mean in history.smoothed.items():
        found[f"smoothed_{weight}"] = mean[:, origin] / level
    before = max(origin - LEVEL[history.freq], 0)
    found["opened"] = (history.opened[:, origin] - history.opened[:, before]) / np.maximum(
        seen - history.count[:, before], 1
    )
    found["same_length"] = history.mean(origin - length, origin) / level
    found["same_length_before"] = history.mean(origin - 2 * length, origin - length) / level
    found["ever"] = history.total[:, origin] / np.maximum(seen, 1) / level


def _last_year(history: History, origin: int, length: int, level: np.ndarray, found: dict) -> None:
    year = YEAR[history.freq]
    ago, quarter, span = origin - year, year // 4, LEVEL[history.freq]
    end = min(ago + length, origin)

    def growth(window: int, most: float) -> np.ndarray:
        if ago <= 0:
            return np.full(len(level), np.nan)
        before = history.mean(ago - window, ago)
        return np.clip(history.mean(origin - window, origin) / np.maximum(before, 1e-9), 0.0, most)

    old = (history.count[:, max(ago, 0)] >= min(span / 2, 4)) if ago >= 0 else np.zeros(len(level), bool)
    same = np.where(old, history.mean(ago, end), np.nan) if ago >= 0 else np.full(len(level), np.nan)
    pad = max(length // 2, 1)
    wide = np.where(old, history.mean(ago - pad, min(end + pad, origin)), np.nan) if ago >= 0 else same
    before = history.mean(ago - span, ago) if ago >= 1 else same
    found["last_year"], found["last_year_wide"] = same / level, wide / level
    moved = max(origin - _years(history, origin)[1][1], 0)
    found["moved"] = np.where(old, history.mean(moved, min(moved + length, origin)), np.nan) / level
    found["last_year_ratio"] = np.clip(same / np.maximum(before, 1e-9), 0, 10)
    found["last_year_grown"] = same * np.clip(growth(quarter, 3.0), 0.3, 3.0) / level
    found["growth_quarter"], found["growth_length"] = growth(quarter, 5.0), growth(length, 5.0)
    found["growth_year"] = growth(year, 5.0)
    found["two_years_ago"] = (
        history.mean(ago - year, min(ago - year + length, origin)) / level if ago >= year else same * np.nan
    )


def _spread(history: History, origin: int, length: int, level: np.ndarray, found: dict) -> None:
    year = YEAR[history.freq]
    found["window_deviation"] = history.window_deviation(length, origin - year, origin) / (level * length)
    found["deviation"] = history.deviation(origin - year, origin) / level
    found["deviation_quarter"] = history.deviation(origin - year // 4, origin) / level
    recent = history.raw[:, max(origin - year, 0) : origin]
    found["largest"] = recent.max(axis=1) / level
    found["largest_recent"] = recent[:, -LEVEL[history.freq] :].max(axis=1) / level


def _intermittency(history: History, origin: int, level: np.ndarray, found: dict) -> None:
    year, span = YEAR[history.freq], LEVEL[history.freq]
    for name, window in (("zeros", year), ("zeros_recent", span)):
        start = max(origin - window, 0)
        seen = np.maximum(history.count[:, origin] - history.count[:, start], 1)
        found[name] = 1 - (history.hits[:, origin] - history.hits[:, start]) / seen
    size = history.total[:, origin] / np.maximum(history.hits[:, origin], 1)
    for window in ROOTS[history.freq]:
        start = max(origin - window, 0)
        seen = np.maximum(history.count[:, origin] - history.count[:, start], 1)
        found[f"root_{window}"] = ((history.roots[:, origin] - history.roots[:, start]) / seen) ** 2 / level
    found["size"], found["log_size"] = size / level, np.log(np.maximum(size, 0.1))
    found["since_sale"] = np.minimum(origin - history.last_sale[:, origin - 1], year)
    found["age"] = np.minimum(history.count[:, origin], year)


def _pooled(common: Common, origin: int, length: int, freq: str, level: np.ndarray, found: dict) -> None:
    whole = common.everything
    ones = np.ones(len(level))
    found["all_season"] = ones * np.clip(_season(whole, length), 0, 10)
    if common.group is None or common.index is None:
        group, index = whole, np.zeros(len(level), int)
    else:
        group, index = common.group, common.index
    found["all_moved"] = ones * np.clip(_season(whole, length, "moved"), 0, 10)
    found["group_season"] = _of_group(np.clip(_season(group, length), 0, 10), index)
    found["group_moved"] = _of_group(np.clip(_season(group, length, "moved"), 0, 10), index)
    now = group.recent[:, -1:]
    trend = _of_group(np.where(now > 0, group.recent / np.maximum(now, 1e-12), np.nan), index)
    for at, window in enumerate(RECENT[freq][:-1]):
        found[f"group_{window}"] = trend[:, at]
    found["group_size"] = _of_group(group.members, index)


def _of_group(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Each series' group's values; NaN where ``index`` is one past the end, for a group nobody trained on."""
    return np.concatenate([values, np.full((1, *values.shape[1:]), np.nan)])[index]


def _season(pooled: Pooled, length: int, which: str = "after") -> np.ndarray:
    """Demand a bucket after the same date last year relative to that before it, [groups]."""
    after = pooled.following(length, which) / min(length, KNOTS[-1])
    return np.where(pooled.year_ago > 0, after / np.maximum(pooled.year_ago, 1e-12), np.nan)
