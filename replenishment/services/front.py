"""Joint policies of one warehouse: stock value against fill rate against orders, replayed on past demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.models import Audit, JobRun, User
from orders.models import DailyDemand, DemandSeries
from replenishment.errors import CannotTakeBack
from replenishment.models import InventoryPosition, Policy
from replenishment.optimise.policies import Choice, JointPolicy, Shop, pareto_front
from replenishment.optimise.worth import rows_of
from replenishment.services.facts import Batch, read_batch
from replenishment.services.policies import ensure_policies, tell_changed
from stock.models import Warehouse

#: Items that are replayed, those of the best classes with most demand; days, of which the first are not judged.
MOST_ITEMS, DAYS, WARM_UP_DAYS = 400, 196, 28

LEVELS, REVIEWS = (0.8, 0.9, 0.95, 0.98), (1, 7, 14)
CHOICES = [Choice(level, review) for level in LEVELS for review in REVIEWS]
CLASSES = "ABC"

APPLIED = "policy.front"
PUT = ("target", "rule", "cycle_service_level", "review_period_days")


@dataclass(frozen=True)
class Front:
    """``policies``, least stock value first; a policy has one choice for each of ``classes``."""

    policies: list[JointPolicy]
    classes: str
    items: int
    days: int = DAYS - WARM_UP_DAYS


def front_of(warehouse: Warehouse) -> Front | None:
    """None where nothing is planned there yet, or nothing was asked for."""
    run = JobRun.objects.latest_published()
    stocked = InventoryPosition.objects.filter(warehouse=warehouse, run=run, order_up_to_level__gt=0)
    ranked = stocked.filter(supplier__isnull=False).exclude(abc="").order_by("abc", "-daily_demand", "pk")[:MOST_ITEMS]
    groups = dict(ranked.values_list("level", "abc"))
    batch = read_batch(list(groups), run)
    kept = [at for at, plan in enumerate(batch.plans) if plan and plan.forecast.pk]
    demand = _demand(batch, kept)
    kept_rows = np.flatnonzero(demand.sum(axis=1) > 0)
    if not len(kept_rows):
        return None
    rows = [kept[at] for at in kept_rows]
    letters = [groups[batch.levels[at].pk] for at in rows]
    classes = "".join(letter for letter in CLASSES if letter in letters)
    shop = _shop(batch, rows, demand[kept_rows], np.array([classes.index(letter) for letter in letters]))
    return Front(pareto_front(shop, CHOICES), classes, len(rows))


def _demand(batch: Batch, kept: list[int]) -> np.ndarray:
    """Pieces asked for [kept, DAYS], the last day being the newest that is closed."""
    first = batch.today - timedelta(days=DAYS)
    place = {(batch.levels[at].product_id, batch.levels[at].warehouse_id): row for row, at in enumerate(kept)}
    series = DemandSeries.objects.filter(product__in={p for p, _w in place}, warehouse__in={w for _p, w in place})
    row_of = {pk: place[p, w] for pk, p, w in series.values_list("pk", "product_id", "warehouse_id") if (p, w) in place}
    found = np.zeros((len(kept), DAYS))
    days = DailyDemand.objects.filter(series__in=row_of, on_date__gte=first, on_date__lt=batch.today)
    for pk, on_date, pieces in days.values_list("series_id", "on_date", "demand"):
        found[row_of[pk], (on_date - first).days] = pieces
    return found


def _shop(batch: Batch, rows: list[int], demand: np.ndarray, group: np.ndarray) -> Shop:
    points = [batch.plans[at].point for at in rows]
    _suppliers, supplier = np.unique([point.supplier_id for point in points], return_inverse=True)
    return Shop(
        demand=demand, law=rows_of(batch.facts.demand, np.array(rows)),
        interval_days=np.maximum(batch.facts.interval_days[rows], 1), lead_time_days=batch.facts.lead_time_days[rows],
        unit_cost=np.array([float(point.unit_cost) for point in points]), group=group, supplier=supplier,
        min_order_quantity=np.array([point.min_order_quantity for point in points]),
        pack_size=np.array([max(point.pack_size, 1) for point in points]), warm_up_days=WARM_UP_DAYS,
    )  # fmt: skip


@transaction.atomic
def apply_front(*, warehouse: Warehouse, classes: str, choices: Sequence[int], actor: User | None) -> Audit:
    """Make the warehouse's policies of these classes what was chosen (numbers of CHOICES), from the next night on.

    Narrower policies still win. The audit row is what ``take_back_front`` undoes.
    """
    before, after = {}, {}
    chosen = sorted(zip(classes, choices, strict=True))
    everything = {"xyz": "", "product": None, "category": None, "supplier": None}
    found = ensure_policies([{"warehouse": warehouse, "abc": letter, **everything} for letter, _number in chosen])
    for (letter, number), (policy, is_new) in zip(chosen, found, strict=True):
        before[letter] = None if is_new else {name: getattr(policy, name) for name in PUT}
        choice = CHOICES[number]
        policy.target, policy.rule = Policy.Target.CYCLE, Policy.Rule.R_S
        policy.cycle_service_level, policy.review_period_days = choice.cycle_service_level, choice.review_period_days
        policy.version += 1
        policy.save()
        after[letter] = [policy.pk, policy.version]
    tell_changed([None])
    return audit.record(actor=actor, action=APPLIED, subject=warehouse, changes={"before": before, "after": after})


@transaction.atomic
def take_back_front(*, applied: Audit, actor: User | None) -> None:
    """Put the policies back as they were; refused where somebody has changed one since."""
    told = applied.changes
    ids = [pk for pk, _version in told["after"].values()]
    known = {policy.pk: policy for policy in Policy.objects.locked().filter(pk__in=ids)}
    for letter, (pk, version) in told["after"].items():
        policy = known.get(pk)
        if policy is None or policy.version != version:
            raise CannotTakeBack(_("The policies were changed since; look at them as they stand now."))
        before = told["before"][letter]
        if before is None:
            policy.delete()
            continue
        for name, value in before.items():
            setattr(policy, name, value)
        policy.version += 1
        policy.save()
    audit.record(actor=actor, action=f"{APPLIED}_taken_back", subject=applied, changes={})
    tell_changed([None])
