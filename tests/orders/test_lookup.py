"""Looking an item up: by any code, with its stock here and elsewhere and what is coming."""

from __future__ import annotations

from datetime import date

import pytest

from orders import services
from stock import services as stock
from stock.models import Bin

pytestmark = [pytest.mark.django_db, pytest.mark.api]


@pytest.fixture
def cup(make_product, receive, warehouse):
    """Ten in Riga, in two bins, of which one is picked, two are promised and one is broken."""
    cup = make_product("CUP", name="Enamel cup", barcode="4006381333931")
    receive(cup, 10)
    for order, code in enumerate(("B-1", "A-1")):
        place = Bin.objects.create(warehouse=warehouse, code=code, area=code[0], walk_order=order)
        stock.put_in_bin(product=cup, place=place, actor=None)
    return cup


@pytest.fixture
def look(api_of, make_user):
    def look(who=None, **query) -> list[dict]:
        client = who or api_of(make_user("clerk"))
        return client.get("/api/v1/lookup/", query).json()["results"]

    return look


def test_an_item_tells_where_it_lies_how_many_there_are_and_what_is_coming(
    cup, look, place, make_warehouse, make_supplier, receive, warehouse
):
    order = place((cup, 3))
    services.pick_sales_order(order=order, warehouse=warehouse, actor=None, quantities={order.lines.get().pk: 1})
    stock.set_aside(product=cup, warehouse=warehouse, quantity=1, reason="damaged", actor=None)
    tallinn = make_warehouse("tallinn")
    receive(cup, 4, tallinn)
    lines = [services.NewPurchaseLine(cup, 24)]
    bought = services.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
    bought = services.confirm_purchase_order(order=bought, actor=None, expected_on=date(2031, 4, 2))
    sent = stock.create_transfer(
        source=tallinn, destination=warehouse, lines=[stock.TransferWish(cup, 2)], actor=None,
        expected_on=date(2031, 4, 1),
    )  # fmt: skip
    stock.ship_transfer(transfer=sent, actor=None)
    (row,) = look(code="4006381333931", warehouse="riga")
    assert row["here"] == [
        {"warehouse": "riga", "on_hand": 10, "available": 6, "allocated": 3, "picked": 1, "unsellable": 1,
         "bins": [{"bin": "B-1", "area": "B"}, {"bin": "A-1", "area": "A"}]}
    ]  # fmt: skip
    assert [(other["warehouse"], other["on_hand"]) for other in row["elsewhere"]] == [("tallinn", 2)]
    assert [(one["kind"], one["number"], one["quantity"], one["on"]) for one in row["coming"]] == [
        ("transfer", sent.number, 2, "2031-04-01"), ("purchase", bought.number, 24, "2031-04-02"),
    ]  # fmt: skip


def test_a_code_is_a_sku_a_barcode_in_either_length_or_a_part_of_the_name(look, make_product):
    make_product("CUP", name="Enamel cup", barcode="0036000291452")
    make_product("CUP-2", name="Glass cup")
    assert [row["product"] for row in look(code="cup")] == ["CUP"]
    assert [row["product"] for row in look(code="036000291452")] == ["CUP"]
    assert [row["product"] for row in look(code="36000291452")] == []
    assert [row["product"] for row in look(code="glass")] == ["CUP-2"]
    assert look(code="nothing") == []


def test_what_lies_in_other_peoples_warehouses_is_not_told(cup, look, api_of, make_user, make_warehouse):
    stranger = api_of(make_user("clerk", make_warehouse("tallinn")))
    (row,) = look(stranger, code="CUP")
    assert (row["here"], row["elsewhere"], row["coming"]) == ([], [], [])
    assert stranger.get("/api/v1/lookup/CUP/?warehouse=riga").status_code == 404
