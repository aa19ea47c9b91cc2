"""Sales orders through their services."""

from __future__ import annotations

import pytest

from inventory_site.common.models import Audit
from orders import services
from orders.errors import DuplicateOrder, InvalidLines, NothingToDo, TooMuch, WrongState
from orders.models import DemandCorrection, SalesOrder
from stock.errors import InsufficientStock
from stock.models import Allocation, StockLevel
from stock.services import set_on_hand

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


def test_a_placed_order_is_promised_its_stock(place, make_product, receive, backordered):
    product = make_product()
    receive(product, 5)
    order = place((product, 3))
    assert (order.state, order.number) == ("open", f"S{order.pk:06d}")
    assert backordered(order) == [0]
    assert StockLevel.objects.get().available == 2


def test_an_order_for_more_than_is_available_is_refused_and_leaves_nothing(place, make_product, receive):
    cup, plate = make_product("CUP"), make_product("PLATE")
    receive(cup, 5)
    receive(plate, 1)
    with pytest.raises(InsufficientStock, match="PLATE: 2 asked, 1 available in riga"):
        place((cup, 5), (plate, 2))
    assert SalesOrder.objects.count() == Allocation.objects.count() == Audit.objects.count() == 0


def test_a_product_that_takes_backorders_is_promised_what_there_is(place, make_product, receive, backordered):
    product = make_product(accepts_backorders=True)
    receive(product, 2)
    assert backordered(place((product, 5))) == [3]


def test_the_same_order_of_a_channel_comes_in_once(place, make_product, receive):
    product = make_product()
    receive(product, 5)
    place((product, 1), external_id="1001")
    with pytest.raises(DuplicateOrder, match="Order 1001 of web is here already"):
        place((product, 1), external_id="1001")
    assert StockLevel.objects.get().allocated == 1


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, 2**63])
def test_what_is_no_quantity_is_refused(quantity, place, make_product):
    with pytest.raises(InvalidLines, match=r"CUP: .* is not a quantity"):
        place((make_product("CUP"), quantity))
    assert SalesOrder.objects.count() == 0


def test_stock_that_came_later_is_promised_on_asking(place, make_product, receive, backordered):
    product = make_product(accepts_backorders=True)
    order = place((product, 5))
    with pytest.raises(NothingToDo, match="nothing is available"):
        services.allocate_sales_order(order=order, actor=None)
    receive(product, 4)
    assert services.allocate_sales_order(order=order, actor=None) == 4
    assert backordered(order) == [1]


def test_an_order_is_shipped_in_parts_and_then_closed(place, make_product, receive):
    product = make_product()
    receive(product, 5)
    order = place((product, 5))
    line = order.lines.get()
    services.ship_sales_order(order=order, actor=None, quantities={line.pk: 2})
    assert StockLevel.objects.get().on_hand == 3
    order = services.ship_sales_order(order=order, actor=None)
    assert (order.state, StockLevel.objects.get().on_hand, StockLevel.objects.get().allocated) == ("closed", 0, 0)
    with pytest.raises(WrongState, match=r"is closed: of \S+ \d+ were asked, 0 can be shipped"):
        services.ship_sales_order(order=order, actor=None)


def test_more_than_is_allocated_cannot_be_shipped(place, make_product, receive):
    product = make_product("CUP", accepts_backorders=True)
    receive(product, 2)
    order = place((product, 5))
    with pytest.raises(TooMuch, match="CUP: 3 asked to ship, at most 2 possible"):
        services.ship_sales_order(order=order, actor=None, quantities={order.lines.get().pk: 3})
    assert StockLevel.objects.get().on_hand == 2


def test_cancelling_gives_up_what_waits_before_what_is_promised(place, make_product, receive):
    product = make_product(accepts_backorders=True)
    receive(product, 2)
    order = place((product, 5))
    services.cancel_sales_order(order=order, actor=None, quantities={order.lines.get().pk: 3})
    assert (StockLevel.objects.get().allocated, DemandCorrection.objects.count()) == (2, 0)
    order = services.cancel_sales_order(order=order, actor=None)
    assert (order.state, StockLevel.objects.get().allocated) == ("cancelled", 0)
    assert DemandCorrection.objects.get().quantity == 2


def test_a_promise_broken_by_a_count_is_backordered_again(
    place, make_product, receive, warehouse, make_user, backordered
):
    product = make_product()
    receive(product, 5)
    order = place((product, 5))
    set_on_hand(product=product, warehouse=warehouse, counted=3, actor=make_user("clerk"))
    assert backordered(order) == [2]
