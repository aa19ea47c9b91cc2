"""Methods that people ask for: on which items, within which time, and what the plan makes of them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from forecasting.methods import REGISTRY
from forecasting.models import Forecast, MethodChoice, MethodTrial, Segment
from forecasting.services.asking import NO_TIME, asked_series, within_budget
from orders.models import DailyDemand, DemandSeries
from replenishment import services
from tests.replenishment.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(make_product, warehouse):
    """An item of class ``abc`` that sells ``demand`` up to today."""

    def sold(demand, abc: str = "A") -> DemandSeries:
        product, first_on = make_product(), TODAY - timedelta(days=len(demand) - 1)
        series = DemandSeries.objects.create(product=product, warehouse=warehouse, first_on=first_on, closed_on=TODAY)
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=first_on + timedelta(days=n), demand=int(pieces), price=5)
            for n, pieces in enumerate(demand)
            if pieces
        )
        Segment.objects.create(product=product, warehouse=warehouse, abc=abc, since_on=TODAY, judged_on=TODAY)
        return series

    return sold


def work(run, *steps) -> None:
    for split, do in steps:
        for payload in split(run):
            write = do(run, payload)
            with transaction.atomic():
                write()


TRAIN = (services.split_lead_times, services.learn_lead_times), (services.split_training, services.train)
METHODS = (services.split_methods, services.try_method)
PLAN = (services.split_plan, services.plan_partition)


def test_the_narrowest_choice_says_what_is_tried_and_only_on_a_items(run, sold, warehouse):
    first, second, third = sold([1]), sold([1]), sold([1], abc="C")
    assert asked_series(run) == {}
    everything = MethodChoice.objects.create(methods=["arima", "hurdle"])
    MethodChoice.objects.create(product=second.product, methods=[])
    assert asked_series(run) == {"arima": [first.pk], "hurdle": [first.pk]}
    MethodChoice.objects.filter(pk=everything.pk).update(only_a=False, methods=["hurdle"])
    assert asked_series(run) == {"hurdle": [first.pk, third.pk]}
    MethodChoice.objects.create(product=third.product, warehouse=warehouse, methods=["gru"], only_a=False)
    assert asked_series(run) == {"gru": [third.pk], "hurdle": [first.pk]}


@pytest.mark.parametrize("names", [["naive"], ["no such method"], "arima"])
def test_only_methods_that_no_night_tries_can_be_asked_for(names):
    with pytest.raises(ValidationError):
        MethodChoice(methods=names).full_clean()


def test_quick_methods_come_first_and_the_time_of_the_night_is_kept():
    wanted = {"arima": list(range(100)), "hurdle": list(range(100))}
    each = 4 * REGISTRY["arima"].seconds
    quick = 100 * 4 * REGISTRY["hurdle"].seconds
    assert within_budget(wanted, quick + 7.5 * each) == {"arima": 7, "hurdle": 100}


def test_the_night_uses_a_method_where_it_was_nearer_and_says_where_it_was_not(run, sold, warehouse):
    days = np.arange(200)
    bending = sold(np.rint(400 - 0.018 * (days - 60) ** 2))  # a parabola: what no method of the night follows
    noise = sold(np.random.default_rng(1).poisson(6, 200))
    MethodChoice.objects.create(methods=["polynomial_trend"])
    work(run, *TRAIN, METHODS, METHODS, PLAN)
    trials = {trial.product_id: trial for trial in MethodTrial.objects.filter(run=run)}
    assert len(trials) == 2 and not any(trial.reason for trial in trials.values())
    won = trials[bending.product_id]
    assert won.is_used and won.error < 0.8 * won.automatic_error
    told = {row.product_id: row for row in Forecast.objects.filter(run=run)}
    assert told[bending.product_id].method == "polynomial_trend"
    assert told[bending.product_id].mean == pytest.approx(won.mean[:28], rel=0.01)
    assert trials[noise.product_id].is_used == (told[noise.product_id].method == "polynomial_trend")


def test_a_night_without_time_says_so_and_one_without_choices_has_nothing_to_do(run, sold, monkeypatch):
    series = sold(np.full(120, 3))
    work(run, *TRAIN)
    assert services.split_methods(run) == []
    MethodChoice.objects.create(methods=["arima"])
    monkeypatch.setattr(REGISTRY["arima"], "seconds", 1e6)
    assert services.split_methods(run) == [{"method": "arima", "left_out": [series.pk]}]
    work(run, METHODS)
    trial = MethodTrial.objects.get()
    assert (trial.reason, trial.is_used, trial.error) == (NO_TIME, False, None)
