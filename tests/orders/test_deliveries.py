"""What a delivery brought besides what was ordered: damaged pieces, and goods that nobody asked for."""

from __future__ import annotations

import pytest

from inventory_site.common.errors import WrongState
from orders import services
from orders.errors import TooMuch
from orders.models import DeliveryFinding, SalesOrderLine
from stock.models import DamagePhoto, SetAside, StockLevel
from tests.making import picture

pytestmark = [pytest.mark.django_db, pytest.mark.ledger, pytest.mark.usefixtures("media")]


@pytest.fixture
def order(make_product, make_supplier, warehouse):
    """Ten cups on order, in packs of five."""
    lines = [services.NewPurchaseLine(make_product("CUP", accepts_backorders=True), 10, pack_size=5)]
    made = services.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
    return services.confirm_purchase_order(order=made, actor=None)


@pytest.mark.api
def test_damaged_pieces_arrive_and_are_set_aside_with_their_photo_at_once(order, api_of, make_user, place):
    sold = place((order.lines.get().product, 10))
    clerk, address = api_of(make_user("clerk")), f"/api/v1/purchase-orders/{order.number}/receive/"
    line = {"product": "CUP", "packs": 2, "damaged": 3, "note": "wet box", "photo": picture()}
    answer = clerk.post(address, {"lines": [line]}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (200, "received")
    level, aside = StockLevel.objects.get(), SetAside.objects.get()
    assert (level.on_hand, level.unsellable, level.allocated) == (10, 3, 7)
    assert (aside.reason, aside.note, aside.reference) == ("damaged", "wet box", order.number)
    assert DamagePhoto.objects.get().set_aside == aside
    assert SalesOrderLine.objects.filter(order=sold).with_allocated().get().backordered == 3
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_more_damaged_than_arrived_is_refused_and_nothing_arrives(order):
    line = order.lines.get().pk
    with pytest.raises(TooMuch, match="CUP: 3 damaged, but only 2 arrived"):
        services.receive_purchase_order(
            order=order, actor=None, quantities={line: 2}, damaged={line: services.Damaged(3)}
        )
    assert (StockLevel.objects.get().on_hand, SetAside.objects.count()) == (0, 0)


@pytest.mark.api
def test_goods_that_nobody_ordered_are_kept_until_they_are_settled(order, api_of, make_user, make_product, warehouse):
    make_product("MUG", barcode="4006381333931")
    clerk, buyer = api_of(make_user("clerk", warehouse)), api_of(make_user("buyer", warehouse))
    body = {"order": order.number, "code": "4006381333931", "quantity": 4, "note": "not cups", "photo": picture()}
    made = clerk.post("/api/v1/delivery-findings/", body, format="json")
    assert (made.status_code, made.json()["product"], made.json()["has_photo"]) == (201, "MUG", True)
    address = f"/api/v1/delivery-findings/{made.json()['id']}/"
    assert clerk.get(f"{address}photo/")["Content-Type"] == "image/jpeg"
    assert not StockLevel.objects.filter(product__sku="MUG").exists()
    assert clerk.post(f"{address}settle/", {}, format="json").status_code == 403
    assert buyer.post(f"{address}settle/", {}, format="json").json()["settled_at"]
    assert buyer.post(f"{address}settle/", {}, format="json").status_code == 409
    unknown = clerk.post("/api/v1/delivery-findings/", body | {"order": "P999999"}, format="json")
    assert (unknown.status_code, list(unknown.json())) == (400, ["order"])


def test_a_draft_has_had_no_delivery(make_product, make_supplier, warehouse):
    lines = [services.NewPurchaseLine(make_product("CUP"), 10)]
    draft = services.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
    with pytest.raises(WrongState, match="draft"):
        services.report_wrong_goods(order=draft, code="MUG", quantity=1, actor=None)
    assert not DeliveryFinding.objects.exists()


@pytest.mark.api
def test_the_purchase_order_and_the_supplier_page_tell_what_came_by_mistake(order, client_of, make_user):
    services.report_wrong_goods(order=order, code="BLUE-BOX", quantity=4, actor=None)
    buyer = client_of(make_user("manager"))
    for address in (
        f"/admin/orders/purchaseorder/{order.pk}/change/",
        f"/admin/replenishment/suppliers/{order.supplier.code}/order/?warehouse=riga",
    ):
        assert "BLUE-BOX" in buyer.get(address).content.decode()
