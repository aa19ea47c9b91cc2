"""The morning of a buyer, in a real browser on a real server. A page takes long, so there are few, long tests."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from alerts.models import Alert
from orders.models import PurchaseOrder
from replenishment.models import Suggestion
from tests.admin_rows import ROWS, Shop
from tests.browser.conftest import DARK_PHONE

pytestmark = pytest.mark.browser

PAGES = ("/admin/", "/warnings/", "/admin/replenishment/inventoryposition/", "/admin/common/jobrun/",
         "/admin/orders/purchaseorder/add/", "/admin/replenishment/suggestion/export/", "/api/docs/")  # fmt: skip
#: With those of the long run: every page that people open in a week.
MORE_PAGES = (
    "/warnings/rules/", "/warnings/?do=order", "/admin/catalog/product/", "/admin/alerts/alert/",
    "/admin/replenishment/suggestion/?state__exact=open", "/admin/replenishment/suppliers/",
    "/admin/replenishment/chase/", "/admin/replenishment/plan/", "/admin/replenishment/key-figures/",
    "/admin/replenishment/what-if/", "/admin/replenishment/backtest-figures/", "/admin/forecasting/accuracy-figures/",
    "/admin/forecasting/override/grid/", "/admin/orders/salesorder/", "/admin/orders/purchaseorder/",
    "/admin/orders/purchaseorder/receive/", "/admin/stock/stocklevel/", "/admin/stock/transfer/add/",
    "/admin/common/importjob/", "/admin/alerts/subscription/",
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How somebody looks at the pages."""

    language: str
    width: int
    scheme: str

    def __str__(self) -> str:
        return f"{self.language}-{self.width}-{self.scheme}"

    @property
    def options(self) -> dict:
        phone = {"is_mobile": True, "has_touch": True} if self.width < 600 else {}
        return {"viewport": {"width": self.width, "height": 800}, "color_scheme": self.scheme} | phone


LOOKS = [Look(*look) for look in (
    ("en", 1280, "light"), ("zh-hans", 360, "dark"), ("en", 360, "light"), ("en", 360, "dark"), ("en", 1280, "dark"),
    ("zh-hans", 1280, "light"), ("zh-hans", 1280, "dark"), ("zh-hans", 360, "light"),
)]  # fmt: skip
#: One look in the short run, all in the long one.
EACH_LOOK = [pytest.param(look, id=str(look), marks=[pytest.mark.long] if n else []) for n, look in enumerate(LOOKS)]
EACH_LOOK_LONG = [pytest.param(look, id=str(look), marks=pytest.mark.long) for look in LOOKS]


def unhindered(visitor) -> None:
    assert visitor.barriers() == []
    assert not visitor.is_wide(), visitor.page.url


@pytest.mark.parametrize("look", EACH_LOOK)
def test_log_in_today_top_alert_why_accept_draft_order_confirm(person, visit, look):
    with visit(person("buyer", language=look.language), **look.options) as buyer:
        page = buyer.page
        assert page.get_attribute("html", "lang").lower() == look.language
        page.wait_for_selector("#today-more #changes")
        unhindered(buyer)
        top = page.locator("#today-urgent li").first
        assert "ROW-0" in top.inner_text() and top.locator("svg[aria-label]").count() == 1

        other = page.context.new_page()
        other.goto(f"{buyer.address}/warnings/")
        other.click("form[action*='/acknowledge/'] button")
        other.wait_for_selector(".sw-message-success")
        other.close()
        # Within five seconds the open page shows what was done on another, without being loaded again.
        page.wait_for_selector("#today-urgent form[action*='/acknowledge/']", state="detached", timeout=5_000)

        page.click("#today-urgent form[action*='/accept/'] button")
        page.click("#today-urgent form[action*='/reopen/'] button")
        page.wait_for_selector("#today-urgent form[action*='/accept/']")
        page.click("#today-urgent .sw-line-told a")
        page.wait_for_url("**/plan/**")
        assert page.locator("canvas.chart").count() >= 2
        if look.language == "en":
            assert "Order 12 (1 pack of 12): the inventory position 3 = 3 on hand" in page.inner_text("#content")
        unhindered(buyer)
        page.click("form[action*='/accept/'] button")
        page.click(".sw-done a")
        page.wait_for_url("**/orders/purchaseorder/**")
        unhindered(buyer)
        page.click("form[action*='/do/confirm/'] button, a[href*='/do/confirm/']")
        if page.locator("form.sw-narrow").count():
            page.click("form.sw-narrow button[type=submit]")
        page.wait_for_load_state("networkidle")
        assert buyer.trouble == []
    order = PurchaseOrder.objects.get()
    assert (order.state, order.supplier.name, order.lines.get().quantity) == ("confirmed", "Acme", 12)
    assert Suggestion.objects.get().purchase_line.order == order


@pytest.mark.long
@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[1]], ids=str)
def test_a_clerk_sees_only_his_warehouse_and_no_costs(person, morning, visit, make_warehouse, look):
    elsewhere = Shop(make_warehouse("tallinn", name="Tallinn"), morning.supplier, morning.run, morning.actor)
    elsewhere.products[0] = morning.products[0]
    ROWS["alerts.alert"](elsewhere, 5)
    with visit(person("clerk", morning.warehouse, language=look.language), **look.options) as clerk:
        for path in ("/admin/", "/warnings/", "/admin/alerts/alert/", "/admin/replenishment/inventoryposition/"):
            assert clerk.open(path).status == 200
            text = clerk.page.inner_text("body")
            assert "Tallinn" not in text and "ROW-5" not in text and "EUR" not in text
            assert clerk.page.locator("form[action*='/accept/']").count() == 0
            unhindered(clerk)
        assert "ROW-0" in clerk.page.inner_text("body")
        assert clerk.trouble == []
        assert clerk.open("/warnings/tallinn/").status == 404
    assert Alert.objects.count() == 2


@pytest.mark.parametrize("options", [DARK_PHONE, pytest.param({}, marks=pytest.mark.long)], ids=["phone", "desk"])
def test_every_page_of_the_morning_is_quiet_and_fits_and_warnings_order_without_eval(person, morning, visit, options):
    with visit(person("owner"), **options) as owner:
        for path in (*PAGES, morning.products[0].get_absolute_url()):
            assert owner.open(path).status == 200, path
            assert not owner.is_wide(), f"{path} scrolls sideways"
        answer = owner.open("/warnings/riga/")
        assert "unsafe-eval" not in answer.headers["content-security-policy"]
        owner.page.click("button:has-text('Order 12')")
        owner.page.wait_for_selector(".sw-done")
        assert owner.trouble == []
    assert PurchaseOrder.objects.get().lines.get().quantity == 12


@pytest.mark.parametrize("look", EACH_LOOK_LONG)
def test_every_page_of_a_week_opens_quietly_fits_and_has_no_barrier(person, morning, visit, look):
    product, alert = morning.products[0], Alert.objects.get()
    paths = (*PAGES[:-1], *MORE_PAGES, product.get_absolute_url(), f"/admin/alerts/alert/{alert.pk}/change/",
             f"/admin/catalog/product/{product.pk}/change/", f"/admin/alerts/alert/{alert.pk}/do/snooze/")  # fmt: skip
    with visit(person("owner", language=look.language), **look.options) as owner:
        for path in paths:
            assert owner.open(path).status == 200, path
            assert (path, owner.barriers()) == (path, [])
            assert not owner.is_wide(), f"{path} scrolls sideways"
        assert owner.trouble == []


@pytest.mark.long
def test_a_list_says_how_many_rows_an_act_changes_and_keeps_ones_own_view(person, morning, visit):
    for n in (1, 2):
        ROWS["alerts.alert"](morning, n)
    asked = []
    with visit(person("buyer")) as buyer:
        page = buyer.page
        page.on(
            "dialog", lambda dialog: (asked.append(dialog.message), dialog.accept() if asked[1:] else dialog.dismiss())
        )
        buyer.open("/admin/alerts/alert/")
        for _no_then_yes in range(2):
            page.check("#action-toggle")
            page.select_option("select[name=action]", "acknowledge")
            page.click("#changelist-actions button[name=index]")
            page.wait_for_load_state("networkidle")
        assert "3 alerts updated." in page.inner_text("body")
        page.click("#list-tools details:nth-of-type(2) summary")
        page.uncheck("#list-tools input[value=opened_on]")
        page.click("#list-tools details:nth-of-type(2) button")
        page.wait_for_load_state("networkidle")
        assert page.locator("th.column-opened_on").count() == 0 and page.locator("th.column-state").count() == 1
        buyer.open("/admin/alerts/alert/?rule=out_of_stock")
        page.click("#list-tools details:nth-of-type(1) summary")
        page.fill("#list-tools input[name=name]", "Empty shelves")
        page.click("#list-tools details:nth-of-type(1) button.sw-primary")
        page.wait_for_load_state("networkidle")
        page.click("#list-tools details:nth-of-type(1) summary")
        assert page.get_attribute("#list-tools a:has-text('Empty shelves')", "href") == "?rule=out_of_stock"
        assert buyer.trouble == []
    assert asked == ["This changes 3 rows: “Acknowledge”. Go on?"] * 2
    assert set(Alert.objects.values_list("state", flat=True)) == {"acknowledged"}
