"""The week's plan if everything goes wrong together: its worst case, and what caution costs on average."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from replenishment.optimise.errors import NotSolved
from replenishment.optimise.robust import Stocks, plan_robustly, scenarios
from replenishment.optimise.worth import rows_of
from replenishment.services.proposals import money
from replenishment.services.purchase_plan import SECONDS, WeeklyPlan, problem_of

#: Items that are weighed, those with most at stake; more would take minutes.
MOST_ITEMS = 120

#: Demand at these quantiles for all items at once, every delivery on time or so many days late.
LEVELS, CHANCES = (0.1, 0.5, 0.9), (0.25, 0.5, 0.25)
LATER_DAYS = (0.0, 7.0)


@dataclass(frozen=True)
class Caution:
    """Money over ``items``: cost of leftovers and misses, on average and at worst, of the usual and the cautious plan.

    ``price`` is what caution costs on average, ``saved`` what it saves in the worst case.
    """

    items: int
    usual_worst: Decimal
    cautious_worst: Decimal
    price: Decimal
    saved: Decimal
    late_days: int = int(LATER_DAYS[-1])


def caution_of(plan: WeeklyPlan) -> Caution | None:
    """Both plans for the dearest needs, within the money that the week's plan spends on them; None without any."""
    chosen = sorted(plan.chosen, key=lambda line: -line.suggestion.margin_at_risk)[:MOST_ITEMS]
    if not chosen:
        return None
    items = problem_of([line.suggestion for line in chosen]).items
    days, cost = np.asarray(items.interval_days, float), np.asarray(items.unit_cost, float)
    stocks = Stocks(
        position=np.asarray(items.position, float), pack_size=np.asarray(items.pack_size), unit_cost=cost,
        holding_cost=cost * items.holding_rate * days / 365,
        shortage_cost=np.maximum(np.asarray(items.price) - cost, 0) + np.asarray(items.shortage_cost),
    )  # fmt: skip
    demand = scenarios(rows_of(items.demand, np.arange(len(items))), days, LEVELS, LATER_DAYS)
    chances = np.tile(CHANCES, len(LATER_DAYS)) / len(LATER_DAYS)
    budget = float(sum(line.cost for line in chosen))
    try:
        found = plan_robustly(stocks, demand, chances, budget=budget, seconds=SECONDS / 3, gap=1e-2)
    except NotSolved:
        return None
    return Caution(
        len(items), money(found.nominal.worst), money(found.cautious.worst), money(max(found.price, 0.0)),
        money(max(found.saved, 0.0)),
    )  # fmt: skip
