"""From forecasts and what items are planned by to the rows of a run, each with what could not be kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasting import engine
from forecasting.engine import ProtectionInterval
from inventory_site.common.models import JobRun, ShopSettings
from replenishment import formulas, plan_rows
from replenishment.models import Policy, ReorderPoint
from replenishment.patterns import Habits
from replenishment.plan_notes import Note
from replenishment.protection import mean_length
from replenishment.services.policies import Planned
from replenishment.targets import CostLevel, level_by_cost

if TYPE_CHECKING:
    from replenishment.services.planning import Item

#: Codes of a plan that buys nothing for the shelf.
IDLE = ("no_demand", "order_owed", "no_history")

DAYS_OF_YEAR = 365.25


def reorder_points(
    run: JobRun, items: list[Item], interval: ProtectionInterval, result: engine.Forecast, known: Habits
) -> list[ReorderPoint]:
    """Unsaved rows of what the forecast means for each item; of ``run`` only the business date is read."""
    terms, by_cost = _terms(items, interval)
    plan = plan_rows.plan(result, terms)
    is_stocked = _is_stocked(items, terms, plan, known)
    columns = _planned(terms, plan, is_stocked) | _habits(run, known)
    columns["lead_time_demand"] = result.lead_time_demand.mean.tolist()
    columns["notes"] = _notes(items, terms, plan, by_cost, is_stocked)
    table = zip(*columns.values(), strict=True)
    return [
        ReorderPoint(run=run, **_of_item(item), **dict(zip(columns, row, strict=True)))
        for item, row in zip(items, table, strict=True)
    ]


def _is_stocked(
    items: list[Item], terms: plan_rows.ItemTerms, plan: plan_rows.PlanRows, known: Habits
) -> np.ndarray:  # fmt: skip
    """Which items are kept on the shelf: by hand even those that nobody asks for, none that is given up."""
    idle = np.isin(plan.code, IDLE) | known.is_dormant | (plan.order_up_to_level <= 0)
    is_active = np.array([item.product.is_active for item in items], bool)
    return is_active & (_is_by_hand(terms) | ~idle) & plan.limited.fits


def _is_by_hand(terms: plan_rows.ItemTerms) -> np.ndarray:
    return ~np.isnan(terms.reorder_point_by_hand)


def _planned(terms: plan_rows.ItemTerms, plan: plan_rows.PlanRows, is_stocked: np.ndarray) -> dict[str, list]:
    """Columns of what is planned; of what is not stocked, what one order of it would be."""
    columns = {
        "rule": plan.rule,
        "cycle_service_level": terms.cycle_service_level,
        "lead_time_days": mean_length(terms.interval) - terms.review_days,
        "review_period_days": terms.review_days.astype(int),
        "quantile": np.where(is_stocked, plan.quantile, 0),
        "safety_stock": np.where(is_stocked, plan.safety_stock, -plan.expected),
        "reorder_point": np.where(is_stocked, plan.reorder_point, 0),
        "order_quantity": plan.order_quantity,
        "order_up_to_level": np.where(is_stocked, plan.order_up_to_level, plan.order_quantity),
        "min_order_quantity": terms.min_order_quantity,
        "pack_size": terms.pack_size,
        "set_by_hand": _is_by_hand(terms),
        "is_stocked": is_stocked,
    }
    return {name: values.tolist() for name, values in columns.items()}


def _habits(run: JobRun, known: Habits) -> dict[str, list]:
    """Columns of how items have been asked for up to the evening of the run."""
    ages = (known.days - 1 - known.last_demand).tolist()
    return {
        "is_dormant": known.is_dormant.tolist(),
        "demand_pattern": known.pattern.tolist(),
        "yearly_demand": known.yearly_demand.astype(int).tolist(),
        "yearly_revenue": known.yearly_revenue.round(2).tolist(),
        "last_demand_on": [run.business_date - timedelta(days=age) if age < known.days else None for age in ages],
    }


def _of_item(item: Item) -> dict[str, Any]:
    """What the item is and what it is planned by, as the run saw it."""
    planned = item.policy
    return {
        "product": item.product, "warehouse_id": item.warehouse_id, "supplier_id": _supplier_of(item),
        "unit_cost": item.unit_cost, "unit_price": item.product.price, "policy": planned.policy, "mode": planned.mode,
        "target": planned.target, "maximum_stock": planned.maximum_stock,
        "fill_rate": planned.fill_rate if planned.target == Policy.Target.FILL_RATE else None,
    }  # fmt: skip


def _supplier_of(item: Item) -> int | None:
    return item.terms.supplier_id if item.terms and item.product.is_active else None


def _terms(items: list[Item], interval: ProtectionInterval) -> tuple[plan_rows.ItemTerms, CostLevel]:
    """What the items are planned by, and the levels that follow from costs, NaN where another target is asked for."""
    shop = ShopSettings.objects.load()
    policies = [item.policy for item in items]
    cost = np.array([float(item.unit_cost) for item in items])
    by_cost = _cost_levels(items, cost, float(shop.holding_rate), mean_length(interval))
    asked = np.array([policy.cycle_service_level for policy in policies], float)
    by_rate = [policy.target == Policy.Target.FILL_RATE for policy in policies]
    return plan_rows.ItemTerms.of(
        "D", interval, plan_rows.Position.of(len(items), known=False),
        review_days=np.array([item.review_days for item in items], float),
        cycle_service_level=np.where(np.isnan(by_cost.level), asked, by_cost.level),
        fill_rate=np.where(by_rate, _numbers(policies, "fill_rate"), np.nan),
        policy=np.array([policy.rule for policy in policies], str),
        min_order_quantity=np.array([item.terms.min_order_quantity if item.terms else 1 for item in items], int),
        pack_size=np.array([item.terms.pack_size if item.terms else 1 for item in items], int),
        order_cost=float(shop.order_cost),
        annual_holding_cost=cost * float(shop.holding_rate),
        reorder_point_by_hand=_numbers(policies, "minimum_stock"),
        order_quantity_by_hand=_numbers(policies, "order_quantity"),
        level_floor=_numbers(policies, "reorder_point_floor"),
        maximum_stock=_numbers(policies, "maximum_stock"),
    ), by_cost  # fmt: skip


def _numbers(policies: Sequence[Planned], name: str) -> np.ndarray:
    """One number of each policy, NaN where it says none."""
    return np.array([np.nan if (value := getattr(policy, name)) is None else value for policy in policies], float)


def _cost_levels(items: list[Item], cost: np.ndarray, holding_rate: float, interval_days: np.ndarray) -> CostLevel:
    """NaN where an item is not planned by cost, or where its cost or price is not known."""
    wanted = np.array([item.policy.target == Policy.Target.COST for item in items], bool)
    found = CostLevel(np.full(len(items), np.nan), np.full(len(items), np.nan), wanted.copy())
    if not wanted.any():
        return found
    rows = np.flatnonzero(wanted)
    chosen = [items[row] for row in rows]
    price = np.array([float(item.product.price) for item in chosen])
    terms = [_numbers([item.policy for item in chosen], n) for n in ("shortage_cost", "level_floor", "level_ceiling")]
    part = level_by_cost(price, cost[rows], terms[0], holding_rate, interval_days[rows], terms[1], terms[2])
    found.ratio[rows], found.level[rows], found.is_known[rows] = part.ratio, part.level, part.is_known
    return found


def _notes(
    items: list[Item], terms: plan_rows.ItemTerms, plan: plan_rows.PlanRows, by_cost: CostLevel, is_stocked: np.ndarray
) -> list[list[Note]]:
    """What each item's plan has to say, as codes and terms of ``plan_notes``."""
    notes: list[list[Note]] = [[] for _item in items]

    def note(code: str, where: Sequence[bool] | np.ndarray, say: Callable[[int], dict[str, Any]] = lambda at: {}):
        for at in np.flatnonzero(where).tolist():
            notes[at].append([code, say(at)])

    is_sold = np.array([item.terms is not None for item in items], bool)
    is_active = np.array([item.product.is_active for item in items], bool)
    has_cost = np.array([item.unit_cost > 0 for item in items], bool)
    is_by_cost = np.array([item.policy.target == Policy.Target.COST for item in items], bool)
    lead_days = np.rint(mean_length(terms.interval) - terms.review_days)
    note("discontinued", ~is_active)
    note("no_supplier", is_active & ~is_sold, lambda at: {"days": int(lead_days[at])})
    note("lead_time_zero", is_active & is_sold & (lead_days <= 0))
    note("no_cost_to_plan_by", is_by_cost & ~by_cost.is_known, lambda at: {"level": terms.cycle_service_level[at]})
    note("no_cost", is_active & ~has_cost & np.isnan(terms.order_quantity_by_hand) & ~is_by_cost)
    note("by_cost", is_by_cost & by_cost.is_known, lambda at: _cost_terms(items[at], by_cost, at))
    days = np.maximum(mean_length(terms.interval), 1)
    note("no_demand", is_active & ~is_stocked & plan.limited.fits & np.isin(plan.code, IDLE),
         lambda at: {"pieces": round(float(plan.expected[at] / days[at] * DAYS_OF_YEAR), 1)})  # fmt: skip
    _note_limits(note, items, terms, plan)
    return notes


def _cost_terms(item: Item, by_cost: CostLevel, at: int) -> dict[str, float]:
    return {
        "ratio": round(float(by_cost.ratio[at]), 4), "level": round(float(by_cost.level[at]), 4),
        "floor": item.policy.level_floor, "ceiling": item.policy.level_ceiling,
    }  # fmt: skip


def _note_limits(note: Callable, items: list[Item], terms: plan_rows.ItemTerms, plan: plan_rows.PlanRows) -> None:
    """Which least or most was in the way; of several, the one that a person has to know first."""
    limited, most = plan.limited, terms.maximum_stock
    lot = formulas.lot_size(1, terms.min_order_quantity, terms.pack_size)
    least = np.nan_to_num(np.where(_is_by_hand(terms), terms.reorder_point_by_hand, terms.level_floor), nan=-1.0)
    is_short = limited.fits & (limited.level < least)
    note("lot_above_most", ~limited.fits, lambda at: {"lot": int(lot[at]), "most": int(most[at])})
    note("least_above_most", is_short, lambda at: {
        "least": int(least[at]), "most": int(most[at]), "least_of": str(items[at].policy.least_of),
        "most_of": str(items[at].policy.most_of),
    })  # fmt: skip
    is_held = limited.fits & limited.is_lowered & ~is_short
    note("most", is_held, lambda at: {"most": int(most[at]), "wanted": int(plan.computed_top[at])})
    is_raised = limited.level > plan.computed
    note("least", is_raised, lambda at: {"least": int(limited.level[at]), "computed": int(plan.computed[at])})
