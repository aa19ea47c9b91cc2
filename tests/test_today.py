"""Today: what each role reads there, at the same cost for a busy shop as for a new one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory_site.common.models import JobRun, ShopSettings
from orders.models import PurchaseOrder
from replenishment.models import KpiSnapshot
from tests.admin_rows import DAY, ROWS, Shop

TODAY = DAY + timedelta(days=1)


@pytest.fixture
def shop(warehouse, make_supplier, make_user):
    ShopSettings.objects.create(pk=1, name="Demo", currency="EUR", demo_until=TODAY)
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    return Shop(warehouse=warehouse, supplier=make_supplier(), run=run, actor=make_user("manager"))


def _fill(shop: Shop, numbers) -> None:
    for n in numbers:
        for name in ("replenishment.suggestion", "alerts.alert", "replenishment.kpisnapshot"):
            ROWS[name](shop, n)
        late = {"state": "confirmed", "expected_on": DAY - timedelta(days=n)}
        PurchaseOrder.objects.create(number=f"L{n}", supplier=shop.supplier, warehouse=shop.warehouse, **late)


def _today(client) -> str:
    answer = client.get("/admin/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_buyer_reads_what_to_do_what_it_costs_and_why(shop, make_user, client_of):
    _fill(shop, [1])
    text = _today(client_of(make_user("buyer")))
    assert "Order 12 (1 pack of 12): the inventory position 3 = 3 on hand is at or below the reorder point 9" in text
    assert "30 EUR at risk" in text and "48 EUR to buy" in text
    assert "2 days late" in text
    assert "The date stands still on March 3, 2026" in text


def test_a_clerk_reads_it_without_money_and_without_the_button(shop, make_user, client_of):
    _fill(shop, [1])
    text = _today(client_of(make_user("clerk")))
    assert "at or below the reorder point 9" in text
    assert "EUR" not in text and "/accept/" not in text


def test_an_empty_shop_is_told_to_make_its_first_run(make_user, client_of, db):
    text = _today(client_of(make_user("owner")))
    assert "The nightly run has not been made yet" in text and "Run now" in text


def test_somebody_without_a_role_is_told_whom_to_ask(make_user, client_of):
    assert "You have no role in any warehouse yet" in _today(client_of(make_user(None)))


def test_other_warehouses_stay_out_of_it(shop, make_user, make_warehouse, client_of):
    _fill(shop, [1])
    elsewhere = make_user("manager", make_warehouse("elsewhere"))
    text = _today(client_of(elsewhere))
    assert "Nothing to decide" in text and "days late" not in text and "=Product 1" not in text


def test_it_costs_the_same_for_twelve_of_everything_as_for_one(shop, make_user, client_of):
    client = client_of(make_user("owner"))
    _fill(shop, [1])
    _today(client)
    counts = []
    for numbers in ([], range(2, 13)):
        _fill(shop, numbers)
        with CaptureQueriesContext(connection) as captured:
            _today(client)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_key_figures_show_their_trend_and_what_they_were_four_weeks_ago(shop, make_user, client_of):
    for day, value in ((TODAY - timedelta(days=30), 100), (TODAY, 250)):
        KpiSnapshot.objects.create(warehouse=shop.warehouse, on_date=day, stock_value=value)
    text = _today(client_of(make_user("owner")))
    assert "<b>250</b>" in text and "100 four weeks before" in text
    assert text.count('data-type="line"') == 3, "stock value, overstock value and stock-out rate are known twice"


def test_the_run_of_the_night_says_what_it_set_aside(shop, make_user, client_of):
    run = ROWS["common.jobrun"](shop, 5)
    JobRun.objects.filter(pk=run.pk).update(business_date=date(2026, 3, 3), error="disk full")
    text = _today(client_of(make_user("owner")))
    assert "1 part was set aside after failures." in text and "disk full" in text


def test_what_is_late_is_listed_up_to_some_and_leads_to_all(shop, make_user, client_of):
    client = client_of(make_user("buyer"))
    _fill(shop, range(1, 7))
    assert "See all" not in _late_section(_today(client))
    _fill(shop, [7])
    late = _late_section(_today(client))
    assert late.count("late</span>") == 6 and f"?expected_on_to={TODAY}" in late and "See all 7" in late


def _late_section(text: str) -> str:
    return text.partition('aria-labelledby="late"')[2].partition("</section>")[0]
