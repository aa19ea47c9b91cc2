"""Which series a night learns from, and the panel of a part on the same calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from forecasting.engine import Panel, Trained
from forecasting.models import TrainedModel
from forecasting.panels import Keys, panel_of
from inventory_site.common.models import JobRun
from orders.models import DemandSeries

#: Days of each forecast.
HORIZON = 28

#: Series that teach the pooled models; more only take memory.
TRAINED_ON = 8_000


def training_series(run: JobRun) -> list[int]:
    """Primary keys of the series to train on, ascending: all, or a fixed sample of products with all their series."""
    known = DemandSeries.objects.filter(first_on__lte=run.business_date)
    pairs = np.array(list(known.order_by("pk").values_list("pk", "product_id")), np.int64).reshape(-1, 2)
    if len(pairs) > TRAINED_ON:
        mixed = pairs[:, 1] * 2_654_435_761 % 2**32  # Knuth's multiplicative hash: the same sample every night
        pairs = pairs[mixed <= np.partition(mixed, TRAINED_ON - 1)[TRAINED_ON - 1]]
    return pairs[:, 0].tolist()


def trained_of(run: JobRun) -> Trained:
    return Trained.loads(bytes(TrainedModel.objects.get(run=run).data))


def panel_for(series_ids: Sequence[int], *, trained: Trained, ahead: int) -> tuple[Panel, Keys]:
    """The panel on the calendar that was trained on."""
    since = trained.last_on - timedelta(days=trained.buckets - 1)
    return panel_of(series_ids, since=since, until=trained.last_on, ahead=max(ahead, HORIZON))
