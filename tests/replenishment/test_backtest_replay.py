"""The pure replay: by hand on few days, and what it comes to in money."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecasting.engine import Panel
from replenishment.backtest import rules
from replenishment.backtest.replay import Levels, World, drawn_days, follow
from replenishment.backtest.scoring import Money, at_stock_value, cheapest_days, shares_of_orders, sums_of
from replenishment.backtest.truth import demand_range


def levels(*, point, lot, fills=False, items=1, top=None) -> Levels:
    one = np.ones((1, items), np.int64)
    top = one * (point + lot if top is None else top)
    return Levels(one * point, top, one * lot, one * fills > 0, one > 0, np.ones(items, int), np.ones(items, int))


def world(demand, *, lead=1, review=1, waits=False) -> World:
    demand = np.array(demand, np.int64).reshape(len(demand), -1)
    shape = demand.shape
    return World(
        demand, np.full(shape, lead), (np.arange(len(demand)) % review == 0)[:, None] & np.ones(shape, bool),
        np.zeros(len(demand), int), np.full(shape[1], waits),
    )  # fmt: skip


def money(items=1, *, cost=2.0, price=5.0, days=8, **fields) -> Money:
    values = {
        "unit_cost": np.full(items, cost), "price": np.full((days, items), price), "holding_rate": 0.365,
        "line_cost": 1.0, "buyer": np.zeros(items, int), "freight": np.zeros(1), "free_from": np.full(1, np.inf),
    }  # fmt: skip
    return Money(**values | fields)


def test_an_order_waits_its_lead_time_from_the_morning_after():
    found = follow(levels(point=2, lot=5), world([5, 0, 3, 0, 4, 0]))
    # opens with 7; 2 are left the first evening: 5 are ordered and there on the third morning
    assert found.stock[:, 0].tolist() == [2, 2, 4, 4, 0, 0]
    assert found.ordered[:, 0].tolist() == [5, 0, 0, 0, 5, 0]
    assert found.arrived[:, 0].tolist() == [False, False, True, False, False, False]
    assert found.short.sum() == 0 and found.in_time[2, 0]


def test_what_is_short_is_lost_or_waits_for_the_next_delivery():
    demand = [10, 0, 1, 0, 0, 0]
    lost = follow(levels(point=2, lot=5), world(demand))
    owed = follow(levels(point=2, lot=5), world(demand, waits=True))
    assert lost.short[0, 0] == owed.short[0, 0] == 3
    assert lost.ordered[0, 0] == 5 and owed.ordered[0, 0] == 10  # 3 are owed: two lots lift -3 above 2
    assert lost.stock[2, 0] == 4 and owed.stock[2, 0] == 6
    assert lost.arrived[2, 0] and not lost.in_time[2, 0]


def test_orders_are_placed_at_reviews_only_and_fill_up_to_a_level():
    found = follow(levels(point=9, lot=1, fills=True, top=10), world([4, 3, 2, 1, 0, 0], lead=0, review=3))
    assert found.ordered[:, 0].tolist() == [4, 0, 0, 6, 0, 0]
    assert found.stock[:, 0].tolist() == [6, 7, 5, 4, 10, 10]


def test_other_points_keep_lots_and_the_way_up():
    base = levels(point=4, lot=6)
    moved = base.at(np.array([[8]]), np.array([[True]]))
    assert (moved.reorder_point[0, 0], moved.top[0, 0]) == (8, 14)
    filled = levels(point=4, lot=6, fills=True, top=5).at(np.array([[8]]), np.array([[True]]))
    assert filled.top[0, 0] == 9


def test_sums_are_money_of_the_judged_days_only():
    place = world([10, 0, 1, 0, 0, 0, 0, 0])
    found = sums_of(follow(levels(point=2, lot=5), place), place, money(), slice(1, 8))
    assert found.demand[0] == 1 and found.lost_margin[0] == 0  # the three that were lost came before
    whole = sums_of(follow(levels(point=2, lot=5), place), place, money(), slice(0, 8))
    assert whole.lost_margin[0] == 3 * (5 - 2) and whole.short[0] == 3
    assert whole.stock_value[0] == pytest.approx(2 * 4 * 6 / 8)
    assert whole.holding_cost[0] == pytest.approx(whole.stock_value[0] * 0.365 * 8 / 365)
    assert (whole.lines[0], whole.orders[0], whole.order_cost[0]) == (1, 1, 1.0)
    assert (whole.cycles[0], whole.in_time[0]) == (1, 0)


def test_a_piece_sold_at_a_loss_loses_nothing_by_being_short():
    place = world([10, 0])
    assert sums_of(follow(levels(point=2, lot=5), place), place, money(price=1.0, days=2), slice(0, 2)).lost_margin == 0


def test_lines_to_one_buyer_on_one_day_share_an_order_and_its_freight():
    ordered = np.array([[3, 2, 0], [0, 1, 4]])
    terms = money(
        3, cost=10.0, days=2, buyer=np.array([0, 0, 1]), freight=np.array([8.0, 6.0]), free_from=np.array([50, np.inf])
    )
    share, freight = shares_of_orders(ordered, terms)
    assert share.tolist() == [0.5, 1.5, 1.0]
    assert freight.tolist() == [0.0, 8.0, 6.0]  # the first order is worth 50, and goes free


def test_a_rule_is_moved_until_its_group_holds_the_wanted_value():
    dice = np.random.default_rng(3)
    place = world(dice.poisson(4, (120, 6)), lead=3)
    base, group = levels(point=1, lot=8, items=6), np.array([0, 0, 0, 1, 1, 1])
    family = rules.fixed_minimum(base, np.full((1, 6), 4.0), 5.0)
    terms, judged = money(6, days=120), slice(20, 120)
    knob = at_stock_value(family, place, terms, judged, np.array([150.0, 300.0]), group)
    value = sums_of(follow(family.levels(knob), place), place, terms, judged).stock_value
    assert np.bincount(group, value) == pytest.approx([150, 300], rel=0.06)
    assert knob[0] < knob[3]


def test_the_fixed_minimum_takes_the_days_that_were_cheapest():
    place = world(np.full((60, 1), 5), lead=4)
    family = rules.fixed_minimum(levels(point=0, lot=10), np.full((1, 1), 5.0), 0.0)
    days = cheapest_days(family, place, money(days=60), slice(10, 60), (1, 5, 40), np.zeros(1, int))
    assert days.tolist() == [5.0]  # one day is short each time, forty hold too much


def test_a_fixed_minimum_is_set_once_when_enough_was_seen():
    mean = np.array([[1.0, 0.0], [2.0, 5.0], [3.0, 7.0]])
    observed = np.array([[30, 0], [37, 20], [44, 28]])
    assert rules.set_once(mean, observed).tolist() == [[1.0, 0.0], [1.0, 0.0], [1.0, 7.0]]


def test_the_z_formula_is_the_books():
    family = rules.z_formula(levels(point=0, lot=1), np.array([[20.0]]), np.array([[5.0]]), np.array([1.6449]))
    assert family.levels(family.own).reorder_point[0, 0] == 29  # 20 + 1.6449 x 5 = 28.2


def test_every_rule_meets_the_same_late_deliveries():
    lengths, chances = np.array([[2, 9]] * 400), np.array([[0.75, 0.25]] * 400)
    days = np.arange(738_000, 738_100)
    found = drawn_days(lengths, chances, np.arange(400), days)
    assert set(np.unique(found)) == {2, 9} and (found == 9).mean() == pytest.approx(0.25, abs=0.01)
    some = drawn_days(lengths[7:8], chances[7:8], np.array([7]), days[50:])
    assert (some[:, 0] == found[50:, 7]).all()


def test_demand_of_empty_shelves_is_a_range():
    demand, out = np.full((1, 60), 4.0), np.zeros((1, 60))
    demand[0, 40:44], out[0, 40:44] = 0.0, 1.0
    demand[0, 26:40] = 8.0  # it was busy when the shelf was emptied
    panel = Panel(demand, "D", date(2026, 1, 1), stocked_out=out)
    low, middle, high = (found.sum() for found in demand_range(panel))
    assert low == demand.sum()
    assert low + 4 * 4 < middle < high == low + 4 * 8
    never_out = demand_range(replace(panel, stocked_out=np.zeros((1, 60))))
    assert never_out[0].sum() == never_out[1].sum() == never_out[2].sum() == low
