"""Orders that several people change at once; each test beside a control with the guard off."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F, Min, Sum
from django.utils import timezone

from orders import services
from orders.models import Return, SalesOrder, SalesOrderLine
from orders.querysets import SalesOrderQuerySet
from stock.models import Allocation, StockLevel, StockMovement
from tests.orders.rush import CLIENTS, ROUNDS, at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def without_order_locks(monkeypatch):
    monkeypatch.setattr(SalesOrderQuerySet, "locked", lambda self: self.order_by("pk"))


def drop(table: str, constraint: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


@pytest.fixture
def without_the_check(transactional_db):
    """The table's own CHECK is off, which would stop the harm at the last moment with an error of the server."""
    drop("orders_salesorderline", "orders_salesline_quantities")


def bring_in_the_same(place, product, external_id: str) -> Counter:
    return at_once(*[lambda: place((product, 1), external_id=external_id)] * CLIENTS)


def test_the_same_order_of_a_channel_comes_in_once_whoever_brings_it(place, make_product, receive):
    product = make_product()
    receive(product, 100)
    assert bring_in_the_same(place, product, "1001") == {"done": 1, "DuplicateOrder": CLIENTS - 1}
    assert StockLevel.objects.get().allocated == 1


def test_without_the_constraint_the_same_order_comes_in_more_than_once(place, make_product, receive):
    """To look for it first is not enough."""
    drop("orders_salesorder", "orders_salesorder_external")
    product = make_product()
    receive(product, 1000)

    def comes_in_twice(number: int) -> bool:
        bring_in_the_same(place, product, str(number))
        return SalesOrder.objects.count() > number + 1

    assert any(map(comes_in_twice, range(ROUNDS)))


def ship_and_cancel(order) -> Counter:
    return at_once(
        lambda: services.ship_sales_order(order=order, actor=None),
        lambda: services.cancel_sales_order(order=order, actor=None),
    )


def ship_and_expire(order) -> Counter:
    return at_once(
        lambda: services.ship_sales_order(order=order, actor=None),
        lambda: services.expire_reservations(now=timezone.now()),
    )


both_duels = pytest.mark.parametrize(
    ("duel", "ends_after"),
    [(ship_and_cancel, None), (ship_and_expire, timedelta(seconds=-1))],
    ids=["cancel", "expiry"],
)


@both_duels
def test_shipping_and_giving_up_move_each_piece_once(place, make_product, receive, duel, ends_after):
    product = make_product()
    receive(product, 100)
    for _number in range(10):
        order = place((product, 2), reserved_until=ends_after and timezone.now() + ends_after)
        duel(order)
        line = order.lines.get()
        assert sorted([line.shipped, line.cancelled]) == [0, 2]
    shipped = sum(SalesOrderLine.objects.values_list("shipped", flat=True))
    assert StockLevel.objects.values_list("on_hand", "allocated").get() == (100 - shipped, 0)
    assert not StockLevel.objects.differing_from_ledger().exists()


@both_duels
def test_without_the_order_lock_pieces_are_shipped_and_given_up(
    place, make_product, receive, without_order_locks, without_the_check, duel, ends_after
):
    product = make_product()
    receive(product, 100)

    def moves_them_twice(_number: int) -> bool:
        duel(place((product, 2), reserved_until=ends_after and timezone.now() + ends_after))
        return SalesOrderLine.objects.filter(shipped=2, cancelled=2).exists()

    assert any(map(moves_them_twice, range(ROUNDS)))


def test_pieces_are_announced_to_come_back_only_once(place, make_product, receive):
    product = make_product()
    receive(product, 5)
    order = services.ship_sales_order(order=place((product, 5)), actor=None)
    line = order.lines.get()

    def announce():
        services.register_return(order=order, quantities={line.pk: 3}, actor=None)

    assert at_once(*[announce] * CLIENTS) == {"done": 1, "TooMuch": CLIENTS - 1}
    assert Return.objects.count() == 1


def test_without_the_order_lock_pieces_are_announced_more_than_once(place, make_product, receive, without_order_locks):
    product = make_product()
    receive(product, 50)

    def are_announced_twice(number: int) -> bool:
        order = services.ship_sales_order(order=place((product, 5)), actor=None)
        announced = {order.lines.get().pk: 3}
        at_once(*[lambda: services.register_return(order=order, quantities=announced, actor=None)] * CLIENTS)
        return Return.objects.count() > number + 1

    assert any(map(are_announced_twice, range(ROUNDS)))


def test_receiving_clerks_serve_a_back_order_once(place, make_product, receive, warehouse):
    product = make_product(accepts_backorders=True)
    order = place((product, 3))
    receive(product, 50)
    at_once(*[lambda: services.fulfil_backorders(pairs=[(product.pk, warehouse.pk)])] * CLIENTS)
    assert StockLevel.objects.get().allocated == 3
    assert order.lines.with_allocated().get().backordered == 0


def test_without_the_order_lock_a_back_order_is_served_more_than_once(
    place, make_product, receive, warehouse, without_order_locks
):

    def is_served_twice(_number: int) -> bool:
        product = make_product(accepts_backorders=True)
        place((product, 3))
        receive(product, 50)
        at_once(*[lambda: services.fulfil_backorders(pairs=[(product.pk, warehouse.pk)])] * CLIENTS)
        return StockLevel.objects.get(product=product).allocated > 3

    assert any(map(is_served_twice, range(ROUNDS)))


def ship_split_and_cancel(place, product) -> Counter:
    """Of an order of six pieces at once."""
    order = place((product, 6))
    line = order.lines.get()
    return at_once(
        lambda: services.ship_sales_order(order=order, actor=None),
        lambda: services.split_sales_order(order=order, actor=None, by="lines", quantities={line.pk: 2}),
        lambda: services.cancel_sales_order(order=order, actor=None, quantities={line.pk: 1}),
    )


def is_nothing_lost(orders: int) -> bool:
    """Each order's six pieces are somewhere, once, and lines, promises and ledger say the same."""
    lines = SalesOrderLine.objects.with_allocated()
    sums = lines.aggregate(
        asked=Sum("quantity"), shipped=Sum("shipped"), promised=Sum("allocated_now"), least=Min("backordered")
    )
    moved = StockMovement.objects.filter(reason="shipment").aggregate(total=Sum("quantity"))["total"] or 0
    held = Allocation.objects.open().aggregate(total=Sum("quantity"))["total"] or 0
    return (
        (sums["asked"], sums["shipped"]) == (6 * orders, -moved)
        and held == StockLevel.objects.get().allocated == sums["promised"]
        and sums["least"] >= 0
        and not lines.filter(quantity__lt=F("shipped") + F("cancelled")).exists()
    )


def test_splitting_shipping_and_cancelling_at_once_lose_nothing(place, make_product, receive):
    product = make_product(accepts_backorders=True)
    receive(product, 30)
    for number in range(1, 6):
        answers = ship_split_and_cancel(place, product)
        assert answers["done"] and not {"IntegrityError", "OperationalError"} & set(answers)
        assert is_nothing_lost(number)


def test_without_the_order_lock_splitting_shipping_and_cancelling_lose_pieces(
    place, make_product, receive, without_order_locks, without_the_check
):
    product = make_product(accepts_backorders=True)
    receive(product, 6 * ROUNDS)

    def loses_pieces(number: int) -> bool:
        ship_split_and_cancel(place, product)
        return not is_nothing_lost(number + 1)

    assert any(map(loses_pieces, range(ROUNDS)))
