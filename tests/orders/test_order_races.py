"""Orders that several people change at once; each test beside a control with the guard off."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from inventory_site.common.errors import DomainError
from inventory_site.common.retry import retry_when_busy
from orders import services
from orders.models import Return, SalesOrderLine
from orders.querysets import SalesOrderQuerySet
from stock.models import Allocation, StockLevel, StockMovement

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
CLIENTS = 8
#: Tries that a control has to show the bug.
ROUNDS = 10


def at_once(*works) -> Counter:
    """Start all of these together in threads of their own connection; count the kinds of answers."""
    start = Barrier(len(works))

    def guarded(work) -> str:
        try:
            start.wait()
            retry_when_busy(work)
            return "done"
        except (DomainError, OperationalError) as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return Counter(pool.map(guarded, works))


@pytest.fixture
def without_order_locks(monkeypatch):
    monkeypatch.setattr(SalesOrderQuerySet, "locked", lambda self: self.order_by("pk"))


def test_the_same_order_of_a_channel_comes_in_once_whoever_brings_it(place, make_product, receive):
    product = make_product()
    receive(product, 100)
    answers = at_once(*[lambda: place((product, 1), external_id="1001")] * CLIENTS)
    assert answers == {"done": 1, "DuplicateOrder": CLIENTS - 1}
    assert StockLevel.objects.get().allocated == 1


def test_shipping_and_cancelling_move_each_piece_once(place, make_product, receive):
    product = make_product()
    receive(product, 100)
    for _number in range(10):
        order = place((product, 2))
        answers = at_once(
            lambda order=order: services.ship_sales_order(order=order, actor=None),
            lambda order=order: services.cancel_sales_order(order=order, actor=None),
        )
        assert answers == {"done": 1, "WrongState": 1}
    shipped = sum(SalesOrderLine.objects.values_list("shipped", flat=True))
    assert StockLevel.objects.values_list("on_hand", "allocated").get() == (100 - shipped, 0)
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_an_expiry_and_a_shipment_move_each_piece_once(place, make_product, receive):
    product = make_product()
    receive(product, 100)
    until = timezone.now() - timedelta(seconds=1)
    for _number in range(10):
        order = place((product, 2), reserved_until=until)
        at_once(
            lambda order=order: services.ship_sales_order(order=order, actor=None),
            lambda: services.expire_reservations(now=timezone.now()),
        )
        line = order.lines.get()
        assert sorted([line.shipped, line.cancelled]) == [0, 2]
    shipped = sum(SalesOrderLine.objects.values_list("shipped", flat=True))
    assert StockLevel.objects.values_list("on_hand", "allocated").get() == (100 - shipped, 0)


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
    for number in range(1, ROUNDS + 1):
        order = services.ship_sales_order(order=place((product, 5)), actor=None)
        announced = {order.lines.get().pk: 3}
        at_once(
            *[lambda order=order, n=announced: services.register_return(order=order, quantities=n, actor=None)]
            * CLIENTS
        )
        if Return.objects.count() > number:
            return
    pytest.fail("the lock is not what keeps them from it")


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
    for _number in range(ROUNDS):
        product = make_product(accepts_backorders=True)
        place((product, 3))
        receive(product, 50)
        at_once(*[lambda pk=product.pk: services.fulfil_backorders(pairs=[(pk, warehouse.pk)])] * CLIENTS)
        if StockLevel.objects.get(product=product).allocated > 3:
            return
    pytest.fail("the lock is not what keeps them from it")


def test_splitting_and_shipping_at_once_lose_nothing(place, make_product, receive):
    product = make_product(accepts_backorders=True)
    receive(product, 30)
    for _number in range(5):
        order = place((product, 6))
        line = order.lines.get()
        at_once(
            lambda order=order: services.ship_sales_order(order=order, actor=None),
            lambda order=order, line=line: services.split_sales_order(
                order=order, actor=None, by="lines", quantities={line.pk: 2}
            ),
            lambda order=order, line=line: services.cancel_sales_order(
                order=order, actor=None, quantities={line.pk: 1}
            ),
        )
    lines = SalesOrderLine.objects.with_allocated()
    assert sum(line.quantity for line in lines) == 30
    assert all(line.backordered >= 0 for line in lines)
    moved = StockMovement.objects.filter(reason="shipment").values_list("quantity", flat=True)
    assert -sum(moved) == sum(line.shipped for line in lines)
    held = Allocation.objects.open().values_list("quantity", flat=True)
    assert sum(held) == StockLevel.objects.get().allocated == sum(line.allocated_now for line in lines)
