"""Pages go by the shop's clock; a time without its zone is refused by the API."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory_site.common.api_times import of_device
from inventory_site.common.models import ShopSettings
from orders.models import SalesChannel, SalesOrder

pytestmark = pytest.mark.django_db
NAIVE, ZONED = "2026-03-01T22:30:00", "2026-03-01T22:30:00Z"


@pytest.fixture
def wish(make_product, receive) -> dict:
    SalesChannel.objects.create(code="web", name="Web")
    receive(make_product("CUP"), 5)
    return {"channel": "web", "lines": [{"product": "CUP", "warehouse": "riga", "quantity": 1}]}


def test_a_page_shows_the_shops_time_and_the_next_one_the_zone_changed_to(wish, api_of, client_of, make_user):
    owner = make_user("owner")
    number = api_of(owner).post("/api/v1/sales-orders/", wish | {"placed_at": ZONED}, format="json").json()["number"]
    browser, listed = client_of(owner), reverse("admin:orders_salesorder_changelist")
    for zone, told in (("UTC", "03/01/2026 10:30 p.m."), ("Asia/Tokyo", "03/02/2026 7:30 a.m.")):
        ShopSettings.objects.update_or_create(pk=1, defaults={"time_zone": zone})
        assert told in browser.get(listed).content.decode()
        page = reverse("admin:orders_salesorder_change", args=[SalesOrder.objects.get(number=number).pk])
        assert told[-9:] in browser.get(page).content.decode()
    assert str(timezone.get_current_timezone()) == "UTC", "what is not a page is not changed"


def test_a_list_of_days_filters_by_the_shops_day(wish, api_of, client_of, make_user):
    owner = make_user("owner")
    api_of(owner).post("/api/v1/sales-orders/", wish | {"placed_at": ZONED}, format="json")
    ShopSettings.objects.create(pk=1, time_zone="Asia/Tokyo")
    browser, listed = client_of(owner), reverse("admin:orders_salesorder_changelist")
    for asked, shown in (
        ({"placed_at_from_0": "2026-03-02", "placed_at_from_1": "07:00:00"}, True),
        ({"placed_at_from_0": "2026-03-02", "placed_at_to_0": "2026-03-02"}, True),
        ({"placed_at_to_0": "2026-03-01"}, False),
        ({"placed_at_from_0": "yesterday"}, True),
    ):
        assert ("S000" in browser.get(listed, asked).content.decode()) == shown, asked


def test_the_api_asks_nothing_of_the_shop_and_tells_the_zone(wish, api_of, make_user):
    ShopSettings.objects.create(pk=1, time_zone="Asia/Tokyo")
    client = api_of(make_user("owner"))
    made = client.post("/api/v1/sales-orders/", wish | {"placed_at": ZONED}, format="json").json()
    with CaptureQueriesContext(connection) as queries:
        told = client.get(f"/api/v1/sales-orders/{made['number']}/").json()
    assert told["placed_at"] == ZONED
    assert not any("common_shopsettings" in query["sql"] for query in queries)


@pytest.mark.parametrize("days", [-30, 30, 400, 700_000])
def test_a_moment_of_a_device_whose_clock_cannot_be_right_is_now(days, db):
    before, told = timezone.now(), timezone.now() - timedelta(days=days)
    assert of_device(None) is None
    assert of_device(told) == told if days == 30 else of_device(told) >= before


def test_a_moment_of_a_device_is_now_where_the_shops_day_stands(db):
    ShopSettings.objects.create(pk=1, demo_until=date(2026, 3, 3))
    assert of_device(timezone.now()) is None


def test_a_time_without_its_zone_is_refused(wish, api_of, make_user):
    client, sentence = api_of(make_user("owner")), "“2026-03-01T22:30:00” does not tell its zone."
    line = wish["lines"][0]
    requests = {
        "sales-orders": ("placed_at", wish | {"placed_at": NAIVE}),
        "stock-movements": ("effective_at", line | {"reason": "adjustment", "effective_at": NAIVE}),
    }
    for path, (field, body) in requests.items():
        answer = client.post(f"/api/v1/{path}/", body, format="json")
        assert answer.status_code == 400 and answer.json()[field][0].startswith(sentence)
        assert client.post(f"/api/v1/{path}/", body | {field: ZONED}, format="json").status_code == 201
    assert SalesOrder.objects.get().placed_at == datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    held = client.post(
        f"/api/v1/sales-orders/{SalesOrder.objects.get().number}/hold/", {"until_at": NAIVE}, format="json"
    )
    assert (held.status_code, list(held.json())) == (400, ["until_at"])
