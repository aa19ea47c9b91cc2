"""Which kind of item it is: demand pattern, classes that do not swing, seasonal shapes. Pure arrays, no Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Weeks that are looked at.
WEEKS = 52
#: Syntetos, Boylan & Croston (2005): mean gap between weeks with demand, squared variation of their demand.
GAP_LIMIT, VARIATION_LIMIT = 1.32, 0.49
#: Share beyond a border that a measure must reach before an item changes its class.
MARGIN = 0.1

#: A year in periods of four weeks, and days of a period.
PERIODS, PERIOD_DAYS = 13, 28
#: Pieces a year and periods with a sale that show a season; fewer are chance.
LEAST_PIECES, LEAST_PERIODS = 60, 8
MOST_SHAPES = 6
#: Periods of an even year that pull a series' own profile, and the strength of the mix of its category.
EVEN_PRIOR, MIX_PRIOR = 2.0, 1.0


@dataclass(frozen=True)
class Rhythm:
    """By weeks of the last year [series]: ``gap`` between weeks with demand, squared ``variation`` of their demand,
    ``hits`` weeks with demand."""

    gap: np.ndarray
    variation: np.ndarray
    hits: np.ndarray


def rhythm(demand: np.ndarray) -> Rhythm:
    """Of daily demand [series, days], NaN where the series was not observed; whole weeks count back from the end."""
    weeks = min(WEEKS, demand.shape[1] // 7)
    parts = demand[:, demand.shape[1] - 7 * weeks :].reshape(len(demand), weeks, 7)
    seen = (~np.isnan(parts)).any(axis=2)
    size = np.nan_to_num(parts).sum(axis=2)
    hits = (size > 0).sum(axis=1)
    mean = size.sum(axis=1) / np.maximum(hits, 1)
    square = (size**2).sum(axis=1) / np.maximum(hits, 1)
    variation = np.divide(square - mean**2, mean**2, out=np.zeros_like(mean), where=mean > 0)
    return Rhythm(seen.sum(axis=1) / np.maximum(hits, 1), variation, hits)


def patterns(found: Rhythm, before: np.ndarray | None = None) -> np.ndarray:
    """Smooth, erratic, intermittent, lumpy or none [series]; with the pattern ``before``, none swings at a border."""
    before = np.full(len(found.gap), "") if before is None else before
    known = ~np.isin(before, ("", "none"))
    was_rare = np.where(known, np.isin(before, ("intermittent", "lumpy")), -1)
    was_uneven = np.where(known, np.isin(before, ("erratic", "lumpy")), -1)
    rare = classified(found.gap, [GAP_LIMIT], was_rare) == 1
    uneven = classified(found.variation, [VARIATION_LIMIT], was_uneven) == 1
    named = np.where(rare, np.where(uneven, "lumpy", "intermittent"), np.where(uneven, "erratic", "smooth"))
    return np.where(found.hits == 0, "none", named)


def classified(
    measure: np.ndarray, borders: Sequence[float], before: np.ndarray | None = None, margin: float = MARGIN
) -> np.ndarray:
    """The number of borders at or below each measure [rows], int.

    A row keeps its class ``before`` (-1: it had none) for as long as its measure lies within ``margin`` of the border.

    >>> classified(np.array([0.48, 0.52, 0.56]), [0.5], np.array([1, 0, 0])).tolist()
    [1, 0, 1]
    """
    edges = np.asarray(borders, float)
    plain = np.searchsorted(edges, measure, side="right")
    if before is None:
        return plain
    lowest = np.searchsorted(edges, measure / (1 + margin), side="right")
    highest = np.searchsorted(edges, measure * (1 + margin), side="right")
    return np.where((before >= lowest) & (before <= highest), before, plain)


def periods_of(demand: np.ndarray) -> np.ndarray:
    """Demand by period of the last year [series, PERIODS], oldest first; NaN where no day of it was observed."""
    year = demand[:, max(demand.shape[1] - PERIODS * PERIOD_DAYS, 0) :]
    missing = PERIODS * PERIOD_DAYS - year.shape[1]
    parts = np.pad(year, ((0, 0), (missing, 0)), constant_values=np.nan).reshape(len(year), PERIODS, PERIOD_DAYS)
    seen = (~np.isnan(parts)).sum(axis=2)
    total = np.nansum(parts, axis=2)
    return np.where(seen > 0, total * PERIOD_DAYS / np.maximum(seen, 1), np.nan)


def seasonal_shapes(periods: np.ndarray, seed: int = 0) -> np.ndarray:
    """Usual years [shapes, PERIODS], each with mean 1, the most common first; none where too few series show a season.

    k-means of the profiles of series with a whole year; as many shapes as have the best silhouette.
    """
    whole = ~np.isnan(periods).any(axis=1)
    told = whole & (np.nansum(periods, axis=1) >= LEAST_PIECES)
    told &= (np.nan_to_num(periods) > 0).sum(axis=1) >= LEAST_PERIODS
    if told.sum() < 10 * MOST_SHAPES:
        return np.empty((0, PERIODS))
    mean = periods[told].mean(axis=1, keepdims=True)
    size = np.minimum(periods[told].sum(axis=1, keepdims=True), 3000) / LEAST_PIECES
    profiles = (periods[told] / mean * size + EVEN_PRIOR) / (size + EVEN_PRIOR)
    return _clustered(profiles, seed)


def _clustered(profiles: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from threadpoolctl import threadpool_limits

    best, best_score = None, -1.0
    with threadpool_limits(1):
        for k in range(2, MOST_SHAPES + 1):
            found = KMeans(k, n_init=4, random_state=seed).fit(np.log(profiles))
            score = silhouette_score(np.log(profiles), found.labels_, sample_size=1000, random_state=seed)
            if score > best_score:
                best, best_score = found.labels_, score
    sizes = np.bincount(best)
    shapes = np.stack([profiles[best == k].mean(axis=0) for k in np.argsort(-sizes, kind="stable")])
    return shapes / shapes.mean(axis=1, keepdims=True)


def shape_chances(periods: np.ndarray, shapes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """How likely each series has each shape [series, shapes], by its observed periods, however few, and by what the
    others of its group (a number, [series]) have.

    The chance of a series' periods is multinomial, tempered so that a dozen pieces say little; one that was never
    sold has its group's mix.
    """
    told = np.nan_to_num(periods)
    seen = ~np.isnan(periods)
    share = shapes[None] * seen[:, None, :]
    share = share / np.maximum(share.sum(axis=2, keepdims=True), 1e-12)
    spread = 1.0 + told.max(axis=1) / 4  # one bulk order is one event, not hundreds
    evidence = (told[:, None, :] * np.log(np.maximum(share, 1e-12))).sum(axis=2) / spread[:, None]
    own = _softmax(evidence)
    everybody = own.mean(axis=0) if len(own) else np.ones(len(shapes)) / max(len(shapes), 1)
    number = int(groups.max(initial=-1)) + 1
    members = np.bincount(groups, minlength=number)[:, None]
    sums = np.stack([np.bincount(groups, own[:, k], number) for k in range(len(shapes))], axis=1)
    mix = (sums + MIX_PRIOR * everybody) / (members + MIX_PRIOR)
    return _softmax(evidence + np.log(mix[groups]))


def _softmax(values: np.ndarray) -> np.ndarray:
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
