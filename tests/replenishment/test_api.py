"""Suggestions and the shop's first integration over the API."""

from __future__ import annotations

import pytest

from catalog.models import Product
from orders.models import PurchaseOrder
from replenishment.models import InventoryPosition, Suggestion
from stock.models import StockLevel, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.api]
INVENTORY = "/api/inventory/"


@pytest.fixture
def buyer(api_of, make_user):
    return api_of(make_user("buyer"))


@pytest.fixture
def manager(api_of, make_user):
    return api_of(make_user("manager"))


def send(client, address, body=None):
    return client.post(address, body or {}, format="json")


@pytest.mark.parametrize("ordering", ["stock_out_chance", "-stock_out_chance"])
def test_what_is_not_known_comes_last_in_any_order(buyer, populated, ordering):
    populated.add(2)
    positions = InventoryPosition.objects.order_by("pk")
    positions.update(stock_out_chance=0.5)
    InventoryPosition.objects.filter(pk=positions.first().pk).update(stock_out_chance=None)
    rows = buyer.get(f"{INVENTORY}warning/", {"ordering": ordering}).json()["results"]
    assert [row["stock_out_chance"] for row in rows] == [0.5, None]


def test_an_accepted_suggestion_is_on_a_draft_order(buyer, populated):
    populated.add(1)
    address = f"/api/v1/suggestions/{Suggestion.objects.get().pk}/"
    accepted = send(buyer, f"{address}accept/")
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    order = PurchaseOrder.objects.get(number=accepted.json()["purchase_order"])
    assert (order.state, order.lines.get(product=populated.run.suggestions.get().product).quantity >= 24) == (
        "draft",
        True,
    )
    assert send(buyer, f"{address}reopen/").json()["state"] == "open"


def test_a_dismissed_suggestion_can_be_taken_back(buyer, populated):
    populated.add(1)
    address = f"/api/v1/suggestions/{Suggestion.objects.get().pk}/"
    assert send(buyer, f"{address}dismiss/", {"reason": "going out of range"}).json()["state"] == "dismissed"
    assert send(buyer, f"{address}accept/").status_code == 409
    assert send(buyer, f"{address}reopen/").json()["state"] == "open"


def test_a_clerk_may_read_suggestions_only(api_of, make_user, populated):
    populated.add(1)
    clerk = api_of(make_user("clerk"))
    address = f"/api/v1/suggestions/{Suggestion.objects.get().pk}/"
    assert clerk.get(address).json()["reason"]
    assert send(clerk, f"{address}accept/").status_code == 403
    assert Suggestion.objects.get().state == "open"


def test_a_new_product_comes_in_with_its_stock_and_least(manager, warehouse):
    body = {"sku": "CUP", "product_name": "Cup", "current_stock": 3, "minimum_stock": 5, "order_quantity": 12}
    answer = send(manager, INVENTORY, body)
    assert answer.status_code == 201
    expected = {"sku": "CUP", "product_name": "Cup", "warehouse": "riga", "current_stock": 3, "minimum_stock": 5,
                "order_quantity": 12}  # fmt: skip
    assert answer.json() == expected
    assert manager.get(INVENTORY).json()["results"] == [expected]
    assert StockMovement.objects.get().reason == "count"


def test_a_product_below_its_hand_set_least_warns_at_once(manager, warehouse):
    send(manager, INVENTORY, {"sku": "CUP", "product_name": "Cup", "current_stock": 3, "minimum_stock": 5})
    send(manager, INVENTORY, {"sku": "PLATE", "current_stock": 6, "minimum_stock": 5})
    (row,) = manager.get(f"{INVENTORY}warning/").json()["results"]
    assert (row["sku"], row["minimum_stock"], row["current_stock"], row["reason"]) == ("CUP", 5, 3, "order")
    send(manager, INVENTORY, {"sku": "CUP", "current_stock": 6})
    assert manager.get(f"{INVENTORY}warning").json()["count"] == 0


def test_what_is_not_said_stays_as_it_is(manager, warehouse):
    send(manager, INVENTORY, {"sku": "CUP", "current_stock": 3, "minimum_stock": 5, "order_quantity": 12})
    answer = send(manager, INVENTORY, {"product_name": "cup", "order_quantity": 24})
    assert (answer.status_code, answer.json()["current_stock"], answer.json()["minimum_stock"]) == (200, 3, 5)
    assert answer.json()["order_quantity"] == 24


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "sku"),
        ({"sku": "CUP", "current_stock": -1}, "current_stock"),
        ({"sku": "CUP", "current_stock": 1.5}, "current_stock"),
        ({"sku": "CUP", "minimum_stock": "many"}, "minimum_stock"),
        ({"sku": "CUP", "order_quantity": 0}, "order_quantity"),
        ({"sku": "CUP", "warehouse": "atlantis"}, "warehouse"),
    ],
)
def test_bad_input_names_its_field_and_makes_nothing(body, field, manager, warehouse):
    answer = send(manager, INVENTORY, body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Product.objects.count() == StockLevel.objects.count() == 0


def test_an_ambiguous_name_is_refused(manager, warehouse, make_product):
    make_product("A", name="Cup")
    make_product("B", name="cup")
    answer = send(manager, INVENTORY, {"product_name": "Cup", "current_stock": 1})
    assert "Several products are called" in answer.json()["product_name"][0]
    assert StockLevel.objects.count() == 0


def test_with_several_warehouses_one_must_be_named(manager, warehouse, make_warehouse):
    make_warehouse("tallinn")
    assert list(send(manager, INVENTORY, {"sku": "CUP"}).json()) == ["warehouse"]
    assert send(manager, INVENTORY, {"sku": "CUP", "warehouse": "tallinn"}).status_code == 201


def test_a_clerk_may_not_record(api_of, make_user, warehouse):
    assert send(api_of(make_user("clerk", warehouse)), INVENTORY, {"sku": "CUP", "current_stock": 1}).status_code == 403
