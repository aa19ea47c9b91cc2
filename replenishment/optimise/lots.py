"""The quantities of a product that may be ordered, with what each costs and is expected to earn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from forecasting.engine.panel import LeadTimeDemand
from replenishment.optimise import worth
from replenishment.optimise.errors import BadRow, faults, not_negative, whole_and_positive

DAYS = 365.0
LOTS = 28  # considered of one product
TRIED = 96  # looked at to choose them


@dataclass(frozen=True)
class Items:
    """What may be bought: one row per product and warehouse, arrays [items]; money in one currency.

    ``demand``              law of demand over the protection interval, pieces
    ``interval_days``       length of that interval, days, above 0
    ``position``            inventory position, pieces; below 0 where pieces are promised that nobody has bought
    ``price, unit_cost``    money a piece; ``unit_cost`` before price breaks
    ``holding_rate``        what keeping one coin's worth costs in a year, 0-1
    ``min_order_quantity``, ``pack_size``   pieces, from 1 on
    ``price_breaks``        of each item (from pieces, unit cost), rising, for all pieces of the line; () for none
    ``supplier, warehouse`` numbers of the row's supplier and of its room, from 0 on
    ``volume``              room that one piece takes, in the unit of ``Limits.volume``
    ``required``            pieces that have to be bought whatever they earn (0: none)
    ``max_order_quantity``  pieces; inf for no limit but a year's demand
    ``shortage_cost``       money a piece that is missed, beyond its margin
    """

    demand: LeadTimeDemand
    interval_days: np.ndarray
    position: np.ndarray
    price: np.ndarray
    unit_cost: np.ndarray
    holding_rate: np.ndarray
    min_order_quantity: np.ndarray
    pack_size: np.ndarray
    price_breaks: tuple[tuple[tuple[int, float], ...], ...]
    supplier: np.ndarray
    warehouse: np.ndarray
    volume: np.ndarray
    required: np.ndarray
    max_order_quantity: np.ndarray
    shortage_cost: np.ndarray

    @classmethod
    def of(cls, demand: LeadTimeDemand, **values: object) -> Items:
        """Fill in what is not told, and spread single numbers over all rows."""
        size = len(demand.quantiles)
        usual = {
            "holding_rate": 0.25, "min_order_quantity": 1, "pack_size": 1, "supplier": 0, "warehouse": 0, "volume": 0.0,
            "required": 0, "max_order_quantity": np.inf, "shortage_cost": 0.0,
        }  # fmt: skip
        breaks = tuple(tuple(steps) for steps in values.pop("price_breaks", ((),) * size))
        arrays = {name: np.broadcast_to(np.asarray(value), size) for name, value in (usual | values).items()}
        return cls(demand=demand, price_breaks=breaks, **arrays)

    def __len__(self) -> int:
        return len(self.demand.quantiles)

    def take(self, rows: np.ndarray) -> Items:
        """Some rows only: after ``faults``, those that can be planned."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("demand", "price_breaks")}
        taken = {name: values[rows] for name, values in arrays.items()}
        breaks = tuple(self.price_breaks[row] for row in rows)
        return replace(self, demand=worth.rows_of(self.demand, rows), price_breaks=breaks, **taken)

    def faults(self) -> Iterator[BadRow]:
        """Every row that cannot be planned, so that a run can tell about it and go on with ``take``."""
        yield from whole_and_positive("pack_size", self.pack_size)
        yield from whole_and_positive("min_order_quantity", self.min_order_quantity)
        for field in ("price", "unit_cost", "holding_rate", "volume", "required", "shortage_cost"):
            yield from not_negative(field, getattr(self, field))
        days = np.asarray(self.interval_days, float)
        yield from faults("interval_days", days, (days > 0) & np.isfinite(days), "above 0")
        yield from faults("position", self.position, np.isfinite(np.asarray(self.position, float)), "a number")
        table = self.demand.quantiles
        yield from faults("demand", table, (table >= 0) & np.isfinite(table), "0 or more")
        most = np.asarray(self.max_order_quantity, float)
        least = smallest_lot(self, np.maximum(self.required, 1))
        fine = (most >= least) | ((most >= 0) & (self.required == 0))
        yield from faults("max_order_quantity", most, fine, "0 or more, and enough for what is required in whole packs")


@dataclass(frozen=True)
class Lots:
    """Candidates, arrays [lots], none of them 0: which ``item``, how many pieces, money paid, money earned beyond 0."""

    item: np.ndarray
    quantity: np.ndarray
    cost: np.ndarray
    gain: np.ndarray


def smallest_lot(items: Items, quantity: np.ndarray) -> np.ndarray:
    """The fewest whole packs that hold ``quantity`` and the minimum [items], pieces; pack 0 counts as 1."""
    pack = np.maximum(np.asarray(items.pack_size, float), 1)
    return np.ceil(np.maximum(quantity, items.min_order_quantity) / pack - 1e-9) * pack


def most_useful(items: Items) -> np.ndarray:
    """A year's demand and what is owed, no more than the maximum, but always what is required; pieces [items]."""
    year = worth.expected_demand(items.demand) / items.interval_days * DAYS
    most = np.minimum(year + np.maximum(-items.position, 0), items.max_order_quantity)
    needed = np.where(items.required > 0, smallest_lot(items, items.required), 0)
    return np.maximum(np.floor(most + 1e-9), needed)


def unit_costs(items: Items, quantity: np.ndarray) -> np.ndarray:
    """Money a piece [items, k] when ``quantity`` [items, k] are ordered."""
    cost = np.repeat(np.asarray(items.unit_cost, float)[:, None], quantity.shape[1], axis=1)
    for row, steps in enumerate(items.price_breaks):
        for least, unit_cost in steps:
            cost[row, quantity[row] >= least] = unit_cost
    return cost


def gains(items: Items, quantity: np.ndarray) -> np.ndarray:
    """Money [items, k] that ordering ``quantity`` is expected to earn beyond ordering nothing, freight aside.

    The margin (and shortage cost) of the pieces that are no longer missed, and what price breaks save on the whole
    line, less holding: what is left when the interval ends has been held for the interval and is held on until it is
    sold, half of left / demand intervals on average.
    """
    before, after = (items.position[:, None] + q for q in (np.zeros((len(items), 1)), quantity))
    served = worth.expected_short(items.demand, before) - worth.expected_short(items.demand, after)
    paid = unit_costs(items, quantity)
    margin = (items.price - items.unit_cost + items.shortage_cost)[:, None]
    held = _holding(items, after) - _holding(items, before)
    return margin * served + (items.unit_cost[:, None] - paid) * quantity - held


def _holding(items: Items, stock: np.ndarray) -> np.ndarray:
    left = worth.expected_left(items.demand, stock)
    mean = np.maximum(worth.expected_demand(items.demand), 1e-9)[:, None]
    piece = (items.unit_cost * items.holding_rate * items.interval_days / DAYS)[:, None]
    return piece * left * (1 + left / (2 * mean))


def candidates(items: Items) -> Lots:
    """Every lot from the smallest to the most useful, or LOTS of them: dense to the best one, sparse beyond it."""
    packs, kept = _packs(items)
    quantity = packs * items.pack_size[:, None]
    gain = gains(items, quantity)
    item, place = np.nonzero(kept)
    cost = unit_costs(items, quantity) * quantity
    return Lots(item, quantity[item, place], cost[item, place], gain[item, place])


def _packs(items: Items) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of packs [items, k] and whether they are candidates."""
    first = smallest_lot(items, np.maximum(items.required, 1)) // items.pack_size
    last = np.floor(most_useful(items) / items.pack_size + 1e-9)
    tried = _spread(first, np.maximum(last, first), TRIED, 2.0)
    gain = gains(items, tried * items.pack_size[:, None])
    best = np.take_along_axis(tried, gain.argmax(axis=1)[:, None], axis=1)[:, 0]
    steps = _at_price_breaks(items)
    dense = _spread(first, best, LOTS - 12, 1.0)
    after = best[:, None] + np.arange(1, 6)  # small steps, to reach free freight
    beyond = _spread(best, np.maximum(last, best), 7, 3.0)
    few = first[:, None] + np.arange(LOTS)
    packs = np.where((last - first < LOTS)[:, None], few, np.concatenate([dense, after, beyond], axis=1))
    packs = np.sort(np.concatenate([packs, steps], axis=1), axis=1)
    repeated = np.concatenate([np.zeros((len(items), 1), bool), packs[:, 1:] == packs[:, :-1]], axis=1)
    return packs, (packs >= first[:, None]) & (packs <= last[:, None]) & ~repeated


def _spread(first: np.ndarray, last: np.ndarray, count: int, power: float) -> np.ndarray:
    """Whole numbers [items, count] from first to last, denser at the first where ``power`` is above 1."""
    share = np.linspace(0, 1, count) ** power
    return np.round(first[:, None] + (last - first)[:, None] * share)


def _at_price_breaks(items: Items) -> np.ndarray:
    """The fewest packs that reach each price break [items, most breaks]; 0 for none."""
    packs = np.zeros((len(items), max((len(steps) for steps in items.price_breaks), default=0)))
    for row, steps in enumerate(items.price_breaks):
        for place, (least, _cost) in enumerate(steps):
            packs[row, place] = np.ceil(least / items.pack_size[row])
    return packs
