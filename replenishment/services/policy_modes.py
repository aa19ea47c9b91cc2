"""Modes moved by measured accuracy, one step at a time; and the log of every move, by a person or a night."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import SupplierProduct
from forecasting.models import Forecast
from forecasting.services.evaluating import kept_runs, known_demand
from inventory_site.common import audit
from inventory_site.common.models import JobRun, ShopSettings, User
from orders.models import DemandSeries
from replenishment.errors import CannotTakeBack
from replenishment.models import Policy, PolicyMeasure, PolicyMode, PolicyModeChange
from replenishment.services.policies import Pair, Planned, Scope, resolve_policies

Reason = PolicyModeChange.Reason

#: From less to more.
LADDER = (PolicyMode.SHADOW, PolicyMode.SUGGEST, PolicyMode.AUTOMATIC)

#: Days of a forecast that are compared, and nights that are judged together since the last change.
DAYS, NIGHTS = 7, 14

#: Up a step where forecast and demand differ by at most this share, and the 95 % quantile held on so many days.
PROMOTED_BIAS, PROMOTED_COVERAGE = 0.15, 0.92
#: Down a step beyond these. In between it stays.
DEMOTED_BIAS, DEMOTED_COVERAGE = 0.35, 0.87

#: Items of one policy that are measured, and that are looked through for them: enough for a sure figure.
MEASURED, LOOKED_THROUGH = 1_000, 5_000
Q95 = 3  # its place among the quantiles of a day


def split_modes(run: JobRun) -> list[dict]:
    """One partition for each policy whose mode may be moved."""
    return [{"policy": pk} for pk in Policy.objects.movable().order_by("pk").values_list("pk", flat=True)]


def move_mode(run: JobRun, payload: dict) -> Callable[[], None]:
    """Measure the forecasts of past runs whose days are over; returns what writes that, and moves the mode."""
    policy = Policy.objects.filter(pk=payload["policy"]).first()
    rows = _measures(policy, run) if policy else []

    def write() -> None:
        PolicyMeasure.objects.bulk_create(rows, ignore_conflicts=True)
        found = Policy.objects.locked().movable().filter(pk=payload["policy"]).first()
        if found:
            _judge(found, run)

    return write


def _measures(policy: Policy, run: JobRun) -> list[PolicyMeasure]:
    done = set(policy.measures.values_list("run", flat=True))
    due = [
        past for past in kept_runs(run)
        if past.business_date + timedelta(days=DAYS) <= run.business_date and past.pk not in done
    ]  # fmt: skip
    pairs = pairs_of(policy) if due else []
    return [_measure(policy, past, pairs) for past in due]


def pairs_of(policy: Policy) -> list[Pair]:
    """Items (product, warehouse) whose mode this policy sets, up to MEASURED of them."""
    return [pair for pair, one in matched(policy, LOOKED_THROUGH) if one.mode_of == policy][:MEASURED]


def matched(policy: Policy, most: int) -> list[tuple[Pair, Planned]]:
    """Items that its product, category, supplier and warehouse let in, and what each is planned by."""
    series = DemandSeries.objects.all()
    named = {"product": policy.product_id, "product__category": policy.category_id, "warehouse": policy.warehouse_id}
    series = series.filter(**{name: pk for name, pk in named.items() if pk})
    if policy.supplier_id:
        series = series.filter(product__terms__supplier=policy.supplier_id)
    rows = list(series.order_by("pk").values_list("product", "product__category", "warehouse")[:most])
    preferred = SupplierProduct.objects.preferred().filter(product__in={row[0] for row in rows})
    supplier = dict(preferred.values_list("product", "supplier"))
    scopes = [Scope(product, category, supplier.get(product), place) for product, category, place in rows]
    return [((row[0], row[2]), one) for row, one in zip(rows, resolve_policies(scopes), strict=True)]


def _measure(policy: Policy, past: JobRun, pairs: Sequence[Pair]) -> PolicyMeasure:
    """The first days of that run's forecasts against demand; days without stock do not count."""
    wanted = set(pairs)
    rows = Forecast.objects.filter(run=past, product__in={product for product, _place in pairs})
    told = {
        (product, place): (mean[:DAYS], quantiles[:DAYS])
        for product, place, mean, quantiles in rows.values_list("product", "warehouse", "mean", "quantiles")
        if (product, place) in wanted
    }
    row = PolicyMeasure(policy=policy, run=past, forecast_on=past.business_date, items=len(told), item_days=0,
                        demand=0.0, error=0.0, below_95=0)  # fmt: skip
    if told:
        day = past.business_date
        known = known_demand(list(told), day + timedelta(days=1), day + timedelta(days=DAYS))
        mean = np.array([mean for mean, _quantiles in told.values()], float)
        q95 = np.array([quantiles for _mean, quantiles in told.values()], float)[:, :, Q95]
        row.item_days = int(known.seen.sum())
        row.demand = float(known.demand[known.seen].sum())
        row.error = float((mean - known.demand)[known.seen].sum())
        row.below_95 = int((known.demand <= q95)[known.seen].sum())
    return row


def _judge(policy: Policy, run: JobRun) -> None:
    """Move a step where the last NIGHTS nights since the last change say so together."""
    last = policy.mode_changes.first()
    measures = policy.measures.filter(item_days__gt=0)
    if last:
        measures = measures.filter(forecast_on__gt=last.changed_on)
    newest = list(measures[:NIGHTS])
    figures = _figures(newest)
    if len(newest) < NIGHTS or figures["bias"] is None:
        return
    at = LADDER.index(PolicyMode(policy.mode))
    bias, coverage = abs(figures["bias"]), figures["coverage"]
    if bias <= PROMOTED_BIAS and coverage >= PROMOTED_COVERAGE and at + 1 < len(LADDER):
        set_mode(policy, LADDER[at + 1], Reason.ACCURATE, run=run, figures=figures)
    elif (bias > DEMOTED_BIAS or coverage < DEMOTED_COVERAGE) and at > 0:
        set_mode(policy, LADDER[at - 1], Reason.INACCURATE, run=run, figures=figures)


def _figures(measures: Sequence[PolicyMeasure]) -> dict:
    """Of all these nights together; ``bias`` is None where nothing was asked for."""
    item_days, demand = sum(row.item_days for row in measures), sum(row.demand for row in measures)
    return {
        "nights": len(measures),
        "items": max((row.items for row in measures), default=0),
        "item_days": item_days,
        "bias": round(sum(row.error for row in measures) / demand, 4) if demand else None,
        "coverage": round(sum(row.below_95 for row in measures) / item_days, 4) if item_days else None,
    }


def set_mode(
    policy: Policy, mode: str, reason: str, *, actor: User | None = None, run: JobRun | None = None,
    figures: dict | None = None,
) -> PolicyModeChange:  # fmt: skip
    """Change the mode of a locked policy and log it."""
    before, policy.mode = policy.mode, mode
    policy.version += 1
    policy.save(update_fields=["mode", "mode_is_pinned", "version"])
    return log_mode(policy, before, reason, actor=actor, run=run, figures=figures)


def log_mode(
    policy: Policy, before: str, reason: str, *, actor: User | None = None, run: JobRun | None = None,
    figures: dict | None = None,
) -> PolicyModeChange:  # fmt: skip
    """Note that the mode is no longer what it was ``before``."""
    day = run.business_date if run else ShopSettings.objects.load().today()
    return PolicyModeChange.objects.create(
        policy=policy, holds_for=str(policy)[:400], warehouse=policy.warehouse, from_mode=before, to_mode=policy.mode,
        reason=reason, figures=figures or {}, changed_by=actor, run=run, changed_on=day,
    )  # fmt: skip


@transaction.atomic
def take_back_mode(*, change: PolicyModeChange, actor: User) -> PolicyModeChange:
    """The mode of before, pinned; refused where the policy is gone or its mode was moved again since."""
    policy = Policy.objects.locked().filter(pk=change.policy_id).first()
    if policy is None:
        raise CannotTakeBack(_("The policy “%(name)s” was deleted.") % {"name": change.holds_for})
    if policy.mode_changes.first() != change:
        raise CannotTakeBack(
            _("The mode of “%(name)s” was changed again since: take that change back first.")
            % {"name": change.holds_for}
        )
    policy.mode_is_pinned = True
    made = set_mode(policy, change.from_mode, Reason.TAKEN_BACK, actor=actor)
    audit.record(actor=actor, action="policy.take_back_mode", subject=policy, changes={"mode": policy.mode})
    return made
