"""A forecast and an item's terms give its levels, its order and its reason."""

from __future__ import annotations

import json

import numpy as np
import pytest

from forecasting.engine.panel import ProtectionInterval
from replenishment.plan_rows import ItemTerms, Position, plan
from tests.replenishment.forecasts import sure_forecast


def terms_for(size: int = 1, length: int = 9, position: Position | None = None, **given) -> ItemTerms:
    interval = ProtectionInterval.fixed(np.full(size, length))
    return ItemTerms.of("D", interval, position or Position.of(size), **given)


def test_the_position_is_what_is_there_and_coming_less_what_is_promised():
    position = Position.of(1, on_hand=50, unsellable=3, on_order=20, in_transit=5, allocated=7, backordered=2)
    assert position.total.tolist() == [63]


def test_the_level_is_what_is_expected_plus_safety_stock():
    rows = plan(sure_forecast([28], [31], 9), terms_for(policy="R,S"))
    assert (rows.expected[0], rows.safety_stock[0], rows.order_up_to_level[0]) == (28, 3, 31)


def test_up_to_a_level_the_rule_orders_from_one_below_it():
    position = Position.of(3, on_hand=np.array([20, 30, 31]))
    rows = plan(sure_forecast([28] * 3, [31] * 3, 9), terms_for(3, position=position, policy="R,S"))
    assert rows.reorder_point.tolist() == [30, 30, 30]
    assert rows.suggested_order.tolist() == [11, 1, 0]
    assert rows.code.tolist() == ["order_up_to", "order_up_to", "at_level"]


def test_a_fraction_of_a_piece_is_a_piece_but_not_the_dust_of_arithmetic():
    rows = plan(sure_forecast([2, 2], [31.2, 31.0000004], 9), terms_for(2, policy="R,S"))
    assert rows.order_up_to_level.tolist() == [32, 31]


def test_lots_lift_the_position_above_the_reorder_point():
    position = Position.of(3, on_hand=np.array([14, 32, -40]))
    terms = terms_for(
        3, position=position, reorder_point_by_hand=31.0, order_quantity_by_hand=30.0, pack_size=12, policy="R,S"
    )
    rows = plan(sure_forecast([28] * 3, [31] * 3, 9), terms)
    assert rows.order_quantity.tolist() == [36] * 3 and rows.order_up_to_level.tolist() == [67] * 3
    assert rows.suggested_order.tolist() == [36, 0, 72]


def test_what_is_on_order_is_not_ordered_again():
    position = Position.of(2, on_hand=5, on_order=np.array([0, 100]))
    rows = plan(sure_forecast([28] * 2, [31] * 2, 9), terms_for(2, position=position))
    assert rows.suggested_order[0] > 0 and rows.suggested_order[1] == 0 and rows.code[1] == "enough"


def test_the_order_quantity_is_economic_where_the_costs_are_known():
    forecast = sure_forecast([1300 * 9 / 365.25] * 4, [60] * 4, 9)
    given = {"order_cost": np.array([8, 8, np.nan, 1e6]), "annual_holding_cost": np.array([0.225, 0, 0.225, 0.225])}
    rows = plan(forecast, terms_for(4, **given))
    month = 107  # 30 days of 1,300 a year
    assert rows.order_quantity.tolist() == [305, month, month, 1300]  # 304.05 rounded up; at most a year's demand


def test_the_order_quantity_holds_the_minimum_in_whole_packs():
    rows = plan(sure_forecast([9], [12], 9), terms_for(min_order_quantity=50, pack_size=12))
    assert rows.order_quantity.tolist() == [60]


def test_an_item_hardly_ever_sold_is_ordered_only_when_it_is_owed():
    position = Position.of(2, on_hand=0, backordered=np.array([0, 3]))
    rows = plan(sure_forecast([0.001] * 2, [0] * 2, 9), terms_for(2, position=position, pack_size=2))
    assert rows.suggested_order.tolist() == [0, 4] and rows.code.tolist() == ["no_demand", "order_owed"]


def test_an_item_without_any_demand_has_a_row_of_zeros():
    rows = plan(sure_forecast([0], [0], 9, method="none"), terms_for())
    assert rows.code.tolist() == ["no_history"]
    assert (rows.reorder_point[0], rows.safety_stock[0], rows.suggested_order[0]) == (0, 0, 0)


def test_nothing_is_suggested_where_the_stock_is_not_known():
    rows = plan(sure_forecast([28], [31], 9), terms_for(position=Position.of(1, known=False)))
    assert rows.suggested_order.tolist() == [0] and rows.code.tolist() == ["stock_unknown"]


def test_the_higher_target_needs_the_higher_level():
    forecast = sure_forecast([28] * 2, [31] * 2, 9)
    forecast.lead_time_demand.quantiles[:] = np.linspace(10, 60, 28)
    rows = plan(forecast, terms_for(2, cycle_service_level=np.array([0.8, 0.98]), policy="R,S"))
    assert rows.order_up_to_level[1] > rows.order_up_to_level[0]


def test_a_fill_rate_takes_the_place_of_the_cycle_service_level():
    forecast = sure_forecast([28] * 3, [31] * 3, 9)
    forecast.lead_time_demand.quantiles[:] = np.linspace(10, 60, 28)
    policy = np.array(["R,s,nQ", "R,S", "R,S"])
    rows = plan(forecast, terms_for(3, fill_rate=np.array([0.9, 0.9, 0.99]), policy=policy))
    told = rows.explanation_terms()
    assert [t["target"] for t in told] == ["fill_rate"] * 3 and told[2]["target_rate"] == 0.99
    assert rows.order_up_to_level[2] > rows.order_up_to_level[1]
    assert rows.reorder_point[0] < 45  # large lots bridge most of the time: far below the 0.9 quantile


@pytest.mark.parametrize("policy", ["R,s,nQ", "R,S"])
def test_the_terms_are_json_and_their_numbers_add_up(policy):
    rng = np.random.default_rng(5)
    forecast = sure_forecast([28.4] * 40, [31] * 40, 9)
    forecast.lead_time_demand.quantiles[:] = np.sort(rng.gamma(1, 30, (40, 28)), axis=1)
    stock = {
        name: rng.integers(0, 40, 40) for name in ("on_hand", "on_order", "in_transit", "allocated", "backordered")
    }
    rows = plan(forecast, terms_for(40, position=Position.of(40, **stock), policy=policy, pack_size=6))
    for terms in json.loads(json.dumps(rows.explanation_terms())):
        coming = terms["on_order"] + terms["in_transit"]
        assert terms["position"] == terms["on_hand"] + coming - terms["allocated"] - terms["backordered"]
        assert terms["level"] == terms["expected"] + terms["safety_stock"]
        assert terms["order"] % 6 == 0
