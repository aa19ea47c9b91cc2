"""From whom to buy how much: a need over some periods, split over suppliers who differ in price, delay and capacity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from replenishment.optimise.errors import BadRow, not_negative, refuse, whole_and_positive
from replenishment.optimise.programme import Programme


@dataclass(frozen=True)
class Offers:
    """Who could deliver one product, arrays [suppliers].

    ``unit_cost`` money a piece, ``order_cost`` money an order, ``lateness_cost`` money a piece expected for being late
    (see ``lateness_cost``), ``min_order_quantity`` and ``pack_size`` pieces from 1 on, ``capacity`` pieces [suppliers,
    periods] that arrive in each period at most (0: cut off, inf: no limit).
    """

    unit_cost: np.ndarray
    order_cost: np.ndarray
    lateness_cost: np.ndarray
    min_order_quantity: np.ndarray
    pack_size: np.ndarray
    capacity: np.ndarray

    def faults(self) -> Iterator[BadRow]:
        yield from whole_and_positive("pack_size", self.pack_size)
        yield from whole_and_positive("min_order_quantity", self.min_order_quantity)
        for field in ("unit_cost", "order_cost", "lateness_cost"):
            yield from not_negative(field, getattr(self, field))
        yield from not_negative("capacity", self.capacity, finite=False)


@dataclass(frozen=True)
class Split:
    """``quantity`` pieces [suppliers, periods], ``missed`` [periods]; ``cost`` and its lower ``bound``, money."""

    quantity: np.ndarray
    missed: np.ndarray
    cost: float
    bound: float


def lateness_cost(days: ArrayLike, chances: ArrayLike, promised_days: float, delay_cost: float) -> float:
    """Money a piece expected for arriving after ``promised_days``: ``delay_cost`` for each day.

    >>> lateness_cost([5, 9, 15], [0.5, 0.25, 0.25], promised_days=7, delay_cost=0.2)
    0.5
    """
    late = np.maximum(np.asarray(days, float) - promised_days, 0)
    return float(delay_cost * (late @ np.asarray(chances, float)))


def learned_capacity(
    ordered: np.ndarray, received: np.ndarray, *, half_life: float = 6.0, sure: float = 0.5
) -> np.ndarray:
    """Pieces that each supplier delivers in the next period with a chance of ``sure``; inf where none was ever short.

    ``ordered`` and ``received`` pieces [suppliers, periods], oldest first. A period delivered short shows the capacity;
    one delivered in full only that it was no smaller: censored (Kaplan & Meier 1958). A period that is ``half_life``
    periods old counts half.

    >>> learned_capacity(np.array([[50, 90, 90, 60]]), np.array([[50, 70, 80, 60]])).tolist()
    [80.0]
    """
    ordered, received = np.asarray(ordered, float), np.asarray(received, float)
    refuse(not_negative("ordered", ordered), not_negative("received", received))
    weight = 0.5 ** (np.arange(ordered.shape[1])[::-1] / half_life)
    return np.array([_reached(o, r, weight, sure) for o, r in zip(ordered, received, strict=True)])


def _reached(ordered: np.ndarray, received: np.ndarray, weight: np.ndarray, sure: float) -> float:
    asked = ordered > 0
    short, received, weight = (received < ordered)[asked], received[asked], weight[asked]
    chance = 1.0
    for level in np.unique(received[short]):
        chance *= 1 - weight[short & (received == level)].sum() / weight[received >= level].sum()
        if chance < sure + 1e-12:
            return float(level)
    return np.inf


def split_need(
    need: np.ndarray, offers: Offers, *, holding_cost: float, shortage_cost: float,
    seconds: float = 5.0, gap: float = 1e-6,
) -> Split:  # fmt: skip
    """The cheapest orders for ``need`` [periods] pieces, stock netted; what is not worth it or not to be had is missed.

    ``holding_cost`` money for a piece kept over a period, ``shortage_cost`` money for one that is missed (lost).
    """
    need, money = np.asarray(need, float), {"holding_cost": holding_cost, "shortage_cost": shortage_cost}
    refuse(offers.faults(), not_negative("need", need), *(not_negative(n, np.array([x])) for n, x in money.items()))
    pack, least = (np.asarray(x, float) for x in (offers.pack_size, offers.min_order_quantity))
    lot = np.ceil(np.maximum(need.sum(), least) / pack) * pack  # nobody is asked for more in one order
    most = np.minimum(offers.capacity, lot[:, None])
    shape, programme = most.shape, Programme()
    piece = np.asarray(offers.unit_cost, float) + offers.lateness_cost
    each = (np.repeat(cost, shape[1]) for cost in (piece * pack, np.asarray(offers.order_cost, float)))
    packs, order = (
        programme.columns(cost, upper=upper, whole=True).reshape(shape)
        for cost, upper in zip(each, (np.inf, 1), strict=True)
    )
    kept = programme.columns(np.full(len(need), holding_cost))
    missed = programme.columns(np.full(len(need), shortage_cost), upper=need)
    for limit, sign in ((most, 1.0), (np.broadcast_to(least[:, None], shape), -1.0)):
        rows = programme.rows(high=np.zeros(most.size)).reshape(shape)
        programme.enter(rows, packs, sign * pack[:, None])
        programme.enter(rows, order, -sign * limit)
    balance = programme.rows(low=need, high=need)
    programme.enter(np.broadcast_to(balance, shape), packs, pack[:, None])
    programme.enter(balance, missed)
    programme.enter(balance, kept, -1.0)
    programme.enter(balance[1:], kept[:-1])
    found = programme.solved(seconds=seconds, gap=gap)
    quantity = np.round(found.x[packs] * pack[:, None]).astype(np.int64)
    return Split(quantity, found.x[missed], found.value, found.bound)
