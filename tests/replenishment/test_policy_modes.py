"""Modes go up where forecasts were right and down where they were wrong, in the open, and people can stop that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from forecasting.models import Forecast
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandSeries
from replenishment.errors import CannotTakeBack
from replenishment.models import Policy, PolicyMeasure, PolicyModeChange
from replenishment.policy_words import figures_of
from replenishment.services import move_mode, split_modes, take_back_mode
from tests.replenishment.conftest import TODAY

pytestmark = pytest.mark.django_db

NIGHTS = 14


@pytest.fixture
def sold(make_product, warehouse):
    """A product that sold two on each of the last forty days."""
    product, first_on = make_product(), TODAY - timedelta(days=39)
    series = DemandSeries.objects.create(product=product, warehouse=warehouse, first_on=first_on, closed_on=TODAY)
    DailyDemand.objects.bulk_create(
        DailyDemand(series=series, on_date=first_on + timedelta(days=n), demand=2) for n in range(40)
    )
    return product


@pytest.fixture
def forecast(sold, warehouse):
    """Published nights up to a week ago that forecast so many a day."""

    def forecast(a_day: float, nights: int = NIGHTS) -> None:
        for back in range(7, 7 + nights):
            day = TODAY - timedelta(days=back)
            past = JobRun.objects.create(kind="nightly", business_date=day, state="published")
            named = {f"lead_time_demand_q{n}": 9.0 for n in (50, 80, 90, 95, 98, 99)}
            Forecast.objects.create(
                run=past, product=sold, warehouse=warehouse, method="naive", first_on=day + timedelta(days=1),
                mean=[a_day] * 28, quantiles=[[a_day] * 5] * 28, lead_time_demand_mean=9.0, lead_time_demand_grid=[],
                **named,
            )  # fmt: skip

    return forecast


def night(run: JobRun) -> None:
    for payload in split_modes(run):
        write = move_mode(run, payload)
        with transaction.atomic():
            write()


def mode_of(policy: Policy) -> str:
    return Policy.objects.get(pk=policy.pk).mode


def test_right_forecasts_lift_a_mode_by_one_step_and_say_why(run, sold, forecast):
    policy = Policy.objects.create(mode="shadow")
    forecast(2.1)
    night(run)
    assert (mode_of(policy), Policy.objects.get().version) == ("suggest", 2)
    change = PolicyModeChange.objects.get()
    assert (change.from_mode, change.to_mode, change.reason, change.run) == ("shadow", "suggest", "accurate", run)
    assert change.figures == {"nights": 14, "items": 1, "item_days": 98, "bias": 0.05, "coverage": 1.0}
    assert "off by +5.0 % in sum" in figures_of(change.figures)
    night(run)  # what it was judged by is not counted again
    assert mode_of(policy) == "suggest" and PolicyModeChange.objects.count() == 1
    assert PolicyMeasure.objects.count() == NIGHTS


@pytest.mark.parametrize(
    ("a_day", "mode"), [(3.2, "suggest"), (1.0, "suggest"), (2.5, "automatic"), (2.0, "automatic")]
)
def test_wrong_forecasts_lower_it_and_middling_ones_leave_it(run, sold, forecast, a_day, mode):
    policy = Policy.objects.create(mode="automatic")
    forecast(a_day)
    night(run)
    assert mode_of(policy) == mode


def test_fewer_nights_than_needed_move_nothing(run, sold, forecast):
    policy = Policy.objects.create(mode="shadow")
    forecast(2.0, NIGHTS - 1)
    night(run)
    assert mode_of(policy) == "shadow" and PolicyMeasure.objects.count() == NIGHTS - 1


def test_a_pinned_mode_and_one_that_is_not_set_are_never_moved(run, sold, forecast, warehouse):
    Policy.objects.create(mode="shadow", mode_is_pinned=True)
    Policy.objects.create(warehouse=warehouse)
    forecast(2.0)
    assert split_modes(run) == []


def test_a_mode_is_judged_by_the_items_that_it_is_the_mode_of(run, sold, forecast, make_product):
    policy = Policy.objects.create(mode="shadow")
    own = Policy.objects.create(product=sold, mode="suggest", mode_is_pinned=True)
    forecast(2.0)
    night(run)
    assert mode_of(policy) == "shadow" and PolicyMeasure.objects.first().items == 0
    own.delete()


def test_a_move_can_be_taken_back_once_and_is_pinned_then(run, sold, forecast, make_user):
    policy, actor = Policy.objects.create(mode="shadow"), make_user("owner")
    forecast(2.0)
    night(run)
    change = PolicyModeChange.objects.get()
    take_back_mode(change=change, actor=actor)
    policy.refresh_from_db()
    assert (policy.mode, policy.mode_is_pinned, policy.version) == ("shadow", True, 3)
    newest = PolicyModeChange.objects.first()
    assert (newest.reason, newest.changed_by, newest.to_mode) == ("taken_back", actor, "shadow")
    with pytest.raises(CannotTakeBack, match="was changed again since"):
        take_back_mode(change=change, actor=actor)
    policy.delete()
    change.refresh_from_db()
    with pytest.raises(CannotTakeBack, match="“everything” was deleted"):
        take_back_mode(change=change, actor=actor)
