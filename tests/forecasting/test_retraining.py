"""Models are used again, trained anew when it is time or errors drift, and give way only to better ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import transaction

from forecasting import engine, services
from forecasting.engine import Panel, ProtectionInterval
from forecasting.errors import ModelsGone
from forecasting.models import Forecast, ModelVersion, TrainedModel
from forecasting.retraining import ALARM, Night, challenger_wins, drift, reason_to_train
from forecasting.services import learning
from inventory_site.common.models import Audit, JobRun
from orders.models import DailyDemand, DemandSeries

SUNDAY = date(2026, 3, 29)
DAYS = 120
USUAL = np.array([[0.2, 0.0], [0.24, 0.06], [0.16, -0.06], [0.2, 0.0]] * 4)


def panel(days: int, series: int = 6, last_on: date = SUNDAY) -> Panel:
    rate = np.linspace(0.5, 6, series)[:, None]
    demand = np.random.default_rng(1).poisson(rate, (series, DAYS + 30)).astype(float)
    return Panel(demand[:, :days], "D", last_on - timedelta(days=DAYS - days), category=np.full(series, "Tea"))


def interval(series: int = 6) -> ProtectionInterval:
    return ProtectionInterval.fixed(np.resize([5, 9], series))


def said(trained, of: Panel):
    return engine.forecast(of, trained, interval(), horizon=7)


@pytest.fixture(scope="module")
def old():
    return engine.train(panel(DAYS - 5), interval=interval())


def test_models_used_again_on_the_day_they_were_trained_say_the_same(old):
    assert engine.refresh(old, panel(DAYS - 5)).dumps() == old.dumps()


def test_models_of_last_week_answer_on_todays_demand(old):
    today = engine.refresh(old, panel(DAYS))
    assert (today.last_on, today.buckets) == (SUNDAY, DAYS)
    assert [s.origin for s in today.scored] == [s.origin for s in old.scored]
    quiet, busy = panel(DAYS), panel(DAYS)
    busy = replace(busy, demand=np.concatenate([busy.demand[:, :-5], busy.demand[:, -5:] + 30], axis=1))
    low, high = (said(engine.refresh(old, of), of).lead_time_demand.mean for of in (quiet, busy))
    assert (high > low).all()


def test_past_origins_keep_their_dates_when_the_oldest_days_leave(old):
    whole = panel(DAYS)
    shorter = replace(whole, demand=whole.demand[:, 10:])
    assert [s.origin for s in engine.refresh(old, shorter).scored] == [s.origin - 10 for s in old.scored]


def test_two_trainings_are_compared_at_origins_that_neither_has_seen(old):
    new = engine.train(panel(DAYS), interval=interval())
    champion, challenger = engine.compared(old, new, panel(DAYS), interval())
    assert 0 < champion < 2 and 0 < challenger < 2
    worse = replace(new, inflation=tuple(80 * n for n in new.inflation), blend=(0.0,) * len(new.blend))
    assert engine.compared(old, worse, panel(DAYS), interval())[1] > challenger
    assert engine.compared(old, worse, panel(DAYS), interval())[0] == champion


def test_errors_as_usual_are_no_drift_and_a_lasting_change_is():
    rng = np.random.default_rng(3)
    usual = np.stack([0.2 + 0.03 * rng.normal(size=28), 0.1 * rng.normal(size=28)], axis=1)
    calm = np.stack([0.2 + 0.03 * rng.normal(size=6), 0.1 * rng.normal(size=6)], axis=1)
    assert drift(usual, calm) < ALARM
    assert drift(usual, calm + [0.12, 0]) > ALARM  # worse
    assert drift(usual, calm - [0, 0.4]) > ALARM  # too low
    assert drift(usual, calm + [0, 0.4]) > ALARM  # too high
    assert drift(usual, calm - [0.12, 0]) < ALARM  # better is no alarm
    assert drift(usual, np.array([[0.2, 0.0]] * 2 + [[0.9, 0.0]] + [[0.1, 0.0]] * 12)) == 0  # over, and forgotten
    assert drift(usual[:5], calm + 9) == 0  # nobody knows yet what is usual
    assert drift(usual, np.full((6, 2), np.nan)) == 0


def test_the_reason_to_train():
    night = Night(SUNDAY, SUNDAY - timedelta(days=3), True, False, 100, 110, 0.0)
    assert reason_to_train(night) is None
    assert reason_to_train(replace(night, tried_on=SUNDAY - timedelta(days=7))) == "age"
    assert reason_to_train(replace(night, drift=ALARM)) == "drift"
    assert reason_to_train(replace(night, series_now=130)) == "grown"
    assert reason_to_train(replace(night, tried_on=None)) == "first"
    assert reason_to_train(replace(night, is_readable=False)) == "format"
    pinned = replace(night, is_pinned=True, drift=99.0, tried_on=SUNDAY - timedelta(days=70))
    assert reason_to_train(pinned) is None
    assert reason_to_train(replace(pinned, is_readable=False)) == "format"


def test_a_challenger_must_be_better():
    assert not challenger_wins(0.5, 0.5)
    assert challenger_wins(float("nan"), 0.5)


@pytest.mark.django_db
@pytest.mark.ledger
def test_a_shop_of_hardly_any_history_learns_and_says_nothing_of_what_it_could_not_observe(make_product, warehouse):
    DemandSeries.objects.create(product=make_product(), warehouse=warehouse, first_on=SUNDAY, closed_on=SUNDAY)
    coverage = night(0).trained_model.coverage
    assert coverage["segment_n"] == [0] and coverage["segment_share"] == [[None] * len(coverage["levels"])]


@pytest.fixture
def shop(make_product, warehouse):
    """Four series with four months of demand, closed up to Sunday."""
    demand = panel(DAYS, 4).demand
    for row in demand:
        series = DemandSeries.objects.create(
            product=make_product(), warehouse=warehouse, first_on=SUNDAY - timedelta(days=DAYS - 1), closed_on=SUNDAY
        )
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=series.first_on + timedelta(days=n), demand=int(pieces))
            for n, pieces in enumerate(row)
            if pieces
        )


def night(days_ago: int, version: int = 1) -> JobRun:
    day = SUNDAY - timedelta(days=days_ago)
    run = JobRun.objects.create(kind="nightly", business_date=day, version=version, state="published")
    write = services.train_models(run, lambda keys: interval(len(keys.series)))
    with transaction.atomic():
        write()
    return run


def told(run: JobRun) -> tuple:
    version = run.model_version
    return version.kind, version.reason, version.trained_on


@pytest.mark.django_db
@pytest.mark.ledger
def test_nights_use_models_again_until_they_are_a_week_old(shop, monkeypatch):
    first, second = night(8), night(7)
    trained_on = SUNDAY - timedelta(days=8)
    assert told(first) == ("retrain", "first", trained_on)
    assert told(second) == ("refresh", "fresh", trained_on)
    assert services.trained_of(second).last_on == second.business_date
    monkeypatch.setattr(learning, "challenger_wins", lambda champion, challenger: True)
    third = night(1)
    assert told(third) == ("retrain", "age", third.business_date)
    assert third.model_version.score > 0 and third.model_version.other_score > 0
    monkeypatch.setattr(learning, "challenger_wins", lambda champion, challenger: False)
    monkeypatch.setattr(learning, "drift", lambda usual, since: 9.0)
    fourth = night(0)
    assert told(fourth) == ("kept", "drift", third.business_date)
    assert fourth.model_version.drift == 9.0


@pytest.mark.django_db
def test_models_that_this_program_cannot_read_are_trained_anew(shop):
    TrainedModel.objects.filter(run=night(2)).update(data=_of_another_format())
    assert told(night(1))[:2] == ("retrain", "format")


def _of_another_format() -> bytes:
    import io
    import json

    with io.BytesIO() as out:
        np.savez_compressed(out, head=np.frombuffer(json.dumps({"format": -1}).encode(), np.uint8))
        return out.getvalue()


@pytest.mark.django_db
def test_a_person_pins_a_version_and_lets_it_go(shop, make_user):
    first, second = night(9), night(8)
    owner = make_user("owner")
    services.pin_version(version=second.model_version, actor=owner)
    services.pin_version(version=first.model_version, actor=owner)
    assert list(ModelVersion.objects.pinned()) == [first.model_version]
    third = night(0)  # more than a week old, and used all the same
    assert told(third) == ("refresh", "pinned", first.business_date)
    services.unpin_version(version=ModelVersion.objects.pinned().get(), actor=owner)
    assert told(night(0, version=2))[1] == "age"
    assert Audit.objects.filter(action="model_version.pin", actor=owner).count() == 2


@pytest.mark.django_db
def test_pruned_models_cannot_be_pinned(shop, make_user):
    version = night(1).model_version
    TrainedModel.objects.all().delete()
    with pytest.raises(ModelsGone, match=r"nightly 2026-03-28 are not kept any more"):
        services.pin_version(version=version, actor=make_user("owner"))
    assert not ModelVersion.objects.pinned().exists()


@pytest.mark.django_db
def test_a_day_is_held_against_the_forecast_of_the_night_before(shop):
    yesterday = JobRun.objects.create(
        kind="nightly", business_date=SUNDAY - timedelta(days=1), state="published"
    )  # fmt: skip
    run = JobRun.objects.create(kind="nightly", business_date=SUNDAY)
    columns = {f"lead_time_demand_q{n}": 9.0 for n in (50, 80, 90, 95, 98, 99)}
    for series in DemandSeries.objects.order_by("pk"):
        Forecast.objects.create(
            run=yesterday, product_id=series.product_id, warehouse_id=series.warehouse_id, method="naive",
            first_on=SUNDAY, mean=[4.0] * 28, quantiles=[[4.0] * 5] * 28, lead_time_demand_mean=7.0,
            lead_time_demand_grid=[7.0] * 28, **columns,
        )  # fmt: skip
    DailyDemand.objects.filter(on_date=SUNDAY).delete()
    first, second, out, open_still = DemandSeries.objects.order_by("pk")
    for series, demand, rate in ((first, 6, 0.0), (second, 2, None), (out, 0, 0.5)):
        DailyDemand.objects.create(series=series, on_date=SUNDAY, demand=demand, stocked_out_rate=rate)
    DemandSeries.objects.filter(pk=open_still.pk).update(closed_on=SUNDAY - timedelta(days=1))
    loss, bias = learning.measured(run)
    levels = np.array(engine.STEP_LEVELS)
    assert loss == pytest.approx((2 * levels.mean() + 2 * (1 - levels).mean()) / 8)
    assert bias == pytest.approx(0.0)
    assert learning.measured(yesterday) == (None, None)
