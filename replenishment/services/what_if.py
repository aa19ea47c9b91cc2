"""What-if: the stored distributions of the published run as arrays, and a level that becomes a policy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Category, Product, Supplier
from forecasting.engine.panel import GRID, LeadTimeDemand
from forecasting.models import Forecast
from inventory_site.common import audit
from inventory_site.common.models import Audit, JobRun, ShopSettings
from replenishment.errors import CannotTakeBack
from replenishment.models import InventoryPosition, Policy, ReorderPoint
from replenishment.services.policies import Scope, ensure_policies, tell_changed, winning_over
from replenishment.what_if import Curve, Items, curve
from stock.models import Warehouse

APPLIED = "policy.what_if"

#: Seconds that a curve is kept; another run has another one.
KEPT = 3600
COLUMNS = (
    "product_id", "warehouse_id", "lead_time_days", "review_period_days", "order_quantity", "order_up_to_level",
    "reorder_point", "quantile", "cycle_service_level", "rule", "set_by_hand", "is_stocked", "unit_cost", "unit_price",
    "min_order_quantity", "pack_size",
)  # fmt: skip


@dataclass(frozen=True)
class Where:
    """For which items; None: whatever it is."""

    product: Product | None = None
    category: Category | None = None
    supplier: Supplier | None = None
    warehouse: Warehouse | None = None

    def filters(self, *, has_supplier: bool = True) -> dict:
        told = {"product": self.product, "product__category": self.category, "warehouse": self.warehouse}
        if has_supplier:
            told["supplier"] = self.supplier
        return {name: value for name, value in told.items() if value is not None}


def items_for(user, where: Where) -> Items:
    """The items of the published run that the user may see; a handful of queries, whatever their number."""
    return rows_for(user, where)[1]


def rows_for(user, where: Where) -> tuple[list[dict[str, Any]], Items]:
    """The same with what the run says of each (its ``COLUMNS`` by name), in the same order."""
    run = JobRun.objects.latest_published()
    points = (
        ReorderPoint.objects.visible_to(user).of_run(run).filter(**where.filters()).order_by("product", "warehouse")
    )
    rows = list(points.values_list(*COLUMNS))
    forecasts = Forecast.objects.visible_to(user).of_run(run).filter(**where.filters(has_supplier=False)).order_by()
    columns = (
        "product_id",
        "warehouse_id",
        "lead_time_demand_grid",
        "lead_time_demand_mean",
        "lead_time_demand_excess",
    )
    known = {
        (product, warehouse): rest
        for product, warehouse, *rest in forecasts.values_list(*columns)
        if rest[0]  # a forecast without its distribution tells nothing of other levels
    }
    rows = [row for row in rows if row[:2] in known]
    said = [known[row[:2]] for row in rows]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows], _items(rows, said)


@dataclass(frozen=True)
class Told:
    """The curve of some items; how many there are, how many of them set by hand, and how many without cost."""

    curve: Curve
    items: int
    fixed: int
    without_cost: int


def told_for(user, where: Where) -> Told:
    """Computed once for a run and these items, so that a slider that moves on is answered at once."""
    shop, run = ShopSettings.objects.load(), JobRun.objects.latest_published()
    costs = {"holding_rate": float(shop.holding_rate), "order_cost": float(shop.order_cost)}
    seen = Warehouse.objects.visible_to(user).order_by("pk").values_list("pk", flat=True)
    parts = [run and run.pk, *costs.values(), list(seen), *(row and row.pk for row in vars(where).values())]
    key = hashlib.sha256(repr(parts).encode()).hexdigest()
    return cache.get_or_set(f"what-if:{key}", lambda: _told(items_for(user, where), costs), KEPT)


def _told(items: Items, costs: dict[str, float]) -> Told:
    is_fixed = items.is_fixed & items.is_stocked
    return Told(
        curve(items, **costs), int(items.is_stocked.sum()), int(is_fixed.sum()), int((items.unit_cost <= 0).sum())
    )


def _items(rows: list[tuple], said: list[list]) -> Items:
    told = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(COLUMNS, ())

    def column(name: str) -> np.ndarray:
        return np.array(told[name], float)

    rule, up_to = np.array(told["rule"], str), column("order_up_to_level")
    point, fills = column("reorder_point").astype(np.int64), rule == "R,S"
    grid = np.array([grid for grid, _mean, _excess in said], float).reshape(len(said), len(GRID))
    mean, excess = np.array([row[1:] for row in said], float).reshape(len(said), 2).T
    return Items(
        demand=LeadTimeDemand(mean, grid, excess),
        interval_days=column("lead_time_days") + column("review_period_days"),
        review_days=column("review_period_days"),
        gap=np.where(rule == "s,S", up_to - point, column("order_quantity")),
        fills=fills,
        correction=np.where(fills, -1.0, point - column("quantile")),
        reorder_point=point, own_level=column("cycle_service_level"),
        is_fixed=column("set_by_hand") > 0, is_stocked=column("is_stocked") > 0,
        unit_cost=column("unit_cost"), unit_price=column("unit_price"),
    )  # fmt: skip


def narrower_policies(user, where: Where) -> int:
    """How many policies would still win over one for exactly these items, for some of those that the user may see."""
    own = Scope(*(row and row.pk for row in (where.product, where.category, where.supplier, where.warehouse)))
    items = InventoryPosition.objects.visible_to(user).filter(**where.filters()).order_by()
    return winning_over(own, items)


def last_applied(where: Where) -> Audit | None:
    """The audit row of a level that was applied to exactly these items and has not been changed since."""
    policy = Policy.objects.filter(**_scope(where)).first()
    if policy is None:
        return None
    rows = Audit.objects.filter(action=APPLIED, subject_type=Policy._meta.label_lower, subject_key=str(policy.pk))
    row = rows.order_by("-pk").first()
    return row if row and row.changes["version"] == policy.version else None


def _scope(where: Where) -> dict:
    return {"product": where.product, "category": where.category, "supplier": where.supplier,
            "warehouse": where.warehouse, "abc": "", "xyz": ""}  # fmt: skip


@transaction.atomic
def apply_level(*, level: float, where: Where, actor) -> tuple[Policy, Audit]:
    """Make the policy for exactly these items plan for this cycle service level from the next night on.

    Narrower policies still win. The audit row is what ``take_back`` undoes. Of two at once the later one wins, and
    what it takes back is the other's.
    """
    policy, is_new = ensure_policies([_scope(where)])[0]
    before = None if is_new else {"target": policy.target, "cycle_service_level": policy.cycle_service_level}
    policy.target, policy.cycle_service_level = Policy.Target.CYCLE, round(level, 3)
    policy.version += 1
    policy.save()
    tell_changed([policy.product_id])
    changes = {"before": before, "level": policy.cycle_service_level, "version": policy.version}
    return policy, audit.record(actor=actor, action=APPLIED, subject=policy, changes=changes)


@transaction.atomic
def take_back(*, applied: Audit, actor) -> None:
    """Put the policy back as it was; refused where somebody has changed it since."""
    policy = Policy.objects.locked().filter(pk=applied.subject_key).first()
    if applied.action != APPLIED or policy is None or policy.version != applied.changes["version"]:
        raise CannotTakeBack(_("The policy was changed since; look at it as it stands now."))
    before = applied.changes["before"]
    audit.record(
        actor=actor, action="policy.what_if_taken_back", subject=policy, changes={"level": applied.changes["level"]}
    )
    tell_changed([policy.product_id])
    if before is None:
        policy.delete()
        return
    policy.target, policy.cycle_service_level = before["target"], before["cycle_service_level"]
    policy.version += 1
    policy.save()
