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

from forecasting.engine.panel import GRID, STEP_LEVELS, Forecast, LeadTimeDemand

POINTS = 512
BISECTIONS = 40  # fixed, so that a series' answer does not depend on its neighbours
CHUNK = 4_000  # series at once: 512 points x 4,000 series x 8 bytes = 16 MB an array


@dataclass(frozen=True)
class Reviews:
    """What decides an ordering review, at POINTS equally likely points: arrays [series, POINTS], pieces.

    ``protection``  demand of lead time + review period; ``lead_time`` its part after the review
    ``undershoot``  how far below the reorder point the position is when an order is placed
    ``weight``      of the point among the reviews that order
    """

    protection: np.ndarray
    lead_time: np.ndarray
    undershoot: np.ndarray
    weight: np.ndarray


def series(forecast: Forecast, rows: np.ndarray) -> Forecast:
    """The forecast of some series only."""
    ltd = forecast.lead_time_demand
    demand = LeadTimeDemand(ltd.mean[rows], ltd.quantiles[rows], ltd.excess[rows])
    scores = {name: score[rows] for name, score in forecast.scores.items()}
    return Forecast(forecast.method[rows], forecast.mean[rows], forecast.quantiles[rows], demand, scores)


def quantile_at(demand: LeadTimeDemand, level: np.ndarray) -> np.ndarray:
    """The quantile of lead-time demand at each series' own ``level`` [series], between and beyond the grid."""
    return _quantiles(demand, np.asarray(level, float)[:, None])[:, 0]


def corrected_reorder_point(
    forecast: Forecast,
    level: np.ndarray,
    order_quantity: np.ndarray,
    interval: np.ndarray,
    review: np.ndarray,
    *,
    to_level: bool = False,
) -> np.ndarray:
    """The lowest reorder point [series] under which what a review orders arrives in time with chance ``level``.

    ``interval`` (lead time + review period) and ``review`` in buckets. Never below the quantile of lead-time demand
    (smooth items would be lowered: their orders come in time more often than asked) and never above the last of the
    grid, or an item that sells once in years would be stocked for its one big sale.
    """
    start = quantile_at(forecast.lead_time_demand, level)
    most = np.maximum(forecast.lead_time_demand.quantiles[:, -1], start)

    def part(rows: slice, reviews: Reviews) -> np.ndarray:
        return _weighted_quantile(reviews.lead_time + reviews.undershoot, reviews.weight, level[rows])

    needed = _in_chunks(part, forecast, order_quantity, interval, review, to_level)
    return np.clip(needed, start, most)


def level_for_fill_rate(
    forecast: Forecast,
    fill_rate: np.ndarray,
    order_quantity: np.ndarray,
    interval: np.ndarray,
    review: np.ndarray,
    *,
    undershoot: bool,
    to_level: bool = False,
) -> np.ndarray:
    """The lowest reorder point [series] that serves the share ``fill_rate`` of demand from the shelf.

    With ``undershoot`` False the order is taken to be placed exactly at the reorder point, one of the interval's
    demand ahead: the starting point before the correction.
    """

    def part(rows: slice, reviews: Reviews) -> np.ndarray:
        needed = reviews.lead_time + reviews.undershoot if undershoot else reviews.protection
        weight = reviews.weight if undershoot else np.ones_like(needed)
        ordered = order_quantity[rows] / reviews.weight.mean(axis=1)  # n x Q on average, n > 1 when demand is large
        return _lowest_level(lambda s: _shortage(needed, weight, s), (1 - fill_rate[rows]) * ordered, needed)

    return _in_chunks(part, forecast, order_quantity, interval, review, to_level)


def up_to_level_for_fill_rate(
    forecast: Forecast, fill_rate: np.ndarray, interval: np.ndarray, review: np.ndarray
) -> np.ndarray:
    """(R,S): the lowest order-up-to level [series] that serves the share ``fill_rate`` of demand from the shelf."""
    demand = forecast.lead_time_demand.mean * np.minimum(review / interval, 1)

    def part(rows: slice, reviews: Reviews) -> np.ndarray:
        even = np.ones_like(reviews.protection)

        def shortage(level: np.ndarray) -> np.ndarray:
            """Short when the next order arrives, less what was short already when this one did."""
            return _shortage(reviews.protection, even, level) - _shortage(reviews.lead_time, even, level)

        return _lowest_level(shortage, (1 - fill_rate[rows]) * demand[rows], reviews.protection)

    return _in_chunks(part, forecast, np.ones(len(demand)), interval, review)


def _in_chunks(
    part: Callable[[slice, Reviews], np.ndarray],
    forecast: Forecast,
    order_quantity: np.ndarray,
    interval: np.ndarray,
    review: np.ndarray,
    to_level: bool = False,
) -> np.ndarray:
    result = np.zeros(len(interval))
    dispersion, quiet = _dispersion(forecast, interval), _quiet(forecast, interval)
    for start in range(0, len(result), CHUNK):
        rows = slice(start, start + CHUNK)
        mean = forecast.lead_time_demand.mean[rows] / interval[rows] * review[rows]
        asked = _asked_at_once(mean, dispersion[rows], 1 - quiet[rows] ** review[rows])
        share = np.clip(1 - review[rows] / interval[rows], 0, 1)
        reviews = _reviews(forecast, rows, share, asked, order_quantity[rows])
        result[rows] = part(rows, _up_to(reviews, asked, order_quantity[rows]) if to_level else reviews)
    return result


def _reviews(
    forecast: Forecast, rows: slice, share: np.ndarray, asked: np.ndarray, order_quantity: np.ndarray
) -> Reviews:
    """Demand by the forecast's own grid (``share`` of it is lead time), undershoot by the law of (R,s,nQ).

    Just after a review the position is equally likely to be s+1 ... s+Q (Hadley & Whitin 1963, chapter 5). So a review
    period that asks for X orders with a chance of min(X, Q) / Q, and then lies X - v below s, v in 1 ... min(X, Q).
    """
    demand, (first, _second, third) = forecast.lead_time_demand, _points()
    demand = LeadTimeDemand(demand.mean[rows], demand.quantiles[rows], demand.excess[rows])
    protection = _quantiles(demand, np.broadcast_to(first, asked.shape))
    share, middle = share[:, None], demand.mean[:, None]
    lead_time = np.maximum(share * middle + np.sqrt(share) * (protection - middle), 0)
    counted = np.minimum(asked, np.maximum(order_quantity, 1)[:, None])
    undershoot = asked - 1 - np.floor(third * counted)
    return Reviews(protection, lead_time, undershoot, counted / asked)


def _up_to(reviews: Reviews, asked: np.ndarray, order_quantity: np.ndarray) -> Reviews:
    """The same where each order lifts the position to s + Q: (s,S), ``order_quantity`` being S - s.

    The position is where the last order left it or, in the long run evenly, between: so to the undershoots of
    (R,s,nQ) come those of a review period that asks for more than Q at once just after an order (renewal theory,
    Scarf 1960 and Roberts 1962, to the first order).
    """
    quantity = np.maximum(order_quantity, 1)[:, None]
    at_once = (asked >= quantity) / asked * (1 / (1 / asked).mean(axis=1))[:, None]
    return Reviews(
        protection=np.concatenate([reviews.protection, reviews.protection], axis=1),
        lead_time=np.concatenate([reviews.lead_time, reviews.lead_time], axis=1),
        undershoot=np.concatenate([reviews.undershoot, np.maximum(asked - quantity, 0)], axis=1),
        weight=np.concatenate([reviews.weight, at_once], axis=1),
    )


def _asked_at_once(mean: np.ndarray, dispersion: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Demand [series, POINTS] of the review period to which a piece belongs (large ones hold many): X times its size.

    X is 0 but for a chance ``active``, and then gamma, with the given mean and variance / mean. Quantiles of the
    gamma by Wilson & Hilferty (1931).
    """
    _first, u, _third = _points()
    usual = mean + dispersion  # E[X^2] / E[X]
    scale = np.maximum(usual - mean / np.maximum(active, 1e-9), usual / 20)
    others = np.maximum(usual - 1, 1e-6)  # beside the piece itself
    shape = (others / scale)[:, None]
    root = 1 - 1 / (9 * shape) + special.ndtri(u) / (3 * np.sqrt(shape))
    return 1 + np.round(scale[:, None] * shape * np.maximum(root, 0) ** 3)


def _quiet(forecast: Forecast, interval: np.ndarray) -> np.ndarray:
    """Chance that a bucket asks for nothing [series], by lead-time demand or, where that is never 0, by the steps."""
    whole = np.interp((forecast.lead_time_demand.quantiles < 0.5).sum(axis=1), np.arange(len(GRID) + 1), [0, *GRID])
    levels = np.array([0, *STEP_LEVELS])
    steps = levels[(forecast.quantiles < 0.5).sum(axis=2)].mean(axis=1)
    return np.where(whole > 0, whole ** (1 / interval), steps)


def _dispersion(forecast: Forecast, interval: np.ndarray) -> np.ndarray:
    """Variance / mean of a bucket's demand [series], over the buckets of the interval, at least 1.

    The larger of what the steps and lead-time demand tell: the quantiles of a step do not see a sale in fewer than
    one bucket of fifty, and lead-time demand hides single buckets. (An unsure level adds a little to the latter.)
    """
    within = np.arange(forecast.mean.shape[1]) < np.ceil(interval)[:, None]
    total, variance = ((x * within).sum(axis=1) for x in (forecast.mean, _step_variance(forecast)))
    steps = np.divide(variance, total, out=np.ones_like(total), where=total > 0)
    return np.maximum(np.maximum(steps, _grid_dispersion(forecast.lead_time_demand)), 1)


def _step_variance(forecast: Forecast) -> np.ndarray:
    """Variance [series, horizon] of a step: its quantiles mirrored at the median, an exponential tail to its mean."""
    levels, upper = np.array(STEP_LEVELS), forecast.quantiles
    lower = np.maximum(2 * upper[:, :, :1] - upper, 0)
    mean = square = np.zeros(forecast.mean.shape)
    for side in (upper, lower):
        low, high, width = side[:, :, :-1], side[:, :, 1:], np.diff(levels)
        mean = mean + ((low + high) / 2 * width).sum(axis=2)
        square = square + ((low**2 + low * high + high**2) / 3 * width).sum(axis=2)
    last, tail = 1 - levels[-1], upper[:, :, -1]
    mean, square = mean + last * lower[:, :, -1], square + last * lower[:, :, -1] ** 2
    beyond = np.maximum((forecast.mean - mean) / last - tail, 0)
    mean, square = mean + last * (tail + beyond), square + last * (tail**2 + 2 * tail * beyond + 2 * beyond**2)
    return np.maximum(square - mean**2, 0)


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
    """Three rows of POINTS numbers in (0, 1), spread evenly over the cube (the golden ratio's sequence in 3-D)."""
    ratio = 1.22074408460575947536  # the root of x^4 = x + 1
    steps = ratio ** -np.arange(1.0, 4.0)
    return (0.5 + np.outer(steps, np.arange(1, POINTS + 1))) % 1


def _quantiles(demand: LeadTimeDemand, levels: np.ndarray) -> np.ndarray:
    """Quantiles at ``levels`` [series, k]: straight lines within the grid, an exponential tail above it."""
    grid = np.array(GRID)
    right = np.clip(np.searchsorted(grid, levels), 1, len(grid) - 1)
    share = np.clip((levels - grid[right - 1]) / (grid[right] - grid[right - 1]), 0, 1)
    low = np.take_along_axis(demand.quantiles, right - 1, axis=1)
    high = np.take_along_axis(demand.quantiles, right, axis=1)
    beyond = np.log(np.maximum((1 - grid[-1]) / np.maximum(1 - levels, 1e-9), 1))
    return low + share * (high - low) + beyond * _tail_mean(demand)[:, None]


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
