"""The textbook formulas of replenishment: pure, vectorised, each with its source and its book's number.

Quantities are pieces, times are days, money is in the shop's currency; a ``_rate`` lies between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special


def economic_order_quantity(
    annual_demand: ArrayLike, order_cost: ArrayLike, annual_holding_cost: ArrayLike
) -> np.ndarray:
    """Pieces to order at once so that ordering and holding cost least: sqrt(2 K D / h), Harris 1913.

    ``annual_holding_cost`` is money a piece and year (unit cost x holding rate). Snyder & Shen, Fundamentals of
    Supply Chain Theory, 2nd ed., example 3.1:

    >>> round(float(economic_order_quantity(1300, 8, 0.225)), 2)
    304.05
    """
    demand, setup, holding = (np.asarray(x, float) for x in (annual_demand, order_cost, annual_holding_cost))
    if (holding <= 0).any():
        raise ValueError("annual_holding_cost must be above 0")
    return np.sqrt(2 * setup * demand / holding)


def eoq_with_price_breaks(
    annual_demand: float, order_cost: float, holding_rate: float, price_breaks: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Pieces to order at once and the money a year that this costs, where all pieces of a large order are cheaper.

    ``price_breaks`` are (from pieces, unit cost), the first from 0 or 1 on; ``holding_rate`` is the yearly share of the
    unit cost. Each price is tried at its own best quantity, or at the first that gets it (Hadley & Whitin 1963, chapter
    2). Snyder & Shen, 2nd ed., chapter 3, all-units discounts:

    >>> eoq_with_price_breaks(1300, 8, 0.3, [(0, 0.75), (400, 0.72), (800, 0.68)])
    (800.0, 978.6)
    """
    least, unit_cost = np.array(price_breaks, float).T
    if (np.diff(least) <= 0).any() or least[0] > 1:
        raise ValueError("price_breaks must begin at 0 or 1 and rise")
    upper = np.append(least[1:], np.inf)
    quantity = np.maximum(economic_order_quantity(annual_demand, order_cost, holding_rate * unit_cost), least)
    quantity = np.maximum(quantity, 1e-9)
    cost = unit_cost * annual_demand + order_cost * annual_demand / quantity + holding_rate * unit_cost * quantity / 2
    best = int(np.where(quantity < upper, cost, np.inf).argmin())
    return float(quantity[best]), round(float(cost[best]), 9)


def eoq_with_supply_rate(
    annual_demand: ArrayLike, order_cost: ArrayLike, annual_holding_cost: ArrayLike, annual_supply: ArrayLike
) -> np.ndarray:
    """Pieces to order at once when they arrive at a rate, not together: EOQ / sqrt(1 - D / P), Taft 1918.

    ``annual_supply`` (pieces a year while the supplier delivers) must be above the demand. Snyder & Shen, 2nd ed.,
    chapter 3, economic production quantity:

    >>> round(float(eoq_with_supply_rate(1300, 8, 0.225, 1700)), 1)
    626.8
    """
    share = np.asarray(annual_demand, float) / np.asarray(annual_supply, float)
    if not (share < 1).all():
        raise ValueError("annual_supply must be above annual_demand")
    return economic_order_quantity(annual_demand, order_cost, annual_holding_cost) / np.sqrt(1 - share)


def lead_time_deviation(
    daily_demand: ArrayLike, daily_deviation: ArrayLike, lead_time_days: ArrayLike, lead_time_std_days: ArrayLike = 0
) -> np.ndarray:
    """Standard deviation of demand over an uncertain lead time: sqrt(L s^2 + D^2 s_L^2), Hadley & Whitin 1963.

    Chopra & Meindl, Supply Chain Management, "Impact of lead time uncertainty on safety inventory":

    >>> round(float(lead_time_deviation(2500, 500, 7, 7)))
    17550
    """
    demand, deviation = np.asarray(daily_demand, float), np.asarray(daily_deviation, float)
    lead, lead_std = np.asarray(lead_time_days, float), np.asarray(lead_time_std_days, float)
    return np.sqrt(lead * deviation**2 + demand**2 * lead_std**2)


def normal_safety_stock(deviation: ArrayLike, cycle_service_level: ArrayLike) -> np.ndarray:
    """z x the deviation of lead-time demand; right only where that demand is near normal (it seldom is).

    Chopra & Meindl, the same example, 90 %:

    >>> round(float(normal_safety_stock(lead_time_deviation(2500, 500, 7, 7), 0.9)))
    22491
    """
    return special.ndtri(cycle_service_level) * np.asarray(deviation, float)


def normal_reorder_point(
    daily_demand: ArrayLike,
    daily_deviation: ArrayLike,
    lead_time_days: ArrayLike,
    cycle_service_level: ArrayLike,
    lead_time_std_days: ArrayLike = 0,
) -> np.ndarray:
    """Expected lead-time demand + normal safety stock: what other systems compute, kept to compare with.

    >>> round(float(normal_reorder_point(2500, 500, 7, 0.9, 7)))
    39991
    """
    deviation = lead_time_deviation(daily_demand, daily_deviation, lead_time_days, lead_time_std_days)
    expected = np.asarray(daily_demand, float) * np.asarray(lead_time_days, float)
    return expected + normal_safety_stock(deviation, cycle_service_level)


def normal_loss(z: ArrayLike) -> np.ndarray:
    """Expected excess of a standard normal above ``z``: phi(z) - z (1 - Phi(z)).

    As in the tables of the unit normal loss function:

    >>> round(float(normal_loss(0.5)), 4)
    0.1978
    """
    z = np.asarray(z, float)
    return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) - z * special.ndtr(-z)


def normal_fill_rate(
    reorder_point: ArrayLike, order_quantity: ArrayLike, expected: ArrayLike, deviation: ArrayLike
) -> np.ndarray:
    """Share of demand served from the shelf, 1 - (expected shortage of a cycle) / order quantity.

    ``expected`` and ``deviation`` (above 0) are of lead-time demand. Chopra & Meindl, "Evaluating fill rate
    given a replenishment policy":

    >>> round(float(normal_fill_rate(6000, 10_000, 5000, 707)), 4)
    0.9975
    """
    deviation = np.asarray(deviation, float)
    shortage = deviation * normal_loss((np.asarray(reorder_point, float) - expected) / deviation)
    return 1 - shortage / np.asarray(order_quantity, float)


def normal_fill_rate_order_up_to(
    level: ArrayLike,
    review_demand: ArrayLike,
    deviation: ArrayLike,
    lead_time_deviation: ArrayLike,
    expected: ArrayLike,
) -> np.ndarray:
    """(R,S): share of demand served from the shelf, 1 - (short before the next receipt - short at this one) / demand.

    ``level`` is S; ``review_demand`` the demand of a review period; ``expected`` and ``deviation`` are of lead time +
    review period, ``lead_time_deviation`` of the lead time alone. Hadley & Whitin 1963, chapter 5. Where nothing is
    short when the receipt before arrives, it is ``normal_fill_rate`` with Q = ``review_demand``, Chopra & Meindl again:

    >>> round(float(normal_fill_rate_order_up_to(6000, 10_000, 707, 1e-9, 5000)), 4)
    0.9975
    """
    level, review, expected = (np.asarray(x, float) for x in (level, review_demand, expected))
    deviation, before = np.asarray(deviation, float), np.asarray(lead_time_deviation, float)
    late = deviation * normal_loss((level - expected) / deviation)
    early = before * normal_loss((level - (expected - review)) / before)
    return 1 - (late - early) / review


def critical_ratio(underage_cost: ArrayLike, overage_cost: ArrayLike) -> np.ndarray:
    """The newsvendor's best chance of not running out: c_u / (c_u + c_o), both money a piece.

    Snyder & Shen, example 4.3 (underage 0.70, overage 0.18):

    >>> round(float(critical_ratio(0.70, 0.18)), 4)
    0.7955
    """
    underage, overage = np.asarray(underage_cost, float), np.asarray(overage_cost, float)
    return underage / (underage + overage)


def normal_newsvendor(
    underage_cost: ArrayLike, overage_cost: ArrayLike, expected: ArrayLike, deviation: ArrayLike
) -> np.ndarray:
    """Pieces to have for one selling period: the quantile of normal demand at the critical ratio.

    Costs are money a piece missed and a piece left over. Snyder & Shen, 2nd ed., example 4.3:

    >>> round(float(normal_newsvendor(0.70, 0.18, 50, 8)), 2)
    56.6
    """
    level = critical_ratio(underage_cost, overage_cost)
    return np.asarray(expected, float) + np.asarray(deviation, float) * special.ndtri(level)


def discrete_newsvendor(
    underage_cost: ArrayLike, overage_cost: ArrayLike, pieces: np.ndarray, chances: np.ndarray
) -> np.ndarray:
    """The fewest ``pieces`` [k] whose cumulated ``chances`` [k], summing to 1, reach the critical ratio.

    Arrow, Harris & Marschak 1951. Snyder & Shen, 2nd ed., section 4.3, Poisson demand of mean 6, costs 4 and 1:

    >>> from scipy import stats
    >>> int(discrete_newsvendor(4, 1, np.arange(30), stats.poisson.pmf(np.arange(30), 6)))
    8
    """
    reached = np.cumsum(chances)
    if abs(reached[-1] - 1) > 1e-6:
        raise ValueError("chances must sum to 1")
    place = np.searchsorted(reached, critical_ratio(underage_cost, overage_cost) - 1e-12)
    return np.asarray(pieces)[np.minimum(place, len(reached) - 1)]


def min_max_levels(
    order_cost: ArrayLike, holding_cost: ArrayLike, shortage_cost: ArrayLike, review_demand: ArrayLike,
    expected: ArrayLike, deviation: ArrayLike,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """(s, S): at or below s at a review, order up to S; the power approximation of Ehrhardt & Mosier 1984.

    ``order_cost`` is money an order, ``holding_cost`` and ``shortage_cost`` money a piece and review period;
    ``review_demand`` (above 0) the expected demand of one; ``expected`` and ``deviation`` (above 0) of lead time +
    review period. Fitted, not exact. Snyder & Shen, 2nd ed., example 4.8:

    >>> s, S = min_max_levels(2.5, 0.18, 0.70, 50, 50, 8)
    >>> round(float(s), 2), round(float(S), 2)
    (40.19, 74.29)
    """
    values = (order_cost, holding_cost, shortage_cost, review_demand, expected, deviation)
    order, holding, shortage, review, expected, deviation = (np.asarray(value, float) for value in values)
    if not all((value > 0).all() for value in (order, holding, shortage, review, deviation)):
        raise ValueError("costs, review_demand and deviation must be above 0")
    spread = (1 + (deviation / review) ** 2) ** 0.116
    quantity = 1.30 * review**0.494 * (order / holding) ** 0.506 * spread
    z = np.sqrt(quantity * holding / (deviation * shortage))
    low = 0.973 * expected + deviation * (0.183 / z + 1.063 - 2.192 * z)
    return low, low + quantity


def turnover(annual_cost_of_goods_sold: ArrayLike, average_stock_value: ArrayLike) -> np.ndarray:
    """How often a year the stock is sold; infinite when goods were sold without stock, 0 when nothing was sold.

    >>> float(turnover(1_200_000, 300_000))
    4.0
    """
    sold, value = np.broadcast_arrays(
        np.asarray(annual_cost_of_goods_sold, float), np.asarray(average_stock_value, float)
    )
    empty = np.where(sold > 0, np.inf, 0.0)
    return np.divide(sold, value, out=empty, where=value > 0)


def gross_margin_return(
    annual_revenue: ArrayLike, annual_cost_of_goods_sold: ArrayLike, average_stock_value: ArrayLike
) -> np.ndarray:
    """GMROI: gross margin of a year per coin of average stock at cost; infinite where nothing was held.

    Levy, Weitz & Grewal, Retailing Management, "gross margin return on inventory investment":

    >>> float(gross_margin_return(100_000, 60_000, 20_000))
    2.0
    """
    margin = np.asarray(annual_revenue, float) - np.asarray(annual_cost_of_goods_sold, float)
    margin, value = np.broadcast_arrays(margin, np.asarray(average_stock_value, float))
    empty = np.where(margin > 0, np.inf, np.where(margin < 0, -np.inf, 0.0))
    return np.divide(margin, value, out=empty, where=value > 0)


def days_of_cover(available: ArrayLike, mean: np.ndarray, bucket_days: float = 1.0) -> np.ndarray:
    """Days until the forecast ``mean`` [series, buckets] has used up ``available`` [series]; 0 when none is left.

    Beyond the horizon the mean of the horizon goes on; where nothing is forecast the cover is infinite.

    >>> days_of_cover([10, 100, 0, 5], np.array([[4, 4, 4], [10, 10, 20], [1, 1, 1], [0, 0, 0]])).tolist()
    [2.5, 7.5, 0.0, inf]
    """
    left = np.maximum(np.asarray(available, float), 0)
    mean = np.asarray(mean, float)
    used = np.cumsum(mean, axis=1)
    before = np.concatenate([np.zeros((len(mean), 1)), used[:, :-1]], axis=1)
    share = np.divide(left[:, None] - before, mean, out=np.ones_like(mean), where=mean > 0)
    within = np.clip(share, 0, 1).sum(axis=1, where=left[:, None] > before)
    rate = mean.mean(axis=1)
    beyond = np.maximum(left - used[:, -1], 0)
    after = np.divide(beyond, rate, out=np.where(left > 0, np.inf, 0.0), where=rate > 0)
    return (within + after) * bucket_days


def lot_size(quantity: ArrayLike, min_order_quantity: ArrayLike = 1, pack_size: ArrayLike = 1) -> np.ndarray:
    """The smallest whole number of packs that holds ``quantity`` and the minimum, at least one pack.

    >>> lot_size([0.4, 25, 36], min_order_quantity=[1, 1, 40], pack_size=[1, 12, 12]).tolist()
    [1, 36, 48]
    """
    pack = np.maximum(np.asarray(pack_size, np.int64), 1)
    wanted = np.maximum(np.asarray(quantity, float), np.asarray(min_order_quantity, float))
    packs = np.maximum(np.ceil(wanted / pack - 1e-9), 1)
    return packs.astype(np.int64) * pack


def order_lots(position: ArrayLike, reorder_point: ArrayLike, order_quantity: ArrayLike) -> np.ndarray:
    """(R,s,nQ): nothing above the reorder point, else the smallest n x Q that lifts the position above it.

    Hadley & Whitin 1963, chapter 5; ``order_quantity`` is a lot (see ``lot_size``).

    >>> order_lots([14, 31, 32, -40], 31, 36).tolist()
    [36, 36, 0, 72]
    """
    short = np.asarray(reorder_point, np.int64) - np.asarray(position, np.int64)
    quantity = np.asarray(order_quantity, np.int64)
    return np.where(short < 0, 0, (short // quantity + 1) * quantity)


def order_up_to(
    position: ArrayLike, order_up_to_level: ArrayLike, min_order_quantity: ArrayLike = 1, pack_size: ArrayLike = 1
) -> np.ndarray:
    """(R,S): what lifts the position to the level, in whole packs and at least the minimum; 0 at or above it.

    >>> order_up_to([20, 31, 40], 31, pack_size=12).tolist()
    [12, 0, 0]
    """
    short = np.asarray(order_up_to_level, np.int64) - np.asarray(position, np.int64)
    return np.where(short > 0, lot_size(short, min_order_quantity, pack_size), 0)


def order_min_max(
    position: ArrayLike, reorder_point: ArrayLike, order_up_to_level: ArrayLike,
    min_order_quantity: ArrayLike = 1, pack_size: ArrayLike = 1,
) -> np.ndarray:  # fmt: skip
    """(s,S): nothing above the reorder point s, else what lifts the position to S, in packs and at least the minimum.

    Scarf 1960. Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed., chapter 6:

    >>> order_min_max([10, 11, 25], 10, 50, pack_size=6).tolist()
    [42, 0, 0]
    """
    is_due = np.asarray(position, np.int64) <= np.asarray(reorder_point, np.int64)
    return np.where(is_due, order_up_to(position, order_up_to_level, min_order_quantity, pack_size), 0)


def order_up_to_level(reorder_point: ArrayLike, order_quantity: ArrayLike) -> np.ndarray:
    """(R,s,nQ): the highest position just after an order, s + Q.

    >>> int(order_up_to_level(31, 36))
    67
    """
    return np.asarray(reorder_point, np.int64) + np.asarray(order_quantity, np.int64)
