"""The classes of items by month: what an item is worth comes from this run's plan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecasting.panels import Keys
from forecasting.services import segmenting
from forecasting.services.segmenting import Worth
from inventory_site.common.models import JobRun
from orders.models import DemandSeries
from replenishment.models import ReorderPoint
from replenishment.services.kpis import revenue_cuts_of

#: Series of one partition.
JUDGED_AT_ONCE = 2_000


def split_shapes(run: JobRun) -> list[dict]:
    """One partition in the first run of a month."""
    return [{}] if segmenting.is_month_due(run) else []


def learn_shapes(run: JobRun, payload: dict) -> Callable[[], None]:
    return segmenting.learn_shapes(run)


def split_segments(run: JobRun) -> list[dict]:
    """All series in the first run of a month, in others those that nobody judged yet; with the borders of A and B."""
    if segmenting.is_month_due(run):
        known = DemandSeries.objects.filter(first_on__lte=run.business_date)
        ids = list(known.order_by("pk").values_list("pk", flat=True))
    else:
        ids = segmenting.unjudged_series(run)
    if not ids:
        return []
    cuts = {str(pk): [float(cut.a_from), float(cut.b_from)] for pk, cut in revenue_cuts_of(run).items() if cut.a_from}
    parts = [ids[at : at + JUDGED_AT_ONCE] for at in range(0, len(ids), JUDGED_AT_ONCE)]
    return [{"series": part, "cuts": cuts} for part in parts]


def judge_segments(run: JobRun, payload: dict) -> Callable[[], None]:
    """Judge these series; returns what writes their segments."""
    return segmenting.judge(run, payload["series"], lambda keys: _worth(run, keys, payload["cuts"]))


def _worth(run: JobRun, keys: Keys, cuts: dict[str, list[float]]) -> Worth:
    points = ReorderPoint.objects.filter(run=run, product__in=set(keys.product.tolist()))
    known = {row[:2]: row[2] for row in points.values_list("product_id", "warehouse_id", "yearly_revenue")}
    pairs = zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True)
    borders = np.array([cuts.get(str(pk)) or [np.nan, np.nan] for pk in keys.warehouse.tolist()], float).reshape(-1, 2)
    return Worth(np.array([float(known.get(pair, 0)) for pair in pairs]), borders[:, 0], borders[:, 1])
