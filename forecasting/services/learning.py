"""Learn once a week, or when errors drift; use what was learned on the nights between; keep the better models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from forecasting import engine
from forecasting.engine import STEP_LEVELS, Panel, ProtectionInterval, Trained
from forecasting.errors import ModelsGone
from forecasting.models import Accuracy, Forecast, ModelVersion, TrainedModel
from forecasting.panels import Keys, known_since, panel_of
from forecasting.retraining import Night, challenger_wins, drift, reason_to_train
from forecasting.services.saving import keep_scores
from forecasting.services.training import HORIZON, training_series
from inventory_site.common import audit
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandSeries

#: Forecasts of the night before that are held against the day.
MEASURED = 2_000

Kind = ModelVersion.Kind


@dataclass(frozen=True)
class Champion:
    """The version whose models are in use, and the models; None where this program can't read them."""

    version: ModelVersion
    trained: Trained | None


def train_models(run: JobRun, interval_of: Callable[[Keys], ProtectionInterval]) -> Callable[[], None]:
    """Models for this run, new or used again; returns what writes them. Intervals tell for which spans to be sharp."""
    until, ids = run.business_date, training_series(run)
    panel, keys = panel_of(ids, since=known_since(until), until=until, ahead=HORIZON)
    champion = champion_of(run)
    loss, bias = measured(run)
    moved = drift(*_errors(run, champion, loss, bias)) if champion else 0.0
    reason = reason_to_train(_night(run, champion, len(ids), moved))
    said: dict[str, Any] = {"reason": reason or _why_kept(champion), "loss": loss, "bias": bias, "drift": moved}
    source = None
    if reason is None:
        trained = engine.refresh(champion.trained, panel)
        source = champion.version.run_id
        said |= {"kind": Kind.REFRESH, "trained_on": champion.version.trained_on, "score": champion.version.score}
    else:
        trained, outcome = _contest(run, champion, panel, interval_of(keys))
        said |= outcome
    data = trained.dumps()
    coverage = {name: _numbers(values) for name, values in trained.coverage.items()}

    def write() -> None:
        TrainedModel.objects.update_or_create(run=run, defaults={"data": data, "coverage": coverage})
        ModelVersion.objects.update_or_create(run=run, defaults=said)
        if source:
            keep_scores(run=run, source=source)

    return write


def _numbers(values: np.ndarray) -> list:
    """For JSON, which has no NaN: what nobody could observe is None."""
    return np.where(np.isnan(values), None, values).tolist()


def uses_models_again(run: JobRun) -> bool:
    """Whether this run's models are those of an earlier one, whose back-test then was taken over with them."""
    if not ModelVersion.objects.filter(run=run, kind=Kind.REFRESH).exists():
        return False
    source = _version_before(run)
    return bool(source and Accuracy.objects.filter(run=source.run_id).exists())


def champion_of(run: JobRun) -> Champion | None:
    """The pinned version, else that of the newest earlier run that still has its models."""
    version = _version_before(run)
    if version is None:
        return None
    try:
        return Champion(version, Trained.loads(bytes(TrainedModel.objects.get(run=version.run_id).data)))
    except ValueError:
        return Champion(version, None)


def _version_before(run: JobRun) -> ModelVersion | None:
    there = ModelVersion.objects.before(run).filter(
        run__trained_model__isnull=False, run__business_date__lte=run.business_date
    )  # fmt: skip
    return there.pinned().first() or there.first()


def _night(run: JobRun, champion: Champion | None, series: int, moved: float) -> Night:
    tried = ModelVersion.objects.before(run).exclude(kind=Kind.REFRESH).values_list("run__business_date", flat=True)
    before = champion.trained.common.everything.members[0] if champion and champion.trained else series
    return Night(
        today=run.business_date,
        tried_on=tried.first() if champion else None,
        is_readable=bool(champion and champion.trained),
        is_pinned=bool(champion and champion.version.pinned_by),
        series_before=int(before),
        series_now=series,
        drift=moved,
    )


def _why_kept(champion: Champion | None) -> str:
    return "pinned" if champion and champion.version.pinned_by else "fresh"


def _contest(
    run: JobRun, champion: Champion | None, panel: Panel, interval: ProtectionInterval
) -> tuple[Trained, dict[str, Any]]:
    """Train, and let the models in use give way only to better ones, by the same held-out origins."""
    challenger = engine.train(panel, interval=interval, seed=0)
    won = {"kind": Kind.RETRAIN, "trained_on": run.business_date}
    if champion is None or champion.trained is None or not challenger.scored:
        return challenger, won
    old, new = engine.compared(champion.trained, challenger, panel, interval)
    if challenger_wins(old, new):
        return challenger, won | {"score": new, "other_score": old}
    kept = {"kind": Kind.KEPT, "trained_on": champion.version.trained_on, "score": old, "other_score": new}
    return engine.refresh(champion.trained, panel), kept


def measured(run: JobRun) -> tuple[float | None, float | None]:
    """Loss and bias of what the night before said of the day that has just been closed, relative to the demand of a
    usual day; None where nobody forecast it. Days without stock, and what people overrode, do not count."""
    day = run.business_date
    earlier = JobRun.objects.published().filter(kind=run.kind, business_date=day - timedelta(days=1))
    said = Forecast.objects.filter(run=earlier.order_by("version").last(), baseline_mean__isnull=True).order_by("pk")
    keys = list(said.values_list("pk", flat=True))
    chosen = keys[:: len(keys) // MEASURED + 1]
    rows = list(said.filter(pk__in=chosen).values_list("product_id", "warehouse_id", "mean", "quantiles"))
    asked = _asked(day, {row[0] for row in rows})
    rows = [row for row in rows if row[:2] in asked]
    usual = sum(sum(row[2]) / len(row[2]) for row in rows)
    if usual <= 0:
        return None, None
    actual = np.array([asked[row[:2]] for row in rows], float)
    error = actual[:, None] - np.array([row[3][0] for row in rows], float)
    level = np.array(STEP_LEVELS)
    loss = np.maximum(level * error, (level - 1) * error).mean(axis=1).sum()
    return float(loss / usual), float((sum(row[2][0] for row in rows) - actual.sum()) / usual)


def _asked(day, products: set[int]) -> dict[tuple[int, int], int]:
    """Demand of the day by product and warehouse, where the day is closed and was in stock."""
    closed = DemandSeries.objects.filter(product__in=products, closed_on__gte=day, first_on__lte=day)
    found = dict.fromkeys(closed.values_list("product_id", "warehouse_id"), 0)
    days = DailyDemand.objects.filter(on_date=day, series__product__in=products)
    for product, warehouse, demand, rate in days.values_list(
        "series__product_id", "series__warehouse_id", "demand", "stocked_out_rate"
    ):
        if rate:
            found.pop((product, warehouse), None)
        elif (product, warehouse) in found:
            found[product, warehouse] = demand
    return found


def _errors(run: JobRun, champion: Champion, loss: float | None, bias: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Loss and bias of the nights up to the last training, and of those since, tonight's the last."""
    versions = ModelVersion.objects.before(run).order_by("run__business_date", "run")
    rows = [*versions.values_list("run__business_date", "kind", "loss", "bias"), (run.business_date, "", loss, bias)]
    told = np.array([row[2:] for row in rows], float).reshape(-1, 2)
    trained = [row[0] for row in rows if row[1] in (Kind.RETRAIN, Kind.KEPT)]
    since = np.array([row[0] > trained[-1] for row in rows]) if trained else np.ones(len(rows), bool)
    return told[~since], told[since]


@transaction.atomic
def pin_version(*, version: ModelVersion, actor) -> ModelVersion:
    """Use this version's models from the next run on, until it is let go; only one can be pinned.

    Raises ``ModelsGone`` where they were pruned.
    """
    if not TrainedModel.objects.filter(run=version.run_id).exists():
        raise ModelsGone(
            _("The models of %(run)s are not kept any more. Choose a newer version.") % {"run": version.run}
        )
    ModelVersion.objects.pinned().exclude(pk=version.pk).update(pinned_by="")
    version.pinned_by = actor.get_username()
    version.save(update_fields=["pinned_by"])
    audit.record(actor=actor, action="model_version.pin", subject=version, changes={"run": str(version.run)})
    return version


@transaction.atomic
def unpin_version(*, version: ModelVersion, actor) -> ModelVersion:
    """Let the nights choose again."""
    version.pinned_by = ""
    version.save(update_fields=["pinned_by"])
    audit.record(actor=actor, action="model_version.unpin", subject=version, changes={"run": str(version.run)})
    return version
