"""The product's page and the decision on a suggestion."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from forecasting.pages_charts import Demand, demand_chart
from inventory_site.common.models import JobRun, ShopSettings
from orders.models import PurchaseOrder
from replenishment.models import Suggestion
from replenishment.product_charts import Stock, stock_chart
from stock.models import Transfer, WarehouseAccess
from tests.admin_rows import DAY, ROWS, Shop


@pytest.fixture
def shop(warehouse, make_supplier, make_user):
    ShopSettings.objects.create(pk=1, currency="EUR", demo_until=DAY)
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    shop = Shop(warehouse=warehouse, supplier=make_supplier(name="Acme"), run=run, actor=make_user("manager"))
    for name in ("stock.stocklevel", "replenishment.inventoryposition", "replenishment.reorderpoint",
                 "forecasting.forecast", "orders.dailydemand", "replenishment.suggestion"):  # fmt: skip
        ROWS[name](shop, 0)
    shop.product(0).positions.update(run=run, inventory_position=3)
    return shop


def _text(answer) -> str:
    return re.sub(r"\s+", " ", unescape(answer.content.decode()))


def test_the_page_says_what_to_do_why_and_draws_both_charts(shop, make_user, client_of):
    text = _text(client_of(make_user("buyer")).get(shop.product(0).get_absolute_url()))
    assert "Order 12 (1 pack of 12): the inventory position 3 = 3 on hand" in text
    assert "From Acme for 48.00 EUR; leaving it puts a margin of 30.00 EUR at risk." in text
    assert "Forecast by a moving average." in text
    assert text.count('<canvas class="chart"') == 2


def test_a_viewer_sees_no_money_and_no_button(shop, make_user, client_of):
    text = _text(client_of(make_user("viewer")).get(shop.product(0).get_absolute_url()))
    assert "3 on hand" in text
    assert "48.00" not in text and "(4.00)" not in text and "Order 12</button>" not in text


def test_a_warehouse_of_others_is_not_there(shop, make_user, make_warehouse, client_of):
    client = client_of(make_user("buyer", make_warehouse("elsewhere")))
    page = shop.product(0).get_absolute_url()
    assert client.get(page, {"warehouse": "riga"}).status_code == 404
    text = _text(client.get(page))
    assert "This product has never been in stock here" in text and "3 on hand" not in text


def test_without_a_role_the_page_is_refused_and_an_unknown_product_is_not_found(shop, make_user, client_of):
    assert client_of(make_user(None)).get(shop.product(0).get_absolute_url()).status_code == 403
    assert client_of(make_user("owner")).get("/admin/catalog/product/999/plan/").status_code == 404


def test_the_page_costs_the_same_with_many_warehouses_and_orders(shop, make_user, make_warehouse, client_of):
    client = client_of(make_user("owner"))
    page = shop.product(0).get_absolute_url()
    client.get(page, {"warehouse": "riga"})
    counts = []
    for extra in (0, 5):
        for n in range(extra):
            other = make_warehouse(f"w{n}")
            shop.product(0).levels.create(warehouse=other, on_hand=n)
            order = PurchaseOrder.objects.create(
                number=f"N{n}", supplier=shop.supplier, warehouse=shop.warehouse, state="confirmed", expected_on=DAY
            )
            order.lines.create(product=shop.product(0), quantity=5)
        with CaptureQueriesContext(connection) as captured:
            client.get(page, {"warehouse": "riga"})
        counts.append(len(captured))
    assert counts[0] == counts[1]


def decide(client, suggestion: Suggestion, verb: str, key: str = "k", **headers):
    return client.post(reverse("suggestion-decide", args=[suggestion.pk, verb]), {"once": key}, **headers)


def test_a_double_click_makes_one_draft_and_both_answers_show_it(shop, make_user, client_of):
    client, suggestion = client_of(make_user("buyer")), Suggestion.objects.get()
    answers = [decide(client, suggestion, "accept", headers={"HX-Request": "true"}) for _click in range(2)]
    order = PurchaseOrder.objects.get()
    assert all(order.number in _text(answer) and "Undo" in _text(answer) for answer in answers)
    assert order.lines.get().quantity == 12


def test_undo_brings_the_suggestion_back(shop, make_user, client_of):
    client, suggestion = client_of(make_user("buyer")), Suggestion.objects.get()
    decide(client, suggestion, "accept")
    answer = decide(client, suggestion, "reopen", key="other", headers={"HX-Request": "true"})
    assert "Order 12" in _text(answer)
    assert Suggestion.objects.get().state == "open"


def test_a_refusal_is_shown_in_its_place(shop, make_user, client_of):
    suggestion = Suggestion.objects.get()
    Suggestion.objects.update(state="superseded")
    answer = decide(client_of(make_user("buyer")), suggestion, "accept", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and 'role="alert"' in _text(answer)
    assert not PurchaseOrder.objects.exists()


@pytest.mark.parametrize(("role", "where", "status"), [("clerk", "riga", 403), ("buyer", "elsewhere", 404)])
def test_who_may_not_order_there_changes_nothing(role, where, status, shop, make_user, make_warehouse, client_of):
    place = shop.warehouse if where == "riga" else make_warehouse(where)
    answer = decide(client_of(make_user(role, place)), Suggestion.objects.get(), "accept")
    assert answer.status_code == status
    assert not PurchaseOrder.objects.exists() and Suggestion.objects.get().state == "open"


def test_a_transfer_takes_a_role_at_both_ends(shop, warehouse, make_user, make_warehouse, client_of, api_of):
    source = make_warehouse("tallinn")
    Suggestion.objects.update(kind="transfer", source=source)
    suggestion, person = Suggestion.objects.get(), make_user("buyer", warehouse)
    WarehouseAccess.objects.create(user=person, warehouse=source, role="viewer")
    assert decide(client_of(person), suggestion, "accept").status_code == 403
    assert api_of(person).post(f"/api/v1/suggestions/{suggestion.pk}/accept/").status_code == 403
    assert Suggestion.objects.get().state == "open" and not Transfer.objects.exists()


def test_a_post_without_a_key_or_a_get_is_refused(shop, make_user, client_of):
    client, suggestion = client_of(make_user("buyer")), Suggestion.objects.get()
    assert decide(client, suggestion, "accept", key="").status_code == 400
    assert client.get(reverse("suggestion-decide", args=[suggestion.pk, "accept"])).status_code == 405
    assert not PurchaseOrder.objects.exists()


def test_the_demand_chart_marks_days_without_stock_and_joins_no_gaps():
    day = date(2026, 3, 2)
    drawn = json.loads(
        demand_chart(
            Demand(
                until=day, asked={day: 10}, without_stock=frozenset({day - timedelta(days=1)}),
                known_from=day - timedelta(days=2), mean=[4.0, 5.0], quantiles=[[4, 5, 6, 7, 8], [5, 6, 7, 8, 9]],
            )
        )
    )  # fmt: skip
    bars, mean, low, high = drawn["datasets"]
    assert bars["data"][-4:] == [None, 0, 0.3, 10] and bars["backgroundColor"][-2:] == [
        "#dc2626",
        "var(--color-base-400)",
    ]
    assert mean["data"][-3:] == [None, 4.0, 5.0]
    assert (low["data"][-2:], high["data"][-2:]) == ([4, 5], [6, 7])
    assert len(drawn["labels"]) == len(mean["data"]) == 86


def test_the_stock_chart_takes_demand_off_and_adds_what_is_due():
    day = date(2026, 3, 2)
    drawn = json.loads(
        stock_chart(
            Stock(
                until=day, on_hand={day - timedelta(days=90): 7, day: 5}, available=4, inventory_position=16,
                reorder_point=9, due={day + timedelta(days=2): 12}, mean=[3.0, 3.0, 3.0],
            )
        )
    )  # fmt: skip
    on_hand, projected, position, level = (row["data"] for row in drawn["datasets"])
    assert on_hand == [7] * 83 + [5]
    assert projected[-4:] == [4, 1.0, 10.0, 7.0]
    assert position[-4:] == [16, 13.0, 10.0, 7.0]
    assert set(level) == {9}
