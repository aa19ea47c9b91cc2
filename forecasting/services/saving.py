"""Keep what came out of a part of a run."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from django.db import connection

from forecasting import engine
from forecasting.engine import GRID
from forecasting.models import Accuracy, AccuracyByHorizon, Forecast, ForecastValueAdded
from forecasting.panels import Keys
from forecasting.services.evaluating import backtest_rows
from forecasting.services.issuing import SUMMED, Issued
from inventory_site.common.models import JobRun

WRITTEN_AT_ONCE = 500
STORED_LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
ITEM = ("run", "product", "warehouse")


def save_forecasts(*, run: JobRun, keys: Keys, issued: Issued, is_scored: bool = True) -> None:
    """Write forecasts of these series, and accuracies where they were scored; those of the same run are overwritten."""
    first_on = run.business_date + timedelta(days=1)
    _upsert(Forecast, _forecast_rows(run, keys, issued, first_on))
    if is_scored:
        _upsert(Accuracy, _accuracy_rows(run, keys, issued.result))
        AccuracyByHorizon.objects.bulk_create(backtest_rows(run, keys, issued.baseline), batch_size=WRITTEN_AT_ONCE)
    _freeze(run, issued.value_added)


def keep_scores(*, run: JobRun, source: int) -> None:
    """Give this run the back-test of the run that its models come from; past origins keep their dates, so a new one
    would say the same."""
    AccuracyByHorizon.objects.filter(run=run, source=AccuracyByHorizon.Source.BACKTEST).delete()
    Accuracy.objects.filter(run=run).delete()
    _copy_of_run(Accuracy, run, source, "")
    _copy_of_run(AccuracyByHorizon, run, source, f" AND source = '{AccuracyByHorizon.Source.BACKTEST}'")


def _copy_of_run(model: type[Accuracy] | type[AccuracyByHorizon], run: JobRun, source: int, only: str) -> None:
    """All rows of the other run, within the database."""
    table = connection.ops.quote_name(model._meta.db_table)
    columns = [connection.ops.quote_name(f.column) for f in model._meta.concrete_fields if f.name not in ("id", "run")]
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (run_id, {names}) SELECT %s, {names} FROM {table} WHERE run_id = %s{only}",
            [run.pk, source],
        )


def _freeze(run: JobRun, rows: list[ForecastValueAdded]) -> None:
    """An override is measured against the last forecast before it began, or else the first that it was in."""
    ahead = [row for row in rows if row.override.first_on > run.business_date]
    begun = [row for row in rows if row.override.first_on <= run.business_date]
    ForecastValueAdded.objects.bulk_create(
        ahead,
        update_conflicts=True,
        unique_fields=["override"],
        update_fields=["run", "first_on", "last_on", "days", *SUMMED],
    )
    ForecastValueAdded.objects.bulk_create(begun, ignore_conflicts=True)


def _upsert(model: type[Forecast] | type[Accuracy], rows: list) -> None:
    names = [f.name for f in model._meta.concrete_fields if not f.primary_key and f.name not in ITEM]
    model.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=ITEM, update_fields=names, batch_size=WRITTEN_AT_ONCE
    )


def _forecast_rows(run: JobRun, keys: Keys, issued: Issued, first_on: date) -> list[Forecast]:
    result, baseline = issued.result, issued.baseline
    demand = result.lead_time_demand
    mean, quantiles = result.mean.round(4).tolist(), result.quantiles.round(3).tolist()
    grid = demand.quantiles.round(3).tolist()
    named = {
        f"lead_time_demand_q{round(level * 100)}": demand.quantiles[:, GRID.index(level)].tolist()
        for level in STORED_LEVELS
    }
    interval_days, naive = issued.interval_days.round(2).tolist(), issued.naive.round(2).tolist()
    own = {
        row: {
            "baseline_mean": baseline.mean[row].round(4).tolist(),
            "baseline_lead_time_demand_mean": float(baseline.lead_time_demand.mean[row]),
        }
        for row in np.flatnonzero(issued.overridden).tolist()
    }
    return [
        Forecast(
            run=run, product_id=product, warehouse_id=warehouse, method=str(result.method[row]), first_on=first_on,
            mean=mean[row], quantiles=quantiles[row], lead_time_demand_mean=float(demand.mean[row]),
            lead_time_demand_grid=grid[row], lead_time_demand_excess=float(demand.excess[row]),
            interval_days=interval_days[row], naive=naive[row], drivers=issued.drivers[row], **own.get(row, {}),
            **{name: values[row] for name, values in named.items()},
        )
        for row, (product, warehouse) in enumerate(zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True))
    ]  # fmt: skip


def _accuracy_rows(run: JobRun, keys: Keys, result: engine.Forecast) -> list[Accuracy]:
    scores = {
        name: [None if np.isnan(value) else float(value) for value in result.scores[name]]
        for name in ("wape", "bias", "pinball", "naive_pinball")
    }
    return [
        Accuracy(
            run=run, product_id=product, warehouse_id=warehouse, method=str(result.method[row]),
            **{name: values[row] for name, values in scores.items()},
        )
        for row, (product, warehouse) in enumerate(zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True))
    ]  # fmt: skip
