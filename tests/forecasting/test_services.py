"""Panels as they were known on a day, the sample that is trained on, and what is kept of a forecast."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from catalog.models import Category, Promotion
from forecasting import services
from forecasting.engine import GRID, Forecast, LeadTimeDemand, Panel, ProtectionInterval
from forecasting.models import Accuracy
from forecasting.models import Forecast as StoredForecast
from forecasting.panels import Keys, known_since, panel_of
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandCorrection, DemandSeries

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

MONDAY = date(2026, 3, 23)
SUNDAY = MONDAY + timedelta(days=6)
NAN = float("nan")


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


@pytest.fixture
def series(make_product, warehouse):
    """A series from Monday, closed up to Sunday; ``days`` maps a day's number to fields of its row."""

    def series(days: dict | None = None, *, product=None, place=None, **fields) -> DemandSeries:
        values = {"product": product or make_product(), "warehouse": place or warehouse, "first_on": MONDAY}
        made = DemandSeries.objects.create(**(values | {"closed_on": SUNDAY} | fields))
        for number, row in (days or {}).items():
            DailyDemand.objects.create(series=made, on_date=day(number), **row)
        return made

    return series


def week(*chosen: DemandSeries, until: date = SUNDAY, ahead: int = 0):
    return panel_of([row.pk for row in chosen], since=MONDAY, until=until, ahead=ahead)


def same(found, expected) -> bool:
    return np.array_equal(found, np.array(expected, float), equal_nan=True)


def test_a_day_without_a_row_is_zero_only_where_the_series_is_closed(series):
    whole = series({0: {"demand": 4}, 3: {"demand": 2}})
    part = series({2: {"demand": 5}}, first_on=day(1), closed_on=day(4))
    never_closed = series(closed_on=None)
    panel, keys = week(never_closed, part, whole)
    assert keys.series.tolist() == [whole.pk, part.pk, never_closed.pk]
    assert keys.product.tolist() == [whole.product_id, part.product_id, never_closed.product_id]
    assert same(panel.demand, [[4, 0, 0, 2, 0, 0, 0], [NAN, 0, 5, 0, 0, NAN, NAN], [NAN] * 7])
    assert (panel.freq, panel.last_on, panel.stocked_out) == ("D", SUNDAY, None)


def test_a_series_that_begins_later_is_left_out(series):
    early, late = series(), series(first_on=day(5))
    assert week(early, late, until=day(4))[1].series.tolist() == [early.pk]


def test_a_correction_counts_from_the_day_it_was_known(series):
    sold = series({1: {"demand": 9}, 2: {"demand": 1}})
    for number, (known_on, quantity) in enumerate([(day(1), 2), (day(5), 3)]):
        DemandCorrection.objects.create(
            series=sold, on_date=day(1), known_on=known_on, quantity=quantity, source_key=f"r{number}"
        )
    DemandCorrection.objects.create(series=sold, on_date=day(2), known_on=day(2), quantity=4, source_key="more")
    assert week(sold, until=day(4))[0].demand[0, 1] == 7
    assert week(sold, until=day(5))[0].demand[0, 1] == 4
    assert week(sold)[0].demand[0, 2] == 0  # more came back than was sold: nothing was asked for


def test_a_promotion_is_known_from_its_announcement_on(series):
    sold = series()
    Promotion.objects.create(
        product=sold.product, starts_on=day(7), ends_on=day(8), announced_on=day(5), price=Decimal("7.50")
    )
    before, after = (week(sold, until=until, ahead=5)[0].known for until in (day(4), day(5)))
    assert before["promotion"].sum() == 0
    assert same(after["promotion"], [[0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]])
    assert same(after["price"][:, 7:9], [[7.5, 7.5]])


def test_a_promotion_of_one_warehouse_is_not_anothers(series, make_warehouse):
    here = series()
    there = series(product=here.product, place=make_warehouse("lille"))
    days = {"starts_on": day(-3), "ends_on": day(1), "announced_on": day(-9)}
    Promotion.objects.create(product=here.product, warehouse_code="lille", **days)
    assert same(week(here, there)[0].known["promotion"].sum(axis=1), [0, 2])
    Promotion.objects.create(product=here.product, name="everywhere", **days)
    assert same(week(here, there)[0].known["promotion"].sum(axis=1), [2, 2])


def test_prices_are_those_paid_and_the_regular_one_goes_on(series):
    rows = {1: (2, 10), 2: (5, 6), 5: (1, 12)}
    sold = series({n: {"demand": demand, "price": Decimal(price)} for n, (demand, price) in rows.items()})
    Promotion.objects.create(product=sold.product, starts_on=day(2), ends_on=day(3), announced_on=MONDAY, price=7)
    price = week(sold, series(), ahead=2)[0].known["price"]
    assert same(price, [[10, 10, 6, 7, 10, 12, 12, 12, 12], [NAN] * 9])


def test_stock_is_unknown_until_a_ledger_tells_of_it(series):
    rows = {0: None, 1: 0.25, 3: None, 5: 1.0}
    sold = series({n: {"demand": 1, "stocked_out_rate": rate} for n, rate in rows.items()})
    assert same(week(sold)[0].stocked_out, [[NAN, 0.25, 0, NAN, 0, 1, 0]])


def test_categories_and_products_are_named(series, make_product):
    tea = series(product=make_product(category=Category.objects.create(name="Tea")))
    panel, keys = week(tea, series())
    assert panel.category.tolist() == ["Tea", ""]
    assert panel.product.tolist() == [str(pk) for pk in keys.product]


def test_reading_more_series_takes_no_more_queries(series, django_assert_num_queries):
    many = [series({0: {"demand": 1}}) for _ in range(8)]
    with django_assert_num_queries(11):
        panel, _keys = week(*many)
    assert panel.demand[:, 0].sum() == 8


def test_history_begins_with_the_oldest_series_at_most_two_years_back(series):
    assert known_since(SUNDAY) == SUNDAY
    series()
    assert known_since(SUNDAY) == MONDAY
    assert known_since(SUNDAY + timedelta(days=2000)) == SUNDAY + timedelta(days=2000 - 729)


def test_the_sample_holds_whole_products_and_is_the_same_every_night(series, make_warehouse, monkeypatch):
    elsewhere = make_warehouse("lille")
    both = []
    for _ in range(10):
        first = series()
        both.append({first.pk, series(product=first.product, place=elsewhere).pk})
    run = JobRun.objects.create(kind="nightly", business_date=SUNDAY)
    assert len(services.training_series(run)) == 20
    monkeypatch.setattr(services.training, "TRAINED_ON", 8)
    chosen = services.training_series(run)
    assert 8 <= len(chosen) <= 9 and chosen == sorted(chosen) == services.training_series(run)
    assert all(pair <= set(chosen) for pair in both if pair & set(chosen))


def test_forecasts_are_kept_once_per_run(warehouse, make_product):
    run = JobRun.objects.create(kind="nightly", business_date=SUNDAY)
    products = [make_product() for _ in range(2)]
    keys = Keys(np.arange(2), np.array([p.pk for p in products]), np.full(2, warehouse.pk))
    grid = np.tile(np.arange(len(GRID), dtype=float), (2, 1))

    def issued(mean: float) -> services.Issued:
        scores = {"wape": [0.5, NAN], "bias": [0.1, NAN], "pinball": [0.2, NAN], "naive_pinball": [0.3, NAN]}
        result = Forecast(
            np.array(["naive", "none"]), np.full((2, 28), mean), np.zeros((2, 28, 5)),
            LeadTimeDemand(np.array([9.0, 0.0]), grid, np.array([0.5, 0.0])),
            {name: np.array(values) for name, values in scores.items()},
        )  # fmt: skip
        demand = np.tile(np.arange(56.0), (2, 1))
        return services.issue(
            run=run, panel=Panel(demand, "D", SUNDAY), keys=keys, result=result,
            interval=ProtectionInterval.fixed(np.array([9, 9])),
        )  # fmt: skip

    for mean in (1.0, 2.0):
        services.save_forecasts(run=run, keys=keys, issued=issued(mean))
    row, _other = StoredForecast.objects.order_by("product")
    assert (row.first_on, row.mean, row.method) == (SUNDAY + timedelta(days=1), [2.0] * 28, "naive")
    assert row.lead_time_demand_q95 == GRID.index(0.95)
    assert (row.naive, row.interval_days, row.baseline_mean) == ([49.0, 50.0, 51.0, 52.0, 53.0, 54.0, 55.0], 9.0, None)
    assert list(Accuracy.objects.order_by("product").values_list("wape", "naive_pinball")) == [(0.5, 0.3), (None, None)]
