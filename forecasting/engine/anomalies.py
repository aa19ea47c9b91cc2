"""Demand that is not what its forecast lets expect: what is odd about it, since when, and how sure that is.

Three judges look at the last weeks of each series and are heard together. Residuals: single days and whole windows
against their forecast, in units of the spread that the forecast itself told, scaled by how wrong the shop's forecasts
usually are. A level-shift test: the trailing window, of any length, whose sum is hardest to explain (the scan form of
Page's CUSUM, Biometrika 41, 1954), and the same with a ramp for slow drift. An isolation forest (Liu, Ting and Zhou,
ICDM 2008) over features of all series: what looks odd among its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

#: Days that are judged, and days before them that tell what is usual for a series itself.
DAYS, PAST_DAYS = 28, 84
WEEK = 7
#: An anomaly from this score on, in standard deviations.
THRESHOLD = 4.5
#: How much the forest's word counts beside the tests' own, and the most of it that counts.
FOREST_SHARE, FOREST_MOST = 0.1, 8.0
#: A trailing window shorter than this is no new level.
SHORTEST_SHIFT = 5
RAMPS = (14, 21, 28)
#: What the forest sees of each series.
FEATURES = (
    "last_day", "last_week", "all_weeks", "highest_day", "lowest_day", "zeros", "longest_silence", "silence_now",
    "level", "trend", "spread", "running_sum", "ramp",
)  # fmt: skip
KINDS = ("spike", "drop", "level_up", "level_down", "drift_up", "drift_down")
#: The second largest of so many values of pure chance; a series whose own past is wilder is judged by that.
USUAL_DAY, USUAL_WEEK = 2.3, 1.8
#: Fewer series than this cannot tell what all of them have in common.
FEWEST_SERIES = 20
#: Share of the series, those farthest off, that is left out where all are added up.
TRIMMED = 0.05
LARGEST = 40.0
#: Past days with sales that tell of a series' spread as much as all the other series do.
SELLING_DAYS = 6
#: One order in so many days surprises nobody, whatever the forecast.
RARE_DAYS = 56.0
#: A single day counts for no more deviations than this where a level or a drift is looked for.
CAP = 3.0


@dataclass(frozen=True)
class Recent:
    """Demand of the last days beside what had been forecast of them before the first one.

    ``demand``, ``expected``  pieces [series, days]
    ``variance``              of one day's demand, by the forecast's own quantiles [series, days]
    ``seen``                  bool [series, days], False where a day says nothing: without stock, closed, explained
    ``past``                  demand of the days before [series, past days], whole weeks, NaN where unknown
    """

    demand: np.ndarray
    expected: np.ndarray
    variance: np.ndarray
    seen: np.ndarray
    past: np.ndarray


@dataclass(frozen=True)
class Judged:
    """Each series' verdict [series]; an anomaly where ``score`` reaches THRESHOLD.

    ``kind``      place in KINDS of what explains most; ``feature`` place in FEATURES of what stands out most
    ``first``     place of the first odd day, ``last`` of the last one
    ``expected``, ``seen``  pieces from the first to the last of them, on days that count
    ``residual``, ``shift``, ``forest``  the three judges alone, in standard deviations
    """

    score: np.ndarray
    kind: np.ndarray
    feature: np.ndarray
    first: np.ndarray
    last: np.ndarray
    expected: np.ndarray
    seen: np.ndarray
    residual: np.ndarray
    shift: np.ndarray
    forest: np.ndarray


def variance_of(mean: np.ndarray, q95: np.ndarray, q98: np.ndarray) -> np.ndarray:
    """Variance of a day's demand from its forecast [series, days]: never below a Poisson count's, and the same share of
    the mean on all days of a series, since the quantiles of one day of whole pieces are coarse.

    >>> variance_of(np.array([[4.0, 4.0]]), np.array([[8.0, 8.0]]), np.array([[9.0, 9.0]])).round(2).tolist()
    [[5.93, 5.93]]
    """
    told = np.maximum((q95 - mean) / 1.645, (q98 - mean) / 2.054)
    share = np.maximum(told, 0.0) ** 2
    ratio = share.sum(axis=1) / np.maximum(mean.sum(axis=1), 1e-9)
    return mean * np.maximum(ratio, 1.0)[:, None]


def count_z(seen: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """How far a count is from its mean, in standard deviations of a normal with the same chance (mid-p).

    A negative binomial of that mean and variance, a Poisson count where they are the same; so 2 where 0.1 were expected
    is not nineteen deviations. The mean stands for itself where it is near.

    >>> count_z(np.array([9.0, 0.0, 2.0]), np.array([4.0, 4.0, 0.1]), np.array([4.0, 4.0, 0.1])).round(1).tolist()
    [2.2, -2.4, 2.8]
    """
    seen, mean, variance = np.broadcast_arrays(np.asarray(seen, float), mean, variance)
    found = (seen - mean) / np.sqrt(np.maximum(variance, 1e-9))
    far = (np.abs(found) > 1.5) & (mean > 0)
    x, m = seen[far], mean[far]
    k = np.clip(m**2 / np.maximum(variance[far] - m, 1e-9), 1e-3, 1e7)
    chance = m / (k + m)
    at_least = np.where(x > 0, special.betainc(np.maximum(x, 1e-9), k, chance), 1.0)
    above = special.betainc(x + 1, k, chance)
    high, low = (at_least + above) / 2, 1 - (at_least + above) / 2
    low = np.where(low < 1e-6, np.maximum(special.betainc(k, x + 1, 1 - chance), 1e-300) / 2, low)
    found = found.copy()
    found[far] = np.where(x > m, -special.ndtri(np.maximum(high, 1e-300)), special.ndtri(np.maximum(low, 1e-300)))
    return np.clip(np.where(mean > 0, found, 0.0), -LARGEST, LARGEST)


def judge(recent: Recent, *, seed: int = 0) -> Judged:
    """The verdict on each series; the forest is grown anew from ``seed``. A row of unseen days is never an anomaly."""
    if not len(recent.demand):
        none, nowhere = np.zeros(0), np.zeros(0, int)
        return Judged(none, nowhere, nowhere, nowhere, nowhere, none, none, none, none, none)
    s = _Sums.of(recent)
    tests = _tests(s)
    residual = np.maximum(np.abs(tests.daily).max(axis=1), np.abs(tests.windows).max(axis=1))
    shift = np.maximum(np.abs(tests.scan).max(axis=1), np.abs(tests.ramp).max(axis=1))
    table = features(s, tests)
    forest = isolation(table, seed=seed)
    kind, strength, first, last = _explained(s, tests)
    score = np.where(s.seen.any(axis=1), strength + FOREST_SHARE * np.clip(forest, 0.0, FOREST_MOST), 0.0)
    days = np.arange(s.demand.shape[1])
    within = recent.seen & (days >= first[:, None]) & (days <= last[:, None])
    told, seen = (np.where(within, x, 0.0).sum(axis=1) for x in (recent.expected, s.demand))
    return Judged(score, kind, standing_out(table), first, last, told, seen, residual, shift, forest)


@dataclass(frozen=True)
class _Sums:
    """Recent days with 0 where they do not count; ``error`` is how wrong the forecasts of a level usually are."""

    demand: np.ndarray
    expected: np.ndarray
    variance: np.ndarray
    seen: np.ndarray
    error: float
    usual: np.ndarray
    wild_day: np.ndarray
    wild_week: np.ndarray

    @classmethod
    def of(cls, recent: Recent) -> _Sums:
        demand = np.where(recent.seen, np.nan_to_num(recent.demand), 0.0)
        expected = np.where(recent.seen, recent.expected, 0.0)
        told = np.where(recent.seen, recent.variance, 0.0).sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-9)
        ratio = np.maximum(told, own_ratio(recent.past))[:, None]
        expected = np.where(recent.seen, np.maximum(expected * in_common(demand, expected), ratio / RARE_DAYS), 0.0)
        variance = expected * ratio
        error = level_error(demand.sum(axis=1), expected.sum(axis=1), variance.sum(axis=1))
        usual = _usual(recent.past)
        return cls(demand, expected, variance, recent.seen, error, usual, *_wildness(recent.past, usual, ratio[:, 0]))

    def z(self, seen: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """Of sums over days, with the error of the level, which grows with them."""
        return count_z(seen, mean, variance + (self.error * mean) ** 2)


def own_ratio(past: np.ndarray) -> np.ndarray:
    """Variance of a series' own past days about its weekdays' means, as a multiple of the mean [series], at least 1."""
    weeks = past.reshape(len(past), -1, WEEK)
    known = ~np.isnan(weeks)
    gap = np.where(known, weeks - _usual(past)[:, None], 0.0) ** 2
    total = np.where(known, weeks, 0.0).sum(axis=(1, 2))
    number = known.sum(axis=(1, 2))
    freed = number / np.maximum(number - WEEK, 1)
    own = np.maximum(gap.sum(axis=(1, 2)) * freed / np.maximum(total, 1e-9), 1.0)
    days = (np.nan_to_num(past) > 0).sum(axis=1)
    shop = np.median(own[days >= SELLING_DAYS]) if (days >= SELLING_DAYS).any() else 1.0
    return (days * own + SELLING_DAYS * shop) / (days + SELLING_DAYS)


def in_common(demand: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """By how much all series together were above their forecast on each day [days]: no anomaly of any single one."""
    if len(demand) < FEWEST_SERIES:
        return np.ones(demand.shape[1])
    off = np.abs(demand - expected)
    kept = off <= np.quantile(off, 1 - TRIMMED, axis=0)
    sold, told = np.where(kept, demand, 0.0).sum(axis=0), np.where(kept, expected, 0.0).sum(axis=0)
    usual = np.median(told)
    return np.where(told > usual / 4, np.clip((sold + 1.0) / (told + 1.0), 0.6, 1.6), 1.0)


def level_error(demand: np.ndarray, expected: np.ndarray, variance: np.ndarray) -> float:
    """Error of the forecasts' levels as a share of them, beyond chance: what makes the middle half of the series'
    residuals as wide as chance would (scaled by the median, so that anomalies do not widen it)."""
    some = expected >= 5.0
    if some.sum() < FEWEST_SERIES:
        return 0.2
    gap = (demand[some] - expected[some]) ** 2
    for error in np.arange(0.0, 1.01, 0.02):
        if np.median(gap / (variance[some] + (error * expected[some]) ** 2)) <= 0.455:  # the median of chi-squared(1)
            return float(max(error, 0.05))
    return 1.0


def _usual(past: np.ndarray) -> np.ndarray:
    """Mean of each weekday of the past, from that of its first day on [series, 7]."""
    weeks = past.reshape(len(past), -1, WEEK)
    return np.nan_to_num(weeks).sum(axis=1) / np.maximum((~np.isnan(weeks)).sum(axis=1), 1)


def _wildness(past: np.ndarray, usual: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much wilder than chance a series' own past was, by day and by week [series], at least 1."""
    weeks = past.reshape(len(past), -1, WEEK)
    known = ~np.isnan(weeks)
    filled = np.where(known, weeks, 0.0)
    by_day = np.where(known, count_z(filled, usual[:, None], (usual * share[:, None])[:, None]), 0.0)
    sums, told = filled.sum(axis=2), np.where(known, usual[:, None], 0.0).sum(axis=2)
    by_week = np.abs(count_z(sums, told, told * share[:, None]))
    day = np.sort(by_day.reshape(len(past), -1), axis=1)[:, -2]
    week = np.sort(by_week, axis=1)[:, -2]
    return np.maximum(day / USUAL_DAY, 1.0), np.maximum(week / USUAL_WEEK, 1.0)


@dataclass(frozen=True)
class _Tests:
    """Standard deviations: of days [series, days]; of windows (the last week, all) [series, 2]; of trailing windows
    that begin at each day, and of the zeros that end now [series, days]; of ramps [series, RAMPS]."""

    daily: np.ndarray
    windows: np.ndarray
    scan: np.ndarray
    zeros: np.ndarray
    ramp: np.ndarray


def _tests(s: _Sums) -> _Tests:
    def trailing(values: np.ndarray) -> np.ndarray:
        return np.cumsum(values[:, ::-1], axis=1)[:, ::-1]

    most = np.maximum(s.expected, np.where(s.seen, s.usual[:, np.arange(s.demand.shape[1]) % WEEK], 0.0))
    ratio = s.variance.sum(axis=1) / np.maximum(s.expected.sum(axis=1), 1e-9)
    daily = s.z(s.demand, s.expected, s.variance)
    # A spike is above the forecast and above the same weekdays before: a day that the forecast missed is none.
    daily = np.where(daily > 0, np.maximum(s.z(s.demand, most, most * ratio[:, None]), 0.0), daily)
    daily /= s.wild_day[:, None]
    capped = np.where(daily > CAP, s.expected + (s.demand - s.expected) * CAP / np.maximum(daily, CAP), s.demand)
    sold, told, spread = (trailing(x) for x in (capped, s.expected, s.variance))
    every = s.z(sold, told, spread) / s.wild_week[:, None]
    enough = trailing(s.seen.astype(float)) >= SHORTEST_SHIFT
    zeros = np.where((sold == 0) & (told > 0), -every, 0.0)
    ramps = []
    for length in RAMPS:
        weight = np.clip(np.arange(s.demand.shape[1]) - (s.demand.shape[1] - length) + 1, 0, None) / length
        mean, variance = s.expected @ weight, s.variance @ weight**2
        scale = np.divide(ratio * mean, variance, out=np.ones_like(mean), where=variance > 0)  # a sum as lumpy as a day
        ramps.append(s.z(capped @ weight * scale, mean * scale, variance * scale**2) / s.wild_week)
    at = [-min(n, s.demand.shape[1]) for n in (WEEK, s.demand.shape[1])]
    return _Tests(daily, every[:, at], np.where(enough, every, 0.0), zeros, np.stack(ramps, axis=1))


def features(s: _Sums, tests: _Tests) -> np.ndarray:
    """What the forest sees, finite, [series, features]: residuals of the last day, the last week and all, the
    highest and the lowest day, zeros against what was expected of them, their longest run, the level, its trend, the
    spread, and the range of the running sum of residuals."""
    days = np.maximum(s.seen.sum(axis=1), 1)
    shape = np.clip(s.expected**2 / np.maximum(s.variance - s.expected, 1e-9), 1e-3, 1e6)
    nothing = np.where(s.seen, (shape / (shape + s.expected)) ** shape, 0.0).sum(axis=1)
    zeros = (s.seen & (s.demand == 0)).sum(axis=1)
    residual = (s.demand - s.expected) / np.sqrt(np.maximum(s.variance, 0.25))
    running = np.cumsum(residual, axis=1)
    ahead = np.arange(s.demand.shape[1]) - (s.demand.shape[1] - 1) / 2
    gap, spread = (s.demand - s.expected) ** 2, s.variance.sum(axis=1)
    columns = [
        tests.daily[:, -1], *tests.windows.T, tests.daily.max(axis=1), tests.daily.min(axis=1),
        (zeros - nothing) / np.sqrt(np.maximum(days, 1.0)), _longest_zeros(s), tests.zeros.max(axis=1),
        np.log((s.demand[:, -WEEK:].sum(axis=1) + 1) / (s.expected[:, -WEEK:].sum(axis=1) + 1)),
        residual @ ahead / np.sqrt((ahead**2).sum()), np.log((gap.sum(axis=1) + 1) / (spread + 1)),
        np.ptp(running, axis=1) / np.sqrt(days), tests.ramp[:, -1],
    ]  # fmt: skip
    return np.clip(np.nan_to_num(np.column_stack(columns)), -10.0, 10.0).astype(np.float32)


def _longest_zeros(s: _Sums) -> np.ndarray:
    """Expected demand of the longest run of days without any, as the root of it [series]."""
    run, longest = np.zeros(len(s.demand)), np.zeros(len(s.demand))
    for day in range(s.demand.shape[1]):
        run = np.where(s.demand[:, day] > 0, 0.0, run + s.expected[:, day])
        longest = np.maximum(longest, run)
    return np.sqrt(longest)


def standing_out(table: np.ndarray) -> np.ndarray:
    """The feature of each row that is farthest from all rows' median, in units of the usual distance [rows]."""
    off = np.abs(table - np.median(table, axis=0))
    return (off / np.maximum(np.median(off, axis=0), 0.25)).argmax(axis=1)


def isolation(table: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """How much easier to isolate each row of ``table`` is than usual [rows], in deviations scaled by the median."""
    if len(table) < FEWEST_SERIES:
        return np.zeros(len(table))
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=100, max_samples=min(512, len(table)), random_state=seed, n_jobs=1)
    odd = -forest.fit(table).score_samples(table)
    middle = np.median(odd)
    return (odd - middle) / max(1.4826 * np.median(np.abs(odd - middle)), 1e-9)


def _explained(s: _Sums, tests: _Tests) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Kind, strength, and first and last day of what explains most of each series."""
    rows, end = np.arange(len(s.demand)), s.demand.shape[1] - 1
    spike, start = tests.daily.argmax(axis=1), np.abs(tests.scan).argmax(axis=1)
    silent, ramp = tests.zeros.argmax(axis=1), np.abs(tests.ramp).argmax(axis=1)
    level, drift = tests.scan[rows, start], tests.ramp[rows, ramp]
    strengths = np.stack(
        [tests.daily[rows, spike], tests.zeros[rows, silent], level, -level, drift, -drift], axis=1
    )  # fmt: skip
    kind = strengths.argmax(axis=1)
    slope_from = np.maximum(end + 1 - np.array(RAMPS)[ramp], 0)
    first = np.stack([spike, silent, start, start, slope_from, slope_from], axis=1)[rows, kind]
    return kind, strengths[rows, kind], first, np.where(kind == 0, spike, end)
