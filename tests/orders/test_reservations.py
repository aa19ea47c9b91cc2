"""Drafts, and stock that is held until some time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import Audit
from orders import services
from orders.closing import close_demand
from orders.demand import ensure_series
from orders.errors import InvalidLines, WrongState
from orders.models import DailyDemand, DemandCorrection, DemandSeries
from stock.errors import InsufficientStock
from stock.models import Allocation, StockLevel

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
HOUR = timedelta(hours=1)


@pytest.fixture
def cup(make_product):
    return make_product("CUP")


@pytest.fixture
def soon():
    return timezone.now() + HOUR


def allocated() -> int:
    return StockLevel.objects.get().allocated


def test_a_draft_takes_no_stock_and_counts_no_demand_until_it_is_placed(place, cup, receive):
    receive(cup, 5)
    draft = place((cup, 3), is_draft=True, placed_at=timezone.now() - timedelta(days=9))
    assert (draft.state, allocated()) == ("draft", 0)
    order = services.confirm_sales_order(order=draft, actor=None)
    assert (order.state, order.version, allocated()) == ("open", 1, 3)
    line = order.lines.get()
    assert abs((line.demand_on - timezone.now().date()).days) <= 1
    with pytest.raises(WrongState, match="is open: it cannot be placed"):
        services.confirm_sales_order(order=order, actor=None)


@pytest.mark.parametrize("is_placed", [True, False])
def test_only_what_was_placed_becomes_daily_demand(is_placed, place, cup, receive):
    receive(cup, 5)
    draft = place((cup, 3), is_draft=True)
    if is_placed:
        services.confirm_sales_order(order=draft, actor=None)
    services.cancel_sales_order(order=draft, actor=None)
    ensure_series()
    until = timezone.now().date() + timedelta(days=1)
    close_demand(until=until, series_ids=list(DemandSeries.objects.values_list("pk", flat=True)))()
    assert [day.demand for day in DailyDemand.objects.filter(demand__gt=0)] == ([3] if is_placed else [])
    assert DemandCorrection.objects.count() == is_placed


def test_a_draft_that_cannot_be_served_stays_a_draft(place, cup, receive):
    receive(cup, 2)
    draft = place((cup, 3), is_draft=True)
    with pytest.raises(InsufficientStock, match="CUP: 3 asked, 2 available in riga"):
        services.confirm_sales_order(order=draft, actor=None)
    draft.refresh_from_db()
    assert (draft.state, draft.version, draft.is_placed, allocated()) == ("draft", 0, False, 0)
    with pytest.raises(StaleVersion):
        services.confirm_sales_order(order=draft, actor=None, version=4)


def test_a_draft_is_cancelled_as_a_whole(place, cup):
    draft = place((cup, 3), is_draft=True)
    with pytest.raises(InvalidLines, match="is a draft: cancel it as a whole"):
        services.cancel_sales_order(order=draft, actor=None, quantities={draft.lines.get().pk: 1})
    assert services.cancel_sales_order(order=draft, actor=None).state == "cancelled"


def test_a_reserved_draft_holds_its_stock_until_then(place, cup, receive, soon):
    receive(cup, 3)
    draft = place((cup, 3), is_draft=True, reserved_until=soon)
    assert allocated() == 3 and Allocation.objects.get().expires_at == soon
    assert services.expire_reservations(now=soon - timedelta(seconds=1)) == 0
    assert services.expire_reservations(now=soon) == 1
    draft.refresh_from_db()
    assert (draft.state, draft.reserved_until, allocated()) == ("draft", None, 0)
    assert Audit.objects.filter(action="sales_order.reservation_expired", actor=None).count() == 1
    assert services.expire_reservations(now=soon) == 0


def test_placing_a_reserved_draft_makes_its_promises_firm(place, cup, receive, soon):
    receive(cup, 3)
    order = services.confirm_sales_order(
        order=place((cup, 3), is_draft=True, reserved_until=soon), actor=None
    )  # fmt: skip
    assert (allocated(), Allocation.objects.get().expires_at, order.reserved_until) == (3, None, None)
    assert services.expire_reservations(now=soon) == 0


def test_a_placed_order_that_expires_keeps_what_was_shipped(place, cup, receive, soon):
    receive(cup, 3)
    order = place((cup, 3), reserved_until=soon)
    services.ship_sales_order(order=order, actor=None, quantities={order.lines.get().pk: 1})
    services.expire_reservations(now=soon)
    order.refresh_from_db()
    line = order.lines.get()
    assert (order.state, line.shipped, line.cancelled, allocated()) == ("closed", 1, 2, 0)
    assert DemandCorrection.objects.get().quantity == 2


def test_an_order_is_held_and_made_firm_again(place, cup, receive, soon):
    receive(cup, 3)
    order = place((cup, 3))
    services.hold_sales_order(order=order, actor=None, until=soon)
    assert Allocation.objects.get().expires_at == soon
    order = services.hold_sales_order(order=order, actor=None, until=None)
    assert (order.reserved_until, Allocation.objects.get().expires_at, allocated()) == (None, None, 3)


def test_holding_a_draft_takes_stock_and_letting_go_gives_it_back(place, cup, receive, soon):
    receive(cup, 3)
    draft = place((cup, 3), is_draft=True)
    services.hold_sales_order(order=draft, actor=None, until=soon)
    assert allocated() == 3
    services.hold_sales_order(order=draft, actor=None, until=None)
    assert allocated() == 0


def test_nothing_is_held_until_a_time_that_is_over(place, cup):
    draft = place((cup, 3), is_draft=True)
    with pytest.raises(InvalidLines, match="reserve it until a time to come"):
        services.hold_sales_order(order=draft, actor=None, until=timezone.now() - HOUR)
    assert draft.version == 0
