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
    assert result.failed == 0 and result.attempted >= 12


def test_every_public_formula_has_a_doctest_and_states_its_units():
    public = [f for name, f in inspect.getmembers(formulas, inspect.isfunction) if f.__module__ == formulas.__name__]
    assert len(public) == 13
    assert [f.__name__ for f in public if ">>>" not in f.__doc__] == []


def test_the_economic_order_quantity_refuses_free_holding():
    with pytest.raises(ValueError, match="annual_holding_cost"):
        formulas.economic_order_quantity([100, 100], 10, [0.5, 0])


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
