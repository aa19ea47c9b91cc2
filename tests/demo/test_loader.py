"""The demo shop in the database: real sales kept to the piece, and books that balance."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.db.models import Count, F, Max, Min, Q, Sum

from catalog.gtin import is_gtin
from catalog.models import Product, Promotion, Supplier, SupplierProduct
from inventory_site.common.models import ShopSettings, User
from inventory_site.demo.loader import load_demo, logins
from inventory_site.demo.open_work import begin_open_work
from inventory_site.demo.story import tell
from inventory_site.demo.suppliers import LATE, SUPPLIERS
from orders.closing import close_demand
from orders.models import (
    DailyDemand,
    DemandCorrection,
    DemandSeries,
    DirtyDay,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    Return,
    SalesOrder,
    SalesOrderLine,
    Source,
)
from replenishment.models import KpiSnapshot
from stock.models import Bin, StockLevel, StockMovement, StockSnapshot, Transfer, Warehouse

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker, shop):
    """Loaded once for all tests here, in a transaction around theirs."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load_demo(shop=shop, step=lambda name: None)
        transaction.set_rollback(True)


def test_every_real_sale_is_there_once(demo, shop):
    lines = SalesOrderLine.objects.aggregate(asked=Sum("quantity"), money=Sum(F("quantity") * F("unit_price")))
    assert lines["asked"] == shop.demand.sum() == DailyDemand.objects.aggregate(asked=Sum("demand"))["asked"]
    assert float(lines["money"]) == pytest.approx(shop.cents.sum() / 100, rel=1e-4)
    assert set(SalesOrder.objects.values_list("source", "state").distinct()) == {(Source.IMPORT, "closed")}
    days = SalesOrderLine.objects.aggregate(first=Min("demand_on"), last=Max("demand_on"))
    assert (days["first"], days["last"]) == (shop.first_on, shop.last_on)


def test_everything_lies_in_one_bin_of_its_hall(demo):
    levels = StockLevel.objects.annotate(
        places=Count("bins"), there=Count("bins", filter=Q(bins__warehouse=F("warehouse")))
    )
    assert set(levels.values_list("places", "there")) == {(1, 1)}
    assert not Bin.objects.filter(levels=None).exists()


def test_what_could_not_be_shipped_was_cancelled_and_stays_demand(demo, simulation):
    lines = SalesOrderLine.objects.aggregate(shipped=Sum("shipped"), cancelled=Sum("cancelled"))
    lost = int((simulation.demand - simulation.shipped).sum())
    assert (lines["shipped"], lines["cancelled"]) == (simulation.shipped.sum(), lost)
    assert DailyDemand.objects.aggregate(sales=Sum("sales"))["sales"] == simulation.shipped.sum()
    short = DailyDemand.objects.filter(sales__lt=F("demand"))
    assert short.exists() and not short.filter(stocked_out_rate=0).exists()


@pytest.mark.ledger
def test_the_ledger_holds_what_the_simulation_left_and_is_never_below_zero(demo, simulation):
    assert not StockLevel.objects.differing_from_ledger().exists()
    on_hand = StockLevel.objects.order_by("product_id", "warehouse_id").values_list("on_hand", flat=True)
    assert list(on_hand) == simulation.on_hand[:, -1].tolist()
    running: dict[int, int] = {}
    for level, quantity in StockMovement.objects.order_by("effective_at", "-quantity").values_list("level", "quantity"):
        running[level] = running.get(level, 0) + quantity
        assert running[level] >= 0
    by_reason = dict(StockMovement.objects.order_by().values_list("reason").annotate(sum=Sum("quantity")))
    assert by_reason == {
        "opening": simulation.opening.sum(), "receipt": simulation.receipts.quantity.sum(),
        "return": simulation.returns.quantity.sum(), "shipment": -simulation.shipped.sum(),
    }  # fmt: skip


@pytest.mark.ledger
def test_closing_every_day_again_finds_nothing_to_change(demo, shop):
    """Demand, stocked-out shares and snapshots are those that the nightly close computes from orders and ledger."""

    def kept():
        days = DailyDemand.objects.order_by("series", "on_date").values_list(
            "series", "on_date", "demand", "sales", "price", "stocked_out_rate"
        )
        snapshots = StockSnapshot.objects.order_by("level", "on_date").values_list(
            "pk", "level", "on_date", "on_hand", "stocked_out_rate"
        )
        return list(days), list(snapshots)

    before = kept()
    DirtyDay.objects.bulk_create(
        DirtyDay(series_id=pk, on_date=first) for pk, first in DemandSeries.objects.values_list("pk", "first_on")
    )
    series = list(DemandSeries.objects.values_list("pk", flat=True))
    close_demand(until=shop.last_on, series_ids=series)()
    assert kept() == before and not DirtyDay.objects.exists()


def test_purchase_orders_add_up_and_the_late_supplier_is_overdue(demo, shop, simulation):
    assert set(PurchaseOrder.objects.values_list("source", flat=True)) == {Source.SIMULATED}
    lines = PurchaseOrderLine.objects.annotate(arrived=Sum("receipts__quantity", default=0))
    assert lines.count() == len(simulation.purchases.series) and not lines.exclude(arrived=F("received")).exists()
    open_lines = lines.filter(received__lt=F("quantity"))
    assert set(open_lines.values_list("order__state", flat=True)) <= {"confirmed", "partly_received"}
    assert not PurchaseOrder.objects.filter(state="received", lines__received__lt=F("lines__quantity")).exists()
    late = PurchaseOrder.objects.late(shop.last_on)
    assert late.count() == demo.overdue_orders and late.filter(supplier__code=SUPPLIERS[LATE].code).exists()
    assert not Receipt.objects.filter(received_at__lte=F("line__order__confirmed_at")).exists()


def test_returns_take_demand_off_the_day_of_the_sale_but_are_known_later(demo, simulation):
    corrections = DemandCorrection.objects.all()
    assert corrections.aggregate(sum=Sum("quantity"))["sum"] == simulation.returns.quantity.sum()
    assert not corrections.filter(known_on__lt=F("on_date") + timedelta(days=2)).exists()


def test_what_is_simulated_says_so(demo):
    assert all("(simulated)" in name for name in Supplier.objects.values_list("name", flat=True))
    assert all(number.startswith("SIM-") for number in PurchaseOrder.objects.values_list("number", flat=True))
    own = StockMovement.objects.filter(reason__in=["opening", "return"])
    assert set(own.values_list("reference", flat=True)) == {"simulated"}
    ahead = Promotion.objects.filter(starts_on__gt=ShopSettings.objects.load().demo_until)
    assert ahead.exists() and not ahead.exclude(name__contains="simulated").exists()


def test_every_product_has_one_preferred_supplier_below_its_price(demo):
    terms = SupplierProduct.objects.filter(is_preferred=True)
    assert terms.count() == Product.objects.count() == 40
    assert not terms.filter(unit_cost__gte=F("product__price")).exists()
    second = Product.objects.annotate(sources=Count("terms")).filter(sources=2)
    assert second.exists() and not second.exclude(terms__supplier__code=SUPPLIERS[LATE].code).exists()


def test_the_calendar_stands_still_on_the_last_day(demo, shop):
    settings = ShopSettings.objects.load()
    assert (settings.demo_until, settings.today()) == (shop.last_on, shop.last_on)
    assert set(DemandSeries.objects.values_list("closed_on", flat=True)) == {shop.last_on}


def test_owner_buyer_and_clerk_can_log_in(demo):
    assert {login.username for login in logins()} == {"owner", "buyer", "clerk"}
    for login in logins():
        assert User.objects.get(username=login.username).check_password(login.password)
    clerk = User.objects.get(username="clerk")
    assert [w.code for w in Warehouse.objects.visible_to(clerk)] == ["CENTRAL"]
    assert Warehouse.objects.visible_to(User.objects.get(username="buyer")).count() == 3


def test_a_changed_password_is_not_shown(demo):
    owner = User.objects.get(username="owner")
    owner.set_password("my own")
    owner.save()
    assert {login.username: bool(login.password) for login in logins()} == {
        "owner": False,
        "buyer": True,
        "clerk": True,
    }


def test_the_story_is_the_one_that_was_simulated(demo, shop, simulation):
    assert demo == tell(shop, simulation)


def test_key_figures_have_a_trend_that_the_ledger_bears_out(demo, shop):
    weeks = sorted(set(KpiSnapshot.objects.values_list("on_date", flat=True)))
    assert weeks == [shop.last_on - timedelta(days=7 * back) for back in range(12, 0, -1)]
    place, day = Warehouse.objects.get(code="CENTRAL"), weeks[-1]
    end = datetime.combine(day + timedelta(days=1), time(0), tzinfo=ZoneInfo(place.time_zone))
    moved = StockMovement.objects.filter(level__warehouse=place, effective_at__lt=end)
    value = moved.aggregate(value=Sum(F("quantity") * F("level__product__unit_cost")))["value"]
    figures = KpiSnapshot.objects.get(warehouse=place, on_date=day)
    assert float(figures.stock_value) == pytest.approx(float(value), rel=1e-3)
    recent = DailyDemand.objects.filter(
        series__warehouse=place, on_date__gt=day - timedelta(days=28), on_date__lte=day
    ).aggregate(asked=Sum("demand"), shipped=Sum("sales"))
    assert figures.fill_rate == pytest.approx(recent["shipped"] / recent["asked"])


def test_every_product_has_a_barcode_of_the_range_that_is_nobodys(demo):
    codes = set(Product.objects.values_list("barcode", flat=True))
    assert len(codes) == 40 and all(code.startswith("20") and len(code) == 13 and is_gtin(code) for code in codes)


@pytest.mark.ledger
def test_the_hall_has_something_to_do_and_no_shelf_is_emptied(demo):
    before = set(StockLevel.objects.filter(on_hand=0).values_list("pk", flat=True))
    assert begin_open_work() and not begin_open_work()
    clerk = User.objects.get(username="clerk")
    orders = SalesOrder.objects.visible_to(clerk).filter(state="open").annotate(n=Count("lines"))
    assert sorted(orders.values_list("n", flat=True)) == [1, 1, 2, 4]
    waiting = StockLevel.objects.filter(allocated__gt=0)
    assert waiting.aggregate(pieces=Sum("allocated"))["pieces"] == 16
    assert not waiting.filter(Q(bins=None) | Q(on_hand__lt=2 * F("allocated"))).exists()
    transfer = Transfer.objects.visible_to(clerk).on_the_way().get()
    assert (transfer.source.code, transfer.destination.code, transfer.lines.count()) == ("NORTH", "CENTRAL", 3)
    assert Return.objects.visible_to(clerk).get().state == "announced"
    assert set(StockLevel.objects.filter(on_hand=0).values_list("pk", flat=True)) == before
    assert not StockLevel.objects.differing_from_ledger().exists()
