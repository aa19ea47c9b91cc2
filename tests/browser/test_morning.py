"""The morning of a buyer, in a real browser on a real server. A page takes long, so there are few, long tests."""

from __future__ import annotations

import pytest

from orders.models import PurchaseOrder
from replenishment.models import Suggestion

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}
PAGES = ("/admin/", "/warnings/", "/admin/replenishment/inventoryposition/", "/admin/common/jobrun/",
         "/admin/orders/purchaseorder/add/", "/admin/replenishment/suggestion/export/", "/api/docs/")  # fmt: skip


def test_log_in_look_at_today_accept_a_suggestion_and_find_the_draft(person, visit):
    with visit(person("buyer")) as buyer:
        page = buyer.page
        assert "To decide today" in page.inner_text("#content")
        page.click("button:has-text('Order 12')")
        page.click("button:has-text('Undo')")
        page.wait_for_selector("button:has-text('Order 12')")
        page.click("text=Oat milk")
        page.wait_for_url("**/plan/**")
        assert "Order 12 (1 pack of 12): the inventory position 3 = 3 on hand" in page.inner_text("#content")
        assert page.locator("canvas.chart").count() == 2
        page.click("button:has-text('Order 12')")
        page.click(".sw-done a")
        page.wait_for_url("**/orders/purchaseorder/**")
        assert "draft" in page.inner_text("#content").lower()
        assert buyer.trouble == []
    order = PurchaseOrder.objects.get(state="draft")
    assert (order.supplier.name, order.lines.get().quantity) == ("Acme", 12)
    assert Suggestion.objects.get().purchase_line.order == order


def test_every_page_of_the_morning_is_quiet_and_fits_and_warnings_order_without_eval(person, morning, visit):
    name, product = person("owner"), morning.products[0].get_absolute_url()
    for options in ({}, PHONE):
        with visit(name, **options) as owner:
            for path in (*PAGES, product):
                assert owner.open(path).status == 200, path
                wide = owner.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 1, f"{path} scrolls sideways by {wide} px"
            if options:
                answer = owner.open("/warnings/riga/")
                assert "unsafe-eval" not in answer.headers["content-security-policy"]
                owner.page.click("button:has-text('Order 12')")
                owner.page.wait_for_selector(".sw-done")
            assert owner.trouble == []
    assert PurchaseOrder.objects.get().lines.get().quantity == 12
