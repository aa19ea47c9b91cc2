"""Train once a night, forecast by parts, keep what came out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np

from forecasting import engine
from forecasting.engine import GRID, Panel, ProtectionInterval, Trained
from forecasting.models import Accuracy, Forecast, TrainedModel
from forecasting.panels import Keys, known_since, panel_of
from inventory_site.common.models import JobRun
from orders.models import DemandSeries

#: Days of each forecast.
HORIZON = 28

#: Series that teach the pooled models; more only take memory.
TRAINED_ON = 8_000

WRITTEN_AT_ONCE = 500
STORED_LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
ITEM = ("run", "product", "warehouse")


def training_series(run: JobRun) -> list[int]:
    """Primary keys of the series to train on, ascending: all, or a fixed sample of products with all their series."""
    known = DemandSeries.objects.filter(first_on__lte=run.business_date)
    pairs = np.array(list(known.order_by("pk").values_list("pk", "product_id")), np.int64).reshape(-1, 2)
    if len(pairs) > TRAINED_ON:
        mixed = pairs[:, 1] * 2_654_435_761 % 2**32  # Knuth's multiplicative hash: the same sample every night
        pairs = pairs[mixed <= np.partition(mixed, TRAINED_ON - 1)[TRAINED_ON - 1]]
    return pairs[:, 0].tolist()


def train_models(run: JobRun, interval_of: Callable[[Keys], ProtectionInterval]) -> Callable[[], None]:
    """Learn what the parts of the run share; returns what writes it. Intervals tell for which spans to be sharp."""
    until = run.business_date
    panel, keys = panel_of(training_series(run), since=known_since(until), until=until)
    data = engine.train(panel, interval=interval_of(keys), seed=0).dumps()

    def write() -> None:
        TrainedModel.objects.update_or_create(run=run, defaults={"data": data})

    return write


def trained_of(run: JobRun) -> Trained:
    return Trained.loads(bytes(TrainedModel.objects.get(run=run).data))


def panel_for(series_ids: Sequence[int], *, trained: Trained, ahead: int) -> tuple[Panel, Keys]:
    """The panel on the calendar that was trained on."""
    since = trained.last_on - timedelta(days=trained.buckets - 1)
    return panel_of(series_ids, since=since, until=trained.last_on, ahead=max(ahead, HORIZON))


def save_forecasts(*, run: JobRun, keys: Keys, result: engine.Forecast) -> None:
    """Write forecasts and accuracies of these series; those of the same run are overwritten."""
    first_on = run.business_date + timedelta(days=1)
    _upsert(Forecast, _forecast_rows(run, keys, result, first_on))
    _upsert(Accuracy, _accuracy_rows(run, keys, result))


def _upsert(model: type[Forecast] | type[Accuracy], rows: list) -> None:
    names = [f.name for f in model._meta.concrete_fields if not f.primary_key and f.name not in ITEM]
    model.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=ITEM, update_fields=names, batch_size=WRITTEN_AT_ONCE
    )


def _forecast_rows(run: JobRun, keys: Keys, result: engine.Forecast, first_on: date) -> list[Forecast]:
    demand = result.lead_time_demand
    mean, quantiles = result.mean.round(4).tolist(), result.quantiles.round(3).tolist()
    grid = demand.quantiles.round(3).tolist()
    named = {
        f"lead_time_demand_q{round(level * 100)}": demand.quantiles[:, GRID.index(level)].tolist()
        for level in STORED_LEVELS
    }
    return [
        Forecast(
            run=run, product_id=product, warehouse_id=warehouse, method=str(result.method[row]), first_on=first_on,
            mean=mean[row], quantiles=quantiles[row], lead_time_demand_mean=float(demand.mean[row]),
            lead_time_demand_grid=grid[row], lead_time_demand_excess=float(demand.excess[row]),
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
