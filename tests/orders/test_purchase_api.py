"""Purchase orders over the API: terms, packs, versions, receipts."""

from __future__ import annotations

import pytest

from catalog.models import PriceBreak, SupplierProduct
from inventory_site.common.models import ShopSettings
from orders.models import PurchaseOrder, Receipt
from stock.models import StockLevel

pytestmark = [pytest.mark.django_db, pytest.mark.api]
PURCHASES = "/api/v1/purchase-orders/"


@pytest.fixture
def buyer(api_of, make_user):
    return api_of(make_user("buyer"))


@pytest.fixture
def terms(make_product, make_supplier, warehouse):
    made = SupplierProduct.objects.create(
        supplier=make_supplier("ACME", minimum_order_cost=1000), product=make_product("CUP"), unit_cost=4, pack_size=6
    )
    PriceBreak.objects.create(terms=made, min_quantity=12, unit_cost=3)
    return made


def send(client, order, verb, **body):
    return client.post(f"{PURCHASES}{order['number']}/{verb}/", body, format="json")


@pytest.fixture
def draft(buyer, terms):
    lines = [{"product": "CUP", "quantity": 6}, {"product": "cup", "quantity": 6}]
    body = {"supplier": "ACME", "warehouse": "riga", "lines": lines}
    return buyer.post(PURCHASES, body, format="json").json()


def test_a_draft_takes_the_suppliers_price_and_pack(draft):
    (line,) = draft["lines"]
    assert (line["quantity"], line["unit_cost"], line["pack_size"]) == (12, "3.0000", 6)
    assert (draft["version"], draft["receipts"]) == (0, [])


def test_lines_of_a_draft_are_changed_by_version(buyer, draft):
    changed = send(buyer, draft, "lines", version=0, lines=[{"product": "CUP", "quantity": 7}])
    assert (changed.status_code, changed.json()["version"]) == (200, 1)
    assert (changed.json()["lines"][0]["quantity"], changed.json()["lines"][0]["unit_cost"]) == (7, "4.0000")
    stale = send(buyer, draft, "lines", version=0, lines=[{"product": "CUP", "quantity": 8}])
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    last = send(buyer, draft, "lines", lines=[{"product": "CUP", "quantity": 0}])
    assert (last.status_code, last.json()["code"]) == (409, "invalid_lines")


def test_problems_are_told_and_block_where_they_must(buyer, draft, api_of, make_user):
    send(buyer, draft, "lines", lines=[{"product": "CUP", "quantity": 7}])
    address = f"{PURCHASES}{draft['number']}/problems/"
    assert [problem["code"] for problem in buyer.get(address).json()] == ["pack_size", "minimum_order_cost"]
    assert [problem["code"] for problem in api_of(make_user("viewer")).get(address).json()] == ["pack_size"]
    refused = send(buyer, draft, "confirm")
    assert (refused.status_code, refused.json()["code"]) == (409, "terms_not_met")
    assert "CUP: 7 are not whole packs of 6: order 6 or 12." in refused.json()["detail"]
    assert send(buyer, draft, "confirm", despite_terms=True).json()["state"] == "confirmed"


def test_packs_and_pieces_arrive_by_line_or_sku(buyer, draft):
    send(buyer, draft, "confirm")
    (line,) = draft["lines"]
    lines = [{"product": "cup", "packs": 1}, {"line": line["id"], "quantity": 1, "packs": 1}]
    got = send(buyer, draft, "receive", lines=lines[:1]).json()
    assert (got["lines"][0]["received"], got["lines"][0]["outstanding"], got["state"]) == (6, 6, "partly_received")
    too_much = send(buyer, draft, "receive", lines=lines)
    assert too_much.json()["detail"] == "CUP: 13 asked to receive, at most 6 possible."
    (receipt,) = got["receipts"]
    assert (receipt["product"], receipt["quantity"], receipt["lead_time_days"]) == ("CUP", 6, 0)
    stale = send(buyer, draft, "undo-receipt", receipt=receipt["id"], version=draft["version"])
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    back = send(buyer, draft, "undo-receipt", receipt=receipt["id"], version=got["version"]).json()
    assert (back["state"], back["lines"][0]["received"]) == ("confirmed", 0)
    assert back["receipts"][0]["undone_at"] is not None
    assert StockLevel.objects.get().on_hand == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"product": "CUP", "quantity": 0}, "CUP: “0” is not a quantity"),
        ({"product": "CUP", "packs": True}, "CUP: “True” is not a quantity"),
        ({"product": "CUP", "quantity": 1.0}, "CUP: “1.0” is not a quantity"),
        ({"product": "CUP", "packs": 2**63}, "CUP: “9223372036854775808” is not a quantity"),
        ({"product": "PLATE", "quantity": 1}, "“PLATE” is not on this order."),
        ({"product": "CUP"}, "Write how many pieces or packs arrived."),
        ({"quantity": 1}, "Name either the line or the product."),
    ],
)
def test_bad_input_is_told_and_changes_nothing(line, told, buyer, draft):
    send(buyer, draft, "confirm")
    answer = send(buyer, draft, "receive", lines=[line])
    assert answer.status_code == 400 and told in answer.content.decode()
    assert Receipt.objects.count() == 0


def test_a_cancelled_order_is_not_received(buyer, draft):
    send(buyer, draft, "cancel")
    answer = send(buyer, draft, "receive")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert answer.json()["detail"] == f"{draft['number']} is cancelled: of CUP 12 were asked, 0 can be received."
    answer = send(buyer, draft, "receive", lines=[{"product": "CUP", "quantity": 2}, {"product": "CUP", "packs": 1}])
    assert "of CUP 8 were asked, 0 can be received." in answer.json()["detail"]
    assert PurchaseOrder.objects.get().state == "cancelled"


def test_more_than_ordered_is_for_managers_of_that_warehouse(
    buyer, draft, api_of, make_user, warehouse, make_warehouse
):
    ShopSettings.objects.create(pk=1, over_receipt_rate="0.1")
    send(buyer, draft, "confirm")
    lines = [{"product": "CUP", "quantity": 13}]
    assert send(buyer, draft, "receive", lines=lines).status_code == 409
    manager = make_user("manager", make_warehouse("oslo"))
    manager.warehouse_access.create(warehouse=warehouse, role="clerk")
    assert send(api_of(manager), draft, "receive", lines=lines).status_code == 409
    got = send(api_of(make_user("manager", warehouse)), draft, "receive", lines=lines).json()
    assert (got["lines"][0]["received"], got["lines"][0]["over_received"], got["state"]) == (12, 1, "received")


def test_a_receipt_of_another_order_or_warehouse_is_not_there(buyer, draft, api_of, make_user, make_warehouse):
    send(buyer, draft, "confirm")
    receipt = send(buyer, draft, "receive").json()["receipts"][0]["id"]
    other = {"supplier": "ACME", "warehouse": "riga", "lines": [{"product": "CUP", "quantity": 6}]}
    other = buyer.post(PURCHASES, other, format="json").json()
    assert send(buyer, other, "undo-receipt", receipt=receipt).status_code == 404
    clerk = api_of(make_user("clerk", make_warehouse("oslo")))
    assert send(clerk, draft, "undo-receipt", receipt=receipt).status_code == 404
    assert Receipt.objects.standing().count() == 1
