"""New items are planned by those like them from the first day, and fade into their own demand; ending ones fade out."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction

from catalog.models import Category, SupplierProduct
from forecasting import lookalikes
from forecasting.ending import faded, until_the_end
from forecasting.engine import GRID, ProtectionInterval
from forecasting.lookalikes import CURVE, LAUNCH, Items, Past
from forecasting.models import Forecast, Launch
from orders.models import DailyDemand, DemandSeries
from replenishment import services
from replenishment.models import ReorderPoint, Suggestion
from tests.replenishment.conftest import TODAY, nightly, published  # noqa: F401
from tests.replenishment.forecasts import sure_forecast
from tests.source import ROOT


def bench():
    spec = importlib.util.spec_from_file_location("launches", ROOT / "bench/launches.py")
    module = sys.modules["launches"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shop(items: int = 80, weeks: int = 60) -> tuple[Items, Past]:
    """Cups that sell ten a week and plates that sell two, launched all along; every other one at first was there."""
    rng = np.random.default_rng(0)
    is_cup = np.arange(items) % 2 == 0
    is_old = np.arange(items) < items // 4
    start = np.where(is_old, 0, rng.integers(4, weeks - 4, items))
    begun = np.arange(weeks) >= start[:, None]
    demand = rng.poisson(np.where(is_cup, 10, 2)[:, None], (items, weeks)) * begun
    blank = np.full(items, "")
    names = np.where(is_cup, "blue cup", "white plate")
    known = Items(names, blank, blank, np.full(items, np.nan), np.arange(items).astype(str), blank)
    return known, Past(demand.astype(float), start, is_old)


@pytest.fixture(scope="module")
def learned():
    return lookalikes.learn(*shop())


def new(*names: str) -> Items:
    blank = np.full(len(names), "")
    return Items(np.array(names), blank, blank, np.full(len(names), np.nan), np.array(names), blank)


def test_a_new_item_starts_like_those_with_its_words(learned):
    prior, shares = learned.prior(new("red cup", "red plate"), np.array([60, 60]))
    assert 7.5 < prior[0] < 11 and 1.5 < prior[1] < 4
    assert shares.sum(axis=1) == pytest.approx(1.0)
    cups = {int(at) for at in np.flatnonzero(learned.items.name == "blue cup")}
    assert {at for at, _share in lookalikes.nearest(shares)[0]} <= cups


def test_a_name_without_words_gets_the_average(learned):
    prior, _shares = learned.prior(new("4711"), np.array([60]))
    assert 2.5 < prior[0] < 9.5


def test_its_own_demand_takes_over(learned):
    item, prior = new("red cup"), np.array([10.0])
    nothing = learned.posterior(item, prior, np.array([0.0]), np.array([0.0]))
    month = learned.posterior(item, prior, np.array([120.0]), np.array([4.0]))
    year = learned.posterior(item, prior, np.array([1560.0]), np.array([52.0]))
    assert (nothing.rate[0], nothing.own_share[0]) == (10.0, 0.0)
    assert 10 < month.rate[0] < year.rate[0] < 30 and year.rate[0] == pytest.approx(30, rel=0.05)
    assert month.own_share[0] < year.own_share[0] < 1


def test_quantiles_of_a_start_are_ordered_and_cover(learned):
    start = learned.posterior(new("red cup"), np.array([10.0]), np.zeros(1), np.zeros(1))
    quantiles, excess = learned.quantiles(start, np.array([40.0]))
    assert quantiles.shape == (1, len(GRID)) and (np.diff(quantiles) >= 0).all() and excess[0] >= 0
    assert quantiles[0, GRID.index(0.05)] < 40 < quantiles[0, GRID.index(0.95)]


def test_a_held_out_launch_sees_nothing_of_what_was_sold_after_its_start():
    items, past = shop()
    found = lookalikes.learn(items, past)
    now = np.array([20])
    before = lookalikes.known_rates(found, now, new("Cup"))
    later = replace(found, past=replace(found.past, demand=found.past.demand + 99.0 * (np.arange(60) >= 20)))
    after = lookalikes.known_rates(later, now, new("Cup"))
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert (before[1][0, found.past.start >= 20] == 0).all()


def test_a_launch_curve_tells_of_the_rush_at_first():
    items, past = shop(200, 80)
    age = np.arange(80) - past.start[:, None]
    rush = np.where((age >= 0) & (age < 2) & ~past.is_old[:, None], 3, 1)
    curve = lookalikes.learn(items, replace(past, demand=past.demand * rush)).curves[-1]
    assert len(curve) == CURVE and curve[:LAUNCH].sum() == pytest.approx(LAUNCH)
    assert curve[0] / curve[5] == pytest.approx(3, rel=0.15)


def test_the_same_product_elsewhere_counts_by_the_size_of_the_place():
    items, past = shop()
    places = np.where(np.arange(80) % 4 < 2, "big", "small")
    demand = past.demand * np.where(places == "big", 1, 0.1)[:, None]
    found = lookalikes.learn(replace(items, place=places), replace(past, demand=demand))
    item = replace(new("red cup", "red cup"), place=np.array(["big", "small"]))
    prior, _shares = found.prior(item, np.array([60, 60]))
    assert prior[0] / prior[1] == pytest.approx(10, rel=0.35)


def test_without_donors_there_is_a_start_all_the_same():
    items, past = shop(4, 10)
    found = lookalikes.learn(items, replace(past, start=np.full(4, 10)))
    prior, shares = found.prior(new("red cup"), np.array([10]))
    assert np.isfinite(prior).all() and shares.shape == (1, 0)


def test_look_alikes_beat_the_category_average_on_made_up_launches(capsys):
    module = bench()
    ratios = module.report(module.made_up(items=260, weeks=70), origins=2)
    assert ratios["WAPE"] < 0.8 and ratios["pinball"] < 0.8
    assert "look-alikes / category start at launch" in capsys.readouterr().out


@pytest.mark.long
def test_look_alikes_beat_the_category_average_at_full_size():
    module = bench()
    ratios = module.report(module.made_up(), origins=6)
    assert ratios["WAPE"] < 0.6 and ratios["pinball"] < 0.6 and ratios["by item"] < 0.6


def test_an_item_that_ends_is_forecast_up_to_its_last_day_and_one_bought_no_more_fades():
    interval = ProtectionInterval.fixed(np.array([14, 14, 14, 14]))
    left, fading = np.array([np.inf, 3, 0, np.inf]), np.array([False, False, False, True])
    assert until_the_end(interval, left).lengths[:, 0].tolist() == [14, 3, 1, 14]
    said = sure_forecast([28.0] * 4, [40.0] * 4, 28)
    out = faded(said, interval, left, fading)
    assert out.mean.sum(axis=1) == pytest.approx([28, 3, 0, 13.5])
    assert out.lead_time_demand.mean == pytest.approx([28, 28, 0, 28 * (14 - 14 * 15 / 56) / 14])
    assert out.lead_time_demand.quantiles[:, -1].tolist() == [40, 40, 0, 30]
    assert (out.quantiles[3, -1] == 0).all() and (np.diff(out.mean[3]) < 0).all()
    assert faded(said, interval, np.full(4, np.inf), np.zeros(4, bool)) is said


@pytest.fixture
def run(db):
    return nightly()


@pytest.fixture
def launched(make_product, warehouse, make_supplier):
    """A product on offer for so many days, asked for evenly; never offered where days is 0."""
    supplier = make_supplier("acme", lead_time_days=5)

    def launched(days: int, a_day: float, **fields):
        product = make_product(**fields)
        SupplierProduct.objects.create(supplier=supplier, product=product, unit_cost=4, is_preferred=True)
        if days:
            first_on = TODAY - timedelta(days=days - 1)
            series = DemandSeries.objects.create(
                product=product, warehouse=warehouse, first_on=first_on, closed_on=TODAY
            )  # fmt: skip
            asked = np.random.default_rng(product.pk).poisson(a_day, days)
            DailyDemand.objects.bulk_create(
                DailyDemand(series=series, on_date=first_on + timedelta(days=n), demand=int(pieces))
                for n, pieces in enumerate(asked)
                if pieces
            )
        return product

    return launched


def work(run) -> None:
    for split, do in (
        (services.split_lead_times, services.learn_lead_times),
        (services.split_training, services.train),
        (services.split_plan, services.plan_partition),
        (services.split_launches, services.plan_launches),
        (services.split_suggestions, services.make_suggestions),
    ):
        for payload in split(run):
            write = do(run, payload)
            with transaction.atomic():
                write()


@pytest.mark.django_db
@pytest.mark.ledger
def test_a_product_is_planned_from_its_first_day_on(run, launched):
    cups, plates = (Category.objects.create(name=name) for name in ("Cups", "Plates"))
    for number in range(16):
        launched(200 - 7 * number, 5, name="Blue cup", category=cups, price=8)
        launched(200 - 7 * number, 0.5, name="White plate", category=plates, price=12)
    unsold = launched(0, 0, name="Red cup", category=cups, price=8)
    young = launched(10, 20, name="Green cup", category=cups, price=8)
    launched(0, 0, name="Imported cup", source="import")
    work(run)

    assert set(Launch.objects.values_list("product", flat=True)) == {unsold.pk, young.pk}
    row = Launch.objects.get(product=unsold)
    assert (row.age_days, row.own_share) == (0, 0.0)
    assert 3.5 < row.daily_start == row.daily_now < 6.5
    assert all(sku.startswith("SKU-") and share > 0 for sku, share in row.look_alikes) and len(row.look_alikes) == 3
    row = Launch.objects.get(product=young)
    assert row.daily_start < row.daily_now < 22 and 0 < row.own_share < 1
    for product, expected in ((unsold, (18, 42)), (young, (45, 140))):
        said = Forecast.objects.get(product=product)
        assert said.method == "look_alikes" and len(said.mean) == 28
        assert expected[0] < said.lead_time_demand_mean < expected[1]
        assert ReorderPoint.objects.get(product=product).is_stocked
    assert Suggestion.objects.filter(product=unsold).exists()  # nothing is on the shelf yet
    before = Forecast.objects.filter(method="look_alikes").values_list("product", "mean", "lead_time_demand_grid")
    told = list(before)
    for payload in services.split_launches(run):
        services.plan_launches(run, payload)()
    assert sorted(before.all()) == sorted(told)


@pytest.mark.django_db
def test_a_successor_starts_like_what_it_replaces_and_an_ended_product_is_not_planned(run, launched):
    for number in range(16):
        launched(200 - 5 * number, 2, name="Blue cup")
    successor = launched(0, 0, name="Something else")
    launched(200, 30, name="Old kettle", replaced_by=successor, ends_on=TODAY + timedelta(days=2))
    ended = launched(200, 4, name="Gone", ends_on=TODAY - timedelta(days=1))
    work(run)
    assert Launch.objects.get(product=successor).daily_start > 15
    old = Forecast.objects.get(product__name="Old kettle")
    assert sum(old.mean[:2]) > 30 and sum(old.mean[2:]) == 0 and old.lead_time_demand_mean < 90
    assert sum(Forecast.objects.get(product=ended).mean) == 0
    assert not ReorderPoint.objects.get(product=ended).is_stocked


@pytest.mark.django_db
def test_a_shop_whose_records_are_young_has_no_new_items(run, launched):
    for number in range(16):
        launched(40 - number, 2)
    assert services.split_training(run)
    work(run)
    assert not Launch.objects.exists()
