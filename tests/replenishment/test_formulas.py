"""The formulas give their books' numbers, and keep their promises on any numbers."""

from __future__ import annotations

import doctest
import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replenishment import formulas


def test_every_doctest_gives_its_textbook_number():
    result = doctest.testmod(formulas)
    assert result.failed == 0 and result.attempted >= 20


def test_every_public_formula_has_a_doctest_and_states_its_units():
    public = [f for name, f in inspect.getmembers(formulas, inspect.isfunction) if f.__module__ == formulas.__name__]
    assert len(public) == 21
    assert [f.__name__ for f in public if ">>>" not in f.__doc__] == []


def test_the_economic_order_quantity_refuses_free_holding():
    with pytest.raises(ValueError, match="annual_holding_cost"):
        formulas.economic_order_quantity([100, 100], 10, [0.5, 0])


@pytest.mark.parametrize("breaks", [[(5, 1.0)], [(0, 1.0), (10, 0.9), (10, 0.8)]])
def test_price_breaks_that_leave_a_gap_or_repeat_are_refused(breaks):
    with pytest.raises(ValueError, match="price_breaks"):
        formulas.eoq_with_price_breaks(100, 5, 0.2, breaks)


@given(
    st.floats(1, 1e5), st.floats(0.1, 500), st.floats(0.01, 1),
    st.lists(st.tuples(st.integers(2, 5000), st.floats(0.5, 0.99)), max_size=4, unique_by=lambda step: step[0]),
)  # fmt: skip
def test_no_quantity_is_cheaper_than_the_one_for_price_breaks(demand, order_cost, rate, steps):
    factors = np.cumprod([1.0, *(factor for _least, factor in steps)])
    breaks = list(zip([0, *sorted(least for least, _factor in steps)], 3 * factors, strict=True))
    quantity, cost = formulas.eoq_with_price_breaks(demand, order_cost, rate, breaks)
    tried = np.concatenate([np.geomspace(1, 10 * quantity + 1e4, 400), [least for least, _cost in breaks[1:]]])
    price = np.array([[c for least, c in breaks if least <= q][-1] for q in tried])
    costs = price * demand + order_cost * demand / tried + rate * price * tried / 2
    assert cost <= costs.min() * (1 + 1e-9)


def test_supply_slower_than_demand_is_refused():
    with pytest.raises(ValueError, match="annual_supply"):
        formulas.eoq_with_supply_rate(100, 5, 1, 100)


def test_the_fill_rate_of_an_order_up_to_level_is_what_a_simulation_serves():
    rng, lead, review, level = np.random.default_rng(1), 4, 3, 85
    demand = np.maximum(rng.normal(10, 3, 400_000), 0)
    total = np.concatenate([[0], np.cumsum(demand)])
    orders = np.arange(0, len(demand) - lead - review, review)
    late, early = (np.maximum(total[orders + lead + more] - total[orders] - level, 0) for more in (review, 0))
    served = 1 - (late - early).sum() / (total[orders + lead + review] - total[orders + lead]).sum()
    told = formulas.normal_fill_rate_order_up_to([level, level - 15], 30, 3 * np.sqrt(7), 3 * 2, 70)
    assert told[0] == pytest.approx(served, abs=0.002) and told[1] < 0.99 * served


@given(st.floats(0.1, 20), st.floats(0.1, 20), st.lists(st.integers(0, 9), min_size=1, max_size=8))
def test_no_stock_beats_the_discrete_newsvendor(underage, overage, weights):
    chances = (np.array(weights) + 1) / (np.sum(weights) + len(weights))
    pieces = np.arange(len(chances)) * 3
    costs = [chances @ (underage * np.maximum(pieces - x, 0) + overage * np.maximum(x - pieces, 0)) for x in pieces]
    best = int(formulas.discrete_newsvendor(underage, overage, pieces, chances))
    assert costs[best // 3] == pytest.approx(min(costs))


def test_the_newsvendor_refuses_half_a_law():
    with pytest.raises(ValueError, match="chances"):
        formulas.discrete_newsvendor(1, 1, np.arange(2), np.array([0.2, 0.3]))


def test_levels_for_free_shortage_are_refused():
    with pytest.raises(ValueError, match="above 0"):
        formulas.min_max_levels(5, 1, 0, 10, 10, 2)


def test_the_return_on_no_stock_is_infinite_and_on_no_margin_nothing():
    assert formulas.gross_margin_return([10, 5], [4, 5], 0).tolist() == [np.inf, 0.0]


def test_turnover_without_stock_is_infinite_only_if_something_was_sold():
    assert formulas.turnover([100, 0], 0).tolist() == [np.inf, 0.0]


def test_cover_of_a_promotion_ahead_is_shorter_than_by_the_average():
    assert formulas.days_of_cover([30], np.array([[10.0, 100, 10, 10]]))[0] == pytest.approx(1.2)


def test_cover_in_weeks_is_told_in_days():
    assert formulas.days_of_cover([15], np.array([[10.0, 10]]), bucket_days=7)[0] == pytest.approx(10.5)


def test_cover_skips_the_days_when_nothing_is_sold():
    assert formulas.days_of_cover([2], np.array([[1.0, 0, 0, 1, 1]]))[0] == pytest.approx(4)


whole = st.integers(min_value=1, max_value=10_000)


@given(st.floats(min_value=0, max_value=1e6), whole, whole)
def test_a_lot_is_the_smallest_number_of_packs_that_holds_quantity_and_minimum(quantity, minimum, pack):
    lot = int(formulas.lot_size(quantity, minimum, pack))
    assert lot % pack == 0 and lot >= minimum and lot >= quantity - 1e-6
    assert lot == pack or lot - pack < max(quantity, minimum)


@given(st.integers(-50_000, 50_000), st.integers(0, 10_000), whole)
def test_lots_lift_the_position_just_above_the_reorder_point(position, reorder_point, quantity):
    ordered = int(formulas.order_lots(position, reorder_point, quantity))
    after = position + ordered
    if position > reorder_point:
        assert ordered == 0
    else:
        assert ordered % quantity == 0
        assert reorder_point < after <= formulas.order_up_to_level(reorder_point, quantity)


@given(st.integers(-50_000, 50_000), st.integers(0, 10_000), whole, whole)
def test_ordering_up_to_a_level_never_stays_below_it(position, level, minimum, pack):
    ordered = int(formulas.order_up_to(position, level, minimum, pack))
    assert position + ordered >= level and (ordered == 0) == (position >= level)
