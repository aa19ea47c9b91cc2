"""A clerk receives goods with a keyboard-wedge scanner on a phone, over a connection that breaks."""

from __future__ import annotations

import pytest

from orders import services
from orders.models import Receipt
from stock.models import StockLevel
from tests.browser.conftest import DARK_PHONE

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture
def order(morning, make_supplier, make_product):
    lines = [
        services.NewPurchaseLine(make_product("CUP", barcode="4006381333931"), 24, pack_size=12),
        services.NewPurchaseLine(make_product("TRAY", barcode="036000291452"), 3),
    ]
    made = services.create_purchase_order(
        supplier=make_supplier(), warehouse=morning.warehouse, lines=lines, actor=None
    )
    return services.confirm_purchase_order(order=made, actor=None)


def test_scanned_pieces_and_packs_survive_a_lost_connection_and_arrive_once(order, person, visit):
    with visit(person("clerk"), **DARK_PHONE) as clerk:
        page = clerk.page
        clerk.open("/admin/orders/purchaseorder/receive/")
        page.keyboard.type(f"{order.number}\n")
        page.wait_for_url("**/do/receive/")

        def scan(code: str) -> str:
            page.keyboard.type(f"{code}\n")
            return page.inner_text("#rc-said")

        count = page.locator(".rc-count")
        assert scan("4006381333931") == "CUP: 1 now, 24 were missing."
        page.check("#rc-packs")
        assert scan("cup") == "CUP: 13 now, 24 were missing."
        assert "is not on this order. Nothing was counted." in scan("9999999999999")
        page.uncheck("#rc-packs")
        count.nth(1).focus()
        assert scan("4006381333931") == "CUP: 14 now, 24 were missing."
        page.locator(".rc-step").nth(3).click()
        assert [count.nth(n).input_value() for n in (0, 1)] == ["14", "1"]
        boxes = [page.locator(".rc-step").nth(n).bounding_box() for n in range(4)]
        assert all(box["width"] >= 44 and box["height"] >= 44 for box in boxes)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 1

        page.context.set_offline(True)
        page.click("#rc-receive")
        page.wait_for_selector("#rc-said:has-text('No answer from the server')")
        page.context.set_offline(False)
        assert all("ERR_INTERNET_DISCONNECTED" in trouble for trouble in clerk.trouble)
        page.reload()
        assert "sent, and no answer came" in page.inner_text("#rc-said")
        assert [count.nth(n).input_value() for n in (0, 1)] == ["14", "1"]
        page.click("#rc-receive")
        page.wait_for_url("**/change/")
        assert "15 pieces received." in page.inner_text("body")
        clerk.open(f"/admin/orders/purchaseorder/{order.pk}/do/receive/")
        assert [count.nth(n).input_value() for n in (0, 1)] == ["", ""]
    assert sorted(Receipt.objects.values_list("quantity", flat=True)) == [1, 14]
    assert StockLevel.objects.get(product__sku="CUP").on_hand == 14


def test_a_code_is_found_whichever_way_it_is_written(order, person, visit):
    codes = {"CUP": ("04006381333931", "(01)04006381333931(10)A7", "]C1010400638133393110A7"),
             "TRAY": ("036000291452", "0036000291452", "tray")}  # fmt: skip
    with visit(person("clerk"), **DARK_PHONE) as clerk:
        clerk.open(f"/admin/orders/purchaseorder/{order.pk}/do/receive/")
        for sku, ways in codes.items():
            for times, code in enumerate(ways, start=1):
                clerk.page.keyboard.type(f"{code}\n")
                clerk.page.wait_for_selector(f"#rc-said:has-text('{sku}: {times} now')")
        assert clerk.trouble == []
