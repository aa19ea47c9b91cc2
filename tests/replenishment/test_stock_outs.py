"""The chance of a stock-out: by the forecast, by what past forecasts taught, and where people see it."""

from __future__ import annotations

import csv
import doctest
import io
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from scipy import stats

from forecasting.engine import GRID, LeadTimeDemand, stock_out
from forecasting.models import Forecast, StockOutRegression
from inventory_site.common import outbox
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandSeries
from replenishment import chances, services
from replenishment.models import InventoryPosition, ReorderPoint
from replenishment.positions import Facts, assess
from tests.replenishment.conftest import TODAY, published
from tests.replenishment.test_services_positions import differences, position_of, sell

ITEMS, RUNS, DAYS = 60, 8, 7
POISSON = stats.poisson.ppf(np.asarray(GRID), 20.0)


def facts(on_hand, **fields) -> Facts:
    """Levels of one item: two pieces a day by a Poisson law, ten days until an order placed now is here."""
    n = len(on_hand)
    demand = LeadTimeDemand(np.full(n, 20.0), np.repeat(POISSON[None], n, axis=0), np.full(n, 0.02))
    whole = {name: np.zeros(n, int) for name in ("allocated", "unsellable", "on_order", "in_transit", "backordered")}
    values = {
        "on_hand": np.array(on_hand), "is_planned": np.ones(n, bool), "is_forecast": np.ones(n, bool),
        "is_stocked": np.ones(n, bool), "is_dormant": np.zeros(n, bool), "reorder_point": np.full(n, 25),
        "order_up_to_level": np.full(n, 60), "mean": np.full((n, 28), 2.0), "demand": demand,
        "interval_days": np.full(n, 10.0), "lead_time_days": np.full(n, 9.0), "receipt_in_days": np.full(n, np.nan),
        "unit_margin": np.ones(n), "demand_pattern": np.full(n, "smooth"), "regression": None,
    }  # fmt: skip
    return Facts(**whole | values | fields)


def taught(said: float) -> stock_out.StockOutModel:
    """By forecasts that said ``said`` times the true demand."""
    rng = np.random.default_rng(3)
    mean = rng.gamma(2.0, 10.0, 2000) + 1
    quantiles, days = stats.poisson.ppf(np.asarray(GRID), said * mean[:, None]), np.full(2000, 10.0)
    met = stock_out.examples(quantiles, rng.poisson(mean).astype(float), days, 0 * days, np.full(2000, "smooth"))
    return stock_out.fit(*met)


def test_without_a_regression_the_chance_is_that_of_the_forecast():
    found = assess(facts([0, 20, 26, 34])).stock_out_chance
    assert found == pytest.approx(1 - stats.poisson.cdf([0, 20, 26, 34], 20), abs=0.03)
    assert found == pytest.approx(
        stock_out.exceedance(np.repeat(POISSON[None], 4, 0), np.array([0, 20, 26, 34.0])), abs=1e-4
    )


@pytest.mark.parametrize("said", [None, 0.7, 1.0, 1.4])
def test_more_stock_is_never_a_larger_chance_and_none_is_the_surest(said):
    found = assess(facts(range(60), regression=said and taught(said))).stock_out_chance
    assert (np.diff(found) <= 0).all() and found[0] == found.max() > 0.9 and found[-1] < 0.03


def test_what_is_far_off_is_likelier_to_be_missed_and_a_regression_moves_what_was_told():
    near, far = (assess(facts([20], receipt_in_days=np.array([days]))).stock_out_chance[0] for days in (4.0, 14.0))
    assert near < 0.05 < 0.9 < far
    own = assess(facts([22])).stock_out_chance[0]
    assert assess(facts([22], regression=taught(0.7))).stock_out_chance[0] > own + 0.2
    assert assess(facts([22], regression=taught(1.4))).stock_out_chance[0] < own - 0.1


def test_parts_of_pieces_that_moving_the_distribution_leaves_are_asked_for_by_nobody():
    slow = LeadTimeDemand(np.array([0.4]), np.array([[0.0] * 19 + [1.0] * 9]), np.array([0.1]))
    found = assess(facts([0], demand=slow, mean=np.full((1, 28), 0.0405))).stock_out_chance
    assert found[0] == pytest.approx(1 - GRID[18], abs=0.001)


def test_customers_who_wait_make_it_sure_and_what_nobody_needs_to_know_is_not_told():
    n = 5
    found = assess(
        facts(
            [0, 0, 9, 0, 0],
            backordered=np.array([3, 0, 0, 0, 2]),
            is_stocked=np.array([True, False, False, True, False]),
            is_planned=np.array([True, True, True, False, True]),
            is_dormant=np.arange(n) == 2,
            regression=taught(1.4),
        )
    ).stock_out_chance
    assert found[[0, 4]].tolist() == [1.0, 1.0] and np.isnan(found[1:4]).all()
    assert np.isnan(assess(facts([3], is_forecast=np.zeros(1, bool))).stock_out_chance).all()


def test_the_doctest_of_per_cent_holds():
    assert doctest.testmod(chances).failed == 0


@pytest.fixture
def issued(run, make_product, warehouse):
    """Two months of demand, and eight weekly runs that told seven days ahead of each, half of the truth."""
    rng, first_on = np.random.default_rng(8), TODAY - timedelta(days=69)
    mean = rng.gamma(3.0, 0.7, ITEMS) + 0.2
    products = [make_product() for _ in range(ITEMS)]
    series = DemandSeries.objects.bulk_create(
        DemandSeries(product=product, warehouse=warehouse, first_on=first_on, closed_on=TODAY) for product in products
    )
    DailyDemand.objects.bulk_create(
        DailyDemand(series=series[at], on_date=first_on + timedelta(days=day), demand=int(pieces), price=5)
        for at in range(ITEMS)
        for day, pieces in enumerate(rng.poisson(mean[at], 70))
        if pieces
    )
    for week in range(1, RUNS + 1):
        tell(TODAY - timedelta(days=7 * week), products, warehouse, 0.5 * DAYS * mean)
    return products


def tell(day, products, warehouse, expected) -> JobRun:
    """A published run whose forecasts of seven days have this mean."""
    past = JobRun.objects.create(
        kind="nightly", business_date=day, state="published", published_at=timezone.now()
    )  # fmt: skip
    grid = stats.poisson.ppf(np.asarray(GRID), expected[:, None])
    named = {f"lead_time_demand_{name}": 1.0 for name in ("mean", "q50", "q80", "q90", "q95", "q98", "q99")}
    Forecast.objects.bulk_create(
        Forecast(run=past, product=product, warehouse=warehouse, method="naive", first_on=day + timedelta(days=1),
                 mean=[1.0], quantiles=[], interval_days=DAYS, lead_time_demand_grid=grid[at].tolist(), **named)
        for at, product in enumerate(products)
    )  # fmt: skip
    ReorderPoint.objects.bulk_create(
        ReorderPoint(run=past, product=product, warehouse=warehouse, rule="R,s,nQ", cycle_service_level=0.95,
                     lead_time_days=6, review_period_days=1, lead_time_demand=1, quantile=1, safety_stock=1,
                     reorder_point=1, order_quantity=1, order_up_to_level=1, demand_pattern="smooth")
        for product in products
    )  # fmt: skip
    return past


def learned(run) -> dict:
    write = services.learn_stock_outs(run, {})
    with transaction.atomic():
        write()
    return StockOutRegression.objects.values("coefficients", "examples", "own_brier", "brier", "is_used").get(run=run)


@pytest.mark.django_db
def test_a_shop_without_history_learns_nothing_and_keeps_the_forecasts_own_chance(run):
    found = learned(run)
    assert (found["examples"], found["own_brier"], found["brier"], found["is_used"]) == (0, None, None, False)


@pytest.mark.django_db
def test_forecasts_that_were_half_of_the_truth_are_corrected(run, issued):
    found = learned(run)
    assert found["examples"] == ITEMS * RUNS and found["is_used"]
    assert found["brier"] < 0.8 * found["own_brier"]


@pytest.mark.django_db
def test_what_comes_later_teaches_nothing_and_what_came_before_does(run, issued, warehouse):
    before = learned(run)
    DemandSeries.objects.update(closed_on=TODAY + timedelta(days=14))
    DailyDemand.objects.bulk_create(
        DailyDemand(series=series, on_date=TODAY + timedelta(days=day), demand=500, price=5)
        for series in DemandSeries.objects.all()
        for day in range(1, 15)
    )
    later = tell(TODAY + timedelta(days=7), issued, warehouse, np.full(ITEMS, 9.0))
    unfinished = tell(TODAY - timedelta(days=3), issued, warehouse, np.full(ITEMS, 9.0))
    assert learned(run) == before
    assert learned(later)["own_brier"] != before["own_brier"]
    unfinished.delete()
    DailyDemand.objects.filter(on_date=TODAY).update(demand=40)
    assert learned(run) != before


@pytest.mark.django_db
def test_a_window_with_a_day_without_stock_and_an_item_that_is_not_stocked_teach_nothing(run, issued, warehouse):
    day = TODAY - timedelta(days=3)
    series = DemandSeries.objects.get(product=issued[0])
    DailyDemand.objects.update_or_create(
        series=series, on_date=day, defaults={"demand": 0, "price": 5, "stocked_out_rate": 1.0}
    )
    newest = JobRun.objects.get(business_date=TODAY - timedelta(days=7))
    ReorderPoint.objects.filter(run=newest, product=issued[1]).update(is_stocked=False)
    assert learned(run)["examples"] == ITEMS * RUNS - 2


@pytest.mark.django_db
def test_learning_asks_no_more_often_for_more_items(run, issued):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            services.learn_stock_outs(run, {})
        counts.append(len(captured))
        Forecast.objects.filter(product__in=issued[5:]).delete()
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_a_few_windows_judge_nobody(run, issued):
    JobRun.objects.published().filter(business_date__lt=TODAY - timedelta(days=7)).update(
        state="failed", published_at=None
    )
    found = learned(run)
    assert (found["examples"], found["brier"], found["is_used"]) == (ITEMS, None, False)


def keep(run, *, is_used=True, model=None, **fields) -> StockOutRegression:
    values = {"coefficients": (model or taught(0.7)).as_lists(), "examples": 480, "own_brier": 0.09, "brier": 0.07}
    return StockOutRegression.objects.create(run=run, is_used=is_used, **values | fields)


def chance(level) -> float | None:
    return position_of(level).stock_out_chance


@pytest.mark.django_db
@pytest.mark.ledger
def test_positions_tell_it_when_published_and_after_each_movement(run, plan, shelf, receive):
    lacking, covered, unplanned, idle = shelf(4), shelf(30), shelf(5), shelf(0)
    for level in (lacking, covered):
        plan(level.product)
    plan(idle.product, is_stocked=False)
    published(run)
    assert [chance(level) for level in (lacking, covered, unplanned, idle)] == [0.996, 0.0, None, None]
    receive(lacking.product, 40)
    sell(covered, 30)
    while outbox.deliver():
        pass
    assert (chance(lacking), chance(covered)) == (0.0, 1.0)
    assert differences() == []
    InventoryPosition.objects.filter(level=lacking).update(stock_out_chance=0.5)
    assert differences() == [("stock_out_chance", 0.5, 0.0)]


@pytest.mark.django_db
@pytest.mark.ledger
def test_the_regression_of_the_run_in_use_is_asked_only_where_it_was_better(run, plan, shelf):
    level = shelf(9)
    plan(level.product, a_day=0.9)
    Forecast.objects.update(lead_time_demand_grid=stats.poisson.ppf(np.asarray(GRID), 9.0).tolist())
    published(run)
    own = chance(level)
    assert own == pytest.approx(1 - stats.poisson.cdf(9, 9.0), abs=0.06)
    kept = keep(run)
    services.refresh_positions(level_ids=[level.pk])
    assert chance(level) > own + 0.1 and differences() == []
    of_other_inputs = {name: [0.0] for name in ("centre", "scale", "weights")}
    for other in ({"is_used": False}, {"is_used": True, "coefficients": of_other_inputs}):
        StockOutRegression.objects.filter(pk=kept.pk).update(**other)
        services.refresh_positions(level_ids=[level.pk])
        assert chance(level) == own


@pytest.fixture
def seen(run, plan, shelf):
    """Three items: sure to lack, safe, and not planned."""
    levels = [shelf(4), shelf(30), shelf(5)]
    for level in levels[:2]:
        plan(level.product)
    published(run)
    return levels


def listed(client, **query) -> list[str]:
    rows = client.get("/admin/replenishment/inventoryposition/", query).context["cl"].result_list
    return [chances.percent(row.stock_out_chance) for row in rows]


@pytest.mark.django_db
def test_the_list_shows_sorts_and_filters_it_in_per_cent(seen, make_user, client_of):
    client = client_of(make_user("buyer"))
    column = client.get("/admin/replenishment/inventoryposition/").context["cl"].list_display.index("chance")
    assert listed(client, o=f"-{column}") == ["> 99 %", "< 1 %", "–"]
    assert listed(client, o=column) == ["–", "< 1 %", "> 99 %"]
    assert listed(client, stock_out_chance_from="50") == ["> 99 %"]
    assert listed(client, stock_out_chance_from="0", stock_out_chance_to="20") == ["< 1 %"]
    assert len(listed(client, stock_out_chance_from="many")) == 3


@pytest.mark.django_db
def test_the_export_and_the_api_tell_it(seen, make_user, client_of, api_of):
    person = make_user("owner")
    answer = api_of(person).get("/api/inventory/warning/", {"ordering": "-stock_out_chance"}).json()
    assert [(row["sku"], row["stock_out_chance"]) for row in answer["results"]] == [(seen[0].product.sku, 0.996)]
    assert api_of(person).get("/api/inventory/warning/", {"stock_out_chance__lte": 0.5}).json()["count"] == 0
    export = "/admin/replenishment/inventoryposition/export/"
    file = client_of(person).post(export, {"format": "1", "resource": "0"}).content.decode()
    rows = {row["product__sku"]: row["stock_out_chance"] for row in csv.DictReader(io.StringIO(file))}
    assert rows == {seen[0].product.sku: "0.996", seen[1].product.sku: "0.0", seen[2].product.sku: ""}


@pytest.mark.django_db
def test_the_product_page_says_how_it_is_computed(seen, run, make_user, client_of):
    client = client_of(make_user("viewer"))

    def text(level) -> str:
        return " ".join(client.get(level.product.get_absolute_url()).content.decode().split())

    page = text(seen[0])
    assert "<dt>Chance of a stock-out</dt><dd>&gt; 99 %</dd>" in page
    assert "before an order placed now is here, in about 9 days; back-orders count as asked for." in page
    assert "too few earlier forecasts are over to correct it by what came" in page
    keep(run)
    assert "corrected by a logistic regression on 480 earlier forecasts" in text(seen[0])
    StockOutRegression.objects.update(is_used=False)
    assert "correcting it by earlier forecasts and what came was no nearer" in text(seen[0])
    assert "Chance of a stock-out" not in text(seen[2])
