"""What stands in one warehouse and is missing in another is moved before it is bought: a min-cost flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replenishment.optimise.errors import BadRow, faults, not_negative, refuse
from replenishment.optimise.programme import Programme


@dataclass(frozen=True)
class Surplus:
    """Pieces that a warehouse can spare: ``product``, ``warehouse`` numbers from 0 on, ``quantity``; arrays [rows]."""

    product: np.ndarray
    warehouse: np.ndarray
    quantity: np.ndarray


@dataclass(frozen=True)
class Need:
    """Pieces that a warehouse lacks, arrays [rows].

    ``buy_cost``, money a piece bought, freight included (inf: nobody sells it), which is there after ``buy_days``;
    ``delay_cost`` money a piece and day of waiting; ``shortage_cost`` money a piece that neither comes nor is bought.
    """

    product: np.ndarray
    warehouse: np.ndarray
    quantity: np.ndarray
    buy_cost: np.ndarray
    buy_days: np.ndarray
    delay_cost: np.ndarray
    shortage_cost: np.ndarray


@dataclass(frozen=True)
class Lanes:
    """From warehouse to warehouse [from, to]: ``freight_cost`` money a piece (inf: no lane) and ``days``."""

    freight_cost: np.ndarray
    days: np.ndarray


@dataclass(frozen=True)
class Moves:
    """``quantity`` pieces [moves] from ``surplus`` row to ``need`` row; ``bought`` and ``missed`` pieces [needs].

    ``cost`` money, ``buying_only`` what the needs would cost without a transfer: never less than ``cost``.
    """

    surplus: np.ndarray
    need: np.ndarray
    quantity: np.ndarray
    bought: np.ndarray
    missed: np.ndarray
    cost: float
    buying_only: float


def plan_transfers(surplus: Surplus, need: Need, lanes: Lanes) -> Moves:
    """The cheapest way to meet every need, by transfer, by purchase or not at all.

    A network of whole supplies and needs has whole optimal flows (Ford & Fulkerson 1962), so nothing is rounded.
    """
    refuse(_faults(surplus, need), not_negative("days", lanes.days.ravel(), finite=False))
    refuse(not_negative("freight_cost", lanes.freight_cost.ravel(), finite=False))
    buying = np.asarray(need.buy_cost, float) + np.asarray(need.delay_cost, float) * need.buy_days
    without = np.minimum(buying, need.shortage_cost)
    source, target, cost = _worthwhile(surplus, need, lanes, without)
    programme = Programme()
    moved = programme.columns(cost)
    other = programme.columns(without)
    supply = programme.rows(high=np.asarray(surplus.quantity, float))
    programme.enter(supply[source], moved)
    asked = np.asarray(need.quantity, float)
    demand = programme.rows(low=asked, high=asked)
    programme.enter(demand[target], moved)
    programme.enter(demand, other)
    found = programme.relaxed()
    quantity = np.round(found.x[moved]).astype(np.int64)
    rest = np.round(found.x[other]).astype(np.int64)
    used, buys = quantity > 0, buying <= need.shortage_cost
    total, only = cost @ quantity + without @ rest, without @ asked
    return Moves(source[used], target[used], quantity[used], np.where(buys, rest, 0), np.where(buys, 0, rest),
                 float(total), float(only))  # fmt: skip


def _worthwhile(
    surplus: Surplus, need: Need, lanes: Lanes, without: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Surplus row, need row and money a piece of each move of the same product that is cheaper than doing without."""
    order = np.argsort(surplus.product, kind="stable")
    sorted_products = np.asarray(surplus.product)[order]
    first = np.searchsorted(sorted_products, need.product, "left")
    count = np.searchsorted(sorted_products, need.product, "right") - first
    target = np.repeat(np.arange(len(need.product)), count)
    source = order[np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)]
    lane = np.asarray(surplus.warehouse)[source], np.asarray(need.warehouse)[target]
    known = np.isfinite(lanes.freight_cost[lane]) & np.isfinite(lanes.days[lane]) & (lane[0] != lane[1])
    days = np.where(known, lanes.days[lane], 0.0)
    cost = np.where(known, lanes.freight_cost[lane], np.inf) + np.asarray(need.delay_cost)[target] * days
    better = cost < without[target]
    return source[better], target[better], cost[better]


def _faults(surplus: Surplus, need: Need) -> list[BadRow]:
    found = []
    for field, values in (("surplus quantity", surplus.quantity), ("needed quantity", need.quantity)):
        values = np.asarray(values, float)
        found += faults(field, values, (values >= 0) & (values == np.floor(values)), "a whole number from 0 on")
    found += not_negative("buy_cost", need.buy_cost, finite=False)
    for field in ("buy_days", "delay_cost", "shortage_cost"):
        found += not_negative(field, getattr(need, field))
    return found
