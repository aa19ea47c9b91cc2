"""From a forecast and the terms of each item to its plan: levels, what to order, and the reason as code and terms.

Pure and vectorised over series; ``plan_csv`` and the nightly job both plan with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import product
from typing import Any

import numpy as np

from forecasting.engine.panel import Forecast, Freq, ProtectionInterval
from replenishment import formulas, simulate
from replenishment.limits import Limited, within_limits
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
    ``policy``               "R,s,nQ", "R,S" or "s,S"
    ``annual_holding_cost``  money a piece and year; with ``order_cost`` gives the economic order quantity, else NaN
    ``reorder_point_by_hand``, ``order_quantity_by_hand``  NaN where computed; under (R,S) a reorder point by hand is
                             followed by (R,s,nQ)
    ``level_floor``          the computed level is at least this, ``maximum_stock`` the position at most; NaN: no limit
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
    level_floor: np.ndarray
    maximum_stock: np.ndarray

    @classmethod
    def of(cls, freq: Freq, interval: ProtectionInterval, position: Position, **given: Any) -> ItemTerms:
        """Terms with scalars or arrays; what is not given is daily review, 0.95, "R,s,nQ", one piece, no costs."""
        usual: dict[str, Any] = {"review_days": 1.0, "cycle_service_level": 0.95, "policy": "R,s,nQ"}
        usual |= {"fill_rate": np.nan, "min_order_quantity": 1, "pack_size": 1, "order_cost": np.nan}
        usual |= {"annual_holding_cost": np.nan, "reorder_point_by_hand": np.nan, "order_quantity_by_hand": np.nan}
        usual |= {"level_floor": np.nan, "maximum_stock": np.nan}
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
    ``rule``             that the levels are for
    ``limited``          what least and most stock made of ``computed`` (the level) and ``computed_top``
    """

    quantile: np.ndarray
    expected: np.ndarray
    safety_stock: np.ndarray
    reorder_point: np.ndarray
    order_up_to_level: np.ndarray
    order_quantity: np.ndarray
    suggested_order: np.ndarray
    code: np.ndarray
    rule: np.ndarray
    limited: Limited
    computed: np.ndarray
    computed_top: np.ndarray
    _terms: dict[str, np.ndarray] = field(repr=False)

    def explanation_terms(self) -> list[dict[str, Any]]:
        """JSON-able terms of each row's explanation."""
        columns = {name: values.tolist() for name, values in self._terms.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def plan(forecast: Forecast, terms: ItemTerms) -> PlanRows:
    """Levels and order of each series; a series' row does not depend on which others are planned with it."""
    by_hand = ~np.isnan(terms.reorder_point_by_hand)
    rule = np.where(by_hand & (terms.policy == "R,S"), "R,s,nQ", terms.policy)
    up_to = rule == "R,S"
    idle = ~by_hand & ~up_to & (_annual_demand(forecast, terms) < LEAST_ANNUAL_DEMAND)
    quantity = _order_quantity(forecast, terms)
    start, target = _levels(forecast, terms, quantity, rule)
    level = np.where(by_hand, np.nan_to_num(terms.reorder_point_by_hand), np.where(idle, 0, _whole(target)))
    floor = np.where(by_hand | idle, np.nan, terms.level_floor)
    lot = (terms.min_order_quantity, terms.pack_size)
    computed = level.astype(np.int64)
    limited = within_limits(rule, computed, quantity, floor, terms.maximum_stock, *lot)
    level = limited.level
    reorder_point = np.where(up_to, np.maximum(level - 1, 0), level)
    code, suggested = _order(terms, limited, rule, idle)
    expected = np.round(forecast.lead_time_demand.mean).astype(np.int64)
    rows = {"reorder_point": reorder_point, "order_up_to_level": limited.top, "order_quantity": limited.quantity}
    rows |= {"quantile": np.where(idle, 0, _whole(start)), "expected": expected}
    rows |= {"safety_stock": level - expected, "suggested_order": suggested}
    code = np.where((forecast.method == NO_METHOD) & ~by_hand & (suggested == 0), "no_history", code)
    corrected = np.where(by_hand | (level != _whole(target)), 0, np.maximum(level - rows["quantile"], 0))
    explained = _explanation(terms, rows, rule, by_hand, corrected)
    top = np.where(up_to, computed, computed + quantity)
    return PlanRows(
        **rows, code=code, rule=rule, limited=limited, computed=computed, computed_top=top, _terms=explained
    )


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
    forecast: Forecast, terms: ItemTerms, quantity: np.ndarray, rule: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The level before and after the correction: a reorder point, or the order-up-to level under (R,S)."""
    review = np.maximum(terms.review_days, 1) / BUCKET_DAYS[terms.freq]
    ordering = simulate.Ordering.of(terms.interval, review, quantity)
    by_rate = ~np.isnan(terms.fill_rate)
    start = simulate.quantile_at(forecast.lead_time_demand, terms.cycle_service_level)
    corrected = start.copy()
    for name, is_by_rate in product(("R,s,nQ", "s,S"), (False, True)):
        rows = np.flatnonzero((rule == name) & (by_rate == is_by_rate))
        part, own = simulate.series(forecast, rows), ordering.rows(rows, to_level=name == "s,S")
        if is_by_rate:
            wanted = terms.fill_rate[rows]
            start[rows] = simulate.level_for_fill_rate(part, wanted, own, undershoot=False)
            corrected[rows] = simulate.level_for_fill_rate(part, wanted, own, undershoot=True)
        else:
            corrected[rows] = simulate.corrected_reorder_point(part, terms.cycle_service_level[rows], own)
    rows = np.flatnonzero((rule == "R,S") & by_rate)
    part = simulate.series(forecast, rows)
    start[rows] = simulate.up_to_level_for_fill_rate(part, terms.fill_rate[rows], ordering.rows(rows))
    corrected[rows] = start[rows]
    return start, corrected


def _order(terms: ItemTerms, limited: Limited, rule: np.ndarray, idle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Code and pieces: what the ordering rule says of the position; idle items only for what is back-ordered."""
    position, lot = terms.position.total, (terms.min_order_quantity, terms.pack_size)
    up_to = rule == "R,S"
    lots = formulas.order_lots(position, limited.level, limited.quantity)
    min_max = formulas.order_min_max(position, limited.level, limited.top, *lot)
    filled = formulas.order_up_to(position, limited.level, *lot)
    owed = formulas.order_up_to(position, 0, *lot)
    order = np.select([~terms.position.known, idle, up_to, rule == "s,S"], [0, owed, filled, min_max], lots)
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
    terms: ItemTerms, rows: dict[str, np.ndarray], rule: np.ndarray, by_hand: np.ndarray, corrected: np.ndarray
) -> dict[str, np.ndarray]:
    """The numbers that the sentence tells, named as in the glossary; ``level`` = ``expected`` + ``safety_stock``."""
    level = np.where(rule == "R,S", rows["order_up_to_level"], rows["reorder_point"])
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
        "policy": rule,
        "expected": rows["expected"],
        "safety_stock": rows["safety_stock"],
        "undershoot": corrected,
        "by_hand": by_hand,
        "interval": mean_length(terms.interval).round(1),
        "unit": np.full(len(level), UNITS[terms.freq]),
        "target": np.where(by_rate, "fill_rate", "cycle_service_level"),
        "target_rate": np.where(by_rate, np.nan_to_num(terms.fill_rate), terms.cycle_service_level).astype(float),
    }
