"""Movements over the API: once per key, with a sentence for every refusal."""

from __future__ import annotations

import pytest

from inventory_site.common.models import IdempotencyKey
from stock.models import StockLevel, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.api]
ADDRESS = "/api/v1/stock-movements/"


@pytest.fixture
def clerk(api_of, make_user, warehouse):
    return api_of(make_user("clerk", warehouse))


@pytest.fixture
def wish(make_product, receive):
    receive(make_product("CUP"), 5)
    return {"product": "cup", "warehouse": "riga", "quantity": -2, "reason": "write_off", "reference": "broken"}


def send(client, body, key="", address=ADDRESS):
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    return client.post(address, body, format="json", **headers)


def test_an_adjustment_is_posted_with_its_author(clerk, wish):
    answer = send(clerk, wish)
    assert answer.status_code == 201
    assert (answer.json()["product"], answer.json()["quantity"], answer.json()["reason"]) == ("CUP", -2, "write_off")
    assert answer.json()["actor"].startswith("clerk")
    assert StockLevel.objects.get().on_hand == 3


def test_the_same_key_has_one_effect_and_one_answer(clerk, wish):
    first, second = send(clerk, wish, "k1"), send(clerk, wish, "k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert StockLevel.objects.get().on_hand == 3


def test_the_same_key_with_another_body_is_refused(clerk, wish):
    send(clerk, wish, "k1")
    answer = send(clerk, wish | {"quantity": -1}, "k1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert StockLevel.objects.get().on_hand == 3


def test_a_refusal_is_not_kept_under_its_key(clerk, wish, receive):
    too_much = wish | {"quantity": -6}
    answer = send(clerk, too_much, "k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock")
    assert answer.json()["detail"] == "CUP: 6 asked, 5 available in riga."
    assert IdempotencyKey.objects.count() == 0
    receive(StockLevel.objects.get().product, 1)
    assert send(clerk, too_much, "k1").status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"quantity": 2**63}, "quantity"),
        ({"quantity": "many"}, "quantity"),
        ({"product": "NOWHERE"}, "product"),
        ({"product": 7}, "product"),
        ({"warehouse": "atlantis"}, "warehouse"),
        ({"reason": "shipment"}, "reason"),
        ({"reference": "x" * 121}, "reference"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(change, field, clerk, wish):
    answer = send(clerk, wish | change)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert StockMovement.objects.count() == 1


def test_a_warehouse_of_others_does_not_exist(api_of, make_user, make_warehouse, wish):
    stranger = api_of(make_user("clerk", make_warehouse("tallinn")))
    answer = send(stranger, wish)
    assert (answer.status_code, list(answer.json())) == (400, ["warehouse"])


def test_a_role_that_only_reads_is_forbidden_to_post(api_of, make_user, warehouse, wish):
    answer = send(api_of(make_user("viewer", warehouse)), wish)
    assert answer.status_code == 403
    assert StockLevel.objects.get().on_hand == 5


def test_a_role_elsewhere_does_not_help_here(api_of, make_user, make_warehouse, warehouse, wish):
    from stock.models import WarehouseAccess

    person = make_user("clerk", make_warehouse("tallinn"))
    WarehouseAccess.objects.create(user=person, warehouse=warehouse, role="viewer")
    answer = send(api_of(person), wish)
    assert answer.status_code == 403
    assert "Ask its owner or manager" in answer.json()["detail"]
    assert StockLevel.objects.get().on_hand == 5


def test_a_movement_is_reversed_once(clerk, wish):
    address = f"{ADDRESS}{send(clerk, wish).json()['id']}/reverse/"
    assert send(clerk, {}, address=address).json()["quantity"] == 2
    answer = send(clerk, {}, address=address)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_reversed")
    assert StockLevel.objects.get().on_hand == 5


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_a_movement_cannot_be_edited(verb, clerk, wish):
    number = send(clerk, wish).json()["id"]
    assert getattr(clerk, verb)(f"{ADDRESS}{number}/", {}, format="json").status_code == 405
