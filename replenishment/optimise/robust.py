"""A purchase whose worst case is as cheap as possible, and what that caution costs on average."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasting.engine.panel import LeadTimeDemand
from replenishment.optimise.errors import (
    BadRow,
    Infeasible,
    NotSolved,
    Shortfall,
    faults,
    not_negative,
    refuse,
    whole_and_positive,
)
from replenishment.optimise.programme import Programme, Solved
from replenishment.simulate import quantile_at


@dataclass(frozen=True)
class Stocks:
    """Items to buy, arrays [items]: ``position`` and ``pack_size`` in pieces.

    Money a piece: ``unit_cost``, ``holding_cost`` of what is left over, ``shortage_cost`` of what is missed.
    """

    position: np.ndarray
    pack_size: np.ndarray
    unit_cost: np.ndarray
    holding_cost: np.ndarray
    shortage_cost: np.ndarray

    def faults(self) -> Iterator[BadRow]:
        yield from whole_and_positive("pack_size", self.pack_size)
        for field in ("unit_cost", "holding_cost", "shortage_cost"):
            yield from not_negative(field, getattr(self, field))


@dataclass(frozen=True)
class Side:
    """``quantity`` pieces [items], its ``expected`` and ``worst`` cost, money, and the number of that ``scenario``."""

    quantity: np.ndarray
    expected: float
    worst: float
    scenario: int


@dataclass(frozen=True)
class Robust:
    """The plan with the smallest ``worst`` cost beside the one with the smallest ``expected`` cost.

    ``price`` is what caution costs on average, ``saved`` what it saves in the worst case; below 0 by the gap at most.
    """

    cautious: Side
    nominal: Side
    price: float
    saved: float


def scenarios(
    demand: LeadTimeDemand, interval_days: np.ndarray, levels: tuple[float, ...], later_days: tuple[float, ...]
) -> np.ndarray:
    """Demand [levels x delays, items] until the next receipt, all items together low or high, all deliveries later.

    The mean grows with the length of the interval, the distance of a quantile from it with its square root.
    """
    found = []
    for later in later_days:
        longer = (np.asarray(interval_days, float) + later) / interval_days
        for level in levels:
            away = quantile_at(demand, np.full(len(demand.mean), level)) - demand.mean
            found.append(np.maximum(demand.mean * longer + away * np.sqrt(longer), 0))
    return np.array(found)


def plan_robustly(
    stocks: Stocks, demand: np.ndarray, chances: np.ndarray, *, budget: float = np.inf,
    seconds: float = 5.0, gap: float = 1e-4,
) -> Robust:  # fmt: skip
    """Both plans for ``demand`` [scenarios, items] pieces with ``chances`` [scenarios], summing to 1.

    Among the plans with the smallest worst case, to within the ``gap``, the one that is cheapest on average is taken if
    it is found in the time (Ben-Tal, El Ghaoui & Nemirovski 2009, Robust Optimization: the minimum over scenarios).
    """
    demand, chances = np.asarray(demand, float), np.asarray(chances, float)
    refuse(stocks.faults(), not_negative("demand", demand), not_negative("chances", chances))
    refuse(faults("chances", np.array([chances.sum()]), np.array([abs(chances.sum() - 1) < 1e-6]), "1 in all"))
    if budget < 0:
        raise Infeasible([Shortfall("budget", 0, -budget)])
    limits = {"seconds": seconds, "gap": gap}
    nominal = _plan(stocks, demand, chances, budget, worst=np.inf, **limits)
    least = _plan(stocks, demand, None, budget, worst=np.inf, **limits)
    try:
        cautious = _plan(stocks, demand, chances, budget, worst=least.worst * (1 + max(gap, 1e-7)) + 1e-7, **limits)
    except NotSolved:
        money = costs(stocks, demand, least.quantity)
        cautious = Side(least.quantity, float(money @ chances), least.worst, least.scenario)
    return Robust(cautious, nominal, cautious.expected - nominal.expected, nominal.worst - cautious.worst)


def costs(stocks: Stocks, demand: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """Money [scenarios] that a purchase leads to: what is left over and what is missed."""
    left = stocks.position + quantity - demand
    return np.maximum(left, 0) @ stocks.holding_cost + np.maximum(-left, 0) @ stocks.shortage_cost


def _plan(
    stocks: Stocks, demand: np.ndarray, chances: np.ndarray | None, budget: float, *,
    worst: float, seconds: float, gap: float,
) -> Side:  # fmt: skip
    """Cheapest on average by ``chances`` with no scenario above ``worst``; without them, cheapest in the worst."""
    programme, pack = Programme(), np.asarray(stocks.pack_size, float)
    packs = programme.columns(np.zeros(len(pack)), whole=True)
    weights = np.zeros(len(demand)) if chances is None else chances
    left = programme.columns(np.outer(weights, stocks.holding_cost).ravel()).reshape(demand.shape)
    short = programme.columns(np.outer(weights, stocks.shortage_cost).ravel()).reshape(demand.shape)
    top = programme.columns(0.0 if chances is not None else 1.0, upper=worst)
    net = demand - stocks.position
    balance = programme.rows(low=net.ravel(), high=net.ravel()).reshape(demand.shape)
    programme.enter(balance, np.broadcast_to(packs, demand.shape), np.broadcast_to(pack, demand.shape))
    programme.enter(balance, short)
    programme.enter(balance, left, -1.0)
    below = programme.rows(high=np.zeros(len(demand)))
    programme.enter(below[:, None], left, np.broadcast_to(stocks.holding_cost, demand.shape))
    programme.enter(below[:, None], short, np.broadcast_to(stocks.shortage_cost, demand.shape))
    programme.enter(below, top, -1.0)
    programme.enter(programme.rows(high=budget), packs, pack * stocks.unit_cost)
    return _side(stocks, demand, chances, pack, programme.solved(seconds=seconds, gap=gap), packs)


def _side(
    stocks: Stocks, demand: np.ndarray, chances: np.ndarray | None, pack: np.ndarray, found: Solved | None,
    packs: np.ndarray,
) -> Side:  # fmt: skip
    if found is None:
        raise NotSolved("no plan keeps the worst case that was found before")
    quantity = np.round(found.x[packs] * pack).astype(np.int64)
    money = costs(stocks, demand, quantity)
    expected = float(money @ chances) if chances is not None else float("nan")
    return Side(quantity, expected, float(money.max()), int(money.argmax()))
