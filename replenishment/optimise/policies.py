"""Joint policies for several goals at once: a genetic search over the simulated shop, giving its Pareto front.

Classes are not independent: items of one supplier that order on the same day share one order. So the choice of one
class changes what another costs, and the front cannot be put together class by class.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from deap import base, tools

from forecasting.engine.panel import LeadTimeDemand
from replenishment.formulas import order_up_to
from replenishment.optimise import worth
from replenishment.optimise.errors import BadRow, faults, not_negative, refuse, whole_and_positive
from replenishment.simulate import quantile_at

CROSSED, POPULATION = 0.9, 48


@dataclass(frozen=True)
class Shop:
    """What is simulated, arrays [items].

    ``demand``  pieces [items, days], as it came or as it was drawn; the first ``warm_up_days`` are not judged
    ``law``     of lead-time demand over ``interval_days``, from which order-up-to levels are read
    ``group``   class of the item, from 0 on; all items of a class share one choice; ``supplier`` from 0 on
    """

    demand: np.ndarray
    law: LeadTimeDemand
    interval_days: np.ndarray
    lead_time_days: np.ndarray
    unit_cost: np.ndarray
    group: np.ndarray
    supplier: np.ndarray
    min_order_quantity: np.ndarray
    pack_size: np.ndarray
    warm_up_days: int = 0

    def faults(self) -> Iterator[BadRow]:
        yield from whole_and_positive("pack_size", self.pack_size)
        yield from whole_and_positive("min_order_quantity", self.min_order_quantity)
        for name in ("demand", "unit_cost", "lead_time_days"):
            yield from not_negative(name, getattr(self, name))
        days = np.asarray(self.interval_days, float)
        yield from faults("interval_days", days, days > 0, "above 0")


@dataclass(frozen=True)
class Choice:
    """A ``cycle_service_level`` with a ``review_period_days``, for all items of a class."""

    cycle_service_level: float
    review_period_days: int


@dataclass(frozen=True)
class JointPolicy:
    """One of ``choices`` per class, and what came of it: average ``stock_value`` (money), ``fill_rate``, ``orders``."""

    choices: tuple[Choice, ...]
    stock_value: float
    fill_rate: float
    orders: int

    @property
    def goals(self) -> tuple[float, float, float]:
        """All three the smaller the better."""
        return self.stock_value, -self.fill_rate, float(self.orders)


@dataclass(frozen=True)
class Outcome:
    """Of one class: average stock ``value``, pieces ``served``, whether each supplier ordered [suppliers, days]."""

    value: float
    served: float
    ordered: np.ndarray


@dataclass
class Evaluation:
    """Each class is simulated once for each choice; joint policies are put together from these."""

    shop: Shop
    choices: tuple[Choice, ...]
    _known: dict[tuple[int, int], Outcome] = field(default_factory=dict)

    @property
    def groups(self) -> int:
        return int(self.shop.group.max()) + 1

    def of(self, genes: tuple[int, ...]) -> JointPolicy:
        """The joint policy in which class g takes choice ``genes[g]``."""
        parts = [self._outcome(group, gene) for group, gene in enumerate(genes)]
        asked = max(float(self.shop.demand[:, self.shop.warm_up_days :].sum()), 1e-9)
        orders = int(np.logical_or.reduce([part.ordered for part in parts]).sum())
        served = sum(part.served for part in parts)
        choices = tuple(self.choices[gene] for gene in genes)
        return JointPolicy(choices, sum(part.value for part in parts), min(served / asked, 1.0), orders)

    def _outcome(self, group: int, gene: int) -> Outcome:
        if (group, gene) not in self._known:
            rows = np.flatnonzero(self.shop.group == group)
            self._known[group, gene] = simulated(self.shop, rows, self.choices[gene])
        return self._known[group, gene]


def levels(shop: Shop, rows: np.ndarray, choice: Choice) -> np.ndarray:
    """Order-up-to levels [rows], pieces: the quantile of demand over lead time + review period."""
    law = worth.rows_of(shop.law, rows)
    length = (shop.lead_time_days[rows] + choice.review_period_days) / shop.interval_days[rows]
    away = quantile_at(law, np.full(len(rows), choice.cycle_service_level)) - law.mean
    return np.ceil(np.maximum(law.mean * length + away * np.sqrt(length), 0) - 1e-9).astype(np.int64)


def simulated(shop: Shop, rows: np.ndarray, choice: Choice) -> Outcome:
    """Run (R,S) day by day on ``rows``, starting full; what is not on hand is lost.

    An order is placed after the day's sales and is there ``lead_time_days`` days later before the shop opens, the next
    morning at the earliest.
    """
    demand, days = shop.demand[rows], shop.demand.shape[1]
    lead = np.maximum(np.asarray(shop.lead_time_days)[rows].astype(int), 1)
    level = levels(shop, rows, choice)
    lots = {"min_order_quantity": shop.min_order_quantity[rows], "pack_size": shop.pack_size[rows]}
    arriving = np.zeros((days + int(lead.max(initial=1)) + 1, len(rows)))
    ordered = np.zeros((int(shop.supplier.max()) + 1, days), bool)
    stock, on_order, value, served = level.astype(float), np.zeros(len(rows)), 0.0, 0.0
    for day in range(days):
        stock, on_order = stock + arriving[day], on_order - arriving[day]
        sold = np.minimum(stock, demand[:, day])
        stock = stock - sold
        if day >= shop.warm_up_days:
            value, served = value + float(stock @ shop.unit_cost[rows]), served + float(sold.sum())
        if day % choice.review_period_days == 0:
            quantity = order_up_to(stock + on_order, level, **lots)
            arriving[day + lead, np.arange(len(rows))] += quantity
            on_order = on_order + quantity
            ordered[shop.supplier[rows[quantity > 0]], day] = True
    ordered[:, : shop.warm_up_days] = False
    return Outcome(value / max(days - shop.warm_up_days, 1), served, ordered)


class _Individual(list):
    """One choice a class, with what came of it."""

    def __init__(self, genes: list[int]) -> None:
        super().__init__(genes)
        self.fitness = _Fitness()


class _Fitness(base.Fitness):
    weights = (-1.0, -1.0, -1.0)


def pareto_front(
    shop: Shop, choices: list[Choice], *, generations: int = 40, population: int = POPULATION, seed: int = 0
) -> list[JointPolicy]:
    """Joint policies of which none is better in one goal without being worse in another, least stock value first.

    NSGA-II (Deb et al. 2002). The first generation holds every choice for all classes alike, so no uniform policy beats
    the front. The same ``seed`` gives the same front; a front found is not proved complete.
    """
    refuse(shop.faults(), *(_choice_faults(choice) for choice in choices))
    evaluation, best = Evaluation(shop, tuple(choices)), tools.ParetoFront()
    population = max(-(-max(population, len(choices)) // 4) * 4, 4)  # the tournament takes four at a time
    with _seeded(seed):
        uniform = [_Individual([gene] * evaluation.groups) for gene in range(len(choices))]
        drawn = [_drawn(evaluation, len(choices)) for _ in range(population - len(uniform))]
        parents = tools.selNSGA2(_judged(uniform + drawn, evaluation, best), population)
        for _ in range(generations):
            children = _judged(_children(parents, len(choices)), evaluation, best)
            parents = tools.selNSGA2(parents + children, population)
    found = {evaluation.of(tuple(one)).goals: evaluation.of(tuple(one)) for one in best}
    return sorted(found.values(), key=lambda policy: policy.goals)


def every_joint_policy(shop: Shop, choices: list[Choice]) -> Iterator[JointPolicy]:
    """All of them, for shops so small that they can be counted."""
    evaluation = Evaluation(shop, tuple(choices))
    for genes in product(range(len(choices)), repeat=evaluation.groups):
        yield evaluation.of(genes)


def _choice_faults(choice: Choice) -> list[BadRow]:
    level, review = np.array([choice.cycle_service_level]), np.array([choice.review_period_days])
    inside = list(faults("cycle_service_level", level, (level > 0) & (level < 1), "between 0 and 1"))
    return inside + list(whole_and_positive("review_period_days", review))


def _drawn(evaluation: Evaluation, choices: int) -> _Individual:
    return _Individual([random.randrange(choices) for _ in range(evaluation.groups)])


def _children(parents: list[_Individual], choices: int) -> list[_Individual]:
    chosen = tools.selTournamentDCD(parents, len(parents))
    children = [_Individual(list(parent)) for parent in chosen]
    for one, other in zip(children[::2], children[1::2], strict=True):
        if random.random() < CROSSED:
            tools.cxUniform(one, other, 0.5)
        for child in (one, other):
            tools.mutUniformInt(child, 0, choices - 1, 1 / len(child))
    return children


def _judged(individuals: list[_Individual], evaluation: Evaluation, best: tools.ParetoFront) -> list[_Individual]:
    for one in individuals:
        one.fitness.values = evaluation.of(tuple(one)).goals
    best.update(individuals)
    return individuals


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """DEAP draws from the process's generator; others get it back as it was."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
