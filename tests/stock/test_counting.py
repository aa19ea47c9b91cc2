"""What a count says about the ledger, from moments and pieces alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stock.counting import Capture, Reading, Shelf, Unsettled, read

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
A, B = 1, 2


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def shelf(now: int, *changes: tuple[int, int]) -> Shelf:
    return Shelf(now, [(at(minutes), pieces) for minutes, pieces in changes])


def test_a_shelf_is_known_backwards_from_now():
    told = shelf(10, (5, 4), (10, -3))
    assert [told.at(at(minutes)) for minutes in (4, 5, 9, 10, 11)] == [9, 13, 13, 10, 10]


@given(st.integers(0, 50), st.lists(st.tuples(st.integers(0, 30), st.integers(-9, 9)), max_size=12), st.integers(0, 30))
def test_a_shelf_is_what_its_changes_left(start, changes, minute):
    held = start + sum(pieces for _minutes, pieces in changes)
    expected = start + sum(pieces for minutes, pieces in changes if minutes <= minute)
    assert shelf(held, *changes).at(at(minute)) == expected


def test_sales_after_the_count_change_nothing():
    reading = read([Capture(None, 7, at(0))], frozenset(), shelf(4, (1, -3), (2, -2), (3, 1)))
    assert reading == Reading(7, 8, at(0)) and reading.delta == -1


def test_of_an_item_counted_twice_the_newest_holds():
    assert read([Capture(None, 7, at(3)), Capture(None, 9, at(1))], frozenset(), shelf(7)).counted == 7


def test_bins_are_summed_when_all_are_counted():
    captures = [Capture(A, 4, at(0)), Capture(B, 5, at(6))]
    assert read(captures, frozenset({A, B}), shelf(8)) == Reading(9, 8, at(6))
    with pytest.raises(Unsettled, match="partly"):
        read(captures[:1], frozenset({A, B}), shelf(8))


def test_what_moved_between_the_bins_must_be_counted_again():
    captures = [Capture(A, 4, at(0)), Capture(B, 5, at(6))]
    with pytest.raises(Unsettled, match="moved"):
        read(captures, frozenset({A, B}), shelf(8, (3, -1)))
    again = [*captures, Capture(A, 3, at(7))]
    assert read(again, frozenset({A, B}), shelf(8, (3, -1))).delta == 0


def test_a_count_of_the_whole_item_needs_no_bins_and_a_later_one_of_its_bins_replaces_it():
    whole = Capture(None, 9, at(0))
    assert read([whole], frozenset({A, B}), shelf(9)).counted == 9
    assert read([whole, Capture(A, 4, at(2)), Capture(B, 4, at(3))], frozenset({A, B}), shelf(9)).counted == 8
    assert read([Capture(A, 4, at(-9)), whole], frozenset({A, B}), shelf(9)).counted == 9


def test_what_went_to_another_bin_in_between_is_not_counted_twice():
    captures = [Capture(A, 10, at(0)), Capture(B, 10, at(6))]
    assert read(captures, frozenset({B}), shelf(10), [at(3)]) == Reading(10, 10, at(6))
    with pytest.raises(Unsettled, match="moved"):
        read(captures, frozenset({A, B}), shelf(10), [at(3)])
    assert read([*captures, Capture(A, 2, at(7))], frozenset({A, B}), shelf(10), [at(3)]).counted == 12
    assert read(captures, frozenset({A, B}), shelf(20), [at(-1), at(9)]).counted == 20
    with pytest.raises(Unsettled, match="moved"):
        read(captures[:1], frozenset({B}), shelf(10), [at(3)])
    assert read([Capture(None, 10, at(0))], frozenset({B}), shelf(10), [at(3)]).counted == 10
