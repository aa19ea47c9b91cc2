"""How much to receive in each period when the room is short: a linear programme of storage and shortage cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replenishment.optimise.errors import Infeasible, Shortfall, not_negative, refuse
from replenishment.optimise.programme import Programme


@dataclass(frozen=True)
class Stored:
    """``receipts``, ``stock`` (after the period's demand) and ``short`` (lost) pieces [items, periods].

    ``cost`` money of buying, storage and shortage; ``room_price`` money [periods] that a unit of room would save.
    """

    receipts: np.ndarray
    stock: np.ndarray
    short: np.ndarray
    cost: float
    room_price: np.ndarray


def store(
    demand: np.ndarray,
    room: np.ndarray,
    *,
    on_hand: np.ndarray,
    holding_cost: np.ndarray,
    shortage_cost: np.ndarray,
    unit_cost: np.ndarray,
    volume: np.ndarray,
) -> Stored:
    """The cheapest receipts for ``demand`` [items, periods] pieces within ``room`` [periods].

    Costs are money a piece [items]: ``holding_cost`` for a period that it is kept over, ``shortage_cost`` for one that
    is missed (lost, not back-ordered). ``volume`` [items] is the room a piece takes just after the receipt, when the
    shelf is fullest. Pieces may come out broken where volumes differ; round them down.
    """
    demand, room = np.asarray(demand, float), np.asarray(room, float)
    told = {"demand": demand, "on_hand": on_hand, "holding_cost": holding_cost, "shortage_cost": shortage_cost,
            "unit_cost": unit_cost, "volume": volume}  # fmt: skip
    refuse(*(not_negative(name, values) for name, values in told.items()), not_negative("room", room, finite=False))
    _refuse_too_much(demand, room, np.asarray(on_hand, float), np.asarray(volume, float))
    (items, periods), programme = demand.shape, Programme()
    costs = (np.repeat(np.asarray(c, float), periods) for c in (unit_cost, holding_cost, shortage_cost))
    uppers = (np.inf, np.inf, demand.ravel())
    receipts, stock, short = (
        programme.columns(cost, upper=upper).reshape(items, periods) for cost, upper in zip(costs, uppers, strict=True)
    )
    net = demand.copy()
    net[:, 0] -= on_hand
    balance = programme.rows(low=net.ravel(), high=net.ravel()).reshape(items, periods)
    programme.enter(balance, receipts)
    programme.enter(balance, short)
    programme.enter(balance, stock, -1.0)
    programme.enter(balance[:, 1:], stock[:, :-1])
    # What stands there after the receipt is what is left after demand, and what is sold: demand - short.
    sold = np.asarray(volume, float) @ demand
    full = programme.rows(high=room - sold)
    size = np.broadcast_to(np.asarray(volume, float)[:, None], demand.shape)
    programme.enter(full, stock, size)
    programme.enter(full, short, -size)
    found = programme.relaxed(presolve=False)
    return Stored(found.x[receipts], found.x[stock], found.x[short], found.value, -found.price[full])


def _refuse_too_much(demand: np.ndarray, room: np.ndarray, on_hand: np.ndarray, volume: np.ndarray) -> None:
    """What is there already has to stand somewhere, even if nothing is received."""
    sold_before = np.concatenate([np.zeros((len(demand), 1)), demand.cumsum(axis=1)[:, :-1]], axis=1)
    least = volume @ np.maximum(on_hand[:, None] - sold_before, 0)
    over = np.flatnonzero(least > room + 1e-9)
    if len(over):
        raise Infeasible([Shortfall("room", int(period), float(least[period] - room[period])) for period in over])
