"""A night from demand to reorder points: real training, real forecasts, round demand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pytest
from django.db import transaction

from catalog.models import SupplierProduct
from forecasting import services as forecasting_services
from forecasting.models import Accuracy, AccuracyByHorizon, Forecast
from inventory_site.common.models import ShopSettings
from orders.models import DailyDemand, DemandCorrection, DemandSeries
from replenishment import services
from replenishment.models import LeadTime, Policy, ReorderPoint
from replenishment.patterns import habits
from tests.replenishment.conftest import TODAY, nightly, propose, published

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

DAYS = 200


@pytest.fixture
def sold(make_product, warehouse, supplier):
    """A product with that daily demand, the last value today; sold by the supplier unless ``terms`` is None."""

    def sold(demand, *, terms: Mapping | None = MappingProxyType({}), **fields):
        product = make_product(**fields)
        if terms is not None:
            values = {"unit_cost": product.unit_cost, "is_preferred": True}
            SupplierProduct.objects.create(supplier=supplier, product=product, **(values | dict(terms)))
        first_on = TODAY - timedelta(days=len(demand) - 1)
        series = DemandSeries.objects.create(product=product, warehouse=warehouse, first_on=first_on, closed_on=TODAY)
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=first_on + timedelta(days=n), demand=int(pieces), price=product.price)
            for n, pieces in enumerate(demand)
            if pieces
        )
        return product

    return sold


def work(run) -> None:
    """The steps of the night up to the plan."""
    for split, do in (
        (services.split_lead_times, services.learn_lead_times),
        (services.split_training, services.train),
        (services.split_plan, services.plan_partition),
    ):
        for payload in split(run):
            write = do(run, payload)
            with transaction.atomic():
                write()


def point_of(product) -> ReorderPoint:
    return ReorderPoint.objects.get(product=product)


def random_demand(rate: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate, DAYS)


def test_a_night_plans_each_series_by_its_own_terms(run, sold, warehouse):
    ShopSettings.objects.update(order_cost=Decimal("5.00"), holding_rate=Decimal("0.25"))
    steady = sold(random_demand(4), terms={"pack_size": 12})
    at_least = sold(random_demand(4), terms={"min_order_quantity": 500})
    unsold_by_anybody = sold(random_demand(2), terms=None)
    by_hand = sold(random_demand(4), terms={"pack_size": 8})
    up_to = sold(random_demand(4))
    never = sold(np.zeros(DAYS))
    inactive = sold(random_demand(4), is_active=False)
    Policy.objects.create(product=by_hand, minimum_stock=77, order_quantity=20)
    Policy.objects.create(product=up_to, rule=Policy.Rule.R_S, cycle_service_level=0.9, review_period_days=7)
    work(run)

    row = point_of(steady)
    assert (row.lead_time_days, row.review_period_days, row.supplier.code) == (5.0, 1, "acme")
    assert 20 < row.lead_time_demand < 28 < row.reorder_point <= row.quantile < 45  # small sales trigger its orders
    assert row.reorder_point == round(row.lead_time_demand) + row.safety_stock
    economic = np.sqrt(2 * 5 * row.lead_time_demand / 6 * 365.25 / (4 * 0.25))
    assert row.order_quantity % 12 == 0 and 0 <= row.order_quantity - economic < 12
    assert (row.order_up_to_level, row.set_by_hand) == (row.reorder_point + row.order_quantity, False)
    assert (row.demand_pattern, row.last_demand_on, row.is_dormant) == ("smooth", TODAY, False)
    assert row.yearly_demand == random_demand(4).sum()
    assert row.yearly_revenue == row.yearly_demand * Decimal("9.90")

    assert point_of(at_least).order_quantity == 500
    assert (point_of(unsold_by_anybody).supplier, point_of(unsold_by_anybody).lead_time_days) == (None, 7.0)
    row = point_of(by_hand)
    assert (row.reorder_point, row.order_quantity, row.order_up_to_level, row.set_by_hand) == (77, 24, 101, True)
    row = point_of(up_to)
    assert (row.rule, row.review_period_days, row.cycle_service_level) == ("R,S", 7, 0.9)
    assert row.order_up_to_level == row.quantile == row.reorder_point + 1 > 48  # 12 days of four
    for product in (never, inactive):
        assert (point_of(product).is_stocked, point_of(product).reorder_point) == (False, 0)
    assert point_of(inactive).supplier is None
    assert point_of(never).is_dormant

    row = Forecast.objects.get(product=steady)
    assert row.first_on == TODAY + timedelta(days=1)
    assert (len(row.mean), len(row.quantiles), len(row.quantiles[0])) == (28, 28, 5)
    assert row.lead_time_demand_q50 <= row.lead_time_demand_q80 <= row.lead_time_demand_q99
    assert Accuracy.objects.get(product=steady).wape > 0
    assert not LeadTime.objects.exclude(product=None).exists()


def test_planning_again_writes_the_same_rows(run, sold, receive):
    product = sold(random_demand(3))
    receive(product, 1)
    columns = [f.attname for f in ReorderPoint._meta.concrete_fields]
    work(run)
    before = ReorderPoint.objects.values(*columns).get()
    forecast = Forecast.objects.values().get()
    for payload in services.split_plan(run):
        services.plan_partition(run, payload)()
    assert ReorderPoint.objects.values(*columns).get() == before
    assert Forecast.objects.values().get() == forecast
    propose(run)
    published(run)
    assert list(services.differing_positions()) == []


def back_test(run) -> tuple[list, list]:
    rows = Accuracy.objects.filter(run=run).order_by("product").values_list("product", "method", "wape", "pinball")
    sums = AccuracyByHorizon.objects.filter(run=run).order_by("pk").values_list("source", "method", "n", "error")
    return list(rows), list(sums)


def test_models_that_are_used_again_bring_their_back_test(run, sold):
    for seed in (1, 2):
        sold(random_demand(3, seed))
    work(run)
    tonight = nightly(TODAY + timedelta(days=1))
    work(tonight)
    assert tonight.model_version.kind == "refresh"
    assert back_test(tonight) == back_test(run) and len(back_test(run)[0]) == 2
    assert back_test(run)[0][0][2] > 0 and back_test(run)[1]
    for payload in services.split_plan(tonight):
        services.plan_partition(tonight, payload)()
    assert back_test(tonight) == back_test(run)


def test_where_the_models_left_no_back_test_the_night_makes_one(run, sold):
    sold(random_demand(3))
    work(run)
    Accuracy.objects.all().delete()
    tonight = nightly(TODAY + timedelta(days=1))
    work(tonight)
    assert tonight.model_version.kind == "refresh"
    assert [row[2] > 0 for row in back_test(tonight)[0]] == [True]


def test_what_became_known_later_changes_nothing(run, sold):
    product = sold(random_demand(3))
    work(run)
    before = (point_of(product).lead_time_demand, point_of(product).reorder_point)
    series = DemandSeries.objects.get()
    later = TODAY + timedelta(days=1)
    DemandCorrection.objects.create(series=series, on_date=TODAY, known_on=later, quantity=1, source_key="r")
    DailyDemand.objects.create(series=series, on_date=later, demand=900)
    DemandSeries.objects.update(closed_on=later)
    again = nightly(version=2)
    work(again)
    row = ReorderPoint.objects.get(run=again)
    assert (row.lead_time_demand, row.reorder_point) == before


def test_a_shop_without_demand_has_nothing_to_plan(run):
    assert services.split_training(run) == services.split_plan(run) == []


def test_partitions_hold_every_series_once(run, sold, monkeypatch):
    monkeypatch.setattr(services.planning, "PLANNED_AT_ONCE", 2)
    for seed in range(3):
        sold(random_demand(2, seed))
    work(run)
    assert [payload["first"] == payload["last"] for payload in services.split_plan(run)] == [False, True]
    assert ReorderPoint.objects.count() == Forecast.objects.count() == 3


def test_habits_of_a_year():
    demand = np.zeros((3, 400))
    demand[0, 309] = 4  # 91 days ago: the 90 days since are empty
    demand[1, 310] = 4
    demand[2, :380] = np.nan
    found = habits(demand, np.full((3, 400), 2.5))
    assert found.is_dormant.tolist() == [True, False, False]  # the third has been watched for 20 days only
    assert found.last_demand.tolist() == [309, 310, -1]
    assert (found.yearly_demand.tolist(), found.yearly_revenue.tolist()) == ([4, 4, 0], [10, 10, 0])


def test_products_outside_the_training_sample_are_planned_too(run, sold, make_warehouse, monkeypatch):
    monkeypatch.setattr(forecasting_services.training, "TRAINED_ON", 4)
    elsewhere = make_warehouse("lille")
    for seed in range(6):
        product = sold(random_demand(3, seed))
        here = DemandSeries.objects.get(product=product)
        DemandSeries.objects.create(product=product, warehouse=elsewhere, first_on=here.first_on, closed_on=TODAY)
    work(run)
    assert len(forecasting_services.training_series(run)) == 4
    assert ReorderPoint.objects.count() == 12


def test_the_interval_to_protect_reaches_from_one_chance_to_order_to_the_next(run, sold, supplier):
    """TODAY is a Monday: who takes orders on Thursdays takes the next ones on the 2nd and the 9th of April."""
    product = sold([2] * DAYS)
    supplier.order_weekdays, supplier.review_period_days = [3], 1
    supplier.save()
    work(run)
    assert ReorderPoint.objects.get(run=run, product=product).review_period_days == 7
    supplier.closures.create(first_on=TODAY + timedelta(days=4), last_on=TODAY + timedelta(days=14))
    again = nightly(TODAY, version=2)
    work(again)
    point = ReorderPoint.objects.get(run=again, product=product)
    assert (point.review_period_days, round(point.lead_time_days, 6)) == (14, 5.0)
    assert round(point.lead_time_demand) == 2 * (14 + 5)
