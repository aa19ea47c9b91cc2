"""The lines of a draft of a sales order are changed, added and taken off: service, API and page."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from inventory_site.common.models import Audit
from orders import services
from orders.errors import InvalidLines, StaleVersion, WrongState
from orders.models import SalesOrder
from stock.errors import InsufficientStock
from stock.models import Allocation, StockLevel

pytestmark = pytest.mark.django_db


@pytest.fixture
def cup(make_product, receive):
    cup = make_product("CUP")
    receive(cup, 5)
    return cup


def told(order: SalesOrder) -> list[tuple]:
    lines = order.lines.select_related("product", "warehouse").order_by("pk")
    return [(line.product.sku, line.warehouse.code, line.quantity, line.amount) for line in lines]


def test_lines_of_a_draft_change_and_the_rest_stays(place, cup, make_product, warehouse, make_warehouse, make_user):
    order = place((cup, 3, Decimal("2.00")), (make_product("MUG"), 1, Decimal("4.00")), is_draft=True)
    mug, tallinn, actor = order.lines.last(), make_warehouse("tallinn"), make_user("owner")
    changed = services.change_sales_draft(
        order=order, actor=actor, quantities={mug.pk: 0}, prices={order.lines.first().pk: Decimal("1.5")},
        added=[services.NewLine(cup, tallinn, 2, Decimal("3.00"))], version=0,
    )  # fmt: skip
    assert told(order) == [("CUP", "riga", 3, Decimal("4.50")), ("CUP", "tallinn", 2, Decimal("6.00"))]
    assert changed.version == 1
    assert Audit.objects.get(action="sales_order.change_lines").actor == actor


def test_what_is_reserved_follows_the_lines(place, cup, make_product, receive):
    mug = make_product("MUG")
    receive(mug, 2)
    order = place((cup, 4), is_draft=True, reserved_until="2100-01-01T00:00:00Z")
    order.refresh_from_db()
    line = order.lines.get()
    added = [services.NewLine(mug, line.warehouse, 2)]
    services.change_sales_draft(order=order, actor=None, quantities={line.pk: 1}, added=added)
    assert dict(StockLevel.objects.values_list("product__sku", "allocated")) == {"CUP": 1, "MUG": 2}
    with pytest.raises(InsufficientStock, match="CUP: 5 asked, 4 available in riga"):
        services.change_sales_draft(order=order, actor=None, quantities={line.pk: 6})
    services.change_sales_draft(order=order, actor=None, quantities={line.pk: 0})
    assert dict(StockLevel.objects.values_list("product__sku", "allocated")) == {"CUP": 0, "MUG": 2}
    assert Allocation.objects.open().count() == 1


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"quantities": {"cup": 0}}, InvalidLines),  # no line would be left
        ({"quantities": {"cup": -1}}, InvalidLines),
        ({"quantities": {"cup": True}}, InvalidLines),
        ({"quantities": {"cup": 1}}, InvalidLines),  # the discount is more than the goods then
        ({"quantities": {0: 1}}, InvalidLines),
        ({"prices": {"cup": Decimal(-1)}}, InvalidLines),
        ({"quantities": {"cup": 2}, "version": 7}, StaleVersion),
    ],
)
def test_an_impossible_change_changes_nothing(wish, error, place, cup):
    order = place((cup, 3, Decimal("2.00")), is_draft=True, discount=Decimal("5.00"))
    line = order.lines.get()
    wish = {
        name: {line.pk if key == "cup" else key: value for key, value in part.items()} if name != "version" else part
        for name, part in wish.items()
    }
    with pytest.raises(error):
        services.change_sales_draft(order=order, actor=None, **wish)
    order.refresh_from_db()
    assert (order.version, told(order)) == (0, [("CUP", "riga", 3, Decimal("6.00"))])


def test_a_placed_order_keeps_its_lines(place, cup):
    order = place((cup, 3))
    with pytest.raises(WrongState):
        services.change_sales_draft(order=order, actor=None, quantities={order.lines.get().pk: 1})
    assert told(order)[0][2] == 3


@pytest.mark.api
def test_over_the_api_once_per_key(api_of, make_user, place, cup, warehouse):
    order, clerk = place((cup, 3, Decimal("2.00")), is_draft=True), api_of(make_user("clerk", warehouse))
    address, line = f"/api/v1/sales-orders/{order.number}/lines/", order.lines.get()
    body = {"lines": [{"line": line.pk, "quantity": 2}, {"product": "CUP", "warehouse": "riga", "quantity": 4}]}
    first = clerk.post(address, body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    again = clerk.post(address, body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert [row["quantity"] for row in first.json()["lines"]] == [2, 4]
    for wrong, sentence in (
        ({"quantity": 1}, "Name either the line or a product to add."),
        ({"line": line.pk, "product": "CUP", "quantity": 1}, "Name either the line or a product to add."),
        ({"product": "CUP", "warehouse": "riga", "quantity": 0}, "A product to add needs a warehouse and a quantity."),
        ({"line": line.pk}, "Write the line's new quantity or price."),
        ({"line": line.pk, "quantity": 1.5}, "CUP: “1.5” is not a quantity."),
    ):
        answer = clerk.post(address, {"lines": [wrong]}, format="json")
        assert answer.status_code == 400 and sentence in str(answer.json()["lines"]), wrong
    assert told(order)[0][2] == 2


def test_nobody_adds_a_line_in_a_warehouse_that_is_not_theirs(api_of, make_user, place, cup, warehouse, make_warehouse):
    make_warehouse("tallinn")
    order, clerk = place((cup, 3), is_draft=True), api_of(make_user("clerk", warehouse))
    body = {"lines": [{"product": "CUP", "warehouse": "tallinn", "quantity": 1}]}
    answer = clerk.post(f"/api/v1/sales-orders/{order.number}/lines/", body, format="json")
    assert answer.status_code == 400 and order.lines.count() == 1


def new_lines(*lines: dict) -> dict:
    data = {"once": "k", "lines-TOTAL_FORMS": len(lines), "lines-INITIAL_FORMS": 0}
    return data | {f"lines-{n}-{name}": value for n, line in enumerate(lines) for name, value in line.items()}


def test_the_page_changes_takes_off_and_adds_lines(client_of, make_user, place, cup, make_product, make_warehouse):
    mug, tallinn, owner = make_product("MUG"), make_warehouse("tallinn"), client_of(make_user("owner"))
    order = place((cup, 3, Decimal("2.00")), (mug, 1), is_draft=True)
    first, second = order.lines.order_by("pk")
    page = reverse("admin:orders_salesorder_do", args=[order.pk, "lines"])
    assert page in owner.get(reverse("admin:orders_salesorder_change", args=[order.pk])).content.decode()
    text = owner.get(page).content.decode()
    assert 'data-add-line="lines"' in text and "new_lines.js" in text
    kept = {f"line_{first.pk}": "2", f"price_{first.pk}": "2.50", f"line_{second.pk}": "", f"price_{second.pk}": "0"}
    added = new_lines({"product": mug.pk, "quantity": "4", "money": "1", "warehouse": tallinn.pk})
    answer = owner.post(page, kept | added | {"version": "0"}, follow=True)
    assert [str(m) for m in answer.context["messages"]] == [f"{order.number}: its lines are changed."]
    assert told(order) == [("CUP", "riga", 2, Decimal("5.00")), ("MUG", "tallinn", 4, Decimal("4.00"))]
    again = owner.post(page, kept | added | {"version": "0"}, follow=True)
    assert str(*again.context["messages"]).endswith("its lines are changed."), "a second click"
    for version in ("0", ""):
        answer = owner.post(page, kept | added | {"version": version, "once": f"k{version}2"}, follow=True)
        assert "was changed meanwhile" in str(*answer.context["messages"])
    services.cancel_sales_order(order=order, actor=None)
    assert "cannot be changed" in str(*owner.get(page, follow=True).context["messages"])
    assert len(told(order)) == 2


def test_a_new_order_asks_for_prices_and_a_new_purchase_for_costs(client_of, make_user, channel):
    client = client_of(make_user("owner"))
    sale, purchase = (
        client.get(f"/admin/orders/{name}/add/").content.decode() for name in ("salesorder", "purchaseorder")
    )
    assert "Price of one" in sale and "ost of one" not in sale
    assert "Cost of one" in purchase and "rice of one" not in purchase


def test_a_new_order_may_have_a_warehouse_for_each_line(client_of, make_user, channel, cup, warehouse, make_warehouse):
    tallinn, add = make_warehouse("tallinn"), reverse("admin:orders_salesorder_add")
    owner, clerk = client_of(make_user("owner")), client_of(make_user("clerk", warehouse))
    assert "lines-0-warehouse" in owner.get(add).content.decode()
    assert "lines-0-warehouse" not in clerk.get(add).content.decode(), "a clerk of one warehouse has no choice"
    lines = [{"product": cup.pk, "quantity": 1}, {"product": cup.pk, "quantity": 2, "warehouse": tallinn.pk}]
    owner.post(add, new_lines(*lines) | {"warehouse": warehouse.pk, "channel": channel.pk, "draft": "yes"})
    assert [row[:3] for row in told(SalesOrder.objects.get())] == [("CUP", "riga", 1), ("CUP", "tallinn", 2)]
