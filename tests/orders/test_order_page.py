"""The staff's daily screens: what an order's page says and does, and returns."""

from __future__ import annotations

import html

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders import services
from orders.models import Customer, Return, SalesChannel, SalesOrder
from stock.models import StockLevel

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(make_product, receive, warehouse):
    """Place an order of these (SKU, pieces); five of each are on the shelf when it is first named."""
    channel, products = SalesChannel.objects.create(code="web", name="Web"), {}
    customer = Customer.objects.create(name="Anna Berg", email="a@example.com")

    def place(*wishes: tuple[str, int], **fields) -> SalesOrder:
        for sku, _pieces in wishes:
            if sku not in products:
                products[sku] = make_product(sku, accepts_backorders=True)
                receive(products[sku], 5)
        lines = [services.NewLine(products[sku], warehouse, pieces) for sku, pieces in wishes]
        return services.place_sales_order(
            channel=channel, customer=customer, ship_to="Pier 1", lines=lines, actor=None, **fields
        )

    return place


@pytest.fixture
def clerk(client_of, make_user, warehouse):
    return client_of(make_user("clerk", warehouse))


def page(client, row) -> str:
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return html.unescape(client.get(address).content.decode())


def do(client, row, name: str, key: str = "k", **data) -> str:
    """Press a button; what the person is told then."""
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_do", args=[row.pk, name])
    answer = client.post(address, {"once": key} | data, follow=True)
    return " ".join(map(str, answer.context["messages"]))


def test_the_page_says_where_each_piece_comes_from_and_what_blocks_the_rest(
    clerk, place, make_supplier, warehouse, make_warehouse, receive, make_user, client_of
):
    order = place(("CUP", 8))
    line = order.lines.get()
    services.ship_sales_order(order=order, actor=None, quantities={line.pk: 2})
    assert "No stock anywhere, nothing on order." in page(clerk, order)
    lines = [services.NewPurchaseLine(line.product, 24)]
    purchase = services.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
    services.confirm_purchase_order(order=purchase, actor=None)
    receive(line.product, 4, make_warehouse("tallinn"))
    text = page(clerk, order)
    for told in (
        "3 allocated · Riga",
        "2 shipped · Riga",
        "3 back-ordered",
        f"24 on order for Riga, {purchase.number}",
    ):
        assert told in text
    assert "Tallinn" not in text, "the clerk may not enter it"
    assert "4 available in Tallinn" in page(client_of(make_user("owner")), order)


def test_pieces_of_warehouses_that_one_may_not_enter_are_counted_and_not_named(
    clerk, place, receive, make_warehouse, make_user, client_of, api_of, warehouse
):
    place(("CUP", 1))
    cup = StockLevel.objects.get().product
    receive(cup, 4, make_warehouse("tallinn"))
    order = place(("CUP", 10), strategy="nearest_to_complete")
    text = page(clerk, order)
    assert all(told in text for told in ("4 allocated · Riga", "4 elsewhere", "2 back-ordered"))
    assert "Tallinn" not in text and "elsewhere" not in page(client_of(make_user("owner")), order)
    services.ship_sales_order(order=order, actor=None, within={StockLevel.objects.last().warehouse_id})
    assert "4 elsewhere" in page(clerk, order), "shipped ones too"
    for role, told in ((make_user("clerk", warehouse), 4), (make_user("owner"), 0)):
        (line,) = api_of(role).get(f"/api/v1/sales-orders/{order.number}/").json()["lines"]
        assert (line["quantity"], line["elsewhere"], line["backordered"]) == (10, told, 2)


def test_the_page_costs_the_same_for_one_line_as_for_ten(clerk, place):
    few, many = place(("CUP", 8)), place(*((f"SKU-{n}", 8) for n in range(10)))
    page(clerk, few)
    counts = []
    for order in (few, many):
        with CaptureQueriesContext(connection) as queries:
            page(clerk, order)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_draft_is_placed_and_a_stale_page_is_told(clerk, place):
    draft = place(("CUP", 3), is_draft=True)
    assert "do/ship" not in page(clerk, draft)
    assert do(clerk, draft, "hold", minutes="30", version="0").endswith("reserved for 30 minutes.")
    assert "was changed meanwhile" in do(clerk, draft, "place", key="k2", version="0")
    assert SalesOrder.objects.get().state == "draft"
    assert do(clerk, draft, "place", key="k3", version="1") == "1 order placed."
    assert do(clerk, draft, "cancel", key="k4", version="1", **{f"line_{draft.lines.get().pk}": "1"}).startswith(
        f"{draft.number} was changed meanwhile"
    )


def test_an_order_is_split_and_the_split_undone(clerk, place):
    order = place(("CUP", 8))
    assert "was split" in do(clerk, order, "split", by="availability")
    assert SalesOrder.objects.count() == 2
    assert "Undo the last split or merge" in page(clerk, order)
    assert do(clerk, order, "undo", key="k2").endswith("undone.")
    assert order.lines.get().quantity == 8


def test_pieces_are_split_off_only_where_that_is_chosen(clerk, place):
    order = place(("CUP", 8))
    line = {f"line_{order.lines.get().pk}": "2"}
    assert not do(clerk, order, "split", by="availability", **line)
    assert SalesOrder.objects.count() == 1
    assert "was split" in do(clerk, order, "split", by="lines", **line)


def test_a_stale_page_undoes_nothing(clerk, place):
    order = place(("CUP", 8))
    do(clerk, order, "split", by="lines", **{f"line_{order.lines.get().pk}": "2"})
    seen = SalesOrder.objects.get(pk=order.pk).version
    do(clerk, order, "split", key="k2", by="lines", **{f"line_{order.lines.get().pk}": "1"})
    assert "was changed meanwhile" in do(clerk, order, "undo", key="k3", version=seen)
    assert SalesOrder.objects.count() == 3


def test_orders_are_merged_from_the_list(clerk, place):
    first, second = place(("CUP", 2)), place(("CUP", 1))
    data = {"action": "merge", "index": "0", "once": "k", "_selected_action": [first.pk, second.pk]}
    answer = clerk.post(reverse("admin:orders_salesorder_changelist"), data, follow=True)
    assert [str(m) for m in answer.context["messages"]] == [f"2 orders are one now: {first.number}."]
    assert f"merged into {first.number}" in page(clerk, second)


@pytest.mark.parametrize(("stage", "expected"), [("placed", 1), ("allocated", 1), ("draft", 1), ("shipped", 0)])
def test_the_list_is_filtered_by_stage_and_searched_by_sku(stage, expected, clerk, place):
    place(("CUP", 8)), place(("MUG", 1)), place(("MUG", 1), is_draft=True)
    address = reverse("admin:orders_salesorder_changelist")
    assert clerk.get(address, {"stage": stage}).context["cl"].result_count == expected
    assert clerk.get(address, {"q": "CUP"}).context["cl"].result_count == 1


def test_a_return_is_announced_inspected_and_the_inspection_undone(clerk, place):
    order = place(("CUP", 3))
    services.ship_sales_order(order=order, actor=None)
    told = do(clerk, order, "return", reason="too blue", **{f"line_{order.lines.get().pk}": "2"})
    document = Return.objects.get()
    assert document.number in told and document.number in page(clerk, order)
    line = document.lines.get()
    found = {f"sellable_{line.pk}": "1", f"unsellable_{line.pk}": "", f"scrapped_{line.pk}": "1", f"note_{line.pk}": ""}
    assert do(clerk, document, "inspect", key="k2", **found).endswith("is inspected.")
    assert StockLevel.objects.get().on_hand == 3
    assert "as it was announced" in do(clerk, document, "undo", key="k3")
    assert StockLevel.objects.get().on_hand == 2


def test_only_what_was_written_in_the_form_is_saved(clerk, place):
    order = place(("CUP", 3))
    address = reverse("admin:orders_salesorder_change", args=[order.pk])
    clerk.post(address, {"customer": order.customer_id, "ship_to": "Pier 2"})
    order.refresh_from_db()
    assert (order.ship_to, order.state, order.version) == ("Pier 2", "open", 1)


def test_a_customer_is_forgotten_once_the_orders_are_done(client_of, make_user, place):
    order, owner = place(("CUP", 3)), client_of(make_user("owner"))
    assert "is not finished" in do(owner, order.customer, "forget")
    services.ship_sales_order(order=order, actor=None)
    assert "erased" in do(owner, order.customer, "forget", key="k2")
    order.refresh_from_db()
    assert (order.ship_to, order.customer.name, order.customer.email) == ("", "", "")
