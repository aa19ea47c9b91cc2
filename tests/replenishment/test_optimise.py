"""The optimisers against every possible answer of small random cases, and at their edges."""

from __future__ import annotations

import doctest
from importlib import import_module
from itertools import product

import numpy as np
import pytest

from forecasting.engine.panel import GRID, LeadTimeDemand
from replenishment.optimise import worth
from replenishment.optimise.allocation import allocate
from replenishment.optimise.errors import BadRow, Infeasible, Shortfall
from replenishment.optimise.lot_sizes import lot_sizes
from replenishment.optimise.robust import Stocks, costs, plan_robustly, scenarios
from replenishment.optimise.sourcing import Offers, learned_capacity, split_need
from replenishment.optimise.storage import store
from replenishment.optimise.transfers import Lanes, Need, Surplus, plan_transfers

SIZES = [40, pytest.param(200, marks=pytest.mark.long)]
FEW = [10, pytest.param(200, marks=pytest.mark.long)]


def law(rng: np.random.Generator, size: int, most: float = 6.0) -> LeadTimeDemand:
    quantiles = np.sort(rng.uniform(0, most, (size, len(GRID))), axis=1)
    return LeadTimeDemand(quantiles.mean(axis=1), quantiles, rng.uniform(0, 0.2, size))


def table(*ranges: int) -> np.ndarray:
    """Every combination of whole numbers from 0 to each of the numbers."""
    return np.array(list(product(*(range(most + 1) for most in ranges))), float)


@pytest.mark.parametrize("name", ["worth", "lot_sizes", "sourcing"])
def test_every_doctest_gives_its_number(name):
    result = doctest.testmod(import_module(f"replenishment.optimise.{name}"))
    assert result.failed == 0 and result.attempted >= 1


@pytest.mark.parametrize("shelf_life", [None, 1, 2, 3])
def test_no_set_of_orders_is_cheaper_than_the_lot_sizes(shelf_life):
    for seed in range(200):
        rng = np.random.default_rng(seed)
        periods = int(rng.integers(1, 7))
        demand = rng.integers(0, 9, periods) * (rng.random(periods) < 0.8)
        order, keep, unit = rng.uniform(0, 20, periods), rng.uniform(0, 2, periods), rng.uniform(0, 5, periods)
        found = lot_sizes(demand, order_cost=order, holding_cost=keep, unit_cost=unit, shelf_life=shelf_life)
        kept = np.concatenate([[0], np.cumsum(keep)])
        best = np.inf
        for chosen in product([False, True], repeat=periods):
            cost = order[np.array(chosen)].sum()
            for period in np.flatnonzero(demand):
                first = 0 if shelf_life is None else max(period - shelf_life + 1, 0)
                pieces = [unit[s] + kept[period] - kept[s] for s in range(first, period + 1) if chosen[s]]
                cost += demand[period] * min(pieces, default=np.inf)
            best = min(best, cost)
        assert found.cost == pytest.approx(best), seed
        assert found.quantity.sum() == demand.sum()


def test_a_short_life_costs_orders_and_no_demand_costs_nothing():
    demand = [10, 10, 10, 10]
    lots = [lot_sizes(demand, order_cost=30, holding_cost=0.5, shelf_life=k) for k in (1, 2, 4, None)]
    assert [lot.cost for lot in lots] == [120, 70, 60, 60]
    assert lots[1].quantity.tolist() == [20, 0, 20, 0]
    assert lot_sizes([0, 0], order_cost=9, holding_cost=1).cost == 0
    with pytest.raises(BadRow, match="shelf_life is 0"):
        lot_sizes(demand, order_cost=1, holding_cost=1, shelf_life=0)
    with pytest.raises(BadRow, match="row 1: demand is -1"):
        lot_sizes([1, -1], order_cost=1, holding_cost=1)


@pytest.mark.parametrize("cases", SIZES)
def test_no_receipts_are_cheaper_than_those_of_the_storage_programme(cases):
    tried = table(4, 4, 4, 4).reshape(-1, 2, 2)
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        demand, on_hand = rng.integers(0, 4, (2, 2)), rng.integers(0, 2, 2)
        keep, miss, unit = rng.uniform(0, 2, 2), rng.uniform(0, 6, 2), rng.uniform(0, 4, 2)
        room = rng.integers(2, 7, 2)
        money = {"holding_cost": keep, "shortage_cost": miss, "unit_cost": unit, "volume": np.ones(2)}
        found = store(demand, room, on_hand=on_hand, **money)
        stock, cost, fits = np.broadcast_to(on_hand, (len(tried), 2)), tried.sum(axis=2) @ unit, True
        for period in range(2):
            stock = stock + tried[:, :, period]
            fits = fits & (stock.sum(axis=1) <= room[period])
            sold = np.minimum(stock, demand[:, period])
            stock, cost = stock - sold, cost + (stock - sold) @ keep + (demand[:, period] - sold) @ miss
        assert found.cost == pytest.approx(cost[fits].min()), seed


def test_room_that_is_short_has_a_price_and_none_for_what_is_there_is_refused():
    money = {"holding_cost": [0.0], "shortage_cost": [5.0], "unit_cost": [2.0], "volume": [1.0]}
    found = store(np.array([[10.0]]), np.array([6.0]), on_hand=[0], **money)
    assert found.receipts.tolist() == [[6.0]] and found.room_price.tolist() == [3.0]
    with pytest.raises(Infeasible) as refusal:
        store(np.array([[10.0, 1.0]]), np.array([12.0, 3.0]), on_hand=[15], **money)
    assert refusal.value.shortfalls == [Shortfall("room", 0, 3.0), Shortfall("room", 1, 2.0)]


@pytest.mark.parametrize("cases", SIZES)
def test_no_other_allocation_of_scarce_stock_earns_more(cases):
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        demand, stock = law(rng, 4), rng.integers(0, 4, 2)
        product_, warehouse = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
        position, margin, room = rng.integers(-1, 3, 4), rng.uniform(0, 5, 4), rng.integers(1, 6, 2)
        rows = {"product": product_, "warehouse": warehouse, "position": position, "margin": margin}
        found = allocate(demand, stock, room=room, **rows)
        tried = table(*stock[product_])
        fits = (tried[:, :2].sum(axis=1) <= stock[0]) & (tried[:, 2:].sum(axis=1) <= stock[1])
        fits &= (tried[:, [0, 2]].sum(axis=1) <= room[0]) & (tried[:, [1, 3]].sum(axis=1) <= room[1])
        missed = worth.expected_short(demand, position[:, None] + tried.T)
        before = worth.expected_short(demand, position[:, None])
        gain = (margin @ (before - missed))[fits].max()
        assert found.gain == pytest.approx(gain), seed
        assert (np.bincount(product_, found.quantity, 2) <= stock).all()


def test_stock_of_thousands_is_shared_in_steps_and_all_of_it_where_it_is_scarce():
    rng = np.random.default_rng(1)
    rows = {
        "product": np.zeros(3, int),
        "warehouse": np.arange(3),
        "position": np.zeros(3),
        "margin": np.array([1.0, 2, 3]),
    }
    found = allocate(law(rng, 3, 9000.0), np.array([5000]), **rows)
    assert found.quantity.sum() == 5000 and found.stock_price[0] > 0
    assert found.quantity[2] > found.quantity[1] > found.quantity[0]
    assert allocate(law(rng, 3), np.array([0]), **rows).quantity.tolist() == [0, 0, 0]
    with pytest.raises(BadRow, match=r"stock is 2\.5"):
        allocate(law(rng, 3), np.array([2.5]), **rows)


def network(rng: np.random.Generator) -> tuple[Surplus, Need, Lanes]:
    surplus = Surplus(rng.integers(0, 2, 2), rng.integers(0, 3, 2), rng.integers(0, 4, 2))
    need = Need(
        rng.integers(0, 2, 2), rng.integers(0, 3, 2), rng.integers(0, 4, 2),
        np.where(rng.random(2) < 0.2, np.inf, rng.uniform(1, 9, 2)), rng.integers(0, 9, 2), rng.uniform(0, 1, 2),
        rng.uniform(0, 12, 2),
    )  # fmt: skip
    freight = np.where(rng.random((3, 3)) < 0.2, np.inf, rng.uniform(0, 6, (3, 3)))
    return surplus, need, Lanes(freight, rng.integers(0, 5, (3, 3)).astype(float))


@pytest.mark.parametrize("cases", SIZES)
def test_no_transfers_are_cheaper_and_buying_only_never_is(cases):
    moved = 0
    for seed in range(cases):
        surplus, need, lanes = network(np.random.default_rng(seed))
        found = plan_transfers(surplus, need, lanes)
        tried = table(*np.minimum(surplus.quantity[:, None], need.quantity).ravel()).reshape(-1, 2, 2)
        fits = (tried.sum(axis=2) <= surplus.quantity).all(axis=1) & (tried.sum(axis=1) <= need.quantity).all(axis=1)
        lane = surplus.warehouse[:, None], need.warehouse[None, :]
        cost = lanes.freight_cost[lane] + need.delay_cost * lanes.days[lane]
        apart = (surplus.product[:, None] == need.product) & (lane[0] != lane[1])
        cost = np.where(apart & np.isfinite(cost), cost, 1e9)
        without = np.minimum(need.buy_cost + need.delay_cost * need.buy_days, need.shortage_cost)
        money = (tried * cost).sum(axis=(1, 2)) + (need.quantity - tried.sum(axis=1)) @ without
        assert found.cost == pytest.approx(money[fits].min()), seed
        assert found.cost <= found.buying_only + 1e-9
        met = np.bincount(found.need, found.quantity, 2) + found.bought + found.missed
        assert met.tolist() == need.quantity.tolist()
        moved += found.quantity.sum()
    assert moved > 0


def test_a_slow_lane_is_left_for_a_quick_supplier():
    surplus = Surplus(np.array([0]), np.array([0]), np.array([10]))
    need = Need(*(np.array([x]) for x in (0, 1, 6, 4.0, 2, 1.0, 50.0)))
    lanes = [Lanes(np.full((2, 2), 1.0), np.full((2, 2), days)) for days in (3.0, 8.0)]
    quick, slow = (plan_transfers(surplus, need, lane) for lane in lanes)
    assert quick.quantity.tolist() == [6] and quick.bought.tolist() == [0] and quick.cost == 24
    assert slow.quantity.tolist() == [] and slow.bought.tolist() == [6] and slow.cost == slow.buying_only == 36
    with pytest.raises(BadRow, match="needed quantity is -1"):
        plan_transfers(surplus, Need(*(np.array([x]) for x in (0, 1, -1, 4.0, 2, 1.0, 5.0))), lanes[0])


def offers(rng: np.random.Generator) -> Offers:
    return Offers(
        rng.uniform(1, 4, 2), rng.uniform(0, 6, 2), rng.uniform(0, 1, 2), rng.integers(1, 4, 2), rng.integers(1, 3, 2),
        rng.choice([0, 2, 4, np.inf], (2, 2)),
    )  # fmt: skip


@pytest.mark.parametrize("cases", FEW)
def test_no_other_split_over_suppliers_is_cheaper(cases):
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        offered, need = offers(rng), rng.integers(0, 4, 2)
        keep, miss = float(rng.uniform(0, 1)), float(rng.uniform(0, 9))
        found = split_need(need, offered, holding_cost=keep, shortage_cost=miss, gap=0)
        tried = table(8, 8, 8, 8).reshape(-1, 2, 2)
        lots = (tried % offered.pack_size[:, None] == 0) & (tried <= offered.capacity)
        fits = (lots & ((tried == 0) | (tried >= offered.min_order_quantity[:, None]))).all(axis=(1, 2))
        piece = offered.unit_cost + offered.lateness_cost
        cost = (tried.sum(axis=2) * piece + (tried > 0).sum(axis=2) * offered.order_cost).sum(axis=1)
        stock = 0.0
        for period in range(2):
            stock = stock + tried[:, :, period].sum(axis=1)
            sold = np.minimum(stock, need[period])
            stock, cost = stock - sold, cost + (need[period] - sold) * miss + (stock - sold) * keep
        assert found.cost == pytest.approx(cost[fits].min()), seed
        assert (found.quantity % offered.pack_size[:, None] == 0).all() and (found.quantity <= offered.capacity).all()


def test_when_one_supplier_is_cut_off_the_other_serves_and_what_nobody_has_is_missed():
    offered = Offers(
        np.array([1.0, 2.0]), np.zeros(2), np.zeros(2), np.ones(2), np.array([1, 5]), np.array([[0, 0], [np.inf, 5]])
    )
    found = split_need(np.array([10, 10]), offered, holding_cost=9, shortage_cost=8)
    assert found.quantity.tolist() == [[0, 0], [10, 5]] and found.missed.tolist() == [0, 5]
    assert split_need(np.zeros(2), offered, holding_cost=1, shortage_cost=8).cost == 0
    with pytest.raises(BadRow, match="row 1: pack_size is 0"):
        split_need(
            np.ones(2), Offers(**{**vars(offered), "pack_size": np.array([1, 0])}), holding_cost=1, shortage_cost=8
        )


def test_a_capacity_is_learned_from_short_deliveries_the_recent_ones_counting_more():
    ordered = np.array([[100, 100, 100, 100], [100, 100, 100, 100], [60, 60, 60, 60], [0, 0, 0, 0]])
    received = np.array([[50, 50, 80, 80], [80, 80, 50, 50], [60, 60, 60, 60], [0, 0, 0, 0]])
    assert learned_capacity(ordered, received, half_life=1).tolist() == [80, 50, np.inf, np.inf]
    assert learned_capacity(ordered, received, half_life=1, sure=0.9).tolist() == [50, 50, np.inf, np.inf]


@pytest.mark.parametrize("cases", FEW)
def test_no_plan_has_a_better_worst_case_and_none_is_cheaper_on_average(cases):
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        pack = rng.integers(1, 4, 2)
        stocks = Stocks(rng.integers(-2, 4, 2), pack, *(rng.uniform(0, 4, 2) for _ in range(3)))
        demand, budget = rng.integers(0, 12, (3, 2)).astype(float), float(rng.uniform(0, 60))
        chances = rng.dirichlet(np.ones(3))
        found = plan_robustly(stocks, demand, chances, budget=budget, gap=0)
        tried = table(16, 16) * pack
        tried = tried[tried @ stocks.unit_cost <= budget + 1e-9]
        money = np.array([costs(stocks, demand, quantity) for quantity in tried])
        assert found.cautious.worst == pytest.approx(money.max(axis=1).min(), abs=1e-5), seed
        assert found.nominal.expected == pytest.approx((money @ chances).min(), abs=1e-5), seed
        calm = money.max(axis=1) <= money.max(axis=1).min() + 1e-6
        assert found.cautious.expected == pytest.approx((money @ chances)[calm].min(), abs=1e-4), seed
        assert found.price >= -1e-6 and found.saved >= -1e-6


def test_caution_has_its_price_and_an_impossible_budget_is_refused():
    stocks = Stocks(*(np.array([x]) for x in (0, 1, 1.0, 1.0, 2.0)))
    demand, chances = np.array([[10.0], [40.0]]), np.array([0.9, 0.1])
    found = plan_robustly(stocks, demand, chances)
    assert found.nominal.quantity.tolist() == [10] and found.nominal.worst == 60 and found.nominal.scenario == 1
    assert found.cautious.quantity.tolist() == [30] and found.cautious.worst == 20
    assert found.price == pytest.approx(14) and found.saved == pytest.approx(40)
    with pytest.raises(Infeasible, match="budget 0 by 3"):
        plan_robustly(stocks, demand, chances, budget=-3)
    with pytest.raises(BadRow, match="pack_size is 0"):
        plan_robustly(Stocks(**{**vars(stocks), "pack_size": np.array([0])}), demand, chances)


def test_scenarios_grow_with_the_level_and_the_delay():
    made = scenarios(law(np.random.default_rng(0), 5), np.full(5, 14.0), (0.1, 0.5, 0.95), (0.0, 14.0))
    assert made.shape == (6, 5) and (np.diff(made[:3], axis=0) > 0).all() and (np.diff(made[3:], axis=0) > 0).all()
    assert (made[5] > made[2]).all()
