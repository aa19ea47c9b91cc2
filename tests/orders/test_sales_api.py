"""Drafts, reservations, splits, merges and returns over the API."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Return, SalesChannel, SalesOrder
from stock.models import Allocation, StockLevel

pytestmark = [pytest.mark.django_db, pytest.mark.api]
SALES, RETURNS = "/api/v1/sales-orders/", "/api/v1/returns/"


@pytest.fixture
def owner(api_of, make_user):
    return api_of(make_user("owner"))


@pytest.fixture
def wish(make_product, receive):
    SalesChannel.objects.create(code="web", name="Web")
    receive(make_product("CUP", accepts_backorders=True), 5)
    lines = [{"product": "CUP", "warehouse": "riga", "quantity": 3, "unit_price": "2.00"}]
    return {"channel": "web", "customer": "C-7", "ship_to": "Pier 1", "lines": lines}


@pytest.fixture
def place(owner, wish):
    """Place an order of so many cups, and answer with what the API said of it."""

    def place(quantity: int = 3, **fields) -> dict:
        lines = [wish["lines"][0] | {"quantity": quantity}]
        answer = send(owner, SALES, wish | {"lines": lines} | fields)
        assert answer.status_code == 201, answer.json()
        return answer.json()

    return place


def send(client, address, body=None, key=""):
    return client.post(address, body or {}, format="json", **({"HTTP_IDEMPOTENCY_KEY": key} if key else {}))


def act(client, order: dict, verb: str, body=None, key=""):
    return send(client, f"{SALES}{order['number']}/{verb}/", body, key)


def some(order: dict, quantity) -> dict:
    return {"lines": [{"line": order["lines"][0]["id"], "quantity": quantity}]}


def test_a_draft_holds_stock_only_while_it_is_reserved_and_is_placed_once(owner, place):
    draft = place(is_draft=True, shipping_charge="4.50", discount="1.00")
    assert (draft["stage"], draft["total"], draft["lines"][0]["allocated"]) == ("draft", "9.50", 0)
    held = act(owner, draft, "hold", {"minutes": 30}).json()
    assert held["reserved_until"] and held["lines"][0]["allocated"] == 3
    first, again = act(owner, draft, "place", key="k"), act(owner, draft, "place", key="k")
    assert first.json() == again.json()
    assert (first.json()["stage"], first.json()["reserved_until"]) == ("allocated", None)
    answer = act(owner, draft, "place")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("verb", ["allocate", "ship", "cancel", "split", "hold", "undo", "return"])
def test_a_stale_version_is_refused_and_changes_nothing(verb, owner, place):
    order = place(7)
    act(owner, order, "ship", some(order, 1))
    before = list(StockLevel.objects.values()), list(SalesOrder.objects.values())
    body = some(order, 1) if verb == "return" else {"by": "availability"} if verb == "split" else {}
    answer = act(owner, order, verb, body | {"version": order["version"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_version"), answer.json()
    assert (list(StockLevel.objects.values()), list(SalesOrder.objects.values())) == before


def test_an_order_is_split_by_availability_and_put_together_again(owner, place):
    order = place(8)
    parts = act(owner, order, "split", {"by": "availability"}).json()["orders"]
    assert [(part["stage"], part["lines"][0]["quantity"], part["total"]) for part in parts] == [
        ("allocated", 5, "10.00"), ("placed", 3, "6.00"),
    ]  # fmt: skip
    whole = act(owner, order, "undo").json()
    assert (whole["lines"][0]["quantity"], whole["total"]) == (8, "16.00")
    assert act(owner, order, "undo").json()["code"] == "nothing_to_do"


@pytest.mark.parametrize("body", [{}, {"by": "colour"}, {"by": "lines"}, {"by": "lines", "lines": []}])
def test_a_split_without_a_way_is_refused(body, owner, place):
    assert act(owner, place(), "split", body).status_code == 400
    assert SalesOrder.objects.count() == 1


def test_orders_of_one_customer_are_merged(owner, place):
    first, second = place(2), place(3)
    merged = send(owner, f"{SALES}merge/", {"orders": [second["number"], first["number"]]}).json()
    assert (merged["number"], sum(line["quantity"] for line in merged["lines"])) == (first["number"], 5)
    gone = owner.get(f"{SALES}{second['number']}/").json()
    assert (gone["state"], gone["merged_into"]) == ("merged", first["number"])


def test_orders_of_different_customers_are_not_merged(owner, place):
    numbers = [place(2)["number"], place(3, customer="C-8")["number"]]
    answer = send(owner, f"{SALES}merge/", {"orders": numbers})
    assert answer.status_code == 409 and answer.json()["detail"]
    stale = send(owner, f"{SALES}merge/", {"orders": numbers, "versions": {numbers[0]: 77}})
    assert stale.json()["code"] == "stale_version"
    assert set(SalesOrder.objects.values_list("state", flat=True)) == {"open"}


@pytest.mark.parametrize("numbers", [[], ["S1"], "S1", [1, 2], ["S000001", "nowhere"]])
def test_a_merge_of_what_is_no_two_orders_is_refused(numbers, owner, place):
    place()
    answer = send(owner, f"{SALES}merge/", {"orders": numbers})
    assert (answer.status_code, list(answer.json())) == (400, ["orders"])


def test_more_than_allocated_is_not_shipped(owner, place):
    order = place(8)
    answer = act(owner, order, "ship", some(order, 6))
    assert answer.status_code == 409 and "CUP: 6" in answer.json()["detail"] and "5" in answer.json()["detail"]
    assert StockLevel.objects.get().on_hand == 5


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, 2**63])
@pytest.mark.parametrize("verb", ["ship", "cancel", "return"])
def test_a_bad_quantity_of_a_line_is_named_with_its_sku(verb, quantity, owner, place):
    order = place()
    answer = act(owner, order, verb, some(order, quantity))
    (sentence,) = answer.json()["lines"]["0"]["quantity"]
    assert answer.status_code == 400 and sentence.startswith(f"CUP: “{quantity}” is not a quantity.")
    assert Allocation.objects.get().state == "open"


def test_a_return_is_inspected_and_the_inspection_undone(owner, place):
    order = place()
    act(owner, order, "ship")
    announced = act(owner, order, "return", some(order, 3) | {"reason": "too blue"}, "k")
    assert announced.json() == act(owner, order, "return", some(order, 3) | {"reason": "too blue"}, "k").json()
    document = announced.json()
    assert (announced.status_code, document["state"], document["order"]) == (201, "announced", order["number"])
    address = f"{RETURNS}{document['number']}/"
    found = {"line": document["lines"][0]["id"], "sellable": 1, "unsellable": 1, "scrapped": 1, "note": "chipped"}
    seen = send(owner, f"{address}inspect/", {"lines": [found], "version": document["version"]}).json()
    level = StockLevel.objects.get()
    assert (seen["state"], level.on_hand, level.unsellable) == ("inspected", 4, 1)
    assert owner.get(f"{SALES}{order['number']}/").json()["stage"] == "returned"
    assert send(owner, f"{address}inspect/", {"lines": [found]}).json()["code"] == "wrong_state"
    assert send(owner, f"{address}undo/").json()["state"] == "announced"
    assert send(owner, f"{address}cancel/").json()["state"] == "cancelled"
    assert StockLevel.objects.get().on_hand == 2


def test_more_than_was_shipped_cannot_come_back(owner, place):
    order = place()
    act(owner, order, "ship", some(order, 2))
    answer = act(owner, order, "return", some(order, 3))
    assert answer.status_code == 409 and "CUP: 3" in answer.json()["detail"] and "2" in answer.json()["detail"]
    assert act(owner, order, "return").status_code == 400
    assert Return.objects.count() == 0


@pytest.mark.parametrize("change", [{"sellable": True}, {"scrapped": -1}, {"unsellable": 0.5}])
def test_a_bad_outcome_is_named_with_its_sku(change, owner, place):
    order = place()
    act(owner, order, "ship")
    document = act(owner, order, "return", some(order, 1)).json()
    body = {"lines": [{"line": document["lines"][0]["id"]} | change]}
    answer = send(owner, f"{RETURNS}{document['number']}/inspect/", body)
    ((sentence,),) = answer.json()["lines"]["0"].values()
    assert answer.status_code == 400 and sentence.startswith("CUP: “")


def test_a_buyer_announces_a_return_and_the_floor_inspects_it(owner, place, api_of, make_user, warehouse):
    order = place()
    act(owner, order, "ship")
    buyer, clerk = api_of(make_user("buyer", warehouse)), api_of(make_user("clerk", warehouse))
    document = act(buyer, order, "return", some(order, 1)).json()
    body = {"lines": [{"line": document["lines"][0]["id"], "sellable": 1}]}
    address = f"{RETURNS}{document['number']}/inspect/"
    assert send(buyer, address, body).status_code == 403
    assert send(clerk, address, body).status_code == 200


def test_the_address_is_for_who_may_see_customers(place, api_of, make_user, warehouse):
    number = place()["number"]
    assert api_of(make_user("clerk", warehouse)).get(f"{SALES}{number}/").json()["ship_to"] == "Pier 1"
    assert "ship_to" not in api_of(make_user("viewer", warehouse)).get(f"{SALES}{number}/").json()


def test_many_lines_are_placed_with_as_many_queries_as_two(owner, wish, make_product, receive, warehouse):
    asked = []
    for number in range(6):
        receive(make_product(f"PLATE-{number}"), 5)
        asked.append({"product": f"plate-{number}", "warehouse": "riga", "quantity": 1})
    numbers = []
    send(owner, SALES, wish)  # the customer is known from here
    for lines in (asked[:2], asked):
        with CaptureQueriesContext(connection) as queries:
            answer = send(owner, SALES, wish | {"lines": lines})
        assert [line["product"] for line in answer.json()["lines"]] == [line["product"].upper() for line in lines]
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_what_is_unknown_among_many_lines_is_named(owner, wish):
    wrong = [{"product": name, "warehouse": place, "quantity": 1} for name, place in (("NO", "riga"), ("CUP", "no"))]
    answer = send(owner, SALES, wish | {"lines": [*wish["lines"], *wrong, {"product": ["CUP"]}, 7, None]})
    assert answer.status_code == 400
    told = answer.json()["lines"]
    assert sorted(told) == ["1", "2", "3", "4", "5"]
    assert "NO" in str(told["1"]["product"]) and "no" in str(told["2"]["warehouse"])


def test_an_undo_sent_twice_is_done_once_and_a_stale_one_is_refused(owner, place):
    order = place(5)
    act(owner, order, "split", {"by": "lines", **some(order, 2)})
    body = {"version": act_version(owner, order)}
    first, again = (act(owner, order, "undo", body, key="u") for _time in range(2))
    assert (first.status_code, again.status_code) == (200, 200) and first.json() == again.json()
    assert act(owner, order, "undo", {"version": 99}, key="u").status_code == 422
    assert act(owner, order, "undo").json()["code"] == "nothing_to_do"
    act(owner, order, "split", {"by": "lines", **some(order, 1)})
    assert act(owner, order, "undo", body).json()["code"] == "stale_version"


def act_version(client, order: dict) -> int:
    return client.get(f"{SALES}{order['number']}/").json()["version"]
