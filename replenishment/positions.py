"""What a stock level amounts to against its plan: cover, status, surplus, and what may be lost. Pure arrays.

Publishing a run and refreshing after a movement both call ``assess``, so that the two cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.engine import stock_out
from forecasting.engine.panel import GRID, LeadTimeDemand
from replenishment import formulas

#: More than the forecast of this many days, and more than the order-up-to level, is too much.
OVERSTOCK_DAYS = 90

#: A stock that lasts longer than this has no date on which it runs out.
FORESEEN_DAYS = 3650


@dataclass(frozen=True)
class Facts:
    """Arrays [levels]. Where ``is_planned`` is False the plan's arrays are 0 and mean nothing; where ``is_forecast``
    is, those of the forecast.

    ``mean``             forecast [levels, days], from the first day that is not over
    ``demand``           of the protection interval, ``interval_days`` long
    ``receipt_in_days``  until the next receipt of what is on order or in transit, NaN where nothing is
    ``unit_margin``      price - unit cost, at least 0
    ``regression``       what past forecasts taught about stock-outs, None: the forecast's own chance is taken
    """

    on_hand: np.ndarray
    allocated: np.ndarray
    unsellable: np.ndarray
    on_order: np.ndarray
    in_transit: np.ndarray
    backordered: np.ndarray
    is_planned: np.ndarray
    is_forecast: np.ndarray
    is_stocked: np.ndarray
    is_dormant: np.ndarray
    reorder_point: np.ndarray
    order_up_to_level: np.ndarray
    mean: np.ndarray
    demand: LeadTimeDemand
    interval_days: np.ndarray
    lead_time_days: np.ndarray
    receipt_in_days: np.ndarray
    unit_margin: np.ndarray
    demand_pattern: np.ndarray
    regression: stock_out.StockOutModel | None

    @property
    def available(self) -> np.ndarray:
        return self.on_hand - self.allocated - self.unsellable

    @property
    def inventory_position(self) -> np.ndarray:
        coming = self.on_order + self.in_transit
        return self.on_hand - self.unsellable + coming - self.allocated - self.backordered


@dataclass(frozen=True)
class Assessment:
    """Arrays [levels]; ``runs_out_in_days`` is -1 where that is not foreseen, ``surplus`` is in pieces,
    ``stock_out_chance`` is NaN where nobody needs to know it."""

    status: np.ndarray
    inventory_position: np.ndarray
    daily_demand: np.ndarray
    days_of_cover: np.ndarray
    runs_out_in_days: np.ndarray
    surplus: np.ndarray
    lost_margin: np.ndarray
    stock_out_chance: np.ndarray


def assess(facts: Facts) -> Assessment:
    cover = formulas.days_of_cover(facts.available, facts.mean)
    runs_out = np.where(cover < FORESEEN_DAYS, np.floor(np.minimum(cover, FORESEEN_DAYS)), -1).astype(int)
    runs_out = np.where(facts.is_planned, runs_out, -1)
    surplus, until = _surplus(facts), days_until_receipt(facts)
    demand = demand_within(facts, until)
    return Assessment(
        status=_status(facts, runs_out, surplus),
        inventory_position=facts.inventory_position,
        daily_demand=facts.mean.mean(axis=1).round(6),
        days_of_cover=np.where(facts.is_planned, cover, np.inf).round(4),
        runs_out_in_days=runs_out,
        surplus=surplus,
        lost_margin=lost_pieces(facts, demand) * facts.unit_margin,
        stock_out_chance=stock_out_chance(facts, demand, until),
    )


def _status(facts: Facts, runs_out: np.ndarray, surplus: np.ndarray) -> np.ndarray:
    """The first that is true. What is not bought for the shelf lacks only what customers wait for."""
    position = facts.inventory_position
    wanted = facts.is_stocked | (facts.backordered > 0)
    due = np.where(facts.is_stocked, position <= facts.reorder_point, position < 0)
    too_late = (facts.receipt_in_days > runs_out) & (runs_out >= 0)
    choices = [
        (~facts.is_planned, "unplanned"),
        (facts.is_dormant & (facts.on_hand > facts.unsellable), "dead"),
        (wanted & (facts.available <= 0), "out"),
        (due, "order"),
        (wanted & too_late, "runs_out"),
        (surplus > 0, "overstock"),
    ]
    return np.select([when for when, _ in choices], [name for _, name in choices], "ok")


def _surplus(facts: Facts) -> np.ndarray:
    """Sellable pieces that nobody waits for, above the order-up-to level and above a quarter's forecast."""
    free = facts.available - facts.backordered
    used = np.ceil(asked_within(facts.mean, np.full(len(free), OVERSTOCK_DAYS)).round(6)).astype(np.int64)
    most = np.maximum(used, np.where(facts.is_stocked, facts.order_up_to_level, 0))
    return np.where(facts.is_planned, np.maximum(free - most, 0), 0)


def days_until_receipt(facts: Facts) -> np.ndarray:
    """Days up to the next possible receipt: of what is on order, else of an order placed now."""
    return np.where(np.isnan(facts.receipt_in_days), np.ceil(facts.lead_time_days), facts.receipt_in_days) + 1


def demand_within(facts: Facts, days: np.ndarray) -> LeadTimeDemand:
    """The distribution of lead-time demand, moved to so many days [levels].

    Its mean is the forecast's, its spread grows with the square root of the days.
    """
    mean, demand = asked_within(facts.mean, days), facts.demand
    stretch = np.sqrt(days / np.maximum(facts.interval_days, 1))
    spread = (demand.quantiles - demand.mean[:, None]) * stretch[:, None]
    return LeadTimeDemand(mean, np.maximum(mean[:, None] + spread, 0), demand.excess * stretch)


def lost_pieces(facts: Facts, demand: LeadTimeDemand) -> np.ndarray:
    """Expected pieces that cannot be served of the ``demand`` before the next possible receipt."""
    there = np.maximum(facts.available, 0)
    short = np.maximum(demand.quantiles - there[:, None], 0) @ _WEIGHTS
    beyond = _beyond_grid(demand.quantiles[:, -1], demand.excess, there)
    return np.where(facts.is_planned & facts.is_stocked, short + beyond, 0)


def stock_out_chance(facts: Facts, demand: LeadTimeDemand, days: np.ndarray) -> np.ndarray:
    """Chance that the ``demand`` of these days exceeds what is available; sure where customers wait already.

    NaN where nothing is forecast, and where nothing is bought for the shelf and nobody waits.
    """
    free, none = (facts.available - facts.backordered).astype(float), np.zeros(len(days))
    whole = np.rint(demand.quantiles)  # moving them leaves parts of pieces, which nobody asks for
    positions = stock_out.Positions(free, none, days, none, whole, facts.demand_pattern)
    by = facts.regression.chance if facts.regression else stock_out.own_chance
    told = facts.is_planned & facts.is_forecast & (facts.is_stocked | (facts.backordered > 0))
    return np.where(told, np.where(free < 0, 1.0, by(positions)), np.nan).round(4)


def _beyond_grid(last: np.ndarray, excess: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Expected demand above both ``level`` and the grid's ``last`` quantile, whose tail is taken as exponential."""
    tail = excess / (1 - GRID[-1])
    above = np.maximum(level - last, 0)
    return excess * np.exp(-np.divide(above, tail, out=np.zeros_like(above, float), where=tail > 0))


def asked_within(mean: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Forecast demand of the first ``days`` [levels]; beyond the horizon its mean goes on.

    >>> asked_within(np.array([[1.0, 2.0, 3.0]]), np.array([2.0])).tolist()
    [3.0]
    >>> asked_within(np.array([[1.0, 2.0, 3.0]]), np.array([5.0])).tolist()
    [10.0]
    """
    horizon = mean.shape[1]
    within = np.clip(days[:, None] - np.arange(horizon), 0, 1)
    return (mean * within).sum(axis=1) + np.maximum(days - horizon, 0) * mean.mean(axis=1)


def revenue_cuts(revenues: list) -> tuple:
    """The revenue from which an item is A (together 80 %), and from which it is B (95 %); None where none sold.

    >>> revenue_cuts([70, 15, 10, 4, 1, 0])
    (15, 10)
    """
    ordered = sorted((value for value in revenues if value > 0), reverse=True)
    total, before, cuts = sum(ordered), 0, {}
    for value in ordered:
        for share in (80, 95):
            if before * 100 < share * total:
                cuts[share] = value
        before += value
    return cuts.get(80), cuts.get(95)


_GRID = np.array(GRID)
_WEIGHTS = np.diff(np.concatenate([[0.0], (_GRID[1:] + _GRID[:-1]) / 2, [1.0]]))
