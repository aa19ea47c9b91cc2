"""Day by day through the past under one ordering rule, all items at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from replenishment import formulas


@dataclass(frozen=True)
class World:
    """What no rule can change.

    ``demand``     int [days, items]
    ``lead_days``  int [days, items], of what is ordered that evening; 0 arrives the next morning
    ``is_review``  bool [days, items], whether an order may be placed that evening
    ``span``       int [days], which row of the levels holds that evening
    ``waits``      bool [items], customers wait for the goods: what is short is not lost
    """

    demand: np.ndarray
    lead_days: np.ndarray
    is_review: np.ndarray
    span: np.ndarray
    waits: np.ndarray

    def asking(self, demand: np.ndarray) -> World:
        return replace(self, demand=demand)


@dataclass(frozen=True)
class Levels:
    """A rule in numbers, int [spans, items]: order at or below ``reorder_point``.

    Multiples of ``lot`` above it; up to ``top`` in packs where ``fills``. Not at all where not ``is_bought``.
    ``minimum`` and ``pack`` int [items].
    """

    reorder_point: np.ndarray
    top: np.ndarray
    lot: np.ndarray
    fills: np.ndarray
    is_bought: np.ndarray
    minimum: np.ndarray
    pack: np.ndarray

    def at(self, reorder_point: np.ndarray, is_bought: np.ndarray) -> Levels:
        """The same lots ordered at other points; what is filled up to a level is so from as far below it."""
        point = np.where(is_bought, reorder_point, 0)
        top = point + np.where(self.fills, self.top - self.reorder_point, self.lot)
        return replace(self, reorder_point=point, top=top, is_bought=is_bought)


@dataclass(frozen=True)
class Outcome:
    """[days, items]: ``stock`` at the end of each day, ``short`` of what was asked for, ``ordered`` in the evening;
    ``arrived`` (bool) something came, ``in_time`` (bool) it came before anything was short since the arrival before."""

    stock: np.ndarray
    short: np.ndarray
    ordered: np.ndarray
    arrived: np.ndarray
    in_time: np.ndarray


def follow(levels: Levels, world: World) -> Outcome:
    """Each day what is due arrives, demand is served, back-ordered or lost, and the evening's review orders.

    An order waits its lead time from the morning after. The first day begins with a shelf as full as the rule ever
    makes it and nothing on its way, so the first days judge nothing: leave them out.
    """
    days, items = world.demand.shape
    rows = np.arange(items)
    coming = np.zeros((days + 2 + int(world.lead_days.max(initial=0)), items), np.int64)
    stock, short, ordered = (np.zeros((days, items), np.int64) for _ in range(3))
    in_time = np.zeros((days, items), bool)
    first = world.span[0] if days else 0
    on_hand = np.where(levels.is_bought[first], levels.top[first], 0).astype(np.int64)
    on_order, owed, was_short = np.zeros(items, np.int64), np.zeros(items, np.int64), np.zeros(items, bool)
    for day in range(days):
        arrived = coming[day]
        on_hand += arrived
        on_order -= arrived
        in_time[day] = (arrived > 0) & ~was_short
        was_short &= arrived == 0
        handed = np.minimum(owed, on_hand)
        served = np.minimum(on_hand - handed, world.demand[day])
        on_hand -= handed + served
        short[day] = world.demand[day] - served
        owed += np.where(world.waits, short[day], 0) - handed
        was_short |= short[day] > 0
        stock[day] = on_hand
        order = _order(levels, world.span[day], on_hand + on_order - owed, world.is_review[day])
        ordered[day] = order
        on_order += order
        coming[day + 1 + world.lead_days[day], rows] += order
    return Outcome(stock, short, ordered, coming[:days] > 0, in_time)


def _order(levels: Levels, span: int, position: np.ndarray, is_review: np.ndarray) -> np.ndarray:
    """Pieces ordered in an evening [items]; only the few items that order are computed."""
    order = np.zeros(len(position), np.int64)
    due = np.flatnonzero(is_review & levels.is_bought[span] & (position <= levels.reorder_point[span]))
    lots = formulas.order_lots(position[due], levels.reorder_point[span, due], levels.lot[span, due])
    filled = formulas.order_up_to(position[due], levels.top[span, due], levels.minimum[due], levels.pack[due])
    order[due] = np.where(levels.fills[span, due], filled, lots)
    return order


def drawn_days(lengths: np.ndarray, chances: np.ndarray, item: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Lead times int [days, items] from distributions [items, k], each by its own fixed number in (0, 1).

    The number depends on the item's key and on the day alone, so every rule meets the same late deliveries.
    """
    mixed = _mixed(item.astype(np.uint64)[None, :] * np.uint64(1_000_003) + day.astype(np.uint64)[:, None])
    number = (mixed >> np.uint64(11)).astype(float) / 2**53
    reached = np.cumsum(chances, axis=1)
    out = np.zeros(number.shape, np.int64)
    for place in range(lengths.shape[1] - 1):
        out += number > reached[:, place] / reached[:, -1]
    return np.take_along_axis(lengths, out.T, axis=1).T


def _mixed(x: np.ndarray) -> np.ndarray:
    """Steele, Lea & Flood 2014 (SplitMix64): neighbouring numbers become unrelated ones."""
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
