"""Many clients order over HTTP at once: never a unit twice, never a deadlock."""

from __future__ import annotations

import pytest

from stock.models import StockLevel
from tests.http.clients import by_status
from tests.http.scenes import (
    assert_all_promised,
    assert_never_more_than_there_is,
    assert_sold_out_exactly,
    baskets,
    is_ledger_right,
    mixed_consumers,
    promised,
    single_units,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
UNLOCKED = "tests.http.unguarded:without_locks()"
SKUS = [f"MIX-{number}" for number in range(10)]


@pytest.fixture
def stocked(web, make_product, receive):
    """``stocked(sku, units)`` puts a new product on the shelf."""
    return lambda sku, units: receive(make_product(sku), units)


def sell_a_hundred(server, token, stocked, seed: int) -> None:
    stocked(f"CUP-{seed}", 100)
    answers = single_units(server, token, f"CUP-{seed}", clients=64, seed=seed)
    assert len(answers) == 320
    assert_sold_out_exactly(answers, f"CUP-{seed}", 100, server)


def test_a_hundred_units_are_sold_a_hundred_times(serve, token, stocked):
    sell_a_hundred(serve(), token, stocked, seed=0)


@pytest.mark.long
def test_a_hundred_units_are_sold_a_hundred_times_with_twenty_seeds(serve, token, stocked):
    for seed in range(20):
        sell_a_hundred(serve(), token, stocked, seed)


def test_without_the_lock_units_are_sold_twice(serve, token, stocked):
    stocked("CUP", 100)
    answers = single_units(serve(UNLOCKED), token, "CUP", clients=32, seed=0, orders=3)
    assert promised("CUP") == by_status(answers)[201] > StockLevel.objects.get().allocated


def order_baskets(server, token, stocked, clients: int, orders: int):
    for sku in SKUS:
        stocked(sku, 100_000)
    return baskets(server, token, SKUS, clients=clients, orders=orders)


def test_baskets_over_the_same_products_never_deadlock(serve, token, stocked, deadlocks):
    assert_all_promised(order_baskets(serve(), token, stocked, clients=16, orders=3), serve())
    assert deadlocks() == 0


@pytest.mark.long
def test_960_baskets_over_the_same_products_never_deadlock(serve, token, stocked, deadlocks):
    answers = order_baskets(serve(), token, stocked, clients=32, orders=30)
    assert len(answers) == 960
    assert_all_promised(answers, serve())
    assert deadlocks() == 0


def test_locks_in_any_order_deadlock(serve, token, stocked, deadlocks):
    order_baskets(serve("tests.http.unguarded:in_any_order()"), token, stocked, clients=16, orders=3)
    assert deadlocks() > 0


def take_fifty(server, token, stocked, clients: int, seed: int) -> list:
    stocked(f"JAR-{seed}", 50)
    return mixed_consumers(server, token, f"JAR-{seed}", clients=clients, seed=seed)


@pytest.fixture
def ogre(make_warehouse):
    return make_warehouse("ogre")


def test_fifty_units_are_taken_fifty_times_in_five_ways(serve, token, stocked, ogre):
    assert_never_more_than_there_is(take_fifty(serve(), token, stocked, 48, seed=0), "JAR-0", 50, serve())


@pytest.mark.long
def test_fifty_units_are_taken_fifty_times_in_five_ways_with_twenty_seeds(serve, token, stocked, ogre):
    for seed in range(20):
        taken = take_fifty(serve(), token, stocked, 48, seed)
        assert_never_more_than_there_is(taken, f"JAR-{seed}", 50, serve())


def test_without_the_lock_more_than_fifty_are_taken(serve, token, stocked, ogre):
    take_fifty(serve(UNLOCKED), token, stocked, 24, seed=0)
    assert not is_ledger_right()
