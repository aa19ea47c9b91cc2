"""A back-test sees no later day, and tells the shop's past in money."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from catalog.models import SupplierProduct
from inventory_site import backtest_steps  # noqa: F401  the steps register themselves
from inventory_site.common.jobs import work_on
from inventory_site.common.models import JobRun
from orders import services as orders
from orders.models import DailyDemand, DemandSeries
from replenishment.backtest_table import comparisons, notes, verdicts
from replenishment.errors import NothingToReplay
from replenishment.models import Backtest
from replenishment.services import backtests
from replenishment.services.backtest_done import done_in
from replenishment.services.backtest_levels import Evening, evening_of, terms_on, train_on
from replenishment.services.planning import keys_of
from tests.replenishment.test_no_look_ahead import ORIGIN, close, it_is, noon, sell, shop, what_became_known  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

LAST = date(2026, 3, 30)


def advice() -> Evening:
    """What each rule says on the evening of the origin, from the models on."""
    ids = list(DemandSeries.objects.order_by("pk").values_list("pk", flat=True))
    return evening_of(ORIGIN, ids, train_on(ORIGIN, ids), terms_on(ORIGIN, ids))


def differing(one: Evening, other: Evening) -> list[str]:
    return [f.name for f in fields(Evening) if not np.array_equal(getattr(one, f.name), getattr(other, f.name))]


def test_what_becomes_known_later_moves_no_advice_of_a_past_evening(shop, warehouse, supplier, receive, make_user):  # noqa: F811
    sold = orders.ship_sales_order(order=sell(shop[2], warehouse, 40, noon(-6)), actor=None)
    lines = [orders.NewPurchaseLine(product, 50, Decimal(4)) for product in shop]
    early = orders.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=None)
    early = orders.confirm_purchase_order(order=early, actor=None, confirmed_at=noon(-9))
    orders.receive_purchase_order(order=early, actor=None, received_at=noon(-6))
    waiting = orders.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=None)
    waiting = orders.confirm_purchase_order(order=waiting, actor=None, confirmed_at=noon(-3))
    close(ORIGIN)
    before = advice()

    what_became_known(
        shop, warehouse, supplier, sold, {"order": waiting, "receive": receive, "user": make_user("buyer")}
    )
    dear = [orders.NewPurchaseLine(shop[1], 10, Decimal(90))]
    order = orders.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=dear, actor=None)
    orders.confirm_purchase_order(order=order, actor=None, confirmed_at=noon(1))
    SupplierProduct.objects.update(unit_cost=90)
    shop[3].is_active = False
    shop[3].save()

    assert differing(before, advice()) == []

    yesterday = DailyDemand.objects.get(series__product=shop[5], on_date=ORIGIN - timedelta(days=1))
    DailyDemand.objects.filter(pk=yesterday.pk).update(demand=400)
    assert {"reorder_point", "points", "mean", "deviation"} <= set(differing(before, advice()))


@pytest.fixture
def past(make_product, warehouse, supplier):
    """Six items, imported: 175 days of demand and no ledger."""
    it_is(LAST)
    first_on, dice = LAST - timedelta(days=174), np.random.default_rng(5)
    for item in range(6):
        product = make_product(price=10, unit_cost=4)
        SupplierProduct.objects.create(supplier=supplier, product=product, unit_cost=4, is_preferred=True)
        series = DemandSeries.objects.create(product=product, warehouse=warehouse, first_on=first_on, closed_on=LAST)
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=first_on + timedelta(days=at), demand=int(pieces), price=10)
            for at, pieces in enumerate(dice.negative_binomial(2, 0.4 if item else 0.9, 175))
            if pieces
        )
    return DemandSeries.objects.order_by("pk")


def finished(**asked) -> Backtest:
    row = backtests.request_backtest(requested_by="anna", **asked)
    run = work_on(row.run)
    assert not run.partitions.filter(state="quarantined").exists(), run.partitions.values_list("error", flat=True)
    return Backtest.objects.get(pk=row.pk)


def test_the_rules_are_compared_at_the_same_stock_value_and_with_what_was_done(past, supplier, warehouse, receive):
    stocked(past, supplier, warehouse, receive)
    SupplierProduct.objects.filter(product=past.last().product_id).update(unit_cost=0)
    row = finished(most_series=5)
    assert (row.first_on, row.last_on, len(row.series), row.series_total) == (LAST - timedelta(days=34), LAST, 5, 6)
    assert not row.parts.exists() and row.run.state == "published"
    tables = comparisons(row.results.all())
    assert [table["basis"] for table in tables] == ["advice", "done", "own"]
    for table in tables[:2]:
        lines = {line.rule: line.figures for line in table["lines"]}
        for rule, own in lines.items():
            assert own["stock_value"] == pytest.approx(lines[table["basis"]]["stock_value"], rel=0.07), rule
            assert own["total"] == pytest.approx(own["lost_margin"] + own["holding_cost"] + own["order_cost"])
            assert own["lost_low"] <= own["lost_margin"] <= own["lost_high"]
    ours = tables[0]["lines"][0]
    asked = DailyDemand.objects.filter(series__in=row.series, on_date__gte=row.first_on)
    low = row.results.filter(rule="advice", basis="own", case="low").get()
    assert low.demand == sum(asked.values_list("demand", flat=True)) <= ours.figures["demand"]
    assert ours.rule == "advice" and 0.8 < ours.figures["fill_rate"] <= 1
    assert len(verdicts(tables, "EUR")) == 3
    assert "sample of 5 of 6" in " ".join(notes(row))


def stocked(past, supplier, warehouse, receive) -> None:
    """80 pieces of each in the ledger, and 12 more that were ordered and came."""
    products = [series.product for series in past.select_related("product")]
    for product in products:
        receive(product, 80, effective_at=noon(-160))
    lines = [orders.NewPurchaseLine(product, 12, Decimal(4)) for product in products]
    order = orders.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=None)
    order = orders.confirm_purchase_order(order=order, actor=None, confirmed_at=noon(-10))
    orders.receive_purchase_order(order=order, actor=None, received_at=noon(-4))
    past.update(closed_on=None)
    close(LAST)


def test_what_was_done_comes_from_ledger_and_orders(past, warehouse, supplier, receive):
    keys = keys_of(list(past.values_list("pk", flat=True)))
    days = [LAST - timedelta(days=34 - at) for at in range(35)]
    assert done_in(keys, days, slice(0, 35)) is None  # imported sales say nothing of stock
    stocked(past, supplier, warehouse, receive)
    found = done_in(keys, days, slice(0, 35)).outcome
    came = (noon(-4).date() - days[0]).days
    assert (found.stock[:came] == 80).all() and (found.stock[came:] == 92).all()
    assert found.ordered.sum() == 6 * 12 and (found.ordered[(noon(-10).date() - days[0]).days] == 12).all()
    assert found.arrived.sum() == found.in_time.sum() == 6 and not found.short.any()


@pytest.mark.parametrize(
    ("days", "sentence"),
    [(0, "needs past sales"), (1, "There are 1 days of demand. A back-test needs 168"), (120, "There are 120 days")],
)
def test_too_short_a_history_is_told_in_a_sentence(days, sentence, make_product, warehouse):
    it_is(LAST)
    if days:
        first = LAST - timedelta(days=days - 1)
        series = DemandSeries.objects.create(
            product=make_product(), warehouse=warehouse, first_on=first, closed_on=LAST
        )
        DailyDemand.objects.create(series=series, on_date=first, demand=1)
    with pytest.raises(NothingToReplay, match=sentence):
        backtests.request_backtest(requested_by="anna")
    assert not JobRun.objects.exists() and not Backtest.objects.exists()


def test_a_second_request_while_one_runs_is_the_same(past):
    first = backtests.request_backtest(requested_by="anna")
    assert backtests.request_backtest(requested_by="bert") == first
    assert Backtest.objects.count() == JobRun.objects.count() == 1
