"""Orders over the API."""

from __future__ import annotations

import pytest

from orders.models import PurchaseOrder, SalesChannel, SalesOrder
from stock.models import StockLevel, WarehouseAccess

pytestmark = [pytest.mark.django_db, pytest.mark.api]
SALES, PURCHASES = "/api/v1/sales-orders/", "/api/v1/purchase-orders/"


@pytest.fixture
def owner(api_of, make_user):
    return api_of(make_user("owner"))


@pytest.fixture
def order(make_product, receive):
    SalesChannel.objects.create(code="web", name="Web")
    receive(make_product("CUP"), 5)
    return {"channel": "web", "external_id": "1001", "lines": [{"product": "CUP", "warehouse": "riga", "quantity": 3}]}


def send(client, address, body=None, key=""):
    return client.post(address, body or {}, format="json", **({"HTTP_IDEMPOTENCY_KEY": key} if key else {}))


def test_an_order_is_placed_shipped_and_closed(owner, order):
    placed = send(owner, SALES, order | {"customer": "C-7"})
    assert placed.status_code == 201
    (line,) = placed.json()["lines"]
    assert (line["allocated"], line["backordered"], placed.json()["customer"]) == (3, 0, "C-7")
    address = f"{SALES}{placed.json()['number']}/ship/"
    part = send(owner, address, {"lines": [{"line": line["id"], "quantity": 1}, {"line": line["id"], "quantity": 1}]})
    assert (part.json()["state"], part.json()["lines"][0]["shipped"]) == ("open", 2)
    assert send(owner, address).json()["state"] == "closed"
    assert StockLevel.objects.get().on_hand == 2


def test_placing_again_with_the_same_key_makes_one_order(owner, order):
    first, second = send(owner, SALES, order, "k"), send(owner, SALES, order, "k")
    assert first.json() == second.json()
    assert SalesOrder.objects.count() == 1


def test_placing_again_without_a_key_is_known_by_the_channels_number(owner, order):
    send(owner, SALES, order)
    answer = send(owner, SALES, order)
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_order")


def test_more_than_available_is_refused_in_a_sentence(owner, order):
    order["lines"] += [{"product": "cup", "warehouse": "riga", "quantity": 3}]
    answer = send(owner, SALES, order)
    assert (answer.status_code, answer.json()["detail"]) == (409, "CUP: 6 asked, 5 available in riga.")
    assert SalesOrder.objects.count() == 0


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, 2**63, "", None])
def test_what_is_no_quantity_is_refused(quantity, owner, order):
    order["lines"][0]["quantity"] = quantity
    answer = send(owner, SALES, order)
    assert (answer.status_code, answer.json()["lines"]["0"].keys()) == (400, {"quantity"})
    assert quantity is None or answer.json()["lines"]["0"]["quantity"][0].startswith(f"CUP: “{quantity}” is not")
    assert SalesOrder.objects.count() == 0


@pytest.mark.parametrize(
    "change", [{"lines": []}, {"lines": None}, {"lines": "all"}, {"channel": "fax"}, {"lines": [7]}]
)
def test_a_malformed_order_is_refused(change, owner, order):
    answer = send(owner, SALES, order | change)
    assert (answer.status_code, list(answer.json())) == (400, list(change))


def test_waiting_lines_are_allocated_and_the_rest_cancelled(owner, order, receive):
    product = StockLevel.objects.get().product
    type(product).objects.update(accepts_backorders=True)
    order["lines"][0]["quantity"] = 8
    placed = send(owner, SALES, order).json()
    assert placed["lines"][0]["backordered"] == 3
    address = f"{SALES}{placed['number']}/"
    assert send(owner, f"{address}allocate/").json() == {"code": "nothing_to_do", "detail": (
        f"{placed['number']}: nothing is available for what it still waits for."
    )}  # fmt: skip
    receive(product, 2)
    assert send(owner, f"{address}allocate/").json()["lines"][0]["backordered"] == 1
    assert send(owner, f"{address}cancel/").json()["state"] == "cancelled"
    assert StockLevel.objects.get().allocated == 0


def test_lines_of_other_warehouses_are_hidden_and_out_of_reach(
    owner, order, make_warehouse, make_user, api_of, receive, warehouse
):
    tallinn = make_warehouse("tallinn")
    receive(StockLevel.objects.get().product, 5, tallinn)
    order["lines"] += [{"product": "CUP", "warehouse": "tallinn", "quantity": 1}]
    placed = send(owner, SALES, order).json()
    clerk = api_of(make_user("clerk", warehouse))
    address = f"{SALES}{placed['number']}/"
    shown = clerk.get(address).json()["lines"]
    assert [line["warehouse"] for line in shown] == ["riga"]
    assert shown[0]["sources"] == [{"warehouse": "riga", "state": "open", "quantity": 3}]
    _mine, theirs = (line["id"] for line in placed["lines"])
    assert send(clerk, f"{address}ship/", {"lines": [{"line": theirs, "quantity": 1}]}).status_code == 409
    assert send(clerk, f"{address}split/", {"by": "availability"}).status_code == 403
    shipped = send(clerk, f"{address}ship/")
    assert (shipped.status_code, shipped.json()["state"], shipped.json()["stage"]) == (200, "open", "partly_shipped")
    assert dict(StockLevel.objects.values_list("warehouse__code", "on_hand")) == {"riga": 2, "tallinn": 5}


def test_an_order_of_others_is_not_there(owner, order, make_warehouse, make_user, api_of):
    address = f"{SALES}{send(owner, SALES, order).json()['number']}/"
    stranger = api_of(make_user("owner", make_warehouse("tallinn")))
    acts = ("place", "allocate", "ship", "cancel", "split", "hold", "undo", "return")
    assert {send(stranger, f"{address}{act}/").status_code for act in acts} == {404}
    answer = send(stranger, f"{SALES}merge/", {"orders": [address.split("/")[-2], "S1"]})
    assert (answer.status_code, list(answer.json())) == (400, ["orders"])


@pytest.fixture
def purchase(make_product, make_supplier, warehouse):
    make_supplier("ACME", lead_time_days=7)
    make_product("CUP")
    lines = [{"product": "CUP", "quantity": 12, "unit_cost": "4.00", "pack_size": 6}]
    return {"supplier": "ACME", "warehouse": "riga", "lines": lines}


def test_a_purchase_goes_from_draft_to_received(owner, purchase):
    draft = send(owner, PURCHASES, purchase)
    assert (draft.status_code, draft.json()["state"]) == (201, "draft")
    address = f"{PURCHASES}{draft.json()['number']}/"
    assert send(owner, f"{address}confirm/", {"expected_on": "2026-04-01"}).json()["expected_on"] == "2026-04-01"
    body = {"lines": [{"line": draft.json()["lines"][0]["id"], "quantity": 5}]}
    first, again = send(owner, f"{address}receive/", body, "k"), send(owner, f"{address}receive/", body, "k")
    assert first.json() == again.json()
    assert (first.json()["state"], StockLevel.objects.get().on_hand) == ("partly_received", 5)
    assert send(owner, f"{address}cancel/").json()["state"] == "received"
    assert send(owner, f"{address}receive/").status_code == 409


def test_a_clerk_receives_but_does_not_buy(owner, purchase, api_of, make_user, warehouse):
    clerk = api_of(make_user("clerk", warehouse))
    assert send(clerk, PURCHASES, purchase).status_code == 403
    number = send(owner, PURCHASES, purchase).json()["number"]
    assert send(clerk, f"{PURCHASES}{number}/confirm/").status_code == 403
    send(owner, f"{PURCHASES}{number}/confirm/")
    assert send(clerk, f"{PURCHASES}{number}/receive/").json()["state"] == "received"


def test_a_buyer_elsewhere_who_only_looks_here_is_forbidden(purchase, api_of, make_user, make_warehouse, warehouse):
    person = make_user("buyer", make_warehouse("tallinn"))
    WarehouseAccess.objects.create(user=person, warehouse=warehouse, role="viewer")
    assert send(api_of(person), PURCHASES, purchase).status_code == 403
    assert PurchaseOrder.objects.count() == 0
