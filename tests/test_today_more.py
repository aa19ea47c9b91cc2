"""What Today fetches after itself: what moved in the night and why, what nobody has said yet; and its live parts."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from catalog.models import Supplier
from inventory_site.common.models import ConfirmedDefault, JobRun, ShopSettings
from orders.models import DemandSeries
from replenishment.models import InventoryPosition, LeadTime, ReorderPoint
from tests.admin_rows import DAY, ROWS, Shop


@pytest.fixture
def shop(warehouse, make_supplier, make_user):
    ShopSettings.objects.create(pk=1, currency="EUR", demo_until=DAY + timedelta(days=1))
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    return Shop(warehouse=warehouse, supplier=make_supplier(lead_time_days=5), run=run, actor=make_user("manager"))


@pytest.fixture
def point(shop):
    """The plan of one item in one night."""
    night = JobRun.objects.create(kind="nightly", business_date=DAY - timedelta(days=1), state="published")

    def point(n: int, reorder_point: int, *, yesterday: bool = False, **fields) -> ReorderPoint:
        run = {"run": night if yesterday else shop.run}
        usual = {
            "supplier": shop.supplier, "rule": "R,s,nQ", "cycle_service_level": 0.95, "lead_time_days": 9.0,
            "review_period_days": 1, "lead_time_demand": 20.0, "quantile": 9, "safety_stock": 10, "order_quantity": 30,
            "order_up_to_level": 50, "unit_cost": 4,
        }  # fmt: skip
        return ReorderPoint.objects.create(**usual | shop.item(n) | run | fields, reorder_point=reorder_point)

    return point


def _more(client) -> str:
    answer = client.get("/today/more/")
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def test_it_tells_which_reorder_points_moved_by_more_than_30_per_cent_and_why(point, make_user, client_of):
    for n, was, now, changed in (
        (1, 20, 40, {"lead_time_demand": 41.0, "safety_stock": 20}), (2, 100, 130, {"lead_time_days": 12.0}),
        (3, 100, 60, {"lead_time_days": 4.0, "lead_time_demand": 10.0, "safety_stock": 5}), (4, 1, 3, {}),
        (5, 20, 40, {"set_by_hand": True}),
    ):  # fmt: skip
        point(n, was, yesterday=True)
        point(n, now, **changed)
    text = _more(client_of(make_user("buyer")))
    assert "3 reorder points moved by more than 30 %:" in text
    assert "forecast 2 → 4.1 a day" in text and "20 → <b>40</b>" in text
    assert "lead time 9 → 4 days" in text and "▼</span> 100 → <b>60</b>" in text
    assert "set by hand" in text and "130" not in text


def test_another_warehouses_moves_are_not_told(point, make_user, make_warehouse, client_of):
    point(1, 20, yesterday=True)
    point(1, 40)
    assert "No reorder point moved" in _more(client_of(make_user("buyer", make_warehouse("elsewhere"))))


def test_it_costs_the_same_for_many_moves(point, make_user, client_of):
    client, counts = client_of(make_user("owner")), []
    for numbers in (range(1), range(1, 6)):
        for n in numbers:
            point(n, 20, yesterday=True)
            point(n, 40)
        _more(client)
        with CaptureQueriesContext(connection) as captured:
            _more(client)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_new_shop_is_asked_what_was_assumed(shop, make_user, client_of):
    product = shop.product(1)
    type(product).objects.update(unit_cost=0)
    Supplier.objects.update(lead_time_days=7)
    ROWS["catalog.supplierproduct"](shop, 1)
    DemandSeries.objects.create(**shop.item(1), first_on=DAY - timedelta(days=10))
    text = _more(client_of(make_user("owner")))
    assert "What does 1 product cost?" in text and "assumed: a month's demand is ordered at a time" in text
    assert f"How many days does {shop.supplier} take to deliver?" in text and "assumed: 7 days" in text
    assert "What was sold before of 1 item with less than 56 days of history?" in text
    assert "What is in stock today?" in text
    assert "nothing of these items is ordered automatically" in text


def test_a_measured_or_confirmed_lead_time_is_not_asked_for(shop, make_user, client_of):
    Supplier.objects.update(lead_time_days=7)
    owner, key = client_of(make_user("owner")), f"supplier:{shop.supplier.pk}:lead_time"
    assert "How many days does" in _more(owner)
    assert owner.post("/today/confirm/", {"key": "supplier:999:lead_time", "once": "a"}).status_code == 404
    assert client_of(make_user("viewer")).post("/today/confirm/", {"key": key, "once": "b"}).status_code == 404
    assert owner.post("/today/confirm/", {"key": key, "once": "c"}).status_code == 302
    assert "How many days does" not in _more(owner) and ConfirmedDefault.objects.get().confirmed_by.username
    ConfirmedDefault.objects.all().delete()
    LeadTime.objects.create(
        run=shop.run, supplier=shop.supplier, mean_days=6, std_days=1, receipts=3, distribution=[[6, 1.0]]
    )
    assert "How many days does" not in _more(owner)


def test_an_open_page_learns_that_something_changed_and_fetches_it(shop, make_user, make_warehouse, client_of):
    owner, stranger = client_of(make_user("owner")), client_of(make_user("owner", make_warehouse("elsewhere")))
    token, other = owner.get("/live/").content.decode(), stranger.get("/live/").content.decode()
    assert owner.get("/live/", {"token": token}).status_code == 204
    assert f'data-live-token="{token}"' in owner.get("/admin/").content.decode()
    ROWS["alerts.alert"](shop, 1)
    assert owner.get("/live/", {"token": token}).content.decode() != token
    assert stranger.get("/live/", {"token": other}).status_code == 204
    page = owner.get("/admin/").content.decode()
    assert page.count("data-live>") == 3 and "is out of stock" in page
    Alert.objects.update(state="closed")
    assert "Nothing to warn of" in owner.get("/admin/").content.decode()


def test_cash_tied_up_is_one_number_for_who_may_see_costs(shop, make_user, client_of):
    for n in (1, 2):
        ROWS["replenishment.inventoryposition"](shop, n)
    InventoryPosition.objects.update(overstock_value=750)
    assert "1,500</b>" in client_of(make_user("owner")).get("/admin/").content.decode()
    assert "tied up" not in client_of(make_user("clerk")).get("/admin/").content.decode()
