"""What to buy this week with the money there is: an integer programme over lots, suppliers' terms and room.

A multiple-choice knapsack (Kellerer, Pferschy & Pisinger 2004, chapter 11): of each item one lot or none, so that
minimum quantities, packs and price breaks need no rows of their own; two yes-or-no columns per supplier tell whether
its freight is paid or free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from replenishment.optimise.errors import BadRow, Infeasible, NotSolved, Shortfall, faults, not_negative, refuse
from replenishment.optimise.lots import Items, candidates, most_useful, smallest_lot, unit_costs
from replenishment.optimise.programme import Programme, Relaxed, Solved

SMALL = 2_000  # columns up to which all are solved at once
ROUNDS, PRICED = 6, 1e-4  # of adding lots to the relaxation; what may be left to gain by more, as a share
RETURNS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # gain per coin at which the first lots are chosen
OPEN = 2  # lots for each item, on average, that are left open at first


@dataclass(frozen=True)
class Suppliers:
    """Terms of one order with each supplier, arrays [suppliers].

    ``freight_cost`` money, not paid from ``free_freight_from`` money of goods on (inf: always paid);
    ``minimum_order_cost`` money of goods that an order holds at least; ``capacity`` pieces at most (inf: no limit).
    """

    freight_cost: np.ndarray
    free_freight_from: np.ndarray
    minimum_order_cost: np.ndarray
    capacity: np.ndarray

    @classmethod
    def of(
        cls, count: int, *, freight_cost: ArrayLike = 0.0, free_freight_from: ArrayLike = np.inf,
        minimum_order_cost: ArrayLike = 0.0, capacity: ArrayLike = np.inf,
    ) -> Suppliers:  # fmt: skip
        values = (freight_cost, free_freight_from, minimum_order_cost, capacity)
        return cls(*(np.broadcast_to(np.asarray(value, float), count) for value in values))

    def faults(self) -> Iterator[BadRow]:
        yield from not_negative("freight_cost", self.freight_cost)
        yield from not_negative("free_freight_from", self.free_freight_from, finite=False)
        yield from not_negative("minimum_order_cost", self.minimum_order_cost)
        yield from not_negative("capacity", self.capacity, finite=False)


@dataclass(frozen=True)
class Limits:
    """``budget`` money for goods and freight; ``volume`` [warehouses], the room that is free; inf for no limit."""

    budget: float = np.inf
    volume: np.ndarray | None = None


@dataclass(frozen=True)
class Binding:
    """A limit that costs money: one unit more of it would bring ``price`` (of the relaxation); ``left`` is unused."""

    limit: str
    index: int
    price: float
    left: float


@dataclass(frozen=True)
class Plan:
    """``quantity`` pieces [items], ``cost`` money of goods [items], ``freight_cost`` money [suppliers].

    ``gain``      expected money beyond buying nothing, freight paid
    ``bound``     no plan gains more; ``gap`` (bound - gain) / bound
    ``binding``   the limits that bind, the dearest first
    ``coin``      what one coin more of budget would bring: the dual price of the relaxation
    ``held_back`` rows whose smallest lot is above a year's demand or their maximum; ``held_back_cost`` what it costs
    """

    quantity: np.ndarray
    cost: np.ndarray
    freight_cost: np.ndarray
    gain: float
    bound: float
    gap: float
    binding: list[Binding]
    coin: float
    held_back: np.ndarray
    held_back_cost: np.ndarray


def plan_purchase(
    items: Items, suppliers: Suppliers, limits: Limits, *, seconds: float = 8.0, gap: float = 2e-3
) -> Plan:
    """The purchase that is expected to earn most within every limit; ``Infeasible`` where what is required fits none.

    Ends once no plan gains a share of ``gap`` more, or at the best plan found in about ``seconds`` of searching; the
    relaxation before takes some seconds more for thousands of items. ``NotSolved`` where that was too short for any.
    """
    room = np.full(int(np.max(items.warehouse, initial=0)) + 1, np.inf) if limits.volume is None else limits.volume
    budget = np.array([limits.budget], float)
    refuse(items.faults(), suppliers.faults(), not_negative("volume", np.asarray(room, float), finite=False))
    refuse(not_negative("budget", budget, finite=False), _known("supplier", items.supplier, len(suppliers.capacity)))
    refuse(_known("warehouse", items.warehouse, len(room)))
    model = _Model(items, suppliers, budget[0], np.asarray(room, float))
    relaxed, least = _relax(model)
    if relaxed is None:
        raise Infeasible(model.shortfalls(seconds))
    solved, bound = _solve(model, relaxed, least, seconds, gap)
    return model.plan(solved, bound, relaxed)


def _known(field: str, numbers: np.ndarray, count: int) -> Iterator[BadRow]:
    numbers = np.asarray(numbers)
    return faults(field, numbers, (numbers >= 0) & (numbers < count), f"a number below {count}, the first being 0")


def _relax(model: _Model) -> tuple[Relaxed | None, float]:
    """The relaxation, and a cost that no plan undercuts; column by column where the lots are many.

    Few lots of each item are priced first, then those that would still pay are added (Dantzig & Wolfe 1960). Whatever
    is left out can lower the cost by no more than its item's best reduced cost, an item having one lot at most.
    """
    used = np.ones(model.programme.width, bool)
    if model.programme.width >= SMALL:
        used[: model.lot_columns.size] = model.likely_lots()
    for _ in range(ROUNDS):
        relaxed = model.programme.relaxed(used)
        if used.all():
            return relaxed, relaxed.value if relaxed else 0.0
        if relaxed is None:
            used[:] = True
            continue
        reduced = relaxed.reduced[: model.lot_columns.size]
        best = np.zeros(len(model.items))
        np.minimum.at(best, model.lots.item, reduced)
        if -best.sum() <= PRICED * abs(relaxed.value):
            break
        used[: model.lot_columns.size] |= reduced < 0
    return relaxed, relaxed.value + best.sum()


def _solve(model: _Model, relaxed: Relaxed, least: float, seconds: float, gap: float) -> tuple[Solved, float]:
    """The best plan found, and a cost that none undercuts (``least`` or more).

    Where the lots are many, all but the most promising are closed first; a plan with a closed lot costs more than
    ``least`` and that lot's reduced cost. A plan that is not within the ``gap`` is tried to be bettered with every lot
    that could be in a better one, and where there is none, all lots are tried.
    """
    lots, programme, best, bound, late = model.lot_columns.size, model.programme, None, least, None
    slack = np.inf
    if programme.width >= SMALL and lots > OPEN * len(model.items):
        slack = max(float(np.partition(relaxed.reduced[:lots], OPEN * len(model.items))[OPEN * len(model.items)]), 0.0)
    for last in (False, True, True):
        closed = np.concatenate([relaxed.reduced[:lots] > slack, np.zeros(programme.width - lots, bool)])
        try:
            found = programme.solved(seconds=seconds / 2, gap=gap / 20, closed=closed)
        except NotSolved as stopped:
            found, late = None, stopped
        if found is not None:
            bound = max(bound, min(found.bound, least + slack))
            best = found if best is None or found.value < best.value else best
        if found is None and slack == np.inf:
            break
        if best is not None and (last or best.value - bound <= gap * abs(bound) or slack == np.inf):
            return best, bound
        slack = best.value - least if best is not None else np.inf if last else 5 * slack
    raise late or Infeasible(model.shortfalls(seconds))


class _Model:
    """The programme, and which of its rows and columns mean what."""

    def __init__(self, items: Items, suppliers: Suppliers, budget: float, room: np.ndarray) -> None:
        self.items, self.suppliers, self.budget, self.room = items, suppliers, budget, room
        self.lots = candidates(items)
        self.programme = Programme()
        self.lot_columns = self.programme.columns(-self.lots.gain, whole=True)
        self.pays = self.programme.columns(suppliers.freight_cost, upper=1, whole=True)
        self.free = self.programme.columns(
            np.zeros(len(self.pays)), upper=np.isfinite(suppliers.free_freight_from), whole=True
        )
        self._one_lot_an_item()
        self._terms()
        self.limit_rows = self._limits()

    def likely_lots(self) -> np.ndarray:
        """Each item's best lots if a coin had to bring one of RETURNS (bool [lots])."""
        lots, likely = self.lots, np.zeros(len(self.lots.item), bool)
        for rate in RETURNS:
            order = np.lexsort((lots.gain - rate * lots.cost, lots.item))
            last = np.append(lots.item[order][1:] != lots.item[order][:-1], True)
            likely[order[last]] = True
        return likely

    def _one_lot_an_item(self) -> None:
        """At most one lot, none without an order with its supplier, and one at least where pieces are required."""
        lots, items, terms = self.lots, self.items, self.suppliers
        bound = ((terms.freight_cost > 0) | (terms.minimum_order_cost > 0))[items.supplier]
        rows = self.programme.rows(high=np.where(bound, 0.0, 1.0))
        self.programme.enter(rows[lots.item], self.lot_columns)
        for columns in (self.pays, self.free):
            self.programme.enter(rows[bound], columns[items.supplier[bound]], -1.0)
        needed = np.full(len(items), -1)
        required = np.flatnonzero(items.required > 0)
        needed[required] = self.programme.rows(low=np.ones(len(required)))
        some = needed[lots.item] >= 0
        self.programme.enter(needed[lots.item[some]], self.lot_columns[some])

    def _terms(self) -> None:
        """One order a supplier; a free one holds goods enough."""
        terms, program = self.suppliers, self.programme
        once = program.rows(high=np.ones(len(self.pays)))
        for columns in (self.pays, self.free):
            program.enter(once, columns)
        paid = np.flatnonzero(np.isfinite(terms.free_freight_from))
        enough = program.rows(low=np.zeros(len(paid)))
        self._sum_lots(dict(zip(paid.tolist(), enough, strict=True)), self.items.supplier, self.lots.cost)
        program.enter(enough, self.free[paid], -terms.free_freight_from[paid])

    def _limits(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Name -> (numbers of what is limited, rows)."""
        terms, lots, items = self.suppliers, self.lots, self.items
        found = {}
        least = np.flatnonzero(terms.minimum_order_cost > 0)
        rows = self.programme.rows(low=np.zeros(len(least)))
        self._sum_lots(dict(zip(least.tolist(), rows, strict=True)), items.supplier, lots.cost)
        for columns in (self.pays, self.free):
            self.programme.enter(rows, columns[least], -terms.minimum_order_cost[least])
        found["minimum_order"] = least, rows
        sums = {
            "capacity": (terms.capacity, items.supplier, lots.quantity),
            "volume": (self.room, items.warehouse, lots.quantity * items.volume[lots.item]),
            "budget": (np.array([self.budget]), np.zeros(len(items), int), lots.cost),
        }
        for name, (most, group, amount) in sums.items():
            limited = np.flatnonzero(np.isfinite(most))
            rows = self.programme.rows(high=most[limited])
            self._sum_lots(dict(zip(limited.tolist(), rows, strict=True)), group, amount)
            found[name] = limited, rows
        for row in found["budget"][1]:
            self.programme.enter(row, self.pays, terms.freight_cost)
        return found

    def _sum_lots(self, rows: dict[int, int], group: np.ndarray, amount: np.ndarray) -> None:
        """Enter the ``amount`` [lots] of each lot in the row of its item's group, where that has one."""
        place = np.full(int(np.max(group, initial=0)) + 1, -1)
        for number, row in rows.items():
            if number < len(place):
                place[number] = row
        at = place[group[self.lots.item]]
        self.programme.enter(at[at >= 0], self.lot_columns[at >= 0], amount[at >= 0])

    def shortfalls(self, seconds: float) -> list[Shortfall]:
        """The least that the limits would have to give way, each as a share of itself."""
        relaxed_limits = _Model(self.items, self.suppliers, self.budget, self.room)
        program, given = relaxed_limits.programme, []
        program.forget_costs()
        for name, (numbers, rows) in relaxed_limits.limit_rows.items():
            size = {
                "budget": np.array([self.budget]), "volume": self.room, "capacity": self.suppliers.capacity,
                "minimum_order": self.suppliers.minimum_order_cost,
            }[name][numbers]  # fmt: skip
            columns = program.columns(1 / np.maximum(size, 1.0))
            program.enter(rows, columns, 1.0 if name == "minimum_order" else -1.0)
            given.append((name, numbers, columns))
        solved = program.solved(seconds=seconds, gap=1e-6)
        return [
            Shortfall(name, int(number), float(solved.x[column]))
            for name, numbers, columns in given
            for number, column in zip(numbers, columns, strict=True)
            if solved.x[column] > 1e-6
        ]

    def plan(self, solved: Solved, bound: float, relaxed: Relaxed) -> Plan:
        chosen = np.flatnonzero(solved.x[self.lot_columns] > 0.5)
        quantity, cost = np.zeros(len(self.items), np.int64), np.zeros(len(self.items))
        quantity[self.lots.item[chosen]] = self.lots.quantity[chosen]
        cost[self.lots.item[chosen]] = self.lots.cost[chosen]
        freight = self._freight(quantity, cost)
        gain, best = float(self.lots.gain[chosen].sum() - freight.sum()), -bound
        binding = self._binding(relaxed, quantity, cost, freight)
        coin = next((b.price for b in binding if b.limit == "budget"), 0.0)
        gap = max(best - gain, 0.0) / max(abs(best), 1e-9)
        held, held_cost = self._held_back()
        return Plan(quantity, cost, freight, gain, max(best, gain), gap, binding, coin, held, held_cost)

    def _freight(self, quantity: np.ndarray, cost: np.ndarray) -> np.ndarray:
        """Of each supplier that is ordered from, unless the goods are worth enough."""
        goods = np.bincount(self.items.supplier, cost, len(self.pays))
        ordered = np.bincount(self.items.supplier, quantity, len(self.pays)) > 0
        paid = ordered & (goods < self.suppliers.free_freight_from - 1e-6)
        return np.where(paid, self.suppliers.freight_cost, 0.0)

    def _binding(self, relaxed: Relaxed, quantity: np.ndarray, cost: np.ndarray, freight: np.ndarray) -> list[Binding]:
        size = quantity * self.items.volume
        left = {
            "budget": np.array([self.budget - cost.sum() - freight.sum()]),
            "volume": self.room - np.bincount(self.items.warehouse, size, len(self.room)),
            "capacity": self.suppliers.capacity - np.bincount(self.items.supplier, quantity, len(self.pays)),
            "minimum_order": np.bincount(self.items.supplier, cost, len(self.pays)) - self.suppliers.minimum_order_cost,
        }
        found = [
            Binding(name, int(number), abs(float(relaxed.price[row])), float(left[name][number]))
            for name, (numbers, rows) in self.limit_rows.items()
            for number, row in zip(numbers, rows, strict=True)
            if abs(relaxed.price[row]) > 1e-9
        ]
        return sorted(found, key=lambda limit: -limit.price)

    def _held_back(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows for which not even the smallest lot is useful, and what it would cost."""
        least = smallest_lot(self.items, np.ones(len(self.items)))
        asked = np.any(self.items.demand.quantiles > 0, axis=1) | (self.items.position < 0)
        held = np.flatnonzero((least > most_useful(self.items)) & asked)
        return held, (unit_costs(self.items, least[:, None])[:, 0] * least)[held]
