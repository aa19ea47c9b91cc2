"""Transfers and set-asides over the API: who may move what, and what bad input says."""

from __future__ import annotations

import pytest

from inventory_site.common.models import ShopSettings
from stock.models import SetAside, StockLevel, StockMovement, Transfer

pytestmark = [pytest.mark.django_db, pytest.mark.api]
ADDRESS, ASIDE = "/api/v1/transfers/", "/api/v1/set-asides/"


def send(client, address, body=None, key=""):
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    return client.post(address, body or {}, format="json", **headers)


@pytest.fixture
def tallinn(make_warehouse):
    return make_warehouse("tallinn")


@pytest.fixture
def owner(api_of, make_user):
    return api_of(make_user("owner"))


@pytest.fixture
def wish(make_product, receive, tallinn):
    receive(make_product("CUP"), 10)
    lines = [{"product": "CUP", "quantity": 2}, {"product": "cup", "quantity": 2}]
    return {"source": "riga", "destination": "tallinn", "lines": lines}


@pytest.fixture
def sent(owner, wish):
    """A transfer of four cups that has left."""
    number = send(owner, ADDRESS, wish).json()["number"]
    return send(owner, f"{ADDRESS}{number}/ship/").json()


def on_hand() -> dict[str, int]:
    return dict(StockLevel.objects.values_list("warehouse__code", "on_hand"))


def test_a_transfer_is_shipped_received_in_part_and_closed_short(owner, sent):
    (line,) = sent["lines"]
    assert (sent["state"], line["quantity"], line["in_transit"], on_hand()["riga"]) == ("shipped", 4, 4, 6)
    address = f"{ADDRESS}{sent['number']}/"
    body = {"lines": [{"line": line["id"], "quantity": 3}], "version": sent["version"]}
    first, again = send(owner, f"{address}receive/", body, "k"), send(owner, f"{address}receive/", body, "k")
    assert first.json() == again.json()
    assert (first.json()["state"], on_hand()["tallinn"]) == ("partly_received", 3)
    closed = send(owner, f"{address}close/").json()
    assert (closed["state"], closed["lines"][0]["lost"], on_hand()) == ("received", 1, {"riga": 6, "tallinn": 3})


def test_a_stale_version_is_refused(owner, sent):
    answer = send(owner, f"{ADDRESS}{sent['number']}/receive/", {"version": sent["version"] - 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_version")
    assert on_hand()["riga"] == 6 and Transfer.objects.get().state == "shipped"


def test_what_is_in_transit_can_be_sent_back_from_either_side(sent, api_of, make_user, tallinn):
    clerk = api_of(make_user("clerk", tallinn))
    answer = send(clerk, f"{ADDRESS}{sent['number']}/cancel/")
    assert (answer.json()["state"], on_hand()["riga"]) == ("cancelled", 10)


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 1.0, True, 2**63])
def test_a_bad_quantity_is_named_with_its_sku(quantity, owner, wish):
    wish["lines"][0]["quantity"] = quantity
    answer = send(owner, ADDRESS, wish)
    (sentence,) = answer.json()["lines"]["0"]["quantity"]
    assert answer.status_code == 400 and sentence.startswith(f"CUP: “{quantity}” is not a quantity.")
    assert Transfer.objects.count() == 0


@pytest.mark.parametrize("quantity", [0, -1, True, 2**63])
def test_a_bad_quantity_to_receive_is_named_with_its_sku_too(quantity, owner, sent):
    body = {"lines": [{"line": sent["lines"][0]["id"], "quantity": quantity}]}
    answer = send(owner, f"{ADDRESS}{sent['number']}/receive/", body)
    (sentence,) = answer.json()["lines"]["0"]["quantity"]
    assert answer.status_code == 400 and sentence.startswith(f"CUP: “{quantity}” is not a quantity.")
    assert on_hand()["riga"] == 6


@pytest.mark.parametrize("change", [{"source": "atlantis"}, {"destination": "riga"}, {"lines": []}, {"source": 7}])
def test_a_malformed_transfer_is_refused(change, owner, wish):
    answer = send(owner, ADDRESS, wish | change)
    assert (answer.status_code, list(answer.json())) == (400, list(change))


def test_more_than_available_is_not_shipped(owner, wish):
    wish["lines"][0]["quantity"] = 9
    number = send(owner, ADDRESS, wish).json()["number"]
    answer = send(owner, f"{ADDRESS}{number}/ship/")
    assert (answer.status_code, answer.json()["detail"]) == (409, "CUP: 11 asked, 10 available in riga.")
    assert on_hand()["riga"] == 10


def test_only_the_receiving_side_receives(sent, api_of, make_user, warehouse, tallinn):
    address = f"{ADDRESS}{sent['number']}/receive/"
    assert send(api_of(make_user("clerk", warehouse)), address).status_code == 403
    assert send(api_of(make_user("buyer", tallinn)), address).status_code == 403
    assert send(api_of(make_user("clerk", tallinn)), address).status_code == 200


def test_a_transfer_of_others_is_not_there(sent, api_of, make_user, make_warehouse):
    stranger = api_of(make_user("owner", make_warehouse("oslo")))
    assert stranger.get(f"{ADDRESS}{sent['number']}/").status_code == 404
    assert send(stranger, f"{ADDRESS}{sent['number']}/cancel/").status_code == 404
    assert Transfer.objects.get().state == "shipped"


@pytest.fixture
def tolerance():
    ShopSettings.objects.create(pk=1, over_receipt_rate="0.5")


def test_more_than_was_sent_is_for_managers_of_the_receiving_side(
    sent, tolerance, api_of, make_user, warehouse, tallinn
):
    address = f"{ADDRESS}{sent['number']}/receive/"
    body = {"lines": [{"line": sent["lines"][0]["id"], "quantity": 5}], "may_exceed": True}
    both = make_user("manager", warehouse)
    both.warehouse_access.create(warehouse=tallinn, role="clerk")
    for person in (make_user("clerk", tallinn), both):
        assert send(api_of(person), address, body).status_code == 403
    answer = send(api_of(make_user("clerk", tallinn)), address, body | {"may_exceed": False})
    sentence = "CUP: 5 asked, at most 4 possible. Up to 6 by who may receive more than was sent."
    assert (answer.status_code, answer.json()["detail"], on_hand()["riga"]) == (409, sentence, 6)
    assert send(api_of(make_user("manager", tallinn)), address, body).status_code == 200
    assert on_hand() == {"riga": 5, "tallinn": 5}


@pytest.mark.parametrize(("verb", "asked"), [("receive", 3), ("ship", 3), ("close", 4), ("cancel", 4)])
def test_what_a_finished_transfer_refuses_is_named(verb, asked, owner, sent):
    address, line = f"{ADDRESS}{sent['number']}/", sent["lines"][0]["id"]
    send(owner, f"{address}cancel/")
    body = {"lines": [{"line": line, "quantity": 3}]} if asked == 3 else {}
    told = send(owner, f"{address}{verb}/", body).json()
    assert told["code"] == "wrong_state"
    assert told["detail"].startswith(f"{sent['number']} is cancelled: of CUP {asked} were asked, 0 can be ")


@pytest.fixture
def aside(wish):
    return {"product": "CUP", "warehouse": "riga", "quantity": 3, "reason": "damaged"}


def test_pieces_are_set_aside_put_back_and_written_off(owner, aside):
    assert send(owner, ASIDE, aside, "k").json() == send(owner, ASIDE, aside, "k").json()
    del aside["reason"]
    assert send(owner, f"{ASIDE}put-back/", aside | {"quantity": 1}).json()["quantity"] == -1
    assert send(owner, f"{ASIDE}write-off/", aside | {"quantity": 2}).json()["quantity"] == -2
    level = StockLevel.objects.get(warehouse__code="riga")
    assert (level.on_hand, level.unsellable) == (8, 0)


def test_more_than_is_there_cannot_be_set_aside_or_put_back(owner, aside):
    answer = send(owner, ASIDE, aside | {"quantity": 11})
    assert answer.status_code == 409 and "CUP: 11 asked" in answer.json()["detail"]
    answer = send(owner, f"{ASIDE}put-back/", aside)
    assert answer.status_code == 409 and "CUP" in answer.json()["detail"]
    assert SetAside.objects.count() == 0 and StockMovement.objects.count() == 1


@pytest.mark.parametrize("change", [{"quantity": True}, {"quantity": 0}, {"product": "NO"}, {"reason": "put_back"}])
def test_bad_input_of_a_set_aside_names_its_field(change, owner, aside):
    answer = send(owner, ASIDE, aside | change)
    assert (answer.status_code, list(answer.json())) == (400, list(change))


def test_setting_aside_is_for_the_floor_of_that_warehouse(api_of, make_user, aside, warehouse, tallinn):
    assert send(api_of(make_user("buyer", warehouse)), ASIDE, aside).status_code == 403
    assert send(api_of(make_user("clerk", tallinn)), ASIDE, aside).status_code == 400
    assert send(api_of(make_user("clerk", warehouse)), ASIDE, aside).status_code == 201
