"""The page to receive goods on, as its script and as a plain form use it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from inventory_site.common.models import ShopSettings
from orders import services
from orders.models import PurchaseOrder, Receipt
from stock.models import StockLevel

pytestmark = [pytest.mark.django_db]
FIND = "/admin/orders/purchaseorder/receive/"


@pytest.fixture
def order(make_supplier, make_product, warehouse):
    products = [make_product("CUP", barcode="4006381333931"), make_product("TRAY")]
    lines = [services.NewPurchaseLine(product, 12, pack_size=6) for product in products]
    made = services.create_purchase_order(
        supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None, reference="AB-77"
    )
    return services.confirm_purchase_order(order=made, actor=None)


@pytest.fixture
def clerk(client_of, make_user, warehouse):
    return client_of(make_user("clerk", warehouse))


def page_of(order) -> str:
    return f"/admin/orders/purchaseorder/{order.pk}/do/receive/"


def entries(order, *numbers, version=None, once="key") -> dict:
    lines = {f"line_{line.pk}": number for line, number in zip(order.lines.order_by("pk"), numbers, strict=True)}
    return lines | {"once": once, "version": order.version if version is None else version}


def send(client, order, *numbers, **more):
    return client.post(page_of(order), entries(order, *numbers, **more), headers={"X-Requested-With": "fetch"})


def lit(client, address: str) -> list[str]:
    """The entries of the menu that are lit on this page."""
    groups = client.get(address).context["sidebar_navigation"]
    return [str(item["title"]) for group in groups for item in group["items"] if item["active"]]


def test_one_entry_of_the_menu_is_lit(clerk, order):
    assert lit(clerk, FIND) == lit(clerk, page_of(order)) == ["Receive goods"]
    for address in ("/admin/orders/purchaseorder/", f"/admin/orders/purchaseorder/{order.pk}/change/"):
        assert lit(clerk, address) == ["Purchase orders"]


def test_what_is_overdue_is_marked(clerk, order):
    today = ShopSettings.objects.load().today()
    for day, is_marked in ((today - timedelta(days=1), True), (today, False), (None, False)):
        PurchaseOrder.objects.update(expected_on=day)
        assert ("overdue" in clerk.get(FIND).content.decode()) == is_marked


def test_a_pack_stands_alone_where_there_is_no_barcode(clerk, order):
    text = re.sub(r"\s+", " ", clerk.get(page_of(order)).content.decode())
    assert "4006381333931 · pack of 6" in text and '<span class="sw-note">pack of 6' in text


def test_a_plain_form_receives_and_leads_to_the_order(clerk, order):
    answer = clerk.post(page_of(order), entries(order, "5", ""), follow=True)
    assert "5 pieces received." in [str(message) for message in answer.context["messages"]]
    assert answer.redirect_chain[-1][0].endswith(f"/purchaseorder/{order.pk}/change/")
    assert StockLevel.objects.get(product__sku="CUP").on_hand == 5
    text = answer.content.decode()
    assert "Lead time, days" in text and "Take back" in text


def test_all_that_is_missing_fills_the_form_without_a_script(clerk, order):
    services.receive_purchase_order(order=order, actor=None, quantities={order.lines.first().pk: 5})
    page = clerk.get(f"{page_of(order)}?all").content.decode()
    assert re.findall(r'inputmode="numeric" name="line_\d+" value="(\d*)"', page) == ["7", "12"]
    assert 'data-barcode="4006381333931"' in page and not re.search(r"<script(?![^>]*src)[^>]*>[^<]*rc-", page)


def test_the_same_request_again_is_answered_alike_and_received_once(clerk, order):
    first, second = send(clerk, order, "12", "12"), send(clerk, order, "12", "12", version=order.version)
    assert first.json() == second.json() == {"next": f"/admin/orders/purchaseorder/{order.pk}/change/"}
    assert sum(StockLevel.objects.values_list("on_hand", flat=True)) == 24


def test_a_refusal_names_the_sku_and_changes_nothing(clerk, order):
    answer = send(clerk, order, "13", "")
    assert (answer.status_code, answer.json()) == (
        409, {"detail": "CUP: 13 asked to receive, at most 12 possible."},
    )  # fmt: skip
    for number in ("-1", "1.5", "x"):
        bad = send(clerk, order, number, "", once=number)
        assert (bad.status_code, bad.json()["detail"].startswith("CUP: ")) == (409, True)
    assert "write how much arrived" in send(clerk, order, "", "").json()["detail"]
    page = clerk.post(page_of(order), entries(order, "13", "2")).content.decode()
    assert re.findall(r'inputmode="numeric" name="line_\d+" value="(\d*)"', page) == ["13", "2"]
    assert Receipt.objects.count() == 0


def test_an_older_page_is_shown_again_with_what_is_true_now(clerk, order):
    seen = order.version
    services.receive_purchase_order(order=order, actor=None, quantities={order.lines.first().pk: 5})
    answer = send(clerk, order, "12", "", version=seen)
    assert (answer.status_code, answer.json()) == (409, {"reload": True})
    page = clerk.get(page_of(order))
    assert "was changed meanwhile" in page.content.decode()
    assert StockLevel.objects.get(product__sku="CUP").on_hand == 5


def test_more_than_ordered_takes_a_tolerance_and_a_manager(clerk, order, client_of, make_user, warehouse):
    ShopSettings.objects.create(pk=1, over_receipt_rate="0.1")
    told = send(clerk, order, "13", "").json()["detail"]
    assert told.endswith("Up to 13 by who may receive more than was ordered.")
    manager = client_of(make_user("manager", warehouse))
    assert "next" in send(manager, order, "13", "").json()
    line = order.lines.first()
    assert (line.received, line.over_received, StockLevel.objects.get(product__sku="CUP").on_hand) == (12, 1, 13)


def test_a_surplus_found_later_has_a_button_for_managers(clerk, order, client_of, make_user, warehouse):
    ShopSettings.objects.create(pk=1, over_receipt_rate="0.1")
    services.receive_purchase_order(order=order, actor=None)
    manager, line = client_of(make_user("manager", warehouse)), order.lines.first()
    page = reverse("admin:orders_purchaseorder_change", args=[order.pk])
    offered = [[act.name for act in person.get(page).context["acts"]] for person in (clerk, manager)]
    assert offered == [[], ["surplus"]]
    address = reverse("admin:orders_purchaseorder_do", args=[order.pk, "surplus"])
    manager.post(address, {"once": "k", f"line_{line.pk}": "1"})
    line.refresh_from_db()
    assert (line.received, line.over_received) == (12, 1)
    assert StockLevel.objects.get(product__sku="CUP").on_hand == 13


def test_an_order_is_found_by_its_number_or_reference(clerk, order):
    for asked in (order.number, order.number.lower(), "AB-77"):
        assert clerk.get(FIND, {"number": asked}).headers["Location"] == page_of(order)
    unknown = clerk.get(FIND, {"number": "nothing"})
    assert "“nothing” is not the number" in unknown.content.decode() and order.number in unknown.content.decode()


def test_other_warehouses_and_roles_do_not_receive(order, client_of, make_user, make_warehouse):
    elsewhere = client_of(make_user("clerk", make_warehouse("oslo")))
    assert elsewhere.get(page_of(order)).status_code == 404
    assert order.number not in elsewhere.get(FIND, {"number": order.number}).content.decode().replace(
        f'value="{order.number}"', ""
    ).replace(f"“{order.number}”", "")
    viewer = client_of(make_user("viewer"))
    assert viewer.get(page_of(order)).status_code == viewer.get(FIND).status_code == 403
    assert send(viewer, order, "1", "").status_code == 403


def test_a_receipt_is_taken_back_from_the_order_page(clerk, order):
    send(clerk, order, "12", "12")
    receipt = Receipt.objects.first()
    clerk.post(f"/admin/orders/receipt/{receipt.pk}/do/undo/", {"once": "u"})
    order.refresh_from_db()
    assert (order.state, PurchaseOrder.objects.on_order().count()) == ("partly_received", 1)
    assert "taken back" in clerk.get(f"/admin/orders/purchaseorder/{order.pk}/change/").content.decode()
    clerk.post(f"/admin/orders/receipt/{receipt.pk}/do/undo/", {"once": "u2"})
    assert sum(StockLevel.objects.values_list("on_hand", flat=True)) == 12
