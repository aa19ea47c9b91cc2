"""Which warehouse serves which wish: the three strategies by example, and what holds for all of them."""

from __future__ import annotations

from itertools import product as every

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory_site.common.models.shop import AllocationStrategy
from stock.choosing import ORDERS, Shortage, Wish, choose

RIGA, TALLINN, VILNIUS = 1, 2, 3
CUP, PLATE, BOWL = 10, 20, 30
EVERYWHERE = (RIGA, TALLINN, VILNIUS)


def stock(**by_place: dict[int, int]) -> dict:
    places = {"riga": RIGA, "tallinn": TALLINN, "vilnius": VILNIUS}
    everything = {item for items in by_place.values() for item in items}
    return {(item, place): by_place.get(name, {}).get(item, 0) for name, place in places.items() for item in everything}


def chosen(wishes, available, strategy):
    parts, short = choose(wishes, available, strategy)
    assert not short
    return [{place: n for place, n in part.items() if n} for part in parts]


def test_every_strategy_of_the_shop_is_known_here():
    assert set(ORDERS) == set(AllocationStrategy.values)


def test_first_choice_looks_nowhere_else():
    available = stock(riga={CUP: 2}, tallinn={CUP: 9})
    _parts, short = choose([Wish(CUP, 3, (RIGA, TALLINN))], available, "first_choice")
    assert short == {Shortage(CUP, frozenset({RIGA}), 3, 2)}


def test_the_fewest_parcels_are_sent_from_who_has_most_of_the_order():
    available = stock(riga={CUP: 5}, tallinn={CUP: 5, PLATE: 5, BOWL: 2}, vilnius={PLATE: 9, BOWL: 9})
    wishes = [Wish(CUP, 2, EVERYWHERE), Wish(PLATE, 3, EVERYWHERE), Wish(BOWL, 4, EVERYWHERE)]
    assert chosen(wishes, available, "nearest_to_complete") == [{TALLINN: 2}, {TALLINN: 3}, {TALLINN: 2, VILNIUS: 2}]


def test_equal_warehouses_leave_it_to_the_first_choice():
    available = stock(riga={CUP: 5}, tallinn={CUP: 5})
    assert chosen([Wish(CUP, 4, (TALLINN, RIGA))], available, "nearest_to_complete") == [{TALLINN: 4}]
    assert chosen([Wish(CUP, 4, (TALLINN, RIGA))], available, "most_stock") == [{TALLINN: 4}]


def test_most_stock_asks_the_fullest_first_and_counts_what_the_order_took():
    available = stock(riga={CUP: 4}, tallinn={CUP: 6}, vilnius={CUP: 5})
    wishes = [Wish(CUP, 3, EVERYWHERE), Wish(CUP, 7, EVERYWHERE)]
    assert chosen(wishes, available, "most_stock") == [{TALLINN: 3}, {VILNIUS: 5, RIGA: 2}]


def test_priority_takes_the_places_as_they_stand():
    available = stock(riga={CUP: 4}, tallinn={CUP: 6})
    assert chosen([Wish(CUP, 5, (RIGA, TALLINN))], available, "priority") == [{RIGA: 4, TALLINN: 1}]


def test_a_partial_wish_takes_what_the_whole_ones_leave():
    available = stock(riga={CUP: 4}, tallinn={CUP: 3})
    wishes = [Wish(CUP, 9, (RIGA, TALLINN), is_partial=True), Wish(CUP, 5, (RIGA, TALLINN))]
    assert chosen(wishes, available, "priority") == [{TALLINN: 2}, {RIGA: 4, TALLINN: 1}]


def test_a_wish_moves_over_for_one_that_has_no_other_place():
    available = stock(riga={CUP: 5}, tallinn={CUP: 5})
    wishes = [Wish(CUP, 4, (RIGA, TALLINN)), Wish(CUP, 5, (RIGA,))]
    assert chosen(wishes, available, "priority") == [{TALLINN: 4}, {RIGA: 5}]


def test_each_shortage_says_what_is_asked_of_these_places_and_what_is_there():
    available = stock(riga={CUP: 5, PLATE: 1}, tallinn={CUP: 2, PLATE: 1})
    wishes = [Wish(CUP, 4, (RIGA, TALLINN)), Wish(CUP, 4, (TALLINN, RIGA)), Wish(PLATE, 3, (RIGA,))]
    _parts, short = choose(wishes, available, "most_stock")
    assert short == {
        Shortage(CUP, frozenset({RIGA, TALLINN}), 8, 7),
        Shortage(PLATE, frozenset({RIGA}), 3, 1),
    }


places = st.permutations(EVERYWHERE).flatmap(lambda order: st.integers(1, 3).map(lambda n: tuple(order[:n])))
wishes = st.lists(st.builds(Wish, st.sampled_from((CUP, PLATE)), st.integers(1, 4), places, st.booleans()), max_size=5)
shelves = st.fixed_dictionaries({(item, place): st.integers(-1, 5) for item in (CUP, PLATE) for place in EVERYWHERE})


def is_possible(asked: list[Wish], available: dict) -> bool:
    """Hall's condition, over every set of places: what can only be served there is not more than is there."""
    for item, chosen_places in every((CUP, PLATE), [{p for p in EVERYWHERE if 1 << p & n} for n in range(16)]):
        bound = sum(w.quantity for w in asked if w.product == item and chosen_places.issuperset(w.places))
        if bound > sum(max(available[item, place], 0) for place in chosen_places):
            return False
    return True


@pytest.mark.parametrize("strategy", ORDERS)
@given(asked=wishes, available=shelves)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_no_piece_is_promised_twice_and_whole_wishes_are_refused_only_where_they_cannot_be_served(
    strategy, asked, available
):
    parts, short = choose(asked, available, strategy)
    mine = [Wish(w.product, w.quantity, w.places[:1] if strategy == "first_choice" else w.places) for w in asked]
    whole = [wish for wish, was in zip(mine, asked, strict=True) if not was.is_partial]
    assert bool(short) == (not is_possible(whole, available))
    for shortage in short:
        assert shortage.asked > shortage.available
    taken = dict.fromkeys(available, 0)
    for wish, was, part in zip(mine, asked, parts, strict=True):
        assert set(part) <= set(wish.places)
        assert sum(part.values()) <= wish.quantity
        assert short or was.is_partial or sum(part.values()) == wish.quantity
        for place, pieces in part.items():
            taken[wish.product, place] += pieces
    assert all(pieces <= max(available[key], 0) for key, pieces in taken.items())
    if not short:  # a partial wish goes without only where nothing is left
        for wish, part in zip(mine, parts, strict=True):
            if sum(part.values()) < wish.quantity:
                assert all(taken[wish.product, p] == max(available[wish.product, p], 0) for p in wish.places)
