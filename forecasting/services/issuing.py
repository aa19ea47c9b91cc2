"""A part of a run on its way to be kept: people's words go in, and what it will be measured by is frozen beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np

from forecasting import drivers, engine
from forecasting.engine import Panel, ProtectionInterval
from forecasting.models import ForecastValueAdded, Override
from forecasting.overrides import WEEK, Spoken, Word, applied, spoken
from forecasting.panels import Keys
from inventory_site.common.models import JobRun, ShopSettings

#: Columns of an override's value that are sums over its days.
SUMMED = ("naive", "model", "overridden")


@dataclass(frozen=True)
class Issued:
    """``result`` is what is planned with; ``baseline`` is the model's own; ``naive`` repeats the last week."""

    result: engine.Forecast
    baseline: engine.Forecast
    overridden: np.ndarray
    naive: np.ndarray
    interval_days: np.ndarray
    drivers: list[dict[str, Any]]
    value_added: list[ForecastValueAdded]


def issue(*, run: JobRun, panel: Panel, keys: Keys, result: engine.Forecast, interval: ProtectionInterval) -> Issued:
    """The forecast with the overrides that were known at the end of the run's day, and what is frozen with it."""
    told = _overrides(run, keys, max(result.mean.shape[1], int(interval.lengths.max(initial=1))))
    words = [word for word, _override in told]
    overridden = np.zeros(len(panel.demand), bool)
    overridden[[word.row for word in words]] = True
    share = interval.weights / np.maximum(interval.weights.sum(axis=1, keepdims=True), 1e-12)
    naive = np.nan_to_num(panel.demand[:, -WEEK:])
    said = spoken(result.mean, words, result.mean.shape[1])
    return Issued(
        result=applied(result, words, interval, whole_pieces=True),
        baseline=result,
        overridden=overridden,
        naive=naive,
        interval_days=(interval.lengths * share).sum(axis=1),
        drivers=drivers.stored(drivers.drivers_of(panel.demand, result.mean, panel.known, panel.stocked_out)),
        value_added=_value_added(run, told, result.mean, said, naive),
    )


def known_until(run: JobRun) -> datetime:
    """The end of the run's business day in the shop's zone: what people say later counts from the next run on."""
    return datetime.combine(run.business_date, time.max, tzinfo=ShopSettings.objects.load().zone)


def _overrides(run: JobRun, keys: Keys, days: int) -> list[tuple[Word, Override]]:
    """Standing overrides of these series within so many days after the run's, oldest first."""
    if not len(keys.product):
        return []
    first_on = run.business_date + timedelta(days=1)
    pairs = zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True)
    row_of = {pair: row for row, pair in enumerate(pairs)}
    known = Override.objects.known_at(known_until(run)).between(first_on, first_on + timedelta(days=days - 1))
    known = known.filter(product_id__gte=int(keys.product.min()), product_id__lte=int(keys.product.max()))
    return [
        (word_of(override, row_of[override.product_id, override.warehouse_id], first_on), override)
        for override in known.order_by("made_at", "pk")
        if (override.product_id, override.warehouse_id) in row_of
    ]


def word_of(override: Override, row: int, first_on) -> Word:
    """The override as days from ``first_on``, the first day of a forecast."""
    return Word(
        row, (override.first_on - first_on).days, (override.last_on - first_on).days,
        override.kind == Override.Kind.PERCENT, override.amount,
    )  # fmt: skip


def _value_added(
    run: JobRun, told: Sequence[tuple[Word, Override]], mean: np.ndarray, said: Spoken, naive: np.ndarray
) -> list[ForecastValueAdded]:
    """What naive, model and override said of the days on which each override holds."""
    first_on, rows = run.business_date + timedelta(days=1), []
    for place, (word, override) in enumerate(told):
        held = np.flatnonzero(said.holder[word.row] == place)
        if not len(held):
            continue
        first = int(held[0])
        days = [
            [int(day) - first, float(naive[word.row, day % WEEK]), *(round(float(x[word.row, day]), 3) for x in
             (mean, said.mean))]
            for day in held
        ]  # fmt: skip
        rows.append(
            ForecastValueAdded(
                override=override, run=run, product_id=override.product_id, warehouse_id=override.warehouse_id,
                first_on=first_on + timedelta(days=first), last_on=first_on + timedelta(days=int(held[-1])), days=days,
                **{name: sum(day[at] for day in days) for at, name in enumerate(SUMMED, start=1)},
            )
        )  # fmt: skip
    return rows
