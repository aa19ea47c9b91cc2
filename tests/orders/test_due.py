"""What is to be paid of an order: cancelled pieces are off, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from orders import services
from orders.models import SalesOrder
from orders.money import line_amount

pytestmark = pytest.mark.django_db


def due(order: SalesOrder) -> tuple[Decimal, Decimal]:
    row = SalesOrder.objects.with_total().get(pk=order.pk)
    return row.total, row.due


@pytest.fixture
def cup(make_product, receive):
    cup = make_product("CUP", accepts_backorders=True)
    receive(cup, 100)
    return cup


def cancel(order: SalesOrder, *pieces: int) -> None:
    wanted = dict(zip(order.lines.order_by("pk").values_list("pk", flat=True), pieces, strict=True))
    services.cancel_sales_order(order=order, actor=None, quantities=wanted)


@pytest.mark.api  # SQLite counts money in floats: the same sums on both databases
def test_cancelled_pieces_are_off_and_a_discount_never_takes_more_than_the_goods(place, cup):
    order = place((cup, 5, Decimal("2.00")), discount=Decimal("1.00"), shipping_charge=Decimal("3.00"))
    assert due(order) == (Decimal("12.00"), Decimal("12.00"))
    cancel(order, 2)
    assert due(order) == (Decimal("12.00"), Decimal("8.00"))
    services.ship_sales_order(order=order, actor=None, quantities={order.lines.get().pk: 1})
    cancel(order, 2)
    assert due(order) == (Decimal("12.00"), Decimal("4.00"))
    small = place((cup, 5, Decimal("0.20")), discount=Decimal("1.00"), shipping_charge=Decimal("3.00"))
    cancel(small, 4)
    assert due(small) == (Decimal("3.00"), Decimal("3.00")), "the discount is as much as the goods were"


def test_of_a_wholly_cancelled_order_nothing_is_due(place, cup):
    order = place((cup, 5, Decimal("2.00")), discount=Decimal("1.00"), shipping_charge=Decimal("3.00"))
    services.cancel_sales_order(order=order, actor=None)
    assert due(order) == (Decimal("12.00"), Decimal("0.00"))


@pytest.mark.api
@pytest.mark.parametrize("price", ["1.0050", "0.3333", "0.0050", "2.6750", "1.0049", "0.0149"])
def test_half_a_cent_is_rounded_as_it_is_in_lines(price, place, cup):
    order = place((cup, 3, Decimal(price)), (cup, 2, Decimal(price)))
    cancel(order, 2, 1)
    assert due(order)[1] == 2 * line_amount(1, Decimal(price))


def test_list_page_and_api_tell_it(place, cup, client_of, api_of, make_user):
    order, owner = place((cup, 5, Decimal("2.00")), discount=Decimal("1.00")), make_user("owner")
    cancel(order, 2)
    answer = api_of(owner).get(f"/api/v1/sales-orders/{order.number}/").json()
    assert (answer["total"], answer["due"]) == ("9.00", "5.00")
    browser = client_of(owner)
    assert "5.00 EUR (ordered: 9.00)" in browser.get(reverse("admin:orders_salesorder_changelist")).content.decode()
    page = browser.get(reverse("admin:orders_salesorder_change", args=[order.pk])).content.decode()
    assert "to pay 5.00 EUR" in page and "ordered: 9.00" in page


def test_the_list_says_what_waits_and_shows_only_that_when_asked(place, cup, client_of, make_user):
    waits, served = place((cup, 104)), place((cup, 1), is_draft=True)
    browser, listed = client_of(make_user("owner")), reverse("admin:orders_salesorder_changelist")
    text = browser.get(listed).content.decode()
    assert "4 back-ordered" in text and served.number in text
    assert "1 back-ordered" not in text, "a draft waits for nothing"
    text = browser.get(listed, {"waits": "yes"}).content.decode()
    assert waits.number in text and served.number not in text
