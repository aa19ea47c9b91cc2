"""The same races on a SQLite file, with sixteen processes: nobody is told that the database is locked."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.http.clients import by_status
from tests.http.scenes import (
    assert_all_promised,
    assert_never_more_than_there_is,
    assert_one_effect_each,
    assert_sold_out_exactly,
    baskets,
    mixed_consumers,
    single_units,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(settings.TEST_DATABASE != "sqlite", reason="the file itself is what is tested"),
]

SKUS = [f"MIX-{number}" for number in range(10)]


@pytest.fixture
def stocked(web, make_product, receive):
    """``stocked(sku, units)`` puts a new product on the shelf."""
    return lambda sku, units: receive(make_product(sku), units)


@pytest.mark.parametrize(
    ("clients", "units"), [(8, 20), pytest.param(64, 100, marks=pytest.mark.long)], ids=["small", "full"]
)
def test_units_are_sold_once(serve, token, stocked, clients, units):
    server = serve()
    stocked("CUP", units)
    assert_sold_out_exactly(single_units(server, token, "CUP", clients=clients, seed=0), "CUP", units, server)
    assert "database is locked" not in server.log.read_text()


def test_without_immediate_transactions_clients_are_turned_away(serve, token, stocked):
    for sku in SKUS:
        stocked(sku, 100_000)
    answers = baskets(serve("tests.http.unguarded:without_immediate()"), token, SKUS, clients=8, orders=4)
    assert set(by_status(answers)) - {201}


@pytest.mark.parametrize(
    ("clients", "times"), [(4, 2), pytest.param(16, 64, marks=pytest.mark.long)], ids=["small", "full"]
)
def test_one_key_has_one_effect(serve, token, stocked, make_supplier, clients, times):
    make_supplier("S1")
    stocked("CUP", 1_000_000)
    assert_one_effect_each(serve(), token, clients=clients, times=times)


@pytest.mark.parametrize(
    ("clients", "orders"), [(8, 2), pytest.param(16, 30, marks=pytest.mark.long)], ids=["small", "full"]
)
def test_baskets_over_the_same_products(serve, token, stocked, clients, orders):
    server = serve()
    for sku in SKUS:
        stocked(sku, 100_000)
    answers = baskets(server, token, SKUS, clients=clients, orders=orders)
    assert len(answers) == clients * orders
    assert_all_promised(answers, server)
    assert "database is locked" not in server.log.read_text()


@pytest.mark.parametrize(
    ("clients", "units"), [(15, 15), pytest.param(48, 50, marks=pytest.mark.long)], ids=["small", "full"]
)
def test_units_are_taken_once_in_five_ways(serve, token, stocked, make_warehouse, clients, units):
    server = serve()
    make_warehouse("ogre")
    stocked("JAR", units)
    taken = mixed_consumers(server, token, "JAR", clients=clients, seed=0)
    assert_never_more_than_there_is(taken, "JAR", units, server)
    assert "database is locked" not in server.log.read_text()
