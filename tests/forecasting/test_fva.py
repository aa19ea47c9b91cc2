"""Forecast value added: frozen forecasts against what happened, model against naive, override against model."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone

from forecasting.accuracy import figures
from forecasting.engine import Forecast, LeadTimeDemand
from forecasting.models import AccuracyByHorizon, ForecastValueAdded, Override, Segment
from forecasting.panels import Keys
from forecasting.services.evaluating import backtest_rows, evaluate, evaluate_run, split_accuracy
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandSeries
from tests.forecasting.conftest import MONDAY, SUNDAY

WEEK = timedelta(days=7)


@pytest.fixture
def sold(warehouse):
    """A series with this demand on each day from eight weeks before the Sunday up to ``until``."""

    def sold(product, a_day: int = 3, *, until=SUNDAY + WEEK, empty=(), place=None) -> DemandSeries:
        first_on = SUNDAY - 8 * WEEK + timedelta(days=1)
        series = DemandSeries.objects.create(
            product=product, warehouse=place or warehouse, first_on=first_on, closed_on=until
        )
        days = [first_on + timedelta(days=n) for n in range((until - first_on).days + 1)]
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=day, demand=a_day, stocked_out_rate=1.0 if day in empty else 0.0)
            for day in days
        )
        return series

    return sold


def written(run: JobRun) -> JobRun:
    """The step of the night, all its partitions."""
    for payload in split_accuracy(run):
        write = evaluate(run, payload)
        with transaction.atomic():
            write()
    return run


def test_a_week_that_is_over_is_summed_by_what_is_alike(make_run, forecast, sold, make_product):
    past, tonight = make_run(), make_run(SUNDAY + WEEK)
    cup, pot = make_product(), make_product()
    forecast(past, cup, a_day=2.0)
    forecast(past, pot, a_day=5.0, mean=[4.0] * 28, baseline_mean=[5.0] * 28)
    sold(cup, 3), sold(pot, 3)
    Segment.objects.create(
        product=cup, warehouse_id=cup.demand_series.get().warehouse_id, abc="A", pattern="smooth", since_on=SUNDAY,
        judged_on=SUNDAY,
    )  # fmt: skip
    written(tonight)
    first, second = AccuracyByHorizon.objects.order_by("-abc")
    assert (first.run, first.source, first.horizon, first.method) == (past, "issued", "1-7", "moving_average")
    assert (first.abc, first.pattern, second.abc) == ("A", "smooth", "")
    assert (first.n, first.demand, first.error, first.naive_absolute_error) == (1, 21.0, -7.0, 7.0)
    assert (second.absolute_error, second.final_absolute_error, second.squared_error) == (14.0, 7.0, 196.0)
    assert (first.quantile_n, first.below_50, second.below_50) == (7, 0, 7)
    assert first.scaled_n == 0  # the same every week: no naive error to scale by
    assert figures({"n": 1, "demand": 21, "absolute_error": 7, "naive_absolute_error": 7})["value_added"] == 0


def test_a_run_is_compared_once_and_only_when_its_days_are_over(make_run, forecast, sold, make_product):
    past, tonight = make_run(), make_run(SUNDAY + WEEK)
    cup = make_product()
    forecast(past, cup)
    sold(cup)
    assert split_accuracy(make_run(SUNDAY + WEEK - timedelta(days=1)))[2:] == []
    assert split_accuracy(tonight)[2:] == [{"run": past.pk, "horizon": "1-7"}]
    written(tonight)
    assert split_accuracy(tonight)[2:] == []
    later = make_run(SUNDAY + 4 * WEEK)
    assert [part["horizon"] for part in split_accuracy(later)[2:]] == ["8-14", "15-28", "lead_time"]


def test_days_without_stock_do_not_count(make_run, forecast, sold, make_product):
    past = make_run()
    cup, gone = make_product(), make_product()
    forecast(past, cup, a_day=3.0), forecast(past, gone)
    sold(cup, 3, empty={MONDAY, MONDAY + timedelta(days=1)})
    sold(gone, 3, empty={MONDAY + timedelta(days=n) for n in range(7)})
    (row,) = evaluate_run(past, "1-7", SUNDAY + WEEK)
    assert (row.n, row.demand, row.absolute_error, row.quantile_n, row.below_80) == (1, 15.0, 0.0, 5, 5)


def test_lead_time_demand_is_compared_over_its_own_days(make_run, forecast, sold, make_product):
    past = make_run()
    short, long, empty = make_product(), make_product(), make_product()
    levels = {f"lead_time_demand_q{n}": value for n, value in ((50, 11.0), (80, 12.0), (90, 13.0))}
    forecast(past, short, interval_days=4.2, lead_time_demand_mean=10.0, **levels)
    forecast(past, long, interval_days=60.0)
    forecast(past, empty, interval_days=4.0)
    until = SUNDAY + 4 * WEEK
    sold(short, 3, until=until), sold(long, 3, until=until), sold(empty, 3, until=until, empty={MONDAY})
    (row,) = evaluate_run(past, "lead_time", until)
    assert (row.n, row.demand, row.error, row.naive_absolute_error) == (1, 12.0, -2.0, 4.0)
    assert (row.quantile_n, row.below_50, row.below_80, row.below_90) == (1, 0, 1, 1)


def test_errors_are_scaled_by_the_series_own_naive_error(make_run, forecast, sold, make_product):
    past, cup = make_run(), make_product()
    forecast(past, cup, a_day=4.0)
    series = sold(cup, 3)
    DailyDemand.objects.filter(series=series, on_date__lte=SUNDAY, on_date__gt=SUNDAY - WEEK).update(demand=10)
    (row,) = evaluate_run(past, "1-7", SUNDAY + WEEK)
    assert row.scaled_n == 1
    assert row.scaled_error == pytest.approx(7 / (49 / 7))  # off by 7; one of seven changes from week to week was 49


@pytest.fixture
def frozen(make_run, make_product, warehouse, make_user):
    """An override of the week from Monday on, that doubled 2 pieces a day; the naive forecast was 1."""

    def frozen(run: JobRun, product, **fields) -> ForecastValueAdded:
        item = {"product": product, "warehouse": warehouse, "first_on": MONDAY, "last_on": MONDAY + timedelta(days=6)}
        override = Override.objects.create(
            **item, kind="percent", amount=100, reason="fair", made_by=make_user("buyer"), made_at=timezone.now(),
            **fields,
        )  # fmt: skip
        return ForecastValueAdded.objects.create(
            **item, override=override, run=run, days=[[n, 1.0, 2.0, 4.0] for n in range(7)]
        )

    return frozen


def test_an_override_is_compared_once_its_days_are_over(make_run, frozen, sold, make_product):
    past, cup = make_run(), make_product()
    row = frozen(past, cup)
    sold(cup, 3, until=SUNDAY + WEEK, empty={MONDAY})
    written(make_run(SUNDAY + WEEK - timedelta(days=1)))
    row.refresh_from_db()
    assert row.evaluated_on is None
    written(make_run(SUNDAY + WEEK))
    row.refresh_from_db()
    assert (row.naive, row.model, row.overridden, row.actual) == (6.0, 12.0, 24.0, 18.0)  # six days with stock
    assert row.evaluated_on == SUNDAY + WEEK


def test_an_override_that_was_taken_back_is_not_compared(make_run, frozen, sold, make_product):
    frozen(make_run(), make_product(), withdrawn_at=timezone.now())
    written(make_run(SUNDAY + WEEK))
    assert not ForecastValueAdded.objects.exists()


def test_of_an_item_that_was_never_in_stock_nothing_is_said(make_run, frozen, sold, make_product):
    cup = make_product()
    row = frozen(make_run(), cup)
    sold(cup, 3, empty={MONDAY + timedelta(days=n) for n in range(7)})
    written(make_run(SUNDAY + WEEK))
    row.refresh_from_db()
    assert (row.actual, row.evaluated_on) == (None, SUNDAY + WEEK)


def test_the_parts_of_a_back_test_become_one_row_for_what_is_alike(make_run, warehouse):
    run = make_run()
    sums = {"n": 2, "demand": 10.0, "squared_demand": 58.0, "error": 1.0, "absolute_error": 3.0, "squared_error": 5.0}
    for method in ("naive", "naive", "theta"):
        AccuracyByHorizon.objects.create(
            run=run, source="backtest", horizon="lead_time", warehouse=warehouse, method=method, below_90=1, **sums
        )
    written(run)
    naive, theta = AccuracyByHorizon.objects.order_by("method")
    assert (naive.n, naive.demand, naive.below_90, naive.absolute_error) == (4, 20.0, 2, 6.0)
    assert (theta.n, theta.demand) == (2, 10.0)


def test_the_engines_sums_become_rows_of_what_is_alike(make_run, make_product, warehouse):
    products, none = [make_product() for _ in range(3)], np.zeros((3, 28))
    scores = {f"sum_{name}": np.array([1.0, 2.0, 4.0]) for name in ("n", "demand", "error", "absolute_error")}
    scores |= {f"sum_{name}": np.array([3.0, 3.0, 3.0]) for name in ("squared_demand", "squared_error", "below_90")}
    result = Forecast(
        np.array(["naive", "naive", "theta"]), none, none, LeadTimeDemand(none[:, 0], none, none[:, 0]),
        scores | {"wape": none[:, 0]},
    )  # fmt: skip
    keys = Keys(np.arange(3), np.array([product.pk for product in products]), np.full(3, warehouse.pk))
    naive, theta = backtest_rows(make_run(), keys, result)
    assert (naive.method, naive.n, naive.demand, naive.below_90, naive.quantile_n) == ("naive", 3, 3.0, 6, 3)
    assert (theta.method, theta.n, theta.final_absolute_error, theta.horizon) == ("theta", 4, 4.0, "lead_time")


def test_comparing_more_items_takes_no_more_queries(
    make_run, forecast, sold, make_product, django_assert_max_num_queries
):
    past = make_run()
    for _ in range(10):
        product = make_product()
        forecast(past, product)
        sold(product)
    with django_assert_max_num_queries(14):
        rows = evaluate_run(past, "1-7", SUNDAY + WEEK)
    assert sum(row.n for row in rows) == 10
