"""Where the value is, when things sell, and how each number is computed."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from inventory_site.common.models import JobRun, ShopSettings
from replenishment.how import HOW, sums_of
from replenishment.models import InventoryPosition, KpiSnapshot, ReorderPoint
from replenishment.pages_key_figures import SHOWN
from replenishment.value_charts import pareto, shares_of, weekday_chart
from tests.admin_rows import DAY, ROWS, Shop

MONDAY = date(2026, 3, 2)


def test_every_figure_of_the_page_says_how_it_is_computed():
    assert {name for name, _label, _kind in SHOWN} == set(HOW)


def test_the_numbers_of_a_plan_add_up():
    plan = ReorderPoint(
        rule="R,s,nQ", lead_time_days=5.2, review_period_days=7, lead_time_demand=14.2, quantile=35, safety_stock=22,
        reorder_point=36, order_quantity=36, order_up_to_level=72, cycle_service_level=0.95,
    )  # fmt: skip
    told = {row.label: row.text for row in sums_of(plan, InventoryPosition(days_of_cover=8.4, daily_demand=1.16))}
    assert told == {
        "Expected until the next order arrives": "14.2 = forecast of the 12.2 days of lead time and review period",
        "Reorder point": "36 = 35, which the demand of 12.2 days stays within at a cycle service level of 95 %, + 1 "
        "since orders start some pieces too late",
        "Safety stock": "22 = level of 36 − 14.2 expected",
        "Order-up-to level": "72 = reorder point 36 + order quantity 36",
        "Days of cover": "8 = days until the forecast, 1.16 a day, has used up what is available",
    }
    plan.set_by_hand = True
    assert sums_of(plan, InventoryPosition())[1].text == "36, set by hand"


def test_few_items_hold_most_of_the_value():
    assert shares_of([60.0, 20.0, 10.0, 5.0, 5.0])[4] == 60.0


@pytest.fixture
def shop(warehouse, make_supplier, make_user):
    ShopSettings.objects.create(pk=1, currency="EUR", demo_until=DAY)
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    return Shop(warehouse=warehouse, supplier=make_supplier(), run=run, actor=make_user("manager"))


def test_the_curve_is_of_what_the_person_sees_and_needs_costs(shop, make_user, make_warehouse, client_of):
    KpiSnapshot.objects.create(warehouse=shop.warehouse, on_date=DAY, stock_value=1000)
    for n, value in enumerate((600, 200, 100, 50, 50)):
        ROWS["replenishment.inventoryposition"](shop, n)
        InventoryPosition.objects.filter(product=shop.product(n)).update(stock_value=value)
    found = pareto(InventoryPosition.objects.all())
    assert found.sentence == "The dearest fifth of 5 items holds 60 % of the value."
    assert json.loads(found.data)["datasets"][0]["data"][::4] == [0.0, 60.0, 80.0, 90.0, 95.0, 100.0]
    page = "/admin/replenishment/key-figures/"
    owner = client_of(make_user("owner"))
    assert found.sentence in owner.get(page).content.decode()
    assert found.sentence not in client_of(make_user("viewer")).get(page).content.decode()
    assert found.sentence not in client_of(make_user("owner", make_warehouse("elsewhere"))).get(page).content.decode()
    InventoryPosition.objects.update(stock_value=0)
    assert pareto(InventoryPosition.objects.all()) is None


def test_weekdays_are_means_without_the_days_on_which_nothing_was_there():
    until = MONDAY + timedelta(days=13)  # two weeks, to a Sunday
    asked = {MONDAY: 10, MONDAY + timedelta(days=7): 4, MONDAY + timedelta(days=1): 6}
    without_stock = frozenset({MONDAY + timedelta(days=8)})
    chart = json.loads(weekday_chart(asked, without_stock, until, weeks=2))
    assert chart["labels"][0] == "Mon"
    assert chart["datasets"][0]["data"] == [7.0, 6.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert weekday_chart({}, frozenset(), until) == ""
