"""A role in one warehouse promises, reads and takes back nothing of another one."""

from __future__ import annotations

import pytest
from django.urls import reverse

from orders.models import Return, SalesChannel, SalesOrder
from stock.models import Allocation, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.api]
SALES = "/api/v1/sales-orders/"


@pytest.fixture
def north(make_warehouse):
    return make_warehouse("north")


@pytest.fixture
def clerk(make_user, north):
    return make_user("clerk", north)


@pytest.fixture
def cup(make_product, receive, north):
    """Ten cups in the north, forty in Riga."""
    SalesChannel.objects.create(code="web", name="Web")
    product = make_product("CUP")
    receive(product, 10, north)
    receive(product, 40)
    return product


def wish(quantity: int, **fields) -> dict:
    line = {"product": "CUP", "warehouse": "north", "quantity": quantity}
    return {"channel": "web", "strategy": "most_stock", "lines": [line]} | fields


def send(client, address, body=None):
    return client.post(address, body or {}, format="json")


@pytest.mark.parametrize("quantity", [30, 500])
def test_an_order_takes_and_tells_only_stock_of_the_callers_warehouses(quantity, api_of, clerk, cup):
    answer = send(api_of(clerk), SALES, wish(quantity))
    sentence = f"CUP: {quantity} asked, 10 available in north."
    assert (answer.status_code, answer.json()["detail"]) == (409, sentence)
    assert SalesOrder.objects.count() == Allocation.objects.count() == 0


@pytest.mark.parametrize("verb", ["place", "hold"])
def test_a_draft_takes_only_stock_of_the_callers_warehouses(verb, api_of, clerk, cup, make_user):
    client = api_of(clerk)
    number = send(client, SALES, wish(30, is_draft=True)).json()["number"]
    answer = send(client, f"{SALES}{number}/{verb}/", {"minutes": 5} if verb == "hold" else {})
    assert (answer.status_code, answer.json()["detail"]) == (409, "CUP: 30 asked, 10 available in north.")
    assert Allocation.objects.count() == 0
    assert send(api_of(make_user("owner")), f"{SALES}{number}/{verb}/").status_code == 200


def test_the_admin_takes_only_stock_of_the_persons_warehouses(client_of, clerk, cup, north):
    data = {
        "once": "k", "write": "1", "lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 0, "warehouse": north.pk,
        "channel": SalesChannel.objects.get().pk, "strategy": "most_stock", "lines-0-product": cup.pk,
        "lines-0-quantity": 30,
    }  # fmt: skip
    answer = client_of(clerk).post(reverse("admin:orders_salesorder_add"), data)
    assert "CUP: 30 asked, 10 available in north." in answer.content.decode()
    assert SalesOrder.objects.count() == 0


@pytest.fixture
def shipped(api_of, make_user, cup):
    """An order with a line of three cups in Riga and one in the north, shipped."""
    owner = api_of(make_user("owner"))
    lines = [{"product": "CUP", "warehouse": place, "quantity": n} for place, n in (("riga", 3), ("north", 1))]
    order = send(owner, SALES, {"channel": "web", "lines": lines}).json()
    return send(owner, f"{SALES}{order['number']}/ship/").json()


def back(order: dict, number: int) -> dict:
    return {"lines": [{"line": order["lines"][number]["id"], "quantity": 1}]}


def test_a_return_is_announced_where_the_role_allows_it(api_of, clerk, warehouse, shipped):
    clerk.warehouse_access.create(warehouse=warehouse, role="viewer")
    client, address = api_of(clerk), f"{SALES}{shipped['number']}/return/"
    assert send(client, address, back(shipped, 0)).status_code == 403
    assert Return.objects.count() == 0
    assert send(client, address, back(shipped, 1)).status_code == 201


def test_a_return_is_announced_in_the_admin_where_the_role_allows_it(client_of, clerk, warehouse, shipped):
    clerk.warehouse_access.create(warehouse=warehouse, role="viewer")
    order = SalesOrder.objects.get()
    address = reverse("admin:orders_salesorder_do", args=[order.pk, "return"])
    client_of(clerk).post(address, {"once": "k", f"line_{shipped['lines'][0]['id']}": "1", "reason": ""})
    assert Return.objects.count() == 0


@pytest.mark.parametrize(("verb", "wanted"), [("ship", "shipped"), ("cancel", "cancelled")])
def test_the_refusal_of_a_closed_order_names_what_was_asked_and_no_line_of_others(
    verb, wanted, api_of, clerk, make_user, shipped
):
    address, number = f"{SALES}{shipped['number']}/{verb}/", shipped["number"]
    whole = send(api_of(make_user("owner")), address).json()
    sentences = [f"{number} is closed: of CUP {n} were asked, 0 can be {wanted}." for n in (3, 1)]
    assert (whole["code"], whole["detail"]) == ("wrong_state", " ".join(sentences))
    assert send(api_of(clerk), address).json()["detail"] == sentences[1]


def test_a_clerk_is_told_that_others_must_ship_what_they_promised(api_of, clerk, make_user, cup):
    placed = send(api_of(make_user("owner")), SALES, wish(20)).json()
    refused = send(api_of(clerk), f"{SALES}{placed['number']}/ship/")
    sentence = f"{placed['number']}: what is allocated lies in warehouses where your role ships nothing."
    assert (refused.status_code, refused.json()["detail"]) == (409, sentence)


@pytest.mark.parametrize("act", ["pick", "put-back", "not-found", "found"])
def test_a_line_that_others_pick_is_not_there_for_a_picker(act, api_of, clerk, make_user, cup, make_product, receive):
    receive(make_product("JAR"), 5)
    lines = [
        {"product": "CUP", "warehouse": "north", "quantity": 1},
        {"product": "JAR", "warehouse": "riga", "quantity": 1},
    ]
    order = SalesOrder.objects.get(
        number=send(api_of(make_user("owner")), SALES, wish(1, lines=lines)).json()["number"]
    )
    hidden = {"line": order.lines.get(product__sku="JAR").pk, "quantity": 1}
    body = {"lines": [hidden]} if act in ("pick", "put-back") else hidden
    refused = send(api_of(clerk), f"/api/v1/picks/{order.number}/{act}/", body)
    assert (refused.status_code, refused.json()["detail"]) == (409, f"{order.number} has no such line.")
    assert not Allocation.objects.picked().exists() and StockMovement.objects.count() == 3
