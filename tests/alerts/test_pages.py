"""The warnings page: grouped, narrowed, printable, without money for who may not see it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from inventory_site.common.models import JobRun, ShopSettings
from orders import services as orders
from orders.models import Receipt
from tests.admin_rows import DAY, ROWS, Shop


@pytest.fixture
def shop(warehouse, make_supplier, make_user):
    ShopSettings.objects.create(pk=1, currency="EUR", demo_until=DAY)
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    return Shop(warehouse=warehouse, supplier=make_supplier(), run=run, actor=make_user("manager"))


def _page(client, path: str = "/warnings/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(answer.content.decode()))


def _dead(shop: Shop) -> Alert:
    return Alert.objects.create(
        rule="dead_stock", subject="x", code="dead_stock_never_asked_for", severity=1, opened_on=DAY, seen_on=DAY,
        money_at_risk=55, warehouse=shop.warehouse, product=shop.product(9),
        terms={"sku": "ROW-9", "product": "Lamp", "warehouse": "Riga", "available": 5, "stock_money": "55.00"},
    )  # fmt: skip


def test_alerts_are_grouped_by_cause_the_worst_first_with_the_action_as_a_button(shop, make_user, client_of):
    _dead(shop)
    ROWS["alerts.alert"](shop, 1)
    ROWS["replenishment.suggestion"](shop, 1)
    text = _page(client_of(make_user("buyer")))
    assert text.index("Out of stock") < text.index("Dead stock")
    assert "5 pieces worth 55.00 EUR, never asked for" in text
    assert "/accept/" in text and text.index("Order <span") < text.index("Mark down, send back or stop buying <span")


def test_a_clerk_reads_a_dash_where_money_would_stand(shop, make_user, client_of):
    _dead(shop)
    text = _page(client_of(make_user("clerk")))
    assert "5 pieces worth –, never asked for" in text
    assert "55.00" not in text and "EUR" not in text


def test_a_warehouse_narrows_and_another_ones_page_is_not_there(shop, make_user, make_warehouse, client_of):
    ROWS["alerts.alert"](shop, 1)
    other = make_warehouse("elsewhere")
    owner, stranger = client_of(make_user("owner")), client_of(make_user("manager", other))
    assert "is out of stock" in _page(owner, "/warnings/riga/")
    assert "Nothing to warn of" in _page(owner, "/warnings/elsewhere/")
    assert "Nothing to warn of" in _page(stranger)
    assert stranger.get("/warnings/riga/").status_code == 404


def test_snoozed_and_closed_alerts_are_left_out(shop, make_user, client_of):
    ROWS["alerts.alert"](shop, 1)
    for state, until in (("snoozed", DAY.replace(month=12)), ("resolved", None)):
        Alert.objects.update(state=state, snoozed_until=until)
        assert "Nothing to warn of" in _page(client_of(make_user("owner")))


def test_it_costs_the_same_for_many_and_counts_those_it_does_not_show(shop, make_user, client_of):
    client = client_of(make_user("owner"))
    counts = []
    for numbers in (range(1), range(1, 30)):
        for n in numbers:
            for name in ("alerts.alert", "replenishment.suggestion", "replenishment.inventoryposition"):
                ROWS[name](shop, n)
        _page(client)
        with CaptureQueriesContext(connection) as captured:
            text = _page(client)
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert text.count("is out of stock") == 10 and "and 20 more" in text
    assert text.count('<svg class="sw-spark-small"') == 10
    assert _page(client, "/warnings/?do=order").count("is out of stock") == 30


def test_whoever_is_not_logged_in_is_sent_to_the_log_in_page(client, db):
    assert client.get("/warnings/").url == "/admin/login/?next=/warnings/"


def test_several_rules_on_one_item_are_one_line_that_names_the_others(shop, make_user, client_of):
    alert = ROWS["alerts.alert"](shop, 1)
    Alert.objects.update(cause="item:1")
    Alert.objects.create(
        rule="promotion_ahead", subject="y", cause="item:1", leads=False, code="promotion_ahead", opened_on=DAY,
        seen_on=DAY, terms=alert.terms, **shop.item(1),
    )  # fmt: skip
    text = _page(client_of(make_user("buyer")))
    assert text.count('<li id="alert-') == 1 and "also: Promotion ahead without enough stock" in text


def test_what_was_ordered_stands_on_the_line_after_the_click(shop, make_user, client_of):
    ROWS["alerts.alert"](shop, 1)
    suggestion = ROWS["replenishment.suggestion"](shop, 1)
    buyer = client_of(make_user("buyer"))
    buyer.post(f"/suggestions/{suggestion.pk}/accept/", {"once": "k"})
    suggestion.refresh_from_db()
    number = suggestion.purchase_line.order.number
    assert (
        f'ordered: <a class="sw-link" href="/admin/orders/purchaseorder/{suggestion.purchase_line.order_id}'
        in _page(buyer)
    )
    assert f">{number}</a>" in _page(buyer)
    sheet = buyer.get("/warnings/?as=csv").content.decode("utf-8-sig").splitlines()
    assert number in sheet[1]


def test_what_comes_from_another_warehouse_is_grouped_as_a_move(shop, make_user, make_warehouse, client_of):
    ROWS["alerts.alert"](shop, 1)
    row = ROWS["replenishment.suggestion"](shop, 1)
    type(row).objects.update(kind="transfer", source=make_warehouse("depot"), supplier=None)
    text = _page(client_of(make_user("owner")))
    assert "Move from another warehouse <span" in text and 'id="do-order"' not in text


def test_files_have_every_line_harmless_and_without_money_for_who_may_not_see_it(shop, make_user, client_of):
    _dead(shop)
    for n in range(12):
        ROWS["alerts.alert"](shop, n)
    buyer, clerk = client_of(make_user("buyer")), client_of(make_user("clerk"))
    answer = buyer.get("/warnings/riga/?as=csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 14 and answer["Content-Disposition"] == f'attachment; filename="warnings-riga-{DAY}.csv"'
    assert lines[-1].startswith('"Mark down, send back or stop buying",notice,Dead stock,,ROW-9,\'=Product 9,Riga,')
    assert lines[-1].endswith(",55.00") and "money at risk, EUR" in lines[0]
    told = clerk.get("/warnings/?as=csv").content.decode("utf-8-sig")
    assert "55.00" not in told and "money" not in told
    for language in ("en", "zh-hans"):
        sheet = buyer.get("/warnings/?as=pdf", headers={"accept-language": language})
        assert sheet["Content-Type"] == "application/pdf" and sheet.content.startswith(b"%PDF-1.")


def test_odd_demand_is_explained_from_its_line_and_surplus_without_a_proposal_marked_down(shop, make_user, client_of):
    _dead(shop)
    anomaly = ROWS["forecasting.anomaly"](shop, 1)
    Alert.objects.create(
        rule="demand_anomaly", subject="z", code="demand_anomaly_spike", opened_on=DAY, seen_on=DAY,
        terms={"sku": "ROW-1", "product": "Tea", "warehouse": "Riga", "seen": 90, "expected": 4,
               "first_on": DAY.isoformat(), "anomaly": anomaly.pk}, **shop.item(1),
    )  # fmt: skip
    buyer = client_of(make_user("buyer"))
    text = _page(buyer)
    assert f"/admin/forecasting/anomaly/{anomaly.pk}/do/one_off/" in text
    assert 'aria-label="demand of eight weeks by day' in text
    assert f"/admin/catalog/promotion/add/?product={shop.product(9).pk}&warehouse_code=riga" in text
    answer = buyer.post(
        f"/admin/forecasting/anomaly/{anomaly.pk}/do/one_off/", {"once": "k", "next": "/warnings/"}, follow=True
    )
    anomaly.refresh_from_db()
    assert anomaly.state == "one_off" and "1 anomaly explained" in answer.content.decode()
    viewer = _page(client_of(make_user("viewer")))
    assert "do/one_off/" not in viewer and "promotion/add" not in viewer


def test_a_slower_supplier_is_drawn_by_its_last_deliveries_against_what_it_declares(shop, make_user, client_of):
    Alert.objects.create(
        rule="supplier_drift", subject="s", code="supplier_drift", opened_on=DAY, seen_on=DAY, supplier=shop.supplier,
        warehouse=shop.warehouse, terms={"supplier": "Acme", "days": 4, "warehouse": "Riga"},
    )  # fmt: skip
    client = client_of(make_user("buyer"))
    for took, number in ((3, 0), (9, 1)):
        lines = [orders.NewPurchaseLine(shop.product(number), 5, Decimal(4))]
        order = orders.create_purchase_order(
            supplier=shop.supplier, warehouse=shop.warehouse, lines=lines, actor=shop.actor
        )
        at = datetime(2026, 2, 1 + number, 12, tzinfo=UTC)
        orders.confirm_purchase_order(order=order, actor=shop.actor, confirmed_at=at)
        orders.receive_purchase_order(order=order, actor=shop.actor)
        Receipt.objects.filter(line__order=order).update(received_at=at + timedelta(days=took))
    declared = shop.supplier.lead_time_days
    assert f'aria-label="2 orders, the last came after 9 days; declared are {declared}"' in _page(client)
