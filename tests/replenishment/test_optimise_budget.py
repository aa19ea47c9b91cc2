"""The week's purchase under a budget: against every possible purchase, and what it says when nothing fits."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from forecasting.engine.panel import GRID, LeadTimeDemand
from replenishment.optimise import budget, worth
from replenishment.optimise.budget import Limits, Suppliers, plan_purchase
from replenishment.optimise.errors import BadRow, Infeasible, Shortfall
from replenishment.optimise.lots import LOTS, Items, candidates, gains, most_useful, unit_costs
from tests.replenishment.forecasts import poisson, true_forecast

SIZES = [20, pytest.param(200, marks=pytest.mark.long)]


def law(rng: np.random.Generator, size: int, most: float = 12.0) -> LeadTimeDemand:
    quantiles = np.sort(rng.uniform(0, most, (size, len(GRID))), axis=1)
    return LeadTimeDemand(quantiles.mean(axis=1), quantiles, rng.uniform(0, 0.2, size))


def drawn(rng: np.random.Generator, size: int = 3) -> tuple[Items, Suppliers, Limits]:
    cost = np.round(rng.uniform(1, 6, size), 2)
    breaks = tuple(((4, c * 0.9), (8, c * 0.7)) if rng.random() < 0.5 else () for c in cost)
    pack = rng.integers(1, 4, size)
    items = Items.of(
        law(rng, size), interval_days=rng.uniform(5, 30, size), position=rng.integers(-3, 6, size),
        price=cost * rng.uniform(0.9, 2.5, size), unit_cost=cost, pack_size=pack, price_breaks=breaks,
        min_order_quantity=rng.integers(1, 6, size), supplier=rng.integers(0, 2, size),
        warehouse=rng.integers(0, 2, size), volume=rng.integers(0, 3, size), max_order_quantity=5 * pack,
        required=rng.integers(0, 4, size) * (rng.random(size) < 0.15), shortage_cost=rng.uniform(0, 1, size),
    )  # fmt: skip
    terms = Suppliers.of(
        2, freight_cost=rng.uniform(0, 6, 2), free_freight_from=rng.choice([10, 25, np.inf], 2),
        minimum_order_cost=rng.choice([0, 15], 2), capacity=rng.choice([8, np.inf], 2),
    )  # fmt: skip
    return items, terms, Limits(float(rng.uniform(5, 90)), rng.choice([6, 20, np.inf], 2))


def every_purchase(items: Items, terms: Suppliers, limits: Limits) -> float | None:
    """The best gain over all purchases that keep every rule, None where there is none."""
    choices, best = [], None
    for row in range(len(items)):
        lots = np.arange(0, most_useful(items)[row] + 1, items.pack_size[row])
        least = max(items.required[row], 1)
        choices.append([q for q in lots if q >= max(least, items.min_order_quantity[row])])
        if items.required[row] == 0:
            choices[-1].append(0)
    for quantity in product(*choices):
        bought = np.array(quantity, float)
        goods = unit_costs(items, bought[:, None])[:, 0] * bought
        by_supplier, pieces = (np.bincount(items.supplier, x, 2) for x in (goods, bought))
        freight = np.where((pieces > 0) & (by_supplier < terms.free_freight_from), terms.freight_cost, 0)
        fits = (
            goods.sum() + freight.sum() <= limits.budget + 1e-9
            and (pieces <= terms.capacity).all()
            and ((pieces == 0) | (by_supplier >= terms.minimum_order_cost - 1e-9)).all()
            and (np.bincount(items.warehouse, bought * items.volume, 2) <= limits.volume).all()
        )
        if fits:
            gain = gains(items, bought[:, None])[:, 0].sum() - freight.sum()
            best = gain if best is None else max(best, gain)
    return best


@pytest.mark.parametrize("cases", SIZES)
def test_no_purchase_gains_more(cases):
    fitting = 0
    for seed in range(cases):
        items, terms, limits = drawn(np.random.default_rng(seed))
        best = every_purchase(items, terms, limits)
        if best is None:
            with pytest.raises(Infeasible):
                plan_purchase(items, terms, limits)
            continue
        plan = plan_purchase(items, terms, limits, gap=0)
        assert plan.gain == pytest.approx(best, abs=1e-6), seed
        assert plan.gap <= 1e-6
        spent = plan.cost.sum() + plan.freight_cost.sum()
        assert spent <= limits.budget + 1e-6 and (plan.quantity % items.pack_size == 0).all()
        fitting += 1
    assert fitting > cases / 2


@pytest.mark.parametrize("cases", SIZES)
def test_adding_lots_to_the_relaxation_as_they_pay_ends_at_the_same_plan(cases, monkeypatch):
    for seed in range(cases // 3):
        items, terms, limits = drawn(np.random.default_rng(1000 + seed), 12)
        try:
            whole = plan_purchase(items, terms, limits, gap=0)
        except Infeasible:
            continue
        with monkeypatch.context() as patch:
            patch.setattr(budget, "SMALL", 0)
            parts = plan_purchase(items, terms, limits, gap=0)
        assert parts.gain == pytest.approx(whole.gain, abs=1e-6), seed
        assert parts.bound >= whole.gain - 1e-6, seed


def one(**values) -> tuple[Items, Suppliers]:
    """One item that is surely asked for ten times, costs 2 and sells for 5."""
    sure = LeadTimeDemand(np.array([10.0]), np.full((1, len(GRID)), 10.0), np.zeros(1))
    usual = {"interval_days": 10, "position": 0, "price": 5.0, "unit_cost": 2.0, "holding_rate": 0.0}
    return Items.of(sure, **(usual | values)), Suppliers.of(1)


def test_what_is_surely_asked_for_is_bought_and_nothing_more():
    plan = plan_purchase(*one(holding_rate=0.2), Limits())
    assert plan.quantity.tolist() == [10] and plan.gain == pytest.approx(30) and plan.binding == []


def test_a_budget_binds_and_one_more_coin_brings_its_margin():
    plan = plan_purchase(*one(), Limits(budget=9))
    assert plan.quantity.tolist() == [4] and plan.coin == pytest.approx(1.5)
    (binding,) = plan.binding
    assert (binding.limit, binding.index) == ("budget", 0) and binding.left == pytest.approx(1)


def test_too_small_a_budget_for_what_is_promised_says_by_how_much():
    items, terms = one(required=6)
    with pytest.raises(Infeasible) as refusal:
        plan_purchase(items, terms, Limits(budget=7))
    assert refusal.value.shortfalls == [Shortfall("budget", 0, pytest.approx(5))]
    assert "budget 0 by 5" in str(refusal.value)


def test_too_little_room_for_what_is_promised_names_the_warehouse():
    items, terms = one(required=6, volume=2.0, warehouse=1)
    with pytest.raises(Infeasible) as refusal:
        plan_purchase(items, terms, Limits(budget=100, volume=np.array([1.0, 8.0])))
    assert refusal.value.shortfalls == [Shortfall("volume", 1, pytest.approx(4))]


def test_nobody_asks_nothing_is_bought():
    never = LeadTimeDemand(np.zeros(2), np.zeros((2, len(GRID))), np.zeros(2))
    items = Items.of(never, interval_days=7, position=0, price=5, unit_cost=2, price_breaks=(((10, 0.1),), ()))
    plan = plan_purchase(items, Suppliers.of(1), Limits(100))
    assert plan.quantity.tolist() == [0, 0] and plan.gain == 0 and plan.held_back.tolist() == []


def test_a_minimum_above_a_years_demand_is_held_back_with_its_cost():
    plan = plan_purchase(*one(min_order_quantity=1_000, pack_size=12), Limits())
    assert plan.quantity.tolist() == [0]
    assert plan.held_back.tolist() == [0] and plan.held_back_cost.tolist() == [2016.0]


def test_a_maximum_below_the_minimum_is_held_back_too():
    plan = plan_purchase(*one(min_order_quantity=8, max_order_quantity=5), Limits())
    assert plan.quantity.tolist() == [0] and plan.held_back.tolist() == [0]


def test_no_products_need_no_plan():
    items = one()[0].take(np.array([], int))
    plan = plan_purchase(items, Suppliers.of(1), Limits(5))
    assert plan.quantity.tolist() == [] and plan.gain == 0


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"pack_size": 0}, "row 0: pack_size is 0, it must be a whole number from 1 on"),
        ({"unit_cost": np.nan}, "row 0: unit_cost is nan"),
        ({"price": -1}, "row 0: price is -1"),
        ({"interval_days": 0}, "row 0: interval_days is 0"),
        ({"supplier": 1}, "row 0: supplier is 1, it must be a number below 1"),
        ({"required": 9, "max_order_quantity": 5}, "row 0: max_order_quantity is 5"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(values, told):
    with pytest.raises(BadRow, match=told):
        plan_purchase(*one(**values), Limits())


def test_the_other_rows_can_be_planned_without_the_bad_one():
    items, terms, limits = drawn(np.random.default_rng(3))
    pack = items.pack_size.copy()
    pack[1] = 0
    broken = Items(**{**vars(items), "pack_size": pack})
    bad = {fault.row for fault in broken.faults()}
    assert bad == {1}
    good = broken.take(np.array([0, 2]))
    assert plan_purchase(good, terms, limits).quantity.shape == (2,)


def test_free_freight_is_reached_when_it_pays():
    items, _ = one(position=5, holding_rate=0.5)
    terms = Suppliers.of(1, freight_cost=4.0, free_freight_from=12.0)
    plan = plan_purchase(items, terms, Limits())
    assert plan.quantity.tolist() == [6] and plan.freight_cost.tolist() == [0]
    assert plan_purchase(items, Suppliers.of(1, freight_cost=16.0), Limits()).quantity.tolist() == [0]


def test_of_many_lots_some_are_weighed_and_little_is_lost():
    rng = np.random.default_rng(5)
    items = Items.of(law(rng, 40, 5000.0), interval_days=20, position=0, price=5.0, unit_cost=3.0)
    lots = candidates(items)
    assert np.bincount(lots.item).max() <= LOTS + 1
    plan = plan_purchase(items, Suppliers.of(1), Limits())
    every = gains(items, np.repeat(np.arange(0.0, 6000)[None], 40, axis=0)).max(axis=1).sum()
    assert every * 0.999 <= plan.gain <= every


def test_expected_shortage_is_that_of_the_true_law():
    forecast = true_forecast([poisson(3)], 7, 50_000)
    demand = forecast.lead_time_demand
    draws = np.random.default_rng(7).poisson(21, 100_000)
    stock = np.array([[-4.0, 0, 10, 21, 25, 33, 45]])
    told = worth.expected_short(demand, stock)[0]
    true = np.maximum(draws[:, None] - stock, 0).mean(axis=0)
    assert told == pytest.approx(true, abs=0.25)
    left = worth.expected_left(demand, stock)[0]
    assert left - told == pytest.approx(stock[0] - worth.expected_demand(demand)[0])
    assert (left >= 0).all()
