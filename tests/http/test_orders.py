"""Many clients order over HTTP at once: never a unit twice, never a deadlock."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from orders.models import SalesOrder, SalesOrderLine
from tests.http.clients import by_status
from tests.http.scenes import baskets, is_ledger_right, promised, single_units

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def sell_a_hundred(server, token, make_product, receive, seed: int) -> None:
    sku = f"CUP-{seed}"
    receive(make_product(sku), 100)
    answers = single_units(server, token, sku, clients=64, seed=seed)
    assert by_status(answers) == {201: 100, 409: 220}, server.said()
    assert {a.body["code"] for a in answers if a.status == 409} == {"insufficient_stock"}
    assert (promised(sku), SalesOrder.objects.filter(lines__product__sku=sku).count()) == (100, 100)
    assert is_ledger_right()


def test_a_hundred_units_are_sold_a_hundred_times(serve, token, web, make_product, receive):
    sell_a_hundred(serve(), token, make_product, receive, seed=0)


@pytest.mark.long
def test_a_hundred_units_are_sold_a_hundred_times_with_twenty_seeds(serve, token, web, make_product, receive):
    for seed in range(20):
        sell_a_hundred(serve(), token, make_product, receive, seed)


def test_without_the_lock_units_are_sold_twice(serve, token, web, make_product, receive):
    receive(make_product("CUP"), 100)
    answers = single_units(serve("tests.http.unguarded:without_locks()"), token, "CUP", clients=32, seed=0, orders=3)
    sold = by_status(answers)[201]
    assert promised("CUP") == sold
    assert not is_ledger_right()


def order_baskets(server, token, make_product, receive, clients: int, orders: int):
    skus = [f"MIX-{number}" for number in range(10)]
    for sku in skus:
        receive(make_product(sku), 100_000)
    return baskets(server, token, skus, clients=clients, orders=orders)


def test_baskets_over_the_same_products_never_deadlock(serve, token, web, make_product, receive, deadlocks):
    answers = order_baskets(serve(), token, make_product, receive, clients=16, orders=4)
    assert by_status(answers) == {201: 64}
    assert_all_promised(64, deadlocks)


@pytest.mark.long
def test_960_baskets_over_the_same_products_never_deadlock(serve, token, web, make_product, receive, deadlocks):
    answers = order_baskets(serve(), token, make_product, receive, clients=32, orders=30)
    assert by_status(answers) == {201: 960}
    assert_all_promised(960, deadlocks)


def assert_all_promised(orders: int, deadlocks) -> None:
    assert deadlocks() == 0
    assert SalesOrder.objects.count() == orders
    pieces = SalesOrderLine.objects.with_allocated().aggregate(asked=Sum("quantity"), promised=Sum("allocated_now"))
    assert pieces == {"asked": 5 * orders, "promised": 5 * orders}
    assert is_ledger_right()


def test_locks_in_any_order_deadlock(serve, token, web, make_product, receive, deadlocks):
    order_baskets(serve("tests.http.unguarded:in_any_order()"), token, make_product, receive, clients=16, orders=3)
    assert deadlocks() > 0
