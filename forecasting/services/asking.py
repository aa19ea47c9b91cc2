"""Methods that people ask for: which series they are tried on, and where the plan uses what they said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from forecasting import engine
from forecasting.engine import STEP_LEVELS, asked
from forecasting.engine.asked import Trial
from forecasting.methods import REGISTRY
from forecasting.models import MethodChoice, MethodTrial, Segment
from forecasting.panels import Keys
from inventory_site.common.models import JobRun
from orders.models import DemandSeries

#: Processor seconds that a night spends on these methods, by their own rough figures.
BUDGET_SECONDS = 20 * 60
#: Fits that one trial needs.
FITS = asked.ORIGINS + 1
WRITTEN_AT_ONCE = 500
UNIQUE = ["run", "product", "warehouse", "method"]
NO_TIME = "no time was left in the night"


def asked_series(run: JobRun) -> dict[str, list[int]]:
    """Primary keys of the series that each method is asked for, A items before B items before the others."""
    choices = list(MethodChoice.objects.order_by("pk"))
    if not choices:
        return {}
    known = DemandSeries.objects.filter(first_on__lte=run.business_date).order_by("pk")
    rows = known.values_list("pk", "product_id", "product__category_id", "warehouse_id")
    classes = {row[:2]: row[2] for row in Segment.objects.values_list("product_id", "warehouse_id", "abc")}
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for pk, product, category, warehouse in rows.iterator():
        choice, abc = _narrowest(choices, product, category, warehouse), classes.get((product, warehouse), "")
        for name in choice.methods if choice and (abc == "A" or not choice.only_a) else ():
            found[name].append((abc or "Z", pk))
    return {name: [pk for _abc, pk in sorted(found[name])] for name in sorted(found) if name in REGISTRY}


def _narrowest(choices: list[MethodChoice], product: int, category: int | None, place: int) -> MethodChoice | None:
    fitting = [
        choice
        for choice in choices
        if choice.product_id in (None, product)
        and choice.category_id in (None, category)
        and choice.warehouse_id in (None, place)
    ]
    return max(
        fitting, key=lambda c: (c.product_id is not None, c.category_id is not None, c.warehouse_id is not None),
        default=None,
    )  # fmt: skip


def within_budget(wanted: dict[str, list[int]], seconds: float = BUDGET_SECONDS) -> dict[str, int]:
    """How many series of each method fit into the night, the quick methods first."""
    left, found = seconds, {}
    for name in sorted(wanted, key=lambda name: (REGISTRY[name].seconds, name)):
        each = REGISTRY[name].seconds * FITS
        found[name] = min(len(wanted[name]), int(left / each))
        left -= found[name] * each
    return found


def save_trials(*, run: JobRun, keys: Keys, method: str, trial: Trial) -> int:
    """Keep what came of it; trying again replaces it."""
    wins = trial.wins
    rows = [
        MethodTrial(
            run=run, product_id=product, warehouse_id=warehouse, method=method, error=float(trial.error[row]),
            automatic_error=float(trial.automatic[row]), is_used=bool(wins[row]),
            reason=trial.reasons.get(row, "")[:300],
            mean=trial.mean[row].round(4).tolist() if wins[row] else [],
            quantiles=trial.quantiles[row].round(4).tolist() if wins[row] else [],
        )
        for row, (product, warehouse) in enumerate(zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True))
    ]  # fmt: skip
    return _written(rows)


def save_left_out(*, run: JobRun, method: str, series_ids: Sequence[int]) -> int:
    """Tell of each series that the night had no time for the method."""
    pairs = DemandSeries.objects.filter(pk__in=series_ids).order_by("pk").values_list("product_id", "warehouse_id")
    return _written(
        [MethodTrial(run=run, product_id=p, warehouse_id=w, method=method, reason=NO_TIME) for p, w in pairs]
    )


def _written(rows: list[MethodTrial]) -> int:
    names = ["error", "automatic_error", "is_used", "reason", "mean", "quantiles"]
    MethodTrial.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=UNIQUE, update_fields=names, batch_size=WRITTEN_AT_ONCE
    )
    return len(rows)


def with_asked(
    *, run: JobRun, keys: Keys, result: engine.Forecast, interval: engine.ProtectionInterval
) -> engine.Forecast:
    """The forecast with the methods that were asked for where they won, the nearest one where several did."""
    if not len(keys.product):
        return result
    pairs = zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True)
    row_of = {pair: row for row, pair in enumerate(pairs)}
    within = {"product_id__gte": int(keys.product.min()), "product_id__lte": int(keys.product.max())}
    won = MethodTrial.objects.filter(run=run, is_used=True, **within)
    nearest: dict[int, MethodTrial] = {}
    for trial in won.order_by("-error", "-method").iterator():  # the nearest comes last
        if (row := row_of.get((trial.product_id, trial.warehouse_id))) is not None:
            nearest[row] = trial
    for name in sorted({trial.method for trial in nearest.values()}):
        rows = np.array([row for row, trial in sorted(nearest.items()) if trial.method == name])
        days = max(len(nearest[row].mean) for row in rows.tolist())
        mean, quantiles = np.zeros((len(rows), days)), np.zeros((len(rows), days, len(STEP_LEVELS)))
        for at, row in enumerate(rows.tolist()):
            own = len(nearest[row].mean)
            mean[at, :own], quantiles[at, :own] = nearest[row].mean, nearest[row].quantiles
        result = asked.with_method(result, rows, name, mean, quantiles, interval)
    return result
