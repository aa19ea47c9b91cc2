"""Downloads of orders: heads with their sums, lines one by one, each column only for who may see it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.urls import reverse

from orders import services
from orders.models import Customer

pytestmark = pytest.mark.django_db


def download(client, model: str, sheet: int) -> list[dict[str, str]]:
    answer = client.post(reverse(f"admin:orders_{model}_export"), {"format": "1", "resource": str(sheet)})
    assert answer["Content-Type"] == "text/csv", answer.content.decode()[-2000:]
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.fixture
def browser_of(client_of, make_user):
    return lambda role: client_of(make_user(role))


@pytest.fixture
def order(place, make_product, receive, customer):
    cup, mug = make_product("CUP", accepts_backorders=True), make_product("MUG")
    receive(cup, 3)
    receive(mug, 9)
    wishes = (cup, 5, Decimal("2.00")), (mug, 1, Decimal("4.00"))
    return place(*wishes, customer=customer, ship_to="Pier 1", discount=Decimal("1.00"))


def test_sales_tell_stage_customer_and_money(order, browser_of):
    services.cancel_sales_order(order=order, actor=None, quantities={order.lines.last().pk: 1})
    (row,) = download(browser_of("owner"), "salesorder", 0)
    told = {name: row[name] for name in ("number", "customer", "ship_to", "stage", "waits_for", "total", "due")}
    assert told == {
        "number": order.number, "customer": "Anna", "ship_to": "Pier 1", "stage": "placed", "waits_for": "2",
        "total": "13.00", "due": "9.00",
    }  # fmt: skip


def test_sales_lines_are_one_row_each(order, browser_of):
    rows = download(browser_of("owner"), "salesorder", 1)
    names = ("order__number", "order__customer", "product__sku", "quantity", "allocated", "backordered", "amount")
    assert [[row[name] for name in names] for row in rows] == [
        [order.number, "Anna", "CUP", "5", "3", "2", "10.00"],
        [order.number, "Anna", "MUG", "1", "1", "0", "4.00"],
    ]


def test_who_may_not_see_customers_downloads_none(order, browser_of):
    viewer = browser_of("viewer")
    for sheet in (0, 1):
        rows = download(viewer, "salesorder", sheet)
        assert rows and not {"customer", "ship_to", "order__customer"} & set(rows[0])
        assert "Anna" not in str(rows) and "Pier 1" not in str(rows)


def test_a_line_of_another_warehouse_is_not_in_the_file(order, client_of, make_user, make_warehouse, channel):
    tallinn, cup = make_warehouse("tallinn"), order.lines.first().product
    lines = [services.NewLine(cup, place, 2) for place in (order.lines.first().warehouse, tallinn)]
    services.place_sales_order(channel=channel, lines=lines, actor=None)
    rows = download(client_of(make_user("clerk", tallinn)), "salesorder", 1)
    assert [row["warehouse__code"] for row in rows] == ["tallinn"]


def test_a_name_that_a_spreadsheet_would_run_is_harmless(order, browser_of):
    Customer.objects.update(name="=1+1")
    assert {download(browser_of("owner"), "salesorder", sheet)[0][column] for sheet, column in
            ((0, "customer"), (1, "order__customer"))} == {"'=1+1"}  # fmt: skip


def test_purchases_tell_pieces_and_costs_only_to_who_may_see_them(browser_of, make_product, make_supplier, warehouse):
    products = [make_product("CUP"), make_product("MUG")]
    lines = [services.NewPurchaseLine(product, 12, Decimal("1.50")) for product in products]
    bought = services.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
    services.confirm_purchase_order(order=bought, actor=None)
    services.receive_purchase_order(order=bought, actor=None, quantities={bought.lines.first().pk: 5})
    buyer, clerk = browser_of("buyer"), browser_of("clerk")
    (head,) = download(buyer, "purchaseorder", 0)
    assert (head["lines"], head["pieces"], head["pieces_received"], Decimal(head["total_cost"])) == ("2", "24", "5", 36)
    rows = download(buyer, "purchaseorder", 1)
    told = [(row["product__sku"], row["quantity"], row["received"], row["unit_cost"]) for row in rows]
    assert told == [("CUP", "12", "5", "1.5000"), ("MUG", "12", "0", "1.5000")]
    assert "total_cost" not in download(clerk, "purchaseorder", 0)[0]
    assert "unit_cost" not in download(clerk, "purchaseorder", 1)[0]
