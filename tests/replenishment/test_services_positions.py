"""Positions: published by the night, refreshed by the day, and the same either way."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from forecasting.engine import GRID
from forecasting.models import Forecast
from inventory_site.common import outbox
from inventory_site.common.models import JobRun
from orders import services as orders
from orders.models import SalesChannel
from replenishment import services
from replenishment.models import InventoryPosition, KpiSnapshot, Policy, ReorderPoint
from replenishment.services.facts import law_of
from stock.models import StockLevel
from tests.replenishment.conftest import TODAY, nightly, published

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

TOMORROW = TODAY + timedelta(days=1)


def position_of(level) -> InventoryPosition:
    return InventoryPosition.objects.get(level=level)


def sell(level, quantity: int):
    channel, _is_new = SalesChannel.objects.get_or_create(code="web", defaults={"name": "Web"})
    line = orders.NewLine(level.product, level.warehouse, quantity, Decimal("9.90"))
    return orders.place_sales_order(channel=channel, lines=[line], actor=None)


def differences() -> list[tuple]:
    return [(found.field, found.stored, found.computed) for found in services.differing_positions()]


def test_a_published_position_adds_up(run, plan, shelf, buy):
    level = shelf(30, accepts_backorders=True)
    plan(level.product)
    sell(level, 33)
    buy(level.product, 24, expected_on=date(2026, 4, 4))
    published(run)
    row = position_of(level)
    assert (row.on_order, row.backordered, row.inventory_position) == (24, 3, 30 + 24 - 30 - 3)
    assert (row.reorder_point, row.order_up_to_level, row.order_quantity) == (20, 50, 30)
    assert (row.stock_status, row.daily_demand, row.days_of_cover) == ("out", 1.0, 0.0)
    assert (row.runs_out_on, row.next_receipt_on, row.last_demand_on) == (TOMORROW, date(2026, 4, 4), TODAY)
    assert (row.wape, row.xyz, row.run, row.stock_value) == (0.25, "X", run, Decimal("120.00"))


@pytest.mark.parametrize(
    ("on_hand", "fields", "status"),
    [
        (21, {}, "ok"),
        (20, {}, "order"),
        (0, {}, "out"),
        (90, {}, "ok"),
        (91, {}, "overstock"),
        (120, {"order_up_to_level": 120}, "ok"),
        (5, {"is_dormant": True, "is_stocked": False}, "dead"),
        (0, {"is_dormant": True, "is_stocked": False}, "ok"),
        (5, {"is_stocked": False}, "ok"),
    ],
)
def test_the_status_of_a_level(run, plan, shelf, on_hand, fields, status):
    level = shelf(on_hand)
    plan(level.product, **fields)
    published(run)
    assert position_of(level).stock_status == status


@pytest.mark.parametrize(
    ("expected_on", "receipt_on", "status"),
    [
        (date(2026, 4, 9), date(2026, 4, 9), "ok"),  # ten pieces last from the 31st through the 9th
        (date(2026, 4, 11), date(2026, 4, 11), "runs_out"),
        (date(2026, 3, 28), date(2026, 4, 3), "ok"),  # three days late, so taken to need three more
        (date(2026, 3, 19), date(2026, 4, 12), "runs_out"),
    ],
)
def test_what_is_on_order_may_come_too_late(run, plan, shelf, buy, expected_on, receipt_on, status):
    level = shelf(10)
    plan(level.product)
    buy(level.product, 40, expected_on=expected_on)
    published(run)
    row = position_of(level)
    assert (row.runs_out_on, row.next_receipt_on, row.stock_status) == (date(2026, 4, 10), receipt_on, status)


def test_margin_at_risk_is_what_sells_out_before_the_next_possible_receipt(run, plan, shelf, buy):
    lacking, covered, waiting = shelf(4), shelf(10), shelf(4)
    for level in (lacking, covered, waiting):
        plan(level.product)
    buy(waiting.product, 40, expected_on=date(2026, 4, 5))
    published(run)
    assert position_of(lacking).margin_at_risk == Decimal("35.40")  # (10 - 4) pieces of 9.90 - 4.00
    assert position_of(covered).margin_at_risk == 0
    assert position_of(waiting).margin_at_risk == Decimal("11.80")  # six days until the receipt, four pieces


def test_surplus_is_what_neither_the_plan_nor_a_quarter_needs(run, plan, shelf):
    level = shelf(100)
    plan(level.product)
    published(run)
    assert position_of(level).overstock_value == Decimal("40.00")  # ten pieces above 90 days


def test_a_refresh_after_a_movement_equals_publishing_again(run, plan, shelf, buy, receive):
    level, untouched = shelf(30, accepts_backorders=True), shelf(7)
    plan(level.product)
    plan(untouched.product)
    order = buy(level.product, 24)
    published(run)
    while outbox.deliver():
        pass
    assert differences() == []

    sold = sell(level, 35)
    orders.ship_sales_order(order=sold, actor=None)
    receive(level.product, 2)
    orders.receive_purchase_order(order=order, actor=None, quantities={order.lines.get().pk: 4})
    assert ("inventory_position", 54, 21) in differences()
    while outbox.deliver():
        pass
    assert differences() == []
    refreshed = InventoryPosition.objects.values().get(level=level)
    # The receipt served who waited.
    assert (refreshed["on_order"], refreshed["backordered"], refreshed["inventory_position"]) == (20, 0, 6 + 20 - 5)
    published(nightly(version=2))
    again = InventoryPosition.objects.values().get(level=level)
    assert again | {"refreshed_at": None} == refreshed | {"refreshed_at": None}


def test_a_new_level_is_not_planned_yet(run, shelf):
    published(run)
    level = shelf(4)
    assert outbox.deliver() > 0
    row = position_of(level)
    assert (row.stock_status, row.run, row.days_of_cover, row.abc) == ("unplanned", None, None, "")
    assert row.stock_value == Decimal("16.00")


def test_positions_are_there_before_any_run(shelf):
    level = shelf(4)
    services.refresh_positions(level_ids=[level.pk])
    assert position_of(level).stock_status == "unplanned"
    assert differences() == []


def test_an_item_that_a_run_set_aside_keeps_its_last_plan(run, plan, shelf):
    level = shelf(15)
    plan(level.product)
    published(run)
    later = published(nightly(TODAY + timedelta(days=2)))
    row = position_of(level)
    assert (row.run, row.reorder_point, row.stock_status) == (run, 20, "order")
    assert row.runs_out_on == later.business_date + timedelta(days=16)
    assert differences() == []


def test_a_run_of_an_older_day_does_not_replace_the_current_one(run, plan, shelf):
    level = shelf(15)
    plan(level.product)
    published(run)
    older = nightly(TODAY - timedelta(days=1))
    plan(level.product, of=older, reorder_point=99)
    published(older)
    assert position_of(level).reorder_point == 20
    assert not KpiSnapshot.objects.filter(on_date=older.business_date).exists()


def test_abc_by_revenue_of_a_warehouse(run, plan, shelf):
    levels = [shelf(30) for _ in range(5)]
    for level, revenue in zip(levels, (70, 15, 10, 4, 0), strict=True):
        plan(level.product, yearly_revenue=revenue)
    published(run)
    assert [position_of(level).abc for level in levels] == ["A", "A", "B", "C", "C"]
    snapshot = KpiSnapshot.objects.get()
    assert (snapshot.a_from, snapshot.b_from) == (15, 10)


def test_numbers_set_by_hand_hold_at_once_and_without_a_plan(run, plan, shelf, warehouse):
    planned, unplanned = shelf(30), shelf(6)
    plan(planned.product, pack_size=12, order_quantity=36)
    published(run)
    for level in (planned, unplanned):
        Policy.objects.create(product=level.product, warehouse=warehouse, minimum_stock=40, order_quantity=15)
    services.refresh_positions(level_ids=[planned.pk, unplanned.pk])
    rows = [position_of(planned), position_of(unplanned)]
    assert [(row.reorder_point, row.order_quantity, row.order_up_to_level) for row in rows] == [
        (40, 24, 64),
        (40, 15, 55),
    ]
    assert [row.stock_status for row in rows] == ["order", "order"]
    assert differences() == []
    assert ReorderPoint.objects.get().reorder_point == 20  # the plan itself is as the night made it


def test_verify_positions_names_what_differs_and_fails(run, plan, shelf):
    level, gone = shelf(30), shelf(3)
    plan(level.product)
    published(run)
    out = StringIO()
    call_command("verify_positions", stdout=out)
    assert out.getvalue() == "2 positions, 0 differences\n"
    InventoryPosition.objects.filter(level=level).update(on_order=5, stock_status="out")
    InventoryPosition.objects.filter(level=gone).delete()
    with pytest.raises(CommandError, match="3 differences"):
        call_command("verify_positions", stdout=out)
    assert f"{level.product.sku} in riga: on_order is 5, computed 0\n" in out.getvalue()
    assert position_of(level).on_order == 5


def test_the_figures_of_a_day(run, plan, shelf, make_warehouse):
    out, full = shelf(0), shelf(100)
    plan(out.product)
    plan(full.product, yearly_demand=365)
    published(run)
    row = KpiSnapshot.objects.get()
    assert (row.on_date, row.stock_value, row.overstock_value) == (TODAY, Decimal("400.00"), Decimal("40.00"))
    assert (row.stocked_out_rate, row.turnover, row.days_of_cover) == (0.5, 3.65, 50.0)
    assert row.fill_rate is None


def test_publishing_reads_no_more_often_for_more_items(run, plan, shelf, django_assert_max_num_queries):
    for _ in range(12):
        plan(shelf(9).product)
    with django_assert_max_num_queries(24):
        services.publish_run(run)
    assert InventoryPosition.objects.count() == StockLevel.objects.count() == 12
    assert JobRun.objects.latest_published() is None


def test_a_policy_changed_in_the_admin_is_heard_of(run, plan, shelf, make_user, client_of):
    level = shelf(30)
    plan(level.product)
    published(run)
    policy = Policy.objects.create(product=level.product, minimum_stock=35)
    form = {"product": level.product.pk, "rule": "R,s,nQ", "cycle_service_level": 0.95, "minimum_stock": 36}
    form |= {f"{name}-{kind}_FORMS": 0 for name in ("mode_changes", "measures") for kind in ("TOTAL", "INITIAL")}
    owner = client_of(make_user("owner"))
    answer = owner.post(f"/admin/replenishment/policy/{policy.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    outbox.deliver()
    assert (position_of(level).reorder_point, position_of(level).stock_status) == (36, "order")
    policy.refresh_from_db()
    owner.post(f"/admin/replenishment/policy/{policy.pk}/delete/", {"post": "yes"})
    outbox.deliver()
    assert (position_of(level).reorder_point, differences()) == (20, [])


def test_a_forecast_without_its_grid_is_sure_of_its_mean():
    """Beside others: their grids are longer, and a batch is one matrix."""
    bare = Forecast(lead_time_demand_mean=3.0, lead_time_demand_grid=[], lead_time_demand_excess=0.0)
    whole = Forecast(lead_time_demand_mean=3.0, lead_time_demand_grid=list(range(len(GRID))), lead_time_demand_excess=1)
    law = law_of([bare, whole])
    assert law.quantiles.tolist() == [[3.0] * len(GRID), [float(n) for n in range(len(GRID))]]
