"""People say why something was odd; until they do, the plan trusts its forecast less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from forecasting import engine
from forecasting.errors import NotExplained
from forecasting.models import Anomaly
from forecasting.panels import Keys
from inventory_site.common import audit, outbox
from inventory_site.common.models import JobRun, ShopSettings
from stock import access

CHANGE = "forecasting.change_anomaly"
#: How much wider the spread of demand is planned while nobody has said what an anomaly was.
WIDER = 1.25
EXPLANATION = ["state", "explained_by", "explained_at", "explained_on", "note"]


@transaction.atomic
def explain_anomalies(*, anomalies: Sequence[Anomaly], explanation: str, actor: Any, note: str = "") -> list[Anomaly]:
    """Say what they were: a one-off (these days are left out of the history) or the new level (what was before counts
    as if it had been there); all of them or none. Plans heed it from the next nightly run on.

    Raises ``NotExplained`` where an anomaly of stock is called a new level, or where nothing is open any more.
    """
    rows = _locked(anomalies, actor)
    for row in rows:
        if row.state not in (Anomaly.State.OPEN, Anomaly.State.OVER):
            raise NotExplained(_("%(item)s: somebody has explained it already. Undo that first.") % {"item": row})
        if explanation == Anomaly.State.NEW_LEVEL and row.about == Anomaly.About.STOCK:
            raise NotExplained(_("%(item)s: stock has no new level. Count it, then say that it was a one-off.")
                               % {"item": row})  # fmt: skip
    shop = ShopSettings.objects.load()
    for row in rows:
        row.state, row.note = Anomaly.State(explanation), note.strip()[:200]
        row.explained_by, row.explained_at, row.explained_on = actor, shop.now(), shop.today()
        audit.record(actor=actor, action="anomaly.explain", subject=row, changes=_told(row))
    return _saved(rows)


@transaction.atomic
def explain_anomaly(*, anomaly: Anomaly, explanation: str, actor: Any, note: str = "") -> Anomaly:
    """Say what one anomaly was; see ``explain_anomalies``."""
    return explain_anomalies(anomalies=[anomaly], explanation=explanation, actor=actor, note=note)[0]


@transaction.atomic
def withdraw_explanations(*, anomalies: Sequence[Anomaly], actor: Any) -> list[Anomaly]:
    """Take back what was said: they are open again until a night no longer finds them. Others stay as they are.

    Raises ``NotExplained`` where another anomaly of the same item has been opened since.
    """
    rows = [row for row in _locked(anomalies, actor) if row.state in Anomaly.EXPLAINED]
    taken = Anomaly.objects.open().filter(product__in=[row.product_id for row in rows])
    standing = set(taken.values_list("product_id", "warehouse_id", "about"))
    for row in rows:
        if (row.product_id, row.warehouse_id, row.about) in standing:
            raise NotExplained(_("%(item)s: something newer is open. Explain that one first.") % {"item": row})
        standing.add((row.product_id, row.warehouse_id, row.about))
        audit.record(actor=actor, action="anomaly.withdraw", subject=row, changes=_told(row))
        row.state, row.note = Anomaly.State.OPEN, ""
        row.explained_by = row.explained_at = row.explained_on = None
    return _saved(rows)


def _saved(rows: list[Anomaly]) -> list[Anomaly]:
    """Who warns of them hears of it."""
    Anomaly.objects.bulk_update(rows, EXPLANATION, batch_size=500)
    if rows:
        outbox.publish("anomalies.changed", {"anomalies": [row.pk for row in rows]})
    return rows


def _locked(anomalies: Sequence[Anomaly], actor: Any) -> list[Anomaly]:
    """The rows as they are now, once nobody else can change them."""
    chosen = Anomaly.objects.filter(pk__in=[row.pk for row in anomalies]).order_by("pk")
    rows = list(chosen.select_for_update(of=("self",)).select_related("product", "warehouse"))
    access.require(actor, CHANGE, *{row.warehouse_id: row.warehouse for row in rows}.values())
    return rows


def _told(row: Anomaly) -> dict[str, str]:
    return {"item": str(row), "days": f"{row.first_on}–{row.last_on}", "state": row.state, "note": row.note}


def widened(*, run: JobRun, keys: Keys, result: engine.Forecast) -> engine.Forecast:
    """The forecast with a wider spread where an anomaly of demand was open at the end of the run's day: quantiles are
    WIDER times as far from the mean, in whole pieces; the mean stays."""
    wide = rows_open(run, keys)
    if not wide.any():
        return result
    demand = result.lead_time_demand
    grid, steps = demand.quantiles.copy(), result.quantiles.copy()
    grid[wide] = _apart(grid[wide], demand.mean[wide, None])
    steps[wide] = _apart(steps[wide], result.mean[wide, :, None])
    wider = replace(demand, quantiles=grid, excess=np.where(wide, demand.excess * WIDER, demand.excess))
    return replace(result, quantiles=steps, lead_time_demand=wider)


def rows_open(run: JobRun, keys: Keys) -> np.ndarray:
    """True where an anomaly of the series' demand was open at the end of the run's day [series]."""
    known = Anomaly.objects.open_on(run.business_date).filter(about=Anomaly.About.DEMAND)
    if len(keys.product):
        known = known.filter(product_id__gte=int(keys.product.min()), product_id__lte=int(keys.product.max()))
    pairs = set(known.values_list("product_id", "warehouse_id"))
    rows = zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True)
    return np.array([pair in pairs for pair in rows], bool)


def _apart(quantiles: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Quantiles farther from the mean: those above it rounded up, those below it down, none below 0."""
    moved = mean + WIDER * (quantiles - mean)
    return np.maximum(np.where(quantiles > mean, np.ceil(moved - 1e-9), np.floor(moved + 1e-9)), 0.0)
