"""Key figures: what each is made of, kept by the night, shown and filtered, right over warehouses."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from catalog.models import Category
from orders import services as orders
from orders.models import DailyDemand, DemandSeries, SalesChannel
from replenishment.models import KeyFigures, KpiSnapshot
from replenishment.services.key_figures import keep_key_figures
from tests.replenishment.conftest import TODAY, published

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
RIGA = ZoneInfo("Europe/Riga")


def noon(days_ago: int) -> datetime:
    return datetime.combine(TODAY - timedelta(days=days_ago), time(12), tzinfo=RIGA)


def kept(run, **scope) -> KeyFigures:
    keep_key_figures(run, {})()
    return KeyFigures.objects.get(**({"category": None, "supplier": None} | scope))


@pytest.fixture
def shop(run, plan, make_product, receive, supplier):
    """Tea, 40 on hand at 4: ten came 20 days ago, thirty 100 days ago. Cups, 5 on hand at 10, nothing asked for."""
    supplier.freight_cost = 6
    supplier.save()
    tea = make_product(unit_cost=4, price=10, category=Category.objects.create(name="Tea"))
    cups = make_product(unit_cost=10, price=11)
    receive(tea, 30, effective_at=noon(100))
    receive(tea, 10, effective_at=noon(20))
    receive(cups, 5, effective_at=noon(400))
    plan(tea, a_day=2.0, yearly_demand=600)
    plan(cups, a_day=0.0, lead_time_demand=0, yearly_demand=0, is_stocked=False, is_dormant=True)
    return published(run), tea, cups


def test_stock_demand_and_ages_add_up(shop, warehouse):
    run, tea, _cups = shop
    series, _is_new = DemandSeries.objects.get_or_create(product=tea, warehouse=warehouse, defaults={"first_on": TODAY})
    DailyDemand.objects.create(series=series, on_date=TODAY, demand=8, sales=6, stocked_out_rate=0.25)
    DailyDemand.objects.create(series=series, on_date=TODAY - timedelta(days=28), demand=50, sales=50)  # too long ago
    row = kept(run)
    assert (row.items, row.stock_value, row.yearly_cost, row.daily_cost) == (2, 210, 2400, 8)
    assert (row.asked, row.shipped, row.expected, row.expected_out, row.lost_margin) == (8, 6, 2, 0.5, 3)
    assert row.value_by_age == [40, 0, 120, 0, 50]
    assert row.dead_value == 50
    tea_only = KeyFigures.objects.get(category__name="Tea")
    assert (tea_only.items, tea_only.stock_value, tea_only.value_by_age) == (1, 160, [40, 0, 120, 0, 0])
    assert KeyFigures.objects.filter(supplier__code="acme").get().stock_value >= 160


def test_sales_lines_and_cancellations(shop, warehouse):
    run, tea, _cups = shop
    channel = SalesChannel.objects.create(code="web", name="Web")
    for quantity in (4, 6):
        line = orders.NewLine(tea, warehouse, quantity, Decimal(10))
        order = orders.place_sales_order(channel=channel, lines=[line], actor=None, placed_at=noon(2))
        if quantity == 4:
            orders.ship_sales_order(order=order, actor=None)
        else:
            orders.cancel_sales_order(order=order, actor=None)
    row = kept(run)
    assert (row.sales_lines, row.lines_fulfilled, row.ordered, row.cancelled) == (1, 1, 10, 6)


def test_purchase_orders_share_their_cost_and_lines_are_due(shop, warehouse, supplier):
    run, tea, cups = shop
    lines = [orders.NewPurchaseLine(tea, 10, Decimal(4)), orders.NewPurchaseLine(cups, 2, Decimal(10))]
    order = orders.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=None)
    due = TODAY - timedelta(days=3)
    order = orders.confirm_purchase_order(order=order, actor=None, confirmed_at=noon(9), expected_on=due)
    first = order.lines.get(product=tea)
    orders.receive_purchase_order(order=order, quantities={first.pk: 10}, actor=None, received_at=noon(4))
    row = kept(run)
    assert (row.purchase_orders, row.supply_cost) == (1, 2 * 5 + 6)
    assert (row.lines_due, row.lines_on_time) == (2, 1)
    tea_only = KeyFigures.objects.get(category__name="Tea")
    assert (tea_only.purchase_orders, tea_only.supply_cost, tea_only.lines_on_time) == (0.5, 8, 1)


def test_a_day_is_kept_once_and_in_few_queries(shop, django_assert_max_num_queries):
    run, _tea, _cups = shop
    kept(run)
    with django_assert_max_num_queries(20):
        keep_key_figures(run, {})()
    assert KeyFigures.objects.filter(category=None, supplier=None).count() == 1


def test_an_empty_shop_keeps_nothing(run):
    keep_key_figures(run, {})()
    assert not KeyFigures.objects.exists()


def test_the_page_shows_filters_and_csv(shop, client_of, make_user, make_warehouse, warehouse):
    client, address = client_of(make_user("owner")), "/admin/replenishment/key-figures/"
    run, _tea, _cups = shop
    kept(run)
    KpiSnapshot.objects.filter(warehouse=warehouse).update(on_date=TODAY - timedelta(days=30), stock_value=100)
    page = client.get(address).content.decode()
    assert "turnover a year" in page and "100 four weeks before" in page and "91 to 180 days" in page
    tea = Category.objects.get(name="Tea")
    assert "160" in client.get(address, {"category": tea.pk, "by": "category"}).content.decode()
    table = b"".join(client.get(address, {"export": "groups", "by": "category"})).decode()
    assert table.splitlines()[1].startswith("Tea,160")
    days = b"".join(client.get(address, {"export": "days"})).decode().splitlines()
    assert len(days) == 3 and days[2].startswith(TODAY.isoformat())
    clerk = client_of(make_user("clerk")).get(address).content.decode()
    assert "fill rate" in clerk and "stock value" not in clerk and "91 to 180" not in clerk
    stranger = client_of(make_user("owner", make_warehouse("tallinn"))).get(address).content.decode()
    assert "No key figures yet" in stranger and "riga" not in stranger.lower()


def test_suppliers_of_one_name_stay_two_and_their_order_tells_no_costs(warehouse, make_supplier, make_user, client_of):
    for code, name, value in (("a", "Beta", 5), ("b", "Alpha", 7), ("c", "Beta", 9)):
        supplier = make_supplier(code, name=name)
        KeyFigures.objects.create(warehouse=warehouse, on_date=TODAY, supplier=supplier, stock_value=value)
    listed = {}
    for role in ("owner", "clerk"):
        told = {"export": "groups", "by": "supplier"}
        answer = client_of(make_user(role)).get("/admin/replenishment/key-figures/", told)
        listed[role] = [line.split(",")[0] for line in b"".join(answer).decode().splitlines()[1:]]
    assert listed == {"owner": ["Beta", "Alpha", "Beta"], "clerk": ["Alpha", "Beta", "Beta"]}


def test_the_api_tells_groups_and_hides_costs(shop, api_of, make_user):
    run, _tea, _cups = shop
    kept(run)
    rows = api_of(make_user("owner")).get("/api/v1/kpis/", {"of": "category"}).json()["results"]
    assert [(row["category"], row["figures"]["stock_value"], row["figures"]["turnover"]) for row in rows] == [
        ("Tea", 160, 15.0)
    ]
    clerk = api_of(make_user("clerk")).get("/api/v1/kpis/", {"of": "all"}).json()["results"][0]["figures"]
    assert "stock_value" not in clerk and clerk["days_of_cover"] == pytest.approx(210 / 8)
