"""Stock that has come goes to who waits for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory_site.common import outbox
from inventory_site.common.models import Audit, ShopSettings
from orders import services
from orders.models import SalesOrder
from stock.models import Allocation, StockLevel
from stock.services import set_on_hand

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


@pytest.fixture
def cup(make_product):
    return make_product("CUP", accepts_backorders=True)


def deliver_all():
    while outbox.deliver():
        pass


def test_the_oldest_order_is_served_first_and_the_newest_waits_on(place, cup, receive, backordered):
    now = timezone.now()
    newer = place((cup, 4), placed_at=now)
    older = place((cup, 3), placed_at=now - timedelta(days=1))
    receive(cup, 5)
    deliver_all()
    assert (backordered(older), backordered(newer)) == ([0], [2])
    older.refresh_from_db()
    assert older.version == 1
    assert Audit.objects.filter(action="sales_order.fulfil").count() == 2


def test_hearing_the_same_twice_promises_nothing_twice(place, cup, receive, backordered):
    order = place((cup, 4))
    receive(cup, 3)
    payload = [{"levels": [StockLevel.objects.get().pk]}]
    services.backorders.hear_of_stock(payload)
    services.backorders.hear_of_stock(payload)
    assert backordered(order) == [1] and StockLevel.objects.get().allocated == 3


def test_a_count_that_finds_more_serves_a_broken_promise_again(place, make_product, receive, warehouse, backordered):
    product = make_product()
    receive(product, 5)
    order = place((product, 5))
    set_on_hand(product=product, warehouse=warehouse, counted=3, actor=None)
    assert backordered(order) == [2]
    set_on_hand(product=product, warehouse=warehouse, counted=9, actor=None)
    deliver_all()
    assert backordered(order) == [0]


def test_what_one_customer_cancels_goes_to_the_next(place, cup, receive, backordered):
    receive(cup, 2)
    first, second = place((cup, 2)), place((cup, 2))
    services.cancel_sales_order(order=first, actor=None)
    deliver_all()
    assert backordered(second) == [0]


@pytest.mark.parametrize(("strategy", "waits"), [("", 2), ("first_choice", 2), ("most_stock", 0)])
def test_stock_elsewhere_serves_only_orders_that_may_come_from_there(
    strategy, waits, place, cup, receive, make_warehouse, backordered
):
    order = place((cup, 2), strategy=strategy)
    receive(cup, 2, make_warehouse("tartu"))
    deliver_all()
    assert backordered(order) == [waits]


def test_the_shop_decides_for_orders_without_a_strategy(place, cup, receive, make_warehouse, backordered):
    ShopSettings(pk=1, allocation_strategy="priority").save()
    free, bound = place((cup, 2)), place((cup, 2), strategy="first_choice")
    receive(cup, 4, make_warehouse("tartu"))
    deliver_all()
    assert (backordered(free), backordered(bound)) == ([0], [2])


def test_drafts_and_finished_orders_wait_for_nothing(place, cup, receive):
    place((cup, 2), is_draft=True)
    services.cancel_sales_order(order=place((cup, 2)), actor=None)
    receive(cup, 2)
    deliver_all()
    assert not Allocation.objects.open().exists()


def test_what_serves_a_reservation_ends_with_it(place, cup, receive):
    until = timezone.now() + timedelta(hours=1)
    place((cup, 2), reserved_until=until)
    receive(cup, 2)
    deliver_all()
    assert Allocation.objects.get().expires_at == until


def test_lines_that_wait_are_locked_with_their_orders_oldest_first(place, cup, warehouse):
    first, second = place((cup, 1)), place((cup, 2))
    SalesOrder.objects.filter(pk=first.pk).update(placed_at=timezone.now() + timedelta(days=1))
    waiting = services.lock_waiting([(cup.pk, warehouse.pk)])
    assert [row.line.order for row in waiting] == [second, first]
    assert services.lock_waiting([]) == []
