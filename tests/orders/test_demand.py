"""Daily demand: orders and ledger of a business day, closed by the clock of its warehouse."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from orders.closing import close_demand, note_late_movements
from orders.demand import ensure_series, mark_dirty
from orders.models import DailyDemand, DemandSeries, DirtyDay, SalesChannel, SalesOrder, SalesOrderLine
from orders.services import NewLine, place_sales_order, ship_sales_order
from stock.models import Allocation, StockMovement, StockSnapshot

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

MONDAY = date(2026, 6, 1)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=n) for n in range(1, 5))
SHIPMENT, REVERSAL = StockMovement.Reason.SHIPMENT, StockMovement.Reason.REVERSAL


def at(day: date, hour: int, minute: int = 0, zone: str = "Europe/Riga") -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))


def close(until: date) -> None:
    ensure_series()
    close_demand(until=until, series_ids=list(DemandSeries.objects.values_list("pk", flat=True)))()


def days(*columns: str, product=None) -> list[tuple]:
    rows = DailyDemand.objects.order_by("series", "on_date")
    return list((rows.filter(series__product=product) if product else rows).values_list("on_date", *columns))


def snapshots() -> list[tuple]:
    return list(StockSnapshot.objects.values_list("on_date", "on_hand", "stocked_out_rate"))


@pytest.fixture
def channel(db):
    return SalesChannel.objects.create(code="web", name="Web")


@pytest.fixture
def order(channel, warehouse):
    """Place an order for one product at a time of that day, by the warehouse's clock."""

    def order(product, quantity: int, placed_at: datetime, price: str = "10", **fields) -> SalesOrder:
        line = NewLine(product, fields.pop("warehouse", warehouse), quantity, Decimal(price))
        return place_sales_order(channel=channel, lines=[line], actor=None, placed_at=placed_at, **fields)

    return order


@pytest.fixture
def imported(channel, warehouse):
    """One imported line with the daily demand that came with it."""

    def imported(product, quantity: int, day: date) -> DailyDemand:
        order = SalesOrder.objects.create(
            number=f"old-{product.pk}-{day}", channel=channel, source="import", state="closed", placed_at=at(day, 12)
        )
        SalesOrderLine.objects.create(
            order=order, product=product, warehouse=warehouse, quantity=quantity, shipped=quantity - 1, cancelled=1,
            unit_price=2, demand_on=day,
        )  # fmt: skip
        series, _ = DemandSeries.objects.get_or_create(product=product, warehouse=warehouse, defaults={"first_on": day})
        return DailyDemand.objects.create(series=series, on_date=day, demand=quantity, sales=quantity - 1, price=2)

    return imported


def test_a_shelf_that_empties_at_six_in_the_evening_was_empty_a_quarter_of_the_day(make_product, receive):
    product = make_product()
    receive(product, 5, effective_at=at(MONDAY, 0))
    receive(product, -5, effective_at=at(TUESDAY, 18), reason=SHIPMENT)
    receive(product, 3, effective_at=at(FRIDAY, 12))
    close(FRIDAY)
    assert days("demand", "sales", "stocked_out_rate") == [
        (TUESDAY, 0, 5, 0.25), (WEDNESDAY, 0, 0, 1.0), (THURSDAY, 0, 0, 1.0), (FRIDAY, 0, 0, 0.5)
    ]  # fmt: skip
    assert snapshots() == [(MONDAY, 5, 0.0), (TUESDAY, 0, 0.25), (WEDNESDAY, 0, 1.0), (FRIDAY, 3, 0.5)]
    assert DemandSeries.objects.values_list("first_on", "closed_on").get() == (MONDAY, FRIDAY)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_is_as_long_as_its_clock_says(day, hours, make_product, receive):
    product = make_product()
    receive(product, 1, effective_at=at(day - timedelta(days=3), 9))
    receive(product, -1, effective_at=at(day, 12), reason=SHIPMENT)
    close(day)
    assert days("stocked_out_rate") == [(day, round(12 / hours, 4))]


def test_one_moment_is_another_day_in_another_warehouse(make_product, make_warehouse, warehouse, receive):
    product, boston = make_product(), make_warehouse("boston", time_zone="America/New_York")
    moment = at(MONDAY, 4)  # nine in the evening before, in Boston
    for place in (warehouse, boston):
        receive(product, 2, place, effective_at=moment - timedelta(days=5))
        receive(product, -2, place, effective_at=moment, reason=SHIPMENT)
    close(MONDAY)
    series = DailyDemand.objects.values_list("series__warehouse__code", "on_date", "sales", "stocked_out_rate")
    assert sorted(series) == [
        ("boston", MONDAY - timedelta(days=1), 2, 0.125),
        ("boston", MONDAY, 0, 1.0),
        ("riga", MONDAY, 2, round(20 / 24, 4)),
    ]


def test_before_the_ledger_begins_the_stock_is_unknown_not_there(make_product, receive, imported):
    product = make_product()
    imported(product, 4, MONDAY)
    imported(product, 4, WEDNESDAY)
    receive(product, 7, effective_at=at(WEDNESDAY, 6))
    receive(product, -7, effective_at=at(WEDNESDAY, 18))
    close(THURSDAY)
    assert days("demand", "stocked_out_rate") == [
        (MONDAY, 4, None), (WEDNESDAY, 4, round(6 / 18, 4)), (THURSDAY, 0, 1.0)
    ]  # fmt: skip
    assert snapshots() == [(WEDNESDAY, 0, round(6 / 18, 4)), (THURSDAY, 0, 1.0)]


def test_what_takes_back_orders_is_never_stocked_out(make_product, receive):
    product = make_product(accepts_backorders=True)
    receive(product, 1, effective_at=at(MONDAY, 8))
    receive(product, -1, effective_at=at(MONDAY, 20), reason=SHIPMENT)
    close(TUESDAY)
    assert days("sales", "stocked_out_rate") == [(MONDAY, 1, 0.0)]
    assert snapshots() == [(MONDAY, 0, 0.0)]


def test_promised_stock_cannot_be_ordered(make_product, receive, order):
    product = make_product()
    receive(product, 5, effective_at=at(MONDAY, 0))
    order(product, 5, at(TUESDAY, 12))
    Allocation.objects.update(created_at=at(TUESDAY, 12))
    close(WEDNESDAY)
    assert days("demand", "sales", "stocked_out_rate") == [(TUESDAY, 5, 0, 0.5), (WEDNESDAY, 0, 0, 1.0)]
    assert snapshots() == [(MONDAY, 5, 0.0), (TUESDAY, 5, 0.5), (WEDNESDAY, 5, 1.0)]


def test_shipping_a_promise_changes_nothing_about_what_can_be_ordered(make_product, receive, order):
    product = make_product()
    receive(product, 6, effective_at=at(MONDAY, 0))
    placed = order(product, 5, at(TUESDAY, 12))
    ship_sales_order(order=placed, actor=None)
    Allocation.objects.update(created_at=at(TUESDAY, 12), closed_at=at(WEDNESDAY, 9))
    close(FRIDAY)
    assert days("demand", "stocked_out_rate") == [(TUESDAY, 5, 0.0)]


def test_orders_become_demand_of_their_day_with_the_mean_price_paid(make_product, receive, order):
    product = make_product()
    receive(product, 50, effective_at=at(MONDAY, 0))
    order(product, 3, at(TUESDAY, 0), price="10")
    order(product, 1, at(TUESDAY, 23, 59), price="6")
    order(product, 2, at(WEDNESDAY, 0), price="9.5")
    close(WEDNESDAY)
    assert days("demand", "sales", "price", "stocked_out_rate") == [
        (TUESDAY, 4, 0, Decimal("9.0000"), 0.0), (WEDNESDAY, 2, 0, Decimal("9.5000"), 0.0)
    ]  # fmt: skip


def test_a_shipment_that_was_reversed_was_no_sale(make_product, receive):
    product = make_product()
    receive(product, 9, effective_at=at(MONDAY, 0))
    receive(product, -2, effective_at=at(TUESDAY, 10), reason=SHIPMENT)
    wrong = receive(product, -4, effective_at=at(TUESDAY, 11), reason=SHIPMENT)
    receive(product, 4, effective_at=at(TUESDAY, 12), reason=REVERSAL, reverses_id=wrong.pk)
    close(TUESDAY)
    assert days("sales") == [(TUESDAY, 2)]


def test_closing_again_writes_nothing(make_product, receive, order):
    product = make_product()
    receive(product, 5, effective_at=at(MONDAY, 0))
    order(product, 5, at(TUESDAY, 12))
    Allocation.objects.update(created_at=at(TUESDAY, 12))
    close(THURSDAY)
    before = list(DailyDemand.objects.values()), list(StockSnapshot.objects.values())
    close(THURSDAY)
    assert (list(DailyDemand.objects.values()), list(StockSnapshot.objects.values())) == before


def test_a_late_order_marks_its_closed_day_and_only_from_there_on_is_computed_again(make_product, receive, order):
    product, other = make_product(), make_product()
    for item in (product, other):
        receive(item, 50, effective_at=at(MONDAY, 0))
        order(item, 1, at(MONDAY, 12))
        order(item, 1, at(TUESDAY, 12))
    close(MONDAY + timedelta(days=30))
    assert not DirtyDay.objects.exists()
    DailyDemand.objects.update(demand=77)
    order(product, 2, at(TUESDAY, 13))
    assert list(DirtyDay.objects.values_list("series__product", "on_date")) == [(product.pk, TUESDAY)]
    close(MONDAY + timedelta(days=31))
    assert days("demand", product=product) == [(MONDAY, 77), (TUESDAY, 3)]
    assert days("demand", product=other) == [(MONDAY, 77), (TUESDAY, 77)]
    assert not DirtyDay.objects.exists()


def test_an_order_written_while_its_day_is_being_closed_is_not_lost(make_product, receive, order, warehouse):
    product = make_product()
    receive(product, 50, effective_at=at(MONDAY, 0))
    close(TUESDAY)
    mark_dirty(product_id=product.pk, warehouse_id=warehouse.pk, on_date=MONDAY)
    write = close_demand(until=TUESDAY, series_ids=list(DemandSeries.objects.values_list("pk", flat=True)))
    order(product, 2, at(MONDAY, 13))
    write()
    assert days("demand") == [] and DirtyDay.objects.count() == 1
    close(TUESDAY)
    assert days("demand") == [(MONDAY, 2)] and not DirtyDay.objects.exists()


def test_days_not_closed_yet_are_not_marked(make_product, receive, order):
    product = make_product()
    receive(product, 50, effective_at=at(MONDAY, 0))
    close(MONDAY)
    order(product, 1, at(TUESDAY, 8))
    assert not DirtyDay.objects.exists()


def test_imported_history_is_kept_as_it_was_imported(make_product, imported):
    product = make_product()
    row = imported(product, 4, MONDAY)
    DailyDemand.objects.filter(pk=row.pk).update(demand=9, sales=7, price="1.5")
    close(TUESDAY)
    assert days("demand", "sales", "price", "stocked_out_rate") == [(MONDAY, 9, 7, Decimal("1.5000"), None)]


def test_on_a_day_with_imported_and_own_orders_both_count(make_product, receive, imported, order):
    product = make_product()
    imported(product, 4, MONDAY)
    receive(product, 50, effective_at=at(MONDAY, 0))
    receive(product, -3, effective_at=at(MONDAY, 9), reason=SHIPMENT, reference=f"old-{product.pk}-{MONDAY}")
    order(product, 6, at(MONDAY, 12), price="7")
    receive(product, -6, effective_at=at(MONDAY, 15), reason=SHIPMENT, reference="S000001")
    close(MONDAY)
    assert days("demand", "sales", "price") == [(MONDAY, 10, 3 + 6, Decimal("5.0000"))]


def test_a_movement_dated_back_changes_the_days_after_it(make_product, receive):
    product = make_product()
    receive(product, 5, effective_at=at(MONDAY, 0))
    receive(product, -5, effective_at=at(TUESDAY, 0), reason=SHIPMENT)
    until = MONDAY + timedelta(days=20)
    close(until)
    assert len(days()) == 20 and snapshots() == [(MONDAY, 5, 0.0), (TUESDAY, 0, 1.0)]
    begun = StockMovement.objects.latest("pk").recorded_at
    receive(product, 8, effective_at=at(WEDNESDAY, 12))
    assert note_late_movements(recorded_since=begun) == 1
    close(until)
    assert days("sales", "stocked_out_rate") == [(TUESDAY, 5, 1.0), (WEDNESDAY, 0, 0.5)]
    assert snapshots() == [(MONDAY, 5, 0.0), (TUESDAY, 0, 1.0), (WEDNESDAY, 8, 0.5), (THURSDAY, 8, 0.0)]


def test_a_back_dated_order_starts_its_series_earlier(make_product, receive, order):
    product = make_product()
    receive(product, 50, effective_at=at(WEDNESDAY, 8))
    close(FRIDAY)
    assert DemandSeries.objects.get().first_on == WEDNESDAY
    order(product, 1, at(MONDAY, 8))
    close(FRIDAY)
    assert DemandSeries.objects.get().first_on == MONDAY and days("demand") == [(MONDAY, 1)]


def test_series_begin_when_something_was_asked_for_or_first_put_on_the_shelf(
    make_product, receive, imported, warehouse
):
    asked, moved, both, neither = (make_product() for _ in range(4))
    imported(asked, 1, TUESDAY)
    receive(moved, 1, effective_at=at(MONDAY, 1))  # still the day before by the clock of Greenwich
    receive(both, 1, effective_at=at(WEDNESDAY, 8))
    SalesOrderLine.objects.create(
        order=SalesOrder.objects.get(), product=both, warehouse=warehouse, quantity=1, demand_on=MONDAY
    )
    assert ensure_series() == 2
    assert dict(DemandSeries.objects.values_list("product", "first_on")) == {
        asked.pk: TUESDAY, moved.pk: MONDAY, both.pk: MONDAY
    }  # fmt: skip
    assert ensure_series() == 0 and neither.demand_series.count() == 0
