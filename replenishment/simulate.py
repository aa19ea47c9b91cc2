"""What really happens at the reviews of an ordering rule: levels corrected for undershoot, and fill rates.

Under (R,s,nQ) a review finds the position not at the reorder point but below it, by the undershoot: a lumpy item
triggers its order by a big sale. Every series is simulated at the same fixed points (common random numbers), so
the answer depends neither on chance nor on how the series were divided into parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from forecasting.engine.panel import GRID, STEP_LEVELS, Forecast, LeadTimeDemand, ProtectionInterval

POINTS = 512
STEPS = 16  # review periods from one order to the next under (s,S) that are added up one by one
BISECTIONS = 26  # fixed, so that a series' answer does not depend on its neighbours
CHUNK = 500  # series at once: 512 points x 500 series x 4 bytes = 1 MB an array, which stays in the processor's cache


#: Quantiles of the normal law in the middle of each of CELLS equally likely cells: looked up, not computed.
CELLS = 1 << 14
_NORMAL = special.ndtri((np.minimum(np.arange(CELLS + 1), CELLS - 1) + 0.5) / CELLS).astype(np.float32)


@dataclass(frozen=True)
class Reviews:
    """What decides an ordering review, at POINTS equally likely points: arrays [series, POINTS], pieces.

    ``protection``  demand of lead time + review period; ``lead_time`` its part after the review
    ``undershoot``  how far below the reorder point the position is when an order is placed
    ``weight``      of the point among the reviews that order
    ``ordered``     pieces of one order, under (R,s,nQ) [series, 1] of one of its n
    ``before``      what is asked for in a review period before a piece picked at random
    """

    protection: np.ndarray
    lead_time: np.ndarray
    undershoot: np.ndarray
    weight: np.ndarray
    ordered: np.ndarray
    before: np.ndarray


@dataclass(frozen=True)
class Ordering:
    """How each series is ordered: arrays [series], times in buckets.

    ``quantity``  Q, pieces; under ``to_level``, (s,S), S - s
    ``interval``  lead time + ``review`` period on average, and its ``variance``
    """

    quantity: np.ndarray
    interval: np.ndarray
    review: np.ndarray
    variance: np.ndarray
    to_level: bool = False

    @classmethod
    def of(
        cls,
        interval: ProtectionInterval,
        review: np.ndarray,
        quantity: np.ndarray | float = 1.0,
        to_level: bool = False,
    ) -> Ordering:
        mean = (interval.lengths * interval.weights).sum(axis=1)
        variance = (interval.lengths**2 * interval.weights).sum(axis=1) - mean**2
        return cls(np.broadcast_to(quantity, len(mean)), mean, review, np.maximum(variance, 0), to_level)

    def rows(self, rows: np.ndarray, to_level: bool = False) -> Ordering:
        """That of some series only."""
        return Ordering(self.quantity[rows], self.interval[rows], self.review[rows], self.variance[rows], to_level)


def series(forecast: Forecast, rows: np.ndarray) -> Forecast:
    """The forecast of some series only."""
    ltd = forecast.lead_time_demand
    demand = LeadTimeDemand(ltd.mean[rows], ltd.quantiles[rows], ltd.excess[rows])
    scores = {name: score[rows] for name, score in forecast.scores.items()}
    return Forecast(forecast.method[rows], forecast.mean[rows], forecast.quantiles[rows], demand, scores)


def quantile_at(demand: LeadTimeDemand, level: np.ndarray) -> np.ndarray:
    """The quantile of lead-time demand at each series' own ``level`` [series], between and beyond the grid."""
    return _quantiles(demand, np.asarray(level, float))


def corrected_reorder_point(forecast: Forecast, level: np.ndarray, ordering: Ordering) -> np.ndarray:
    """The lowest reorder point [series] under which what a review orders arrives in time with chance ``level``.

    Below the quantile of lead-time demand where a review period is long and demand smooth (an order is placed halfway
    through it on average), above it where large sales trigger the orders. Never above the last of the grid, or an item
    that sells once in years would be stocked for its one big sale.
    """
    start = quantile_at(forecast.lead_time_demand, level)
    most = np.maximum(forecast.lead_time_demand.quantiles[:, -1], start)

    def part(rows: slice, reviews: Reviews) -> np.ndarray:
        return _weighted_quantile(reviews.lead_time + reviews.undershoot, reviews.weight, level[rows])

    return np.minimum(_in_chunks(part, forecast, ordering), most)


def level_for_fill_rate(
    forecast: Forecast, fill_rate: np.ndarray, ordering: Ordering, *, undershoot: bool
) -> np.ndarray:
    """The lowest reorder point [series] that serves the share ``fill_rate`` of demand from the shelf.

    What is short when goods arrive, less what is still owed thereafter, was not served. With ``undershoot`` False the
    order is taken to be placed exactly at the reorder point, one of the interval's demand ahead: the starting point
    before the correction.
    """

    def part(rows: slice, reviews: Reviews) -> np.ndarray:
        if not undershoot:
            needed, weight = reviews.protection, np.ones_like(reviews.protection)
        elif ordering.to_level:
            needed, weight = reviews.lead_time + reviews.undershoot, reviews.weight
        else:  # just after a review the position is s + 1 ... s + Q, and serves what was asked for before a piece
            needed, weight = reviews.lead_time + reviews.before, np.ones_like(reviews.before)
        allowed = (1 - fill_rate[rows]) * (reviews.ordered * weight).sum(axis=1) / weight.sum(axis=1)
        owed = needed - reviews.ordered
        return _lowest_level(lambda s: _shortage(needed, weight, s) - _shortage(owed, weight, s), allowed, needed)

    return _in_chunks(part, forecast, ordering)


def up_to_level_for_fill_rate(forecast: Forecast, fill_rate: np.ndarray, ordering: Ordering) -> np.ndarray:
    """(R,S): the lowest order-up-to level [series] that serves the share ``fill_rate`` of demand from the shelf.

    A piece is served where S holds the demand of the lead time, what is asked for before it in the review period, and
    itself.
    """

    def part(rows: slice, reviews: Reviews) -> np.ndarray:
        needed = reviews.lead_time + reviews.before + 1
        return _weighted_quantile(needed, np.ones_like(needed), fill_rate[rows])

    return _in_chunks(part, forecast, ordering)


def _in_chunks(part: Callable[[slice, Reviews], np.ndarray], forecast: Forecast, ordering: Ordering) -> np.ndarray:
    result = np.zeros(len(ordering.interval))
    buckets = _buckets(forecast, ordering)
    quiet = _quiet(forecast, ordering.interval, buckets)
    review = ordering.review
    for start in range(0, len(result), CHUNK):
        rows = slice(start, start + CHUNK)
        mean = buckets.mean[rows] * review[rows]
        law = Asked.of(mean, buckets.dispersion[rows], 1 - quiet[rows] ** review[rows])
        lead_time, protection = _demands(forecast.lead_time_demand, rows, buckets, quiet, ordering.interval)
        quantity = np.maximum(ordering.quantity[rows], 1)[:, None].astype(np.float32)
        result[rows] = part(rows, _reviews(lead_time, protection, law, quantity, ordering.to_level))
    return result


@dataclass(frozen=True)
class Buckets:
    """What lead-time demand tells of its parts, arrays [series]: ``mean`` and ``dispersion`` (variance / mean) of a
    bucket; ``share`` of the mean that falls after the review; ``follow``, see ``_demands``."""

    mean: np.ndarray
    dispersion: np.ndarray
    share: np.ndarray
    follow: np.ndarray


def _buckets(forecast: Forecast, ordering: Ordering) -> Buckets:
    """Lead-time demand varies by its buckets and by their number; only the former shrinks with the review period."""
    total, interval = forecast.lead_time_demand, ordering.interval
    mean, whole = total.mean / interval, _grid_dispersion(total)
    by_length = mean * ordering.variance / interval  # variance / mean that an unsure length adds
    own = np.maximum(whole - by_length, 0)
    share = np.clip(1 - ordering.review / interval, 0, 1)
    # Deviations of the whole and of its part after the review: all of it, and what single buckets make of it.
    all_of_it, all_ahead = np.sqrt(whole), np.sqrt(np.maximum(whole - own * (1 - share), 0))
    single, single_ahead = np.sqrt(own), np.sqrt(own * share)
    rest = all_of_it - single
    is_unsure = rest > 0.05 * all_of_it
    follow = np.where(is_unsure, (all_ahead - single_ahead) / np.where(is_unsure, rest, 1), np.sqrt(share))
    return Buckets(mean, np.maximum(own, 1), share, follow)


def _demands(
    demand: LeadTimeDemand, rows: slice, buckets: Buckets, quiet: np.ndarray, interval: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Demand of the lead time alone, and with the review period [series, POINTS].

    The latter is the forecast's own. The former is a law with the right mean, variance and chance of nothing, plus
    what the forecast's own is off from such a law of it, times ``follow``: so an unsure length stays in both.
    """
    part = LeadTimeDemand(demand.mean[rows], demand.quantiles[rows], demand.excess[rows])
    first, share, dispersion = _points()[0], buckets.share[rows], buckets.dispersion[rows]
    protection = _at_points(part, first)
    whole = Asked.of(part.mean, dispersion, 1 - quiet[rows] ** interval[rows])
    ahead = Asked.of(part.mean * share, dispersion, 1 - quiet[rows] ** (interval[rows] * share))
    off = protection - whole.of_a_review(first)
    moved = ahead.of_a_review(first) + buckets.follow[rows][:, None].astype(np.float32) * off
    # Pieces are whole, and what lies between two quantiles is not.
    return np.rint(np.maximum(moved, 0)), np.rint(protection)


def _reviews(
    lead_time: np.ndarray, protection: np.ndarray, law: Asked, quantity: np.ndarray, to_level: bool
) -> Reviews:
    """The undershoot by the law of (R,s,nQ).

    Just after a review the position is equally likely to be s+1 ... s+Q (Hadley & Whitin 1963, chapter 5). So a review
    period that asks for X orders with a chance of min(X, Q) / Q, and then lies X - v below s, v in 1 ... min(X, Q).
    """
    _first, second, third = _points()
    asked = law.of_a_piece(second)
    before = np.floor(third * asked)
    if to_level:
        undershoot = _after_orders(law, quantity, before)
        return Reviews(protection, lead_time, undershoot, np.ones_like(asked), quantity + undershoot, before)
    counted = np.minimum(asked, quantity)
    undershoot = asked - 1 - np.floor(third * counted)
    return Reviews(protection, lead_time, undershoot, counted / asked, quantity, before)


def _after_orders(law: Asked, quantity: np.ndarray, late: np.ndarray) -> np.ndarray:
    """Undershoot [series, POINTS] under (s,S), ``quantity`` = S - s: review periods are added from S on until they
    pass s; where STEPS of them do not, their sum is spread as ``late`` says, for any quantity far larger than they."""
    gone, undershoot = np.zeros_like(late), late.copy()
    for u in _step_points():
        after = gone + np.round(law.of_a_review(u))
        passed = (gone < quantity) & (after >= quantity)
        undershoot = np.where(passed, after - quantity, undershoot)
        gone = after
    return undershoot


@dataclass(frozen=True)
class Asked:
    """Demand X of some buckets: 0 but for a chance ``active``, and then gamma of ``shape`` and ``scale`` [series]."""

    active: np.ndarray
    shape: np.ndarray
    scale: np.ndarray
    usual: np.ndarray

    @classmethod
    def of(cls, mean: np.ndarray, dispersion: np.ndarray, active: np.ndarray) -> Asked:
        """With that mean and variance / mean; ``usual`` is E[X^2] / E[X], the demand that a piece is part of."""
        usual, each = mean + dispersion, mean / np.maximum(active, 1e-9)
        scale = np.maximum(usual - each, usual / 1000)
        shape = np.maximum(each, 1e-6) / scale
        return cls(*(values.astype(np.float32) for values in (active, shape, scale, usual)))

    def of_a_piece(self, u: np.ndarray) -> np.ndarray:
        """X at ``u`` [POINTS] for a piece picked at random: large ones hold many, so each counts X times."""
        others = np.maximum(self.usual - 1, 1e-6)  # beside the piece itself
        return 1 + np.round(_gamma(others / self.scale, self.scale, special.ndtri(u)))

    def of_a_review(self, u: np.ndarray) -> np.ndarray:
        """X at ``u`` [POINTS] for a review period picked at random, not rounded."""
        quiet = 1 - self.active[:, None]
        inside = np.clip((u - quiet) / np.maximum(self.active[:, None], 1e-9), 0, 1)
        return np.where(u > quiet, _gamma(self.shape, self.scale, _NORMAL[(inside * CELLS).astype(np.int32)]), 0)


def _gamma(shape: np.ndarray, scale: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Quantiles [series, POINTS] of gamma laws [series] where a normal one has ``z``: Wilson & Hilferty (1931)."""
    root = np.maximum(1 - 1 / (9 * shape[:, None]) + z / (3 * np.sqrt(shape[:, None])), 0)
    return (scale * shape)[:, None] * root * root * root


def _quiet(forecast: Forecast, interval: np.ndarray, buckets: Buckets) -> np.ndarray:
    """Chance that a bucket asks for nothing [series]: that of a negative binomial law with its mean and variance.

    Unless the forecast tells otherwise: it lies between the quantiles that are 0 and those that are not, of lead-time
    demand or, where that is never 0, of the steps.
    """
    more = np.maximum(buckets.dispersion - 1, 1e-6)
    usual = np.exp(-buckets.mean * np.log1p(more) / more)
    grid, levels = np.array([0, *GRID, 1]), np.array([0, *STEP_LEVELS, 1])
    zeros = (forecast.lead_time_demand.quantiles < 0.5).sum(axis=1)
    steps = (forecast.quantiles < 0.5).sum(axis=2)
    low, high = (
        np.where(zeros > 0, grid[zeros + at] ** (1 / interval), levels[steps + at].mean(axis=1)) for at in (0, 1)
    )
    return np.where((low <= usual) & (usual <= high), usual, (low + high) / 2)


def _grid_dispersion(demand: LeadTimeDemand) -> np.ndarray:
    grid, q, tail = np.array(GRID), demand.quantiles, _tail_mean(demand)
    low, high, width = q[:, :-1], q[:, 1:], np.diff(grid)
    first, last = grid[0], 1 - grid[-1]
    mean = first * q[:, 0] + ((low + high) / 2 * width).sum(axis=1) + last * (q[:, -1] + tail)
    square = first * q[:, 0] ** 2 + ((low**2 + low * high + high**2) / 3 * width).sum(axis=1)
    square = square + last * (q[:, -1] ** 2 + 2 * q[:, -1] * tail + 2 * tail**2)
    return np.divide(square - mean**2, mean, out=np.ones_like(mean), where=mean > 0)


def _tail_mean(demand: LeadTimeDemand) -> np.ndarray:
    """Mean excess of those that exceed the last quantile of the grid, pieces [series]."""
    return demand.excess / (1 - GRID[-1])


def _points() -> np.ndarray:
    """Three rows of POINTS numbers in (0, 1), spread evenly over the cube and nearly uncorrelated: Korobov's lattice,
    its factor the best of all (P2 criterion, Sloan & Joe 1994)."""
    at = np.arange(POINTS)
    return ((np.stack([at, at * 119 % POINTS, at * 119**2 % POINTS]) + 0.5) / POINTS).astype(np.float32)


def _step_points() -> np.ndarray:
    """STEPS rows of POINTS numbers in (0, 1), each row evenly spread, independent of one another; always the same."""
    rows = np.tile(((np.arange(POINTS) + 0.5) / POINTS).astype(np.float32), (STEPS, 1))
    return np.random.default_rng(0).permuted(rows, axis=1)


def _quantiles(demand: LeadTimeDemand, levels: np.ndarray) -> np.ndarray:
    """Quantiles [series] at each series' own level: straight lines within the grid, an exponential tail above it."""
    right, share, beyond = _place(levels)
    rows = np.arange(len(levels))
    low, high = demand.quantiles[rows, right - 1], demand.quantiles[rows, right]
    return low + share * (high - low) + beyond * _tail_mean(demand)


def _at_points(demand: LeadTimeDemand, levels: np.ndarray) -> np.ndarray:
    """The same [series, points] at levels that all series share."""
    right, share, beyond = (values.astype(kind) for values, kind in zip(_place(levels), "iff", strict=True))
    quantiles = demand.quantiles.astype(np.float32)
    low = np.take(quantiles, right - 1, axis=1)
    within = low + share * (np.take(quantiles, right, axis=1) - low)
    return within + beyond * _tail_mean(demand)[:, None].astype(np.float32)


def _place(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first place of the grid above each level, how far it is there, and how far beyond the last."""
    grid = np.array(GRID)
    right = np.clip(np.searchsorted(grid, levels), 1, len(grid) - 1)
    share = np.clip((levels - grid[right - 1]) / (grid[right] - grid[right - 1]), 0, 1)
    return right, share, np.log(np.maximum((1 - grid[-1]) / np.maximum(1 - levels, 1e-9), 1))


def _weighted_quantile(values: np.ndarray, weight: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The smallest value [series] at or below which lies a share ``level`` of the weight."""
    order = np.argsort(values, axis=1)
    reached = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    at = (reached < (level * reached[:, -1])[:, None] - 1e-12).sum(axis=1)
    return np.take_along_axis(values, np.take_along_axis(order, at[:, None], axis=1), axis=1)[:, 0]


def _shortage(needed: np.ndarray, weight: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Expected pieces short [series] when ``level`` must serve ``needed``."""
    return (np.maximum(needed - level[:, None], 0) * weight).sum(axis=1) / weight.sum(axis=1)


def _lowest_level(shortage: Callable[[np.ndarray], np.ndarray], allowed: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """The lowest level from 0 on at which ``shortage(level)`` is allowed; by bisection."""
    low, high = np.zeros(len(needed)), np.maximum(needed.max(axis=1), 1)
    fine = shortage(low) <= allowed
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        enough = shortage(middle) <= allowed
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(fine, 0.0, high)
