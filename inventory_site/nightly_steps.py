"""The steps of the nightly job; importing this registers them, and loads all that computes.

close_demand → lead_times → train → methods → plan → launches → aggregates → shapes → segments → stock_outs →
suggestions → scarce (suppliers of whom too much is wanted), then the run is published: in one short transaction
positions, forecasts and reorder points become the current ones. After it automatic (drafts of what policies leave to
the night) → accuracy (what past runs had forecast against what happened) → anomalies (demand and stock that are not as
expected, until somebody says why) → modes (policies may do more, or less, by accuracy) → key_figures → alerts → counts
(what is worth counting today) → digests → prune. Lead times come before forecasts, since these are made for the time
until the next delivery; methods are tried before the plan uses those that won; launches plan new items by others and
replace what was said of them; aggregates add items up; shapes and segments judge them once a month; stock_outs learns
where past forecasts were wrong about them, for the chances that are published; alerts read what is published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db.models import Model

from alerts import services as alerts
from alerts.models import Alert, Subscription
from alerts.rules import RULES
from forecasting import services as forecasting
from forecasting.models import (
    AggregateForecast,
    Forecast,
    Launch,
    MethodTrial,
    ModelVersion,
    StockOutRegression,
    TrainedModel,
)
from inventory_site.common.jobs import Step, register_kind
from inventory_site.common.models import JobPartition, JobRun
from inventory_site.nightly import KIND
from orders import interest
from orders.closing import close_demand, forget_revisions, note_late_movements
from orders.demand import ensure_series
from orders.models import DemandSeries
from replenishment import services as replenishment
from replenishment.models import InventoryPosition, LeadTime, ReorderPoint
from stock import services as stock
from stock.models import Warehouse

CLOSED_AT_ONCE = 2000
#: A movement's time of recording is taken when its transaction begins, so look back a little further.
LATE_COMMITS = timedelta(minutes=5)

RUNS_IN_FULL = 14
#: What a run leaves behind and pruning takes away; accuracies, suggestions and the run itself stay for ever.
OUTPUTS: tuple[type[Model], ...] = (
    Forecast, Launch, AggregateForecast, MethodTrial, ReorderPoint, LeadTime, TrainedModel, StockOutRegression,
    JobPartition,
)  # fmt: skip


def split_closing(run: JobRun) -> list[dict]:
    """Series in ranges of primary keys, after making those that are missing; views and carts are counted before."""
    ensure_series()
    before = JobRun.objects.filter(kind=KIND, pk__lt=run.pk).order_by("pk").last()
    since = before.started_at - LATE_COMMITS if before else None
    if since:
        note_late_movements(recorded_since=since)
    interest.roll_up(until=run.business_date, recorded_since=since)
    ids = list(DemandSeries.objects.order_by("pk").values_list("pk", flat=True))
    parts = [ids[at : at + CLOSED_AT_ONCE] for at in range(0, len(ids), CLOSED_AT_ONCE)]
    return [{"first": part[0], "last": part[-1]} for part in parts]


def close(run: JobRun, payload: dict) -> Callable[[], None]:
    series = DemandSeries.objects.filter(pk__range=(payload["first"], payload["last"]))
    return close_demand(until=run.business_date, series_ids=list(series.values_list("pk", flat=True)))


def split_alerts(run: JobRun) -> list[dict]:
    """One partition for each rule, so that one that fails does not silence the others."""
    return [{"rule": code} for code in RULES]


def find_alerts(run: JobRun, payload: dict) -> Callable[[], None]:
    return alerts.evaluate_rule(code=payload["rule"])


def split_counts(run: JobRun) -> list[dict]:
    return [{"warehouse": pk} for pk in Warehouse.objects.active().order_by("pk").values_list("pk", flat=True)]


def plan_counts(run: JobRun, payload: dict) -> Callable[[], None]:
    """The planning's classes and the warnings that doubt a stock are handed down first; they matter for the list."""
    warehouse = Warehouse.objects.get(pk=payload["warehouse"])
    doubting = [code for code, rule in RULES.items() if rule.doubts_stock]
    open_alerts = Alert.objects.to_do(run.business_date).filter(warehouse=warehouse, rule__in=doubting)
    doubts = dict(open_alerts.exclude(product=None).order_by("pk").values_list("product", "rule"))
    rows = InventoryPosition.objects.filter(warehouse=warehouse).values_list("level", "product", "abc")
    stock.tell_needs(
        warehouse=warehouse,
        told={level: stock.KnownAbove(abc, doubts.get(product, "")) for level, product, abc in rows},
    )
    plan = stock.planned_counts(warehouse)
    return lambda: stock.write_count_plan(warehouse, plan)


def split_digests(run: JobRun) -> list[dict]:
    wanted = Subscription.objects.for_digests().order_by("pk")
    return [{"subscription": pk} for pk in wanted.values_list("pk", flat=True)]


def send_digest(run: JobRun, payload: dict) -> Callable[[], None]:
    """It goes out here if it can; its own row knows whether it did, so there is nothing left to write."""
    alerts.send_digest(subscription_id=payload["subscription"], business_date=run.business_date)
    return lambda: None


def one_partition(run: JobRun) -> list[dict]:
    return [{}]


def prune(run: JobRun, payload: dict) -> Callable[[], None]:
    gone = list(runs_to_prune())

    def write() -> None:
        for outputs in OUTPUTS:
            outputs._default_manager.filter(run__in=gone).delete()
        interest.forget_old(until=run.business_date)
        forget_revisions(until=run.business_date)

    return write


def runs_to_prune() -> Iterator[int]:
    """All but the newest 14 runs, the newest of each week, and those whose values a position or whose models a person
    still uses."""
    runs = JobRun.objects.filter(kind=KIND).exclude(state=JobRun.State.RUNNING)
    needed = set(InventoryPosition.objects.exclude(run=None).order_by().values_list("run", flat=True).distinct())
    needed |= set(ModelVersion.objects.pinned().values_list("run", flat=True))
    weeks = set()
    for place, run in enumerate(runs.order_by("-business_date", "-version")):
        week = run.business_date.isocalendar()[:2]
        is_newest_of_week = run.published_at is not None and week not in weeks
        if run.published_at is not None:
            weeks.add(week)
        if place >= RUNS_IN_FULL and not is_newest_of_week and run.pk not in needed:
            yield run.pk


register_kind(
    KIND,
    steps=[
        Step("close_demand", split_closing, close),
        Step("lead_times", replenishment.split_lead_times, replenishment.learn_lead_times),
        Step("train", replenishment.split_training, replenishment.train),
        Step("methods", replenishment.split_methods, replenishment.try_method),
        Step("plan", replenishment.split_plan, replenishment.plan_partition),
        Step("launches", replenishment.split_launches, replenishment.plan_launches),
        Step("aggregates", forecasting.split_aggregates, forecasting.forecast_aggregates),
        Step("shapes", replenishment.split_shapes, replenishment.learn_shapes),
        Step("segments", replenishment.split_segments, replenishment.judge_segments),
        Step("stock_outs", one_partition, replenishment.learn_stock_outs),
        Step("suggestions", replenishment.split_suggestions, replenishment.make_suggestions),
        Step("scarce", replenishment.split_scarce, replenishment.share_scarce),
    ],
    publish=replenishment.publish_run,
    after=[
        Step("automatic", replenishment.split_automatic, replenishment.draft_automatic),
        Step("accuracy", forecasting.split_accuracy, forecasting.evaluate),
        Step("anomalies", forecasting.split_anomalies, forecasting.find_anomalies),
        Step("modes", replenishment.split_modes, replenishment.move_mode),
        Step("key_figures", one_partition, replenishment.keep_key_figures),
        Step("alerts", split_alerts, find_alerts),
        Step("counts", split_counts, plan_counts),
        Step("digests", split_digests, send_digest),
        Step("prune", one_partition, prune),
    ],
)
