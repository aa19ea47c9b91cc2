"""The textbook formulas of replenishment: pure, vectorised, each with its source and its book's number.

Quantities are pieces, times are days, money is in the shop's currency; a ``_rate`` lies between 0 and 1.
"""

from __future__ import annotations

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


def critical_ratio(underage_cost: ArrayLike, overage_cost: ArrayLike) -> np.ndarray:
    """The newsvendor's best chance of not running out: c_u / (c_u + c_o), both money a piece.

    Snyder & Shen, example 4.3 (underage 0.70, overage 0.18):

    >>> round(float(critical_ratio(0.70, 0.18)), 4)
    0.7955
    """
    underage, overage = np.asarray(underage_cost, float), np.asarray(overage_cost, float)
    return underage / (underage + overage)


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


def order_up_to_level(reorder_point: ArrayLike, order_quantity: ArrayLike) -> np.ndarray:
    """(R,s,nQ): the highest position just after an order, s + Q.

    >>> int(order_up_to_level(31, 36))
    67
    """
    return np.asarray(reorder_point, np.int64) + np.asarray(order_quantity, np.int64)
