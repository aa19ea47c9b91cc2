"""Many clients order over HTTP at once: never a unit twice, never a deadlock."""

from __future__ import annotations

import pytest

from stock.models import StockLevel
from tests.http.clients import by_status
from tests.http.scenes import (
    assert_all_promised,
    assert_sold_out_exactly,
    is_ledger_right,
    mixed_consumers,
    order_baskets,
    promised,
    sell_a_hundred_each,
    single_units,
    take_each,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def test_units_are_sold_once(serve, token, stocked):
    stocked("CUP", 25)
    server = serve()
    assert_sold_out_exactly(single_units(server, token, "CUP", clients=16, seed=0), "CUP", 25, server)


@pytest.mark.long
def test_a_hundred_units_are_sold_a_hundred_times_with_twenty_seeds(serve, token, stocked):
    assert sell_a_hundred_each(serve(), token, stocked, seeds=20) == [{201: 100, 409: 220}] * 20


@pytest.mark.long  # tests/stock and tests/orders have the same control without HTTP
def test_without_the_lock_units_are_sold_twice(serve, token, stocked):
    stocked("CUP", 100)
    answers = single_units(serve("locks"), token, "CUP", clients=24, seed=0, orders=3)
    assert promised("CUP") == by_status(answers)[201] > StockLevel.objects.get().allocated


def test_baskets_over_the_same_products_never_deadlock(serve, token, stocked, deadlocks):
    assert_all_promised(order_baskets(serve(), token, stocked, clients=12, orders=3), serve())
    assert deadlocks() == 0


@pytest.mark.long
def test_960_baskets_over_the_same_products_never_deadlock(serve, token, stocked, deadlocks):
    answers = order_baskets(serve(), token, stocked, clients=32, orders=30)
    assert len(answers) == 960
    assert_all_promised(answers, serve())
    assert deadlocks() == 0


@pytest.mark.long  # tests/stock and tests/orders have the same control without HTTP
def test_locks_in_any_order_deadlock(serve, token, stocked, deadlocks):
    order_baskets(serve("order"), token, stocked, clients=16, orders=3)
    assert deadlocks() > 0


def test_units_are_taken_once_in_five_ways(serve, token, stocked, ogre):
    assert take_each(serve(), token, stocked, clients=15, units=15, seeds=1) == [0]


@pytest.mark.long
def test_fifty_units_are_taken_fifty_times_in_five_ways_with_twenty_seeds(serve, token, stocked, ogre):
    assert take_each(serve(), token, stocked, clients=48, units=50, seeds=20) == [0] * 20


@pytest.mark.long  # tests/stock and tests/orders have the same control without HTTP
def test_without_the_lock_more_than_there_is_are_taken(serve, token, stocked, ogre):
    stocked("JAR", 50)
    mixed_consumers(serve("locks"), token, "JAR", clients=24, seed=0)
    assert not is_ledger_right()
