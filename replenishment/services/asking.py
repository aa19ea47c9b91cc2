"""The step of the night that tries the methods people ask for, before anything is planned."""

from __future__ import annotations

from collections.abc import Callable

from forecasting import services as forecasting
from forecasting.engine import asked
from forecasting.methods import REGISTRY
from forecasting.models import TrainedModel
from inventory_site.common.models import JobRun
from orders.models import DemandSeries
from replenishment.services.planning import interval_of, items_of, keys_of

#: Series of one partition. Methods that learn across series get all of theirs at once.
TRIED_AT_ONCE = 200


def split_methods(run: JobRun) -> list[dict]:
    """Methods and the series they are asked for, as many as the night has time for; none before training."""
    if not TrainedModel.objects.filter(run=run).exists():
        return []
    wanted = forecasting.asked_series(run)
    parts = []
    for name, number in forecasting.within_budget(wanted).items():
        at_once = max(number, 1) if REGISTRY[name].pooled else TRIED_AT_ONCE
        tried, left_out = wanted[name][:number], wanted[name][number:]
        parts += [{"method": name, "series": tried[at : at + at_once]} for at in range(0, number, at_once)]
        parts += [{"method": name, "left_out": left_out}] if left_out else []
    return parts


def try_method(run: JobRun, payload: dict) -> Callable[[], object]:
    """Try one method on these series; returns what writes which of them it wins."""
    name = payload["method"]
    if "left_out" in payload:
        return lambda: forecasting.save_left_out(run=run, method=name, series_ids=payload["left_out"])
    ids = list(DemandSeries.objects.filter(pk__in=payload["series"]).order_by("pk").values_list("pk", flat=True))
    trained, interval = forecasting.trained_of(run), interval_of(items_of(run, keys_of(ids)))
    panel, keys = forecasting.panel_for(ids, trained=trained, ahead=int(interval.lengths.max(initial=1)))
    trial = asked.tried(name, panel, trained, interval, horizon=forecasting.HORIZON)
    return lambda: forecasting.save_trials(run=run, keys=keys, method=name, trial=trial)
