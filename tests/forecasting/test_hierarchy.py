"""Items add up to products, categories, warehouses and everything; each level's quantiles are its own."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from catalog.models import Category
from forecasting import services
from forecasting.engine import GRID
from forecasting.hierarchy import added, coherent, from_the_first
from forecasting.models import AggregateForecast, Forecast, LevelModel
from forecasting.services import aggregating
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandCorrection, DemandSeries
from tests.replenishment.forecasts import sure_forecast

TODAY = date(2026, 3, 29)
DAYS = 90


def test_sums_of_groups_and_the_first_day():
    total = added(np.array([[0.0, 1, 0], [0, 0, 2], [0, 3, 0]]), np.array([1, 0, 1]), 2)
    assert total.tolist() == [[0, 0, 2], [0, 4, 0]]
    assert np.isnan(from_the_first(total)).tolist() == [[True, True, False], [True, False, False]]


def test_a_level_takes_the_mean_of_its_items_and_keeps_its_relative_width():
    own = sure_forecast([56.0, 0.0], [84.0, 0.0], 28)
    mean = np.array([np.full(28, 1.0), np.full(28, 0.5)])
    found = coherent(own, mean)
    assert found.mean.tolist() == mean.tolist()
    assert found.lead_time_demand.mean.tolist() == [28, 14]
    assert found.lead_time_demand.quantiles[0, GRID.index(0.95)] == 42
    assert found.quantiles[0] == pytest.approx(own.quantiles[0] / 2)
    far = coherent(own, mean * 100)
    assert far.lead_time_demand.quantiles[0, -1] == 3 * 84


@pytest.fixture
def shop(make_product, make_warehouse):
    """Two categories and an item without one, in two warehouses; forecasts of one run that say 1, 2, 3 … a day."""
    tea, cups = (Category.objects.create(name=name) for name in ("Tea", "Cups"))
    places = [make_warehouse("riga"), make_warehouse("lille")]
    run = JobRun.objects.create(kind="nightly", business_date=TODAY, state="published")
    first_on, number = TODAY - timedelta(days=DAYS - 1), 0
    columns = {f"lead_time_demand_q{n}": 9.0 for n in (50, 80, 90, 95, 98, 99)}
    for sku, category, sold_in in (("T", tea, places), ("C", cups, places[:1]), ("N", None, places[1:])):
        product = make_product(sku, category=category)
        for place in sold_in:
            number += 1
            series = DemandSeries.objects.create(product=product, warehouse=place, first_on=first_on, closed_on=TODAY)
            asked = np.random.default_rng(number).poisson(number, DAYS)
            DailyDemand.objects.bulk_create(
                DailyDemand(series=series, on_date=first_on + timedelta(days=n), demand=int(pieces))
                for n, pieces in enumerate(asked)
            )
            Forecast.objects.create(
                run=run, product=product, warehouse=place, method="naive", first_on=TODAY + timedelta(days=1),
                mean=[float(number)] * 28, quantiles=[[1.0] * 5] * 28, lead_time_demand_mean=7.0,
                lead_time_demand_grid=[7.0] * 28, **columns,
            )  # fmt: skip
    return run


def work(run: JobRun) -> None:
    for payload in services.split_aggregates(run):
        services.forecast_aggregates(run, payload)()


@pytest.mark.django_db
@pytest.mark.ledger
def test_every_level_adds_up_and_has_quantiles_of_its_own(shop):
    work(shop)
    rows = {(row.level, row.key): row for row in AggregateForecast.objects.all()}
    means = {key: row.mean[0] for key, row in rows.items()}
    assert means == {
        ("product", "T"): 3.0,
        ("category", "Tea"): 3.0,
        ("category_here", "Tea · riga"): 1.0, ("category_here", "Tea · lille"): 2.0,
        ("category_here", "Cups · riga"): 3.0, ("category_here", "– · lille"): 4.0,
        ("warehouse", "riga"): 4.0, ("warehouse", "lille"): 6.0,
        ("all", ""): 10.0,
    }  # fmt: skip
    everything = rows["all", ""]
    assert (everything.items, everything.total_mean, everything.first_on) == (4, 280.0, TODAY + timedelta(days=1))
    assert 230 < everything.own_total_mean < 330  # its demand was about ten a day, too
    assert everything.total_quantiles == sorted(everything.total_quantiles)
    assert everything.total_quantiles[0] > 200 and len(everything.quantiles) == 28
    apart = sum(rows["warehouse", key].total_quantiles[3] for key in ("riga", "lille"))
    assert everything.total_quantiles[3] < apart  # together they are steadier
    told = list(AggregateForecast.objects.order_by("level", "key").values_list("mean", "total_quantiles"))
    work(shop)
    assert list(AggregateForecast.objects.order_by("level", "key").values_list("mean", "total_quantiles")) == told


@pytest.mark.django_db
@pytest.mark.ledger
def test_demand_of_a_group_is_what_was_known_that_day(shop):
    series = DemandSeries.objects.order_by("pk").first()
    DailyDemand.objects.filter(series=series, on_date=TODAY).update(demand=50)
    for known_on, pieces in ((TODAY, 20), (TODAY + timedelta(days=1), 7)):
        DemandCorrection.objects.create(
            series=series, on_date=TODAY, known_on=known_on, quantity=pieces, source_key=str(known_on)
        )
    others = sum(DailyDemand.objects.filter(on_date=TODAY).exclude(series=series).values_list("demand", flat=True))
    groups = aggregating.Groups("all", *np.zeros((3, 1), int))
    assert aggregating._panel(TODAY, groups).demand[0, -1] == others + 30


@pytest.mark.django_db
def test_models_of_a_level_serve_for_a_week(shop):
    work(shop)
    assert set(LevelModel.objects.values_list("trained_on", flat=True)) == {TODAY}
    for days, trained in ((6, 0), (7, 7)):
        day = TODAY + timedelta(days=days)
        run = JobRun.objects.create(kind="nightly", business_date=day, state="published")
        Forecast.objects.filter(run__business_date__lt=day).update(run=run)
        DemandSeries.objects.update(closed_on=day)
        services.forecast_aggregates(run, {"level": "all"})()
        assert LevelModel.objects.get(level="all").trained_on == TODAY + timedelta(days=trained)


@pytest.mark.django_db
def test_a_run_without_forecasts_has_nothing_to_add_up():
    run = JobRun.objects.create(kind="nightly", business_date=TODAY)
    assert services.split_aggregates(run) == []
