"""Money, moments and lines that no column can hold are refused with a sentence; nothing is written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.importers.cells import BadCell, check_worth
from orders.models import SalesChannel, SalesOrder
from stock.models import Allocation, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.api]
SALES, PURCHASES, TRANSFERS = "/api/v1/sales-orders/", "/api/v1/purchase-orders/", "/api/v1/transfers/"


@pytest.fixture
def owner(api_of, make_user):
    return api_of(make_user("owner"))


@pytest.fixture
def cup(make_product, receive):
    SalesChannel.objects.create(code="web", name="Web")
    product = make_product("CUP", accepts_backorders=True)
    receive(product, 20)
    return product


def order_of(*lines: tuple[int, str], **fields) -> dict:
    told = [{"product": "CUP", "warehouse": "riga", "quantity": n, "unit_price": price} for n, price in lines]
    return {"channel": "web", "lines": told} | fields


def send(client, address, body):
    return client.post(address, body, format="json")


@pytest.mark.parametrize(
    ("lines", "most"),
    [
        ([(100_000, "99999999")], "999999999999.99"),
        ([(10**12, "1")], "999999999999.99"),
        ([(2**53, "1.00")], "999999999999.99"),
        ([(9_999, "99999999")] * 300, "9999999999999.99"),
    ],
)
def test_what_costs_more_than_can_be_written_is_refused_with_its_sku(lines, most, owner, cup):
    answer = send(owner, SALES, order_of(*lines))
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_lines")
    assert answer.json()["detail"].startswith("CUP: ") and most in answer.json()["detail"]
    assert SalesOrder.objects.count() == Allocation.objects.count() == 0


def test_the_dearest_order_is_placed_shown_and_listed(owner, cup):
    made = send(owner, SALES, order_of((1, "99999999.9999"), (9_999, "99999999"), (10**10, "99.99")))
    assert made.status_code == 201
    assert made.json()["total"] == owner.get(SALES).json()["results"][0]["total"] == "1999899990001.00"


def test_orders_that_would_cost_too_much_together_are_not_merged(owner, cup):
    dear = order_of(*[(9_999, "99999999")] * 6, customer="C-1")
    numbers = [send(owner, SALES, dear).json()["number"] for _order in range(2)]
    answer = send(owner, f"{SALES}merge/", {"orders": numbers})
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_lines")
    assert set(SalesOrder.objects.values_list("state", flat=True)) == {"open"}


def test_a_line_of_a_file_that_costs_too_much_is_a_bad_cell():
    check_worth(10**12, 9_999)
    with pytest.raises(BadCell, match=r"more than a line can, 999999999999\.99"):
        check_worth(-(10**12), 10_000)


@pytest.mark.parametrize("at", ["1999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_order_is_not_placed_in_another_age(at, owner, cup):
    answer = send(owner, SALES, order_of((1, "1"), placed_at=at))
    assert answer.status_code == 400 and at[:10] in answer.json()["placed_at"][0]
    assert SalesOrder.objects.count() == 0


def test_an_order_is_placed_a_day_ahead_at_most(owner, cup):
    now = timezone.now()
    assert send(owner, SALES, order_of((1, "1"), placed_at=now + timedelta(hours=25))).status_code == 400
    assert send(owner, SALES, order_of((1, "1"), placed_at=now + timedelta(hours=23))).status_code == 201
    assert send(owner, SALES, order_of((1, "1"), placed_at="2000-01-01T00:00:00Z")).status_code == 201


def test_a_reservation_lasts_a_year_at_most(owner, cup):
    draft = send(owner, SALES, order_of((1, "1"), is_draft=True)).json()
    answer = send(owner, f"{SALES}{draft['number']}/hold/", {"until_at": "9999-12-31T23:59:59Z"})
    assert (answer.status_code, list(answer.json())) == (400, ["until_at"])
    assert SalesOrder.objects.get().reserved_until is None


@pytest.mark.parametrize("verb", ["ship", "cancel", "split", "return"])
def test_a_line_of_null_is_refused(verb, owner, cup):
    number = send(owner, SALES, order_of((3, "1"))).json()["number"]
    answer = send(owner, f"{SALES}{number}/{verb}/", {"lines": [None], "by": "lines"})
    assert (answer.status_code, list(answer.json())) == (400, ["lines"])
    assert Allocation.objects.get().state == "open"


@pytest.mark.parametrize("lines", [[None], [None, None]])
def test_a_line_of_null_of_a_purchase_or_a_transfer_is_refused(lines, owner, cup, make_supplier, make_warehouse):
    make_warehouse("tallinn"), make_supplier("ACME")
    told = [{"product": "CUP", "quantity": 3}]
    bought = send(owner, PURCHASES, {"supplier": "ACME", "warehouse": "riga", "lines": told}).json()["number"]
    sent = send(owner, TRANSFERS, {"source": "riga", "destination": "tallinn", "lines": told}).json()["number"]
    send(owner, f"{PURCHASES}{bought}/confirm/", {})
    for address in (f"{PURCHASES}{bought}/receive/", f"{TRANSFERS}{sent}/ship/", f"{TRANSFERS}{sent}/receive/"):
        answer = send(owner, address, {"lines": lines})
        assert (answer.status_code, list(answer.json())) == (400, ["lines"])
    assert StockMovement.objects.count() == 1
    assert send(owner, f"{TRANSFERS}{sent}/ship/", {"lines": None}).status_code == 200


def test_no_level_holds_more_than_is_counted_exactly(owner, cup):
    body = {"product": "CUP", "warehouse": "riga", "quantity": 2**53 - 20, "reason": "adjustment"}
    assert send(owner, "/api/v1/stock-movements/", body).status_code == 201
    answer = send(owner, "/api/v1/stock-movements/", body | {"quantity": 2**53})
    sentence = f"CUP: {2**54} would be on hand in riga, at most {2**53} can be."
    assert (answer.status_code, answer.json()["detail"]) == (409, sentence)
    assert StockMovement.objects.count() == 2
