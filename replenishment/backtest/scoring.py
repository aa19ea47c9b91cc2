"""What a replay comes to in money, and a rule made to hold as much stock as another."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from replenishment.backtest.replay import Outcome, World, follow
from replenishment.backtest.rules import Family

#: Halvings of the number that a rule is moved by: a thousandth of its range.
HALVINGS = 12


@dataclass(frozen=True)
class Money:
    """What pieces are worth: ``unit_cost`` [items], ``price`` [days, items]; an order costs per line and per order.

    ``buyer`` int [items] numbers whoever is sent one order together (supplier and warehouse), -1 nobody.
    ``freight`` and ``free_from`` [buyers] are of the whole order; infinity: freight is never free.
    """

    unit_cost: np.ndarray
    price: np.ndarray
    holding_rate: float
    line_cost: float
    buyer: np.ndarray
    freight: np.ndarray
    free_from: np.ndarray


@dataclass(frozen=True)
class Sums:
    """Of each item over the judged days, float [items]; they add up over any group of items.

    ``stock_value`` is the mean over the days. ``orders`` are shares: a line of four is a quarter of its order.
    """

    demand: np.ndarray
    short: np.ndarray
    lost: np.ndarray
    lost_margin: np.ndarray
    stock_value: np.ndarray
    holding_cost: np.ndarray
    lines: np.ndarray
    orders: np.ndarray
    order_cost: np.ndarray
    cycles: np.ndarray
    in_time: np.ndarray

    def by(self, group: np.ndarray, groups: int) -> dict[str, np.ndarray]:
        """Sums of each group [groups]."""
        return {f.name: np.bincount(group, getattr(self, f.name), groups) for f in fields(self)}


def sums_of(outcome: Outcome, world: World, money: Money, judged: slice) -> Sums:
    """The outcome of the ``judged`` days in money. A piece sold at a loss loses nothing by being short."""
    short, ordered = outcome.short[judged], outcome.ordered[judged]
    lost = np.where(world.waits, 0, short)
    margin = np.maximum(money.price[judged] - money.unit_cost, 0)
    days = max(len(short), 1)
    value = outcome.stock[judged].sum(axis=0) * money.unit_cost / days
    share, freight = shares_of_orders(ordered, money)
    lines = (ordered > 0).sum(axis=0).astype(float)
    return Sums(
        demand=world.demand[judged].sum(axis=0).astype(float),
        short=short.sum(axis=0).astype(float),
        lost=lost.sum(axis=0).astype(float),
        lost_margin=(lost * margin).sum(axis=0),
        stock_value=value,
        holding_cost=value * money.holding_rate * days / 365,
        lines=lines,
        orders=share,
        order_cost=lines * money.line_cost + freight,
        cycles=outcome.arrived[judged].sum(axis=0).astype(float),
        in_time=outcome.in_time[judged].sum(axis=0).astype(float),
    )


def shares_of_orders(ordered: np.ndarray, money: Money) -> tuple[np.ndarray, np.ndarray]:
    """Shares of whole orders and of their freight [items], from pieces ordered [days, items].

    What goes to one buyer on one day is one order, and its freight is shared by its lines.
    """
    items = ordered.shape[1]
    day, item = np.nonzero(ordered)
    if not len(day):
        return np.zeros(items), np.zeros(items)
    buyers = len(money.freight) + 1
    order = day * buyers + money.buyer[item] + 1
    _keys, place = np.unique(order, return_inverse=True)
    number = np.bincount(place)
    worth = np.bincount(place, ordered[day, item] * money.unit_cost[item])
    freight = np.append(money.freight, 0.0)[money.buyer[item]]
    free_from = np.append(money.free_from, np.inf)[money.buyer[item]]
    paid = np.where(worth[place] >= free_from, 0.0, freight) / number[place]
    return np.bincount(item, 1 / number[place], items), np.bincount(item, paid, items)


def at_stock_value(
    family: Family, world: World, money: Money, judged: slice, wanted: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """The number of each item [items] with which its group's mean stock value is ``wanted`` [groups], by bisection.

    It is found with hindsight, which no rule has: it tells what the same money would have bought, not what to do.
    """
    low, high = np.full(len(wanted), family.low), np.full(len(wanted), family.high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        outcome = follow(family.levels(middle[group]), world)
        value = outcome.stock[judged].sum(axis=0) * money.unit_cost / max(judged.stop - judged.start, 1)
        is_less = np.bincount(group, value, len(wanted)) < wanted
        low, high = np.where(is_less, middle, low), np.where(is_less, high, middle)
    return ((low + high) / 2)[group]


def cheapest_days(
    family: Family, world: World, money: Money, judged: slice, candidates: tuple[float, ...], group: np.ndarray
) -> np.ndarray:
    """Of the candidates the one [items] that cost its group least in the ``judged`` days: lost margin, holding and
    orders together."""
    groups = int(group.max(initial=0)) + 1
    costs = []
    for days in candidates:
        sums = sums_of(follow(family.levels(np.full(len(group), float(days))), world), world, money, judged)
        costs.append(np.bincount(group, sums.lost_margin + sums.holding_cost + sums.order_cost, groups))
    return np.array(candidates, float)[np.argmin(costs, axis=0)][group]
