"""From a forecast and the terms of each item to its plan: levels, what to order, and the reason as code and terms.

Pure and vectorised over series; ``plan_csv`` and the nightly job both plan with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from forecasting.engine.panel import Forecast, Freq, ProtectionInterval
from replenishment import formulas, simulate
from replenishment.protection import BUCKET_DAYS, mean_length

#: The method of an item without any demand.
NO_METHOD = "none"

#: Days of demand to order at once where costs do not tell.
USUAL_COVER_DAYS = 30

#: An item expected to sell less than this in a year is not bought for the shelf.
LEAST_ANNUAL_DEMAND = 1

UNITS: dict[Freq, str] = {"D": "day", "W": "week", "M": "month"}


@dataclass(frozen=True)
class Position:
    """Stock of each series, int [series]; where ``known`` is False nothing is suggested."""

    on_hand: np.ndarray
    unsellable: np.ndarray
    on_order: np.ndarray
    in_transit: np.ndarray
    allocated: np.ndarray
    backordered: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, size: int, known: bool | np.ndarray = True, **parts: np.ndarray) -> Position:
        """The parts that are given, 0 for the others."""
        names = [f.name for f in fields(cls) if f.name != "known"]
        arrays = {name: np.zeros(size, np.int64) + np.asarray(parts.pop(name, 0), np.int64) for name in names}
        return cls(**arrays, known=np.broadcast_to(known, size), **parts)

    @property
    def total(self) -> np.ndarray:
        coming = self.on_order + self.in_transit
        return self.on_hand - self.unsellable + coming - self.allocated - self.backordered


@dataclass(frozen=True)
class ItemTerms:
    """What an item is planned by; each array is [series].

    ``review_days``          gap between two chances to order, already inside ``interval`` where it counts
    ``cycle_service_level``  (0-1), used where ``fill_rate`` is NaN
    ``policy``               "R,s,nQ" or "R,S"
    ``annual_holding_cost``  money a piece and year; with ``order_cost`` gives the economic order quantity, else NaN
    ``reorder_point_by_hand``, ``order_quantity_by_hand``  NaN where computed; a reorder point by hand is followed
                             by (R,s,nQ)
    """

    freq: Freq
    interval: ProtectionInterval
    review_days: np.ndarray
    cycle_service_level: np.ndarray
    fill_rate: np.ndarray
    policy: np.ndarray
    min_order_quantity: np.ndarray
    pack_size: np.ndarray
    order_cost: np.ndarray
    annual_holding_cost: np.ndarray
    position: Position
    reorder_point_by_hand: np.ndarray
    order_quantity_by_hand: np.ndarray

    @classmethod
    def of(cls, freq: Freq, interval: ProtectionInterval, position: Position, **given: Any) -> ItemTerms:
        """Terms with scalars or arrays; what is not given is daily review, 0.95, "R,s,nQ", one piece, no costs."""
        usual: dict[str, Any] = {"review_days": 1.0, "cycle_service_level": 0.95, "policy": "R,s,nQ"}
        usual |= {"fill_rate": np.nan, "min_order_quantity": 1, "pack_size": 1, "order_cost": np.nan}
        usual |= {"annual_holding_cost": np.nan, "reorder_point_by_hand": np.nan, "order_quantity_by_hand": np.nan}
        size = len(interval.lengths)
        arrays = {name: np.broadcast_to(np.asarray(value), size) for name, value in (usual | given).items()}
        return cls(freq=freq, interval=interval, position=position, **arrays)


@dataclass(frozen=True)
class PlanRows:
    """The plan, each array [series], pieces as integers.

    ``quantile``         the level before the correction for undershoot, rounded up
    ``expected``         mean lead-time demand, rounded; reorder point (under R,S: order-up-to level) - safety stock
    ``suggested_order``  0 where the stock is unknown
    ``code``             of the explanation, see ``replenishment.explain``; its terms come from ``explanation_terms``
    """

    quantile: np.ndarray
    expected: np.ndarray
    safety_stock: np.ndarray
    reorder_point: np.ndarray
    order_up_to_level: np.ndarray
    order_quantity: np.ndarray
    suggested_order: np.ndarray
    code: np.ndarray
    _terms: dict[str, np.ndarray] = field(repr=False)

    def explanation_terms(self) -> list[dict[str, Any]]:
        """JSON-able terms of each row's explanation."""
        columns = {name: values.tolist() for name, values in self._terms.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def plan(forecast: Forecast, terms: ItemTerms) -> PlanRows:
    """Levels and order of each series; a series' row does not depend on which others are planned with it."""
    by_hand = ~np.isnan(terms.reorder_point_by_hand)
    up_to = (terms.policy == "R,S") & ~by_hand
    idle = ~by_hand & ~up_to & (_annual_demand(forecast, terms) < LEAST_ANNUAL_DEMAND)
    quantity = _order_quantity(forecast, terms)
    start, target = _levels(forecast, terms, quantity, up_to)
    level = np.where(by_hand, np.nan_to_num(terms.reorder_point_by_hand), np.where(idle, 0, _whole(target)))
    level = level.astype(np.int64)
    reorder_point = np.where(up_to, np.maximum(level - 1, 0), level)
    top = np.where(up_to, level, formulas.order_up_to_level(level, quantity))
    code, suggested = _order(terms, level, quantity, up_to, idle)
    expected = np.round(forecast.lead_time_demand.mean).astype(np.int64)
    quantile = np.where(idle, 0, _whole(start))
    rows = {"reorder_point": reorder_point, "order_up_to_level": top, "order_quantity": quantity, "expected": expected}
    rows |= {"quantile": quantile, "safety_stock": level - expected, "suggested_order": suggested}
    code = np.where((forecast.method == NO_METHOD) & ~by_hand & (suggested == 0), "no_history", code)
    return PlanRows(**rows, code=code, _terms=_explanation(terms, rows, up_to, by_hand))


def _whole(level: np.ndarray) -> np.ndarray:
    """Rounded up to pieces, after the three decimals at which a plan shows its quantiles."""
    return np.ceil(np.round(level, 3)).astype(np.int64)


def _annual_demand(forecast: Forecast, terms: ItemTerms) -> np.ndarray:
    """Pieces a year [series], as if the protection interval's demand went on."""
    days = mean_length(terms.interval) * BUCKET_DAYS[terms.freq]
    return forecast.lead_time_demand.mean / days * 365.25


def _order_quantity(forecast: Forecast, terms: ItemTerms) -> np.ndarray:
    """Economic where the costs are known (at most a year's demand), else a month's demand; in packs, at least the MOQ.

    By hand it is kept, but for packs and minimum.
    """
    annual = _annual_demand(forecast, terms)
    holding = np.where(terms.annual_holding_cost > 0, terms.annual_holding_cost, np.nan)
    economic = np.minimum(formulas.economic_order_quantity(annual, terms.order_cost, holding), annual)
    usual = annual * USUAL_COVER_DAYS / 365.25
    wanted = np.where(np.isnan(economic), usual, economic)
    wanted = np.where(np.isnan(terms.order_quantity_by_hand), wanted, terms.order_quantity_by_hand)
    return formulas.lot_size(wanted.round(6), terms.min_order_quantity, terms.pack_size)


def _levels(
    forecast: Forecast, terms: ItemTerms, quantity: np.ndarray, up_to: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The level before and after the correction: a reorder point, or the order-up-to level where ``up_to``."""
    interval = mean_length(terms.interval)
    review = np.maximum(terms.review_days, 1) / BUCKET_DAYS[terms.freq]
    by_rate = ~np.isnan(terms.fill_rate)
    start = simulate.quantile_at(forecast.lead_time_demand, terms.cycle_service_level)
    corrected = start.copy()
    rows = np.flatnonzero(~up_to & ~by_rate)
    part = simulate.series(forecast, rows)
    corrected[rows] = simulate.corrected_reorder_point(
        part, terms.cycle_service_level[rows], quantity[rows], interval[rows], review[rows]
    )
    rows = np.flatnonzero(~up_to & by_rate)
    part, args = simulate.series(forecast, rows), (quantity[rows], interval[rows], review[rows])
    start[rows] = simulate.level_for_fill_rate(part, terms.fill_rate[rows], *args, undershoot=False)
    corrected[rows] = simulate.level_for_fill_rate(part, terms.fill_rate[rows], *args, undershoot=True)
    rows = np.flatnonzero(up_to & by_rate)
    part = simulate.series(forecast, rows)
    start[rows] = corrected[rows] = simulate.up_to_level_for_fill_rate(
        part, terms.fill_rate[rows], interval[rows], review[rows]
    )
    return start, corrected


def _order(
    terms: ItemTerms, level: np.ndarray, quantity: np.ndarray, up_to: np.ndarray, idle: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Code and pieces: what the ordering rule says of the position; idle items only for what is back-ordered."""
    position, minimum, pack = terms.position.total, terms.min_order_quantity, terms.pack_size
    lots = formulas.order_lots(position, level, quantity)
    filled = formulas.order_up_to(position, level, minimum, pack)
    owed = formulas.order_up_to(position, 0, minimum, pack)
    order = np.select([~terms.position.known, idle, up_to], [0, owed, filled], lots)
    choices = [
        (idle & (order > 0), "order_owed"),
        (idle, "no_demand"),
        (~terms.position.known, "stock_unknown"),
        (up_to & (order > 0), "order_up_to"),
        (up_to, "at_level"),
        (order > 0, "order_lots"),
    ]
    return np.select([when for when, _ in choices], [code for _, code in choices], "enough"), order


def _explanation(
    terms: ItemTerms, rows: dict[str, np.ndarray], up_to: np.ndarray, by_hand: np.ndarray
) -> dict[str, np.ndarray]:
    """The numbers that the sentence tells, named as in the glossary; ``level`` = ``expected`` + ``safety_stock``."""
    level = np.where(up_to, rows["order_up_to_level"], rows["reorder_point"])
    position = terms.position
    stock = {f.name: getattr(position, f.name) for f in fields(position) if f.name != "known"}
    by_rate = ~np.isnan(terms.fill_rate)
    return {
        "order": rows["suggested_order"],
        "pack_size": terms.pack_size,
        "order_quantity": rows["order_quantity"],
        "position": position.total,
        **stock,
        "level": level,
        "policy": np.where(up_to, "R,S", "R,s,nQ"),
        "expected": rows["expected"],
        "safety_stock": rows["safety_stock"],
        "undershoot": np.where(by_hand, 0, np.maximum(level - rows["quantile"], 0)),
        "by_hand": by_hand,
        "interval": mean_length(terms.interval).round(1),
        "unit": np.full(len(level), UNITS[terms.freq]),
        "target": np.where(by_rate, "fill_rate", "cycle_service_level"),
        "target_rate": np.where(by_rate, np.nan_to_num(terms.fill_rate), terms.cycle_service_level).astype(float),
    }
