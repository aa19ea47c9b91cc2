"""A whole night in a small shop, with the real steps."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from alerts.models import Alert, Delivery
from forecasting.models import Accuracy, Forecast, TrainedModel
from inventory_site import nightly, nightly_steps
from inventory_site.common import jobs
from inventory_site.common.models import JobPartition, JobRun
from orders.models import DailyDemand, DemandSeries
from replenishment.models import InventoryPosition, LeadTime, ReorderPoint, Suggestion
from tests.nightly.shop import TODAY, open_shop, outcomes

pytestmark = pytest.mark.django_db


def run_nightly(*arguments: str) -> str:
    said = StringIO()
    call_command("run_nightly", *arguments, stdout=said)
    return said.getvalue()


def test_a_night_goes_from_orders_to_suggestions_alerts_and_one_digest_and_twice_is_once():
    open_shop()
    steps = len(jobs.steps_of(nightly.KIND))
    assert f"nightly 2026-03-29 is finished: {steps} steps, 0 parts set aside" in run_nightly()
    run = JobRun.objects.get()
    assert (run.state, run.error) == ("published", "")
    assert set(DemandSeries.objects.values_list("closed_on", flat=True)) == {TODAY}
    late = DailyDemand.objects.filter(on_date__gt=TODAY - timedelta(days=3)).order_by("series", "on_date")
    assert list(late.values_list("on_date__day", "demand", "stocked_out_rate")) == [
        (27, 4, 0.0), (28, 4, 0.0), (29, 0, 0.0007),  # the last piece went a minute before midnight
        (27, 4, 0.0), (28, 4, 0.0),
        (27, 4, 0.0), (28, 4, 0.0),
    ]  # fmt: skip
    for outputs in (Forecast, Accuracy, ReorderPoint, InventoryPosition):
        assert outputs.objects.filter(run=run).count() == 3
    assert Suggestion.objects.open().count() >= 1 and Alert.objects.live().exists()
    assert [m.to for m in mail.outbox] == [["owner@example.com"]] and Delivery.objects.get().sent_at
    before = outcomes()
    assert "was run already" in run_nightly()
    assert outcomes() == before and JobRun.objects.count() == 1 and len(mail.outbox) == 1


def test_forcing_makes_the_next_version_which_opens_nothing_twice():
    open_shop()
    run_nightly()
    open_alerts, suggested = Alert.objects.live().count(), Suggestion.objects.open().count()
    run_nightly("--force")
    assert list(JobRun.objects.order_by("version").values_list("version", "state")) == [
        (1, "published"), (2, "published")
    ]  # fmt: skip
    assert (Alert.objects.live().count(), Suggestion.objects.open().count()) == (open_alerts, suggested)
    assert set(InventoryPosition.objects.values_list("run__version", flat=True)) == {2}
    assert len(mail.outbox) == 1


def test_the_command_refuses_a_day_that_is_not_over():
    open_shop()
    with pytest.raises(CommandError, match=r"2026-03-30 is not over in every warehouse"):
        run_nightly("--date", "2026-03-30")
    assert JobRun.objects.count() == 0


def test_a_step_that_fails_leaves_the_last_values_and_is_told_by_an_alert(monkeypatch):
    open_shop()
    run_nightly()
    before = list(InventoryPosition.objects.order_by("pk").values_list("reorder_point", "run__version"))

    def fails(run, payload):
        raise ValueError("disk full")

    broken = [jobs.Step(s.name, s.split, fails) if s.name == "plan" else s for s in jobs._kinds["nightly"].steps]
    kind = jobs.Kind(tuple(broken), jobs._kinds["nightly"].publish, jobs._kinds["nightly"].after)
    monkeypatch.setitem(jobs._kinds, "nightly", kind)
    assert "1 parts set aside" in run_nightly("--force")
    assert list(InventoryPosition.objects.order_by("pk").values_list("reorder_point", "run__version")) == before
    assert Alert.objects.live().get(rule="nightly_job").code == "nightly_job_partial"


def old_run(day: date, state: str = "published", **fields) -> JobRun:
    published_at = timezone.now() if state == "published" else None
    run = JobRun.objects.create(kind="nightly", business_date=day, state=state, published_at=published_at, **fields)
    TrainedModel.objects.create(run=run, data=b"")
    JobPartition.objects.create(run=run, step="plan", number=0)
    return run


def test_fourteen_runs_stay_in_full_and_one_a_week_after_that(make_product, make_supplier, warehouse):
    days = [TODAY - timedelta(days=n) for n in range(40)]
    runs = {day: old_run(day) for day in days}
    LeadTime.objects.create(
        run=runs[days[30]], supplier=make_supplier(), mean_days=5, std_days=1, distribution=[[5], [1.0]]
    )
    item = {"product": make_product(), "warehouse": warehouse}
    Accuracy.objects.create(run=runs[days[30]], method="naive", wape=0.5, **item)
    unpublished = old_run(days[35], state="failed", version=2)
    old_run(TODAY + timedelta(days=1), state="running")
    nightly_steps.prune(runs[TODAY], {})()
    kept = sorted(TrainedModel.objects.values_list("run__business_date", flat=True), reverse=True)
    assert kept[0] == TODAY + timedelta(days=1) and kept[1:15] == days[:14]
    sundays = [day for day in days[14:] if day.weekday() == 6]
    assert kept[15:] == sundays != [] and JobPartition.objects.count() == len(kept)
    assert not LeadTime.objects.exists() and not TrainedModel.objects.filter(run=unpublished).exists()
    assert Accuracy.objects.count() == 1 and JobRun.objects.count() == 42


def test_a_run_whose_values_some_position_still_shows_is_not_pruned(make_product, receive):
    days = [TODAY - timedelta(days=n) for n in range(40)]
    runs = {day: old_run(day) for day in days}
    wednesday = TODAY - timedelta(days=32)
    level = receive(make_product(), 5).level
    InventoryPosition.objects.create(
        level=level, product_id=level.product_id, warehouse_id=level.warehouse_id, run=runs[wednesday]
    )
    assert runs[wednesday].pk not in set(nightly_steps.runs_to_prune())
    assert runs[wednesday - timedelta(days=1)].pk in set(nightly_steps.runs_to_prune())


def test_every_step_is_named_once():
    names = jobs.steps_of(nightly.KIND)
    assert names == [
        "close_demand", "lead_times", "train", "methods", "plan", "launches", "aggregates", "shapes", "segments",
        "stock_outs", "suggestions", "scarce", "automatic", "accuracy", "anomalies", "modes",
        "key_figures", "alerts", "counts", "digests", "prune",
    ]  # fmt: skip


def test_who_runs_a_night_hears_where_mails_are_written(settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", tmp_path
    open_shop()
    JobRun.objects.create(kind=nightly.KIND, business_date=TODAY, state=JobRun.State.PUBLISHED)
    assert f"E-mail lies in {tmp_path}, and in the admin" in run_nightly()
