"""What another cycle service level would hold, lose and cost: read off the distributions that the night has stored.

Pure and vectorised over items. Expected values a year, by the law that the plan itself uses; nothing is forecast anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from forecasting.engine.panel import LeadTimeDemand
from replenishment.optimise.worth import expected_left, expected_short, rows_of
from replenishment.simulate import quantile_at

DAYS_A_YEAR = 365.25

#: Cycle service levels that are offered.
LEVELS = (
    0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999,
)  # fmt: skip

#: Places of the inventory position between s + 1 and s + Q, which it takes equally often (Hadley & Whitin 1963).
PLACES = (0.125, 0.375, 0.625, 0.875)


@dataclass(frozen=True)
class Items:
    """What the published run says of items, arrays [items].

    ``demand`` is of lead time + review period; ``interval_days`` its length. ``fills``: up to a level at each review,
    ``gap`` pieces above the reorder point at most, else lots of ``gap``. ``correction`` is what the plan adds to the
    quantile (undershoot). Where ``is_fixed`` (set by hand) or not ``is_stocked`` the level asked for changes nothing.
    ``least`` and ``most`` bound the reorder point.
    """

    demand: LeadTimeDemand
    interval_days: np.ndarray
    review_days: np.ndarray
    gap: np.ndarray
    fills: np.ndarray
    correction: np.ndarray
    reorder_point: np.ndarray
    own_level: np.ndarray
    is_fixed: np.ndarray
    is_stocked: np.ndarray
    unit_cost: np.ndarray
    unit_price: np.ndarray

    def __len__(self) -> int:
        return len(self.gap)

    def rows(self, rows: np.ndarray) -> Items:
        parts = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "demand"}
        return Items(rows_of(self.demand, rows), **parts)


@dataclass(frozen=True)
class Outcome:
    """Expected values [items]: pieces on the shelf on average, and pieces lost, order lines and money a year."""

    reorder_point: np.ndarray
    on_hand: np.ndarray
    stock_value: np.ndarray
    lost_pieces: np.ndarray
    lost_margin: np.ndarray
    orders: np.ndarray
    holding_cost: np.ndarray
    order_cost: np.ndarray
    demand: np.ndarray

    def total(self) -> dict[str, float]:
        told = {f.name: float(getattr(self, f.name).sum()) for f in fields(self) if f.name != "reorder_point"}
        return told | {"cost": told["lost_margin"] + told["holding_cost"] + told["order_cost"]}


def reorder_points(items: Items, level: float | np.ndarray | None) -> np.ndarray:
    """Reorder points [items] at a cycle service level; None: as planned."""
    if level is None:
        return items.reorder_point
    levels = np.broadcast_to(np.asarray(level, float), len(items))
    moved = np.ceil(np.round(quantile_at(items.demand, levels) + items.correction, 3))
    changes = items.is_stocked & ~items.is_fixed
    return np.where(changes, np.maximum(moved, 0), items.reorder_point).astype(np.int64)


def outcome(items: Items, level: float | np.ndarray | None, *, holding_rate: float, order_cost: float) -> Outcome:
    """What the items would hold, lose and cost; ``order_cost`` is money a line. Demand that finds no stock is lost.

    >>> law = LeadTimeDemand(np.array([10.0]), np.full((1, 28), 10.0), np.array([0.0]))
    >>> one, yes = np.ones(1), np.ones(1, bool)
    >>> items = Items(law, 10 * one, one, 20 * one, ~yes, 0 * one, 10 * one, 0.9 * one, ~yes, yes, 4 * one, 9 * one)
    >>> found = outcome(items, 0.95, holding_rate=0.25, order_cost=5.0)
    >>> found.reorder_point.tolist(), round(float(found.orders[0]), 1), float(found.lost_pieces[0])
    ([10], 18.3, 0.0)
    """
    point = reorder_points(items, level)
    a_day = items.demand.mean / np.maximum(items.interval_days, 1e-9)
    yearly, of_review = a_day * DAYS_A_YEAR, a_day * items.review_days
    lot = np.where(items.fills, np.maximum(of_review, 1.0), np.maximum(np.maximum(items.gap, 1), of_review))
    cycles = np.where(items.is_stocked, np.minimum(yearly / lot, DAYS_A_YEAR / np.maximum(items.review_days, 1)), 0.0)
    reach = point - np.where(items.fills, 0.0, items.correction) + items.fills  # what must last until goods arrive
    missed = np.minimum(expected_short(items.demand, reach[:, None])[:, 0] * cycles, yearly)
    on_hand = np.where(items.is_stocked, _on_hand(items, point), 0.0)
    margin = np.maximum(items.unit_price - items.unit_cost, 0)
    lost = np.where(items.is_stocked, missed, 0.0)
    value = on_hand * items.unit_cost
    return Outcome(
        reorder_point=point, on_hand=on_hand, stock_value=value, lost_pieces=lost, lost_margin=lost * margin,
        orders=cycles, holding_cost=value * holding_rate, order_cost=cycles * order_cost,
        demand=np.where(items.is_stocked, yearly, 0.0),
    )  # fmt: skip


def _on_hand(items: Items, point: np.ndarray) -> np.ndarray:
    """Mean pieces on the shelf: what the position leaves over demand of lead time and half a review period."""
    share = np.clip(1 - items.review_days / np.maximum(items.interval_days, 1e-9) / 2, 0, 1)
    middle = items.demand.mean[:, None]
    quantiles = share[:, None] * middle + np.sqrt(share)[:, None] * (items.demand.quantiles - middle)
    shorter = LeadTimeDemand(share * items.demand.mean, np.maximum(quantiles, 0), np.sqrt(share) * items.demand.excess)
    places = np.where(items.fills[:, None], 1.0, np.array(PLACES) * items.gap[:, None])
    return np.maximum(expected_left(shorter, point[:, None] + places), 0).mean(axis=1)


@dataclass(frozen=True)
class Curve:
    """Totals at each of ``LEVELS``, and as planned; all in the keys of ``Outcome.total``."""

    planned: dict[str, float]
    points: list[dict[str, float]]

    def at(self, level: float) -> dict[str, float]:
        """Totals at any level, by straight lines between two that were computed."""
        return {name: float(np.interp(level, LEVELS, [point[name] for point in self.points])) for name in self.planned}

    def highest_within(self, budget: float) -> float | None:
        """The highest level whose stock value is within the budget; None where the lowest is not."""
        values = np.array([point["stock_value"] for point in self.points])
        if budget < values[0]:
            return None
        return float(np.interp(budget, np.maximum.accumulate(values), LEVELS))


def curve(items: Items, *, holding_rate: float, order_cost: float, levels: Sequence[float] = LEVELS) -> Curve:
    """The whole range at once."""
    costs = {"holding_rate": holding_rate, "order_cost": order_cost}
    return Curve(outcome(items, None, **costs).total(), [outcome(items, at, **costs).total() for at in levels])
