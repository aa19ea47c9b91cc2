"""A purchase by gain per coin, for when the integer programme finds none in its time: quick, and without any proof."""

from __future__ import annotations

import numpy as np

from replenishment.optimise.budget import Limits, Plan, Suppliers
from replenishment.optimise.errors import Infeasible, Shortfall
from replenishment.optimise.lots import Items, candidates, smallest_lot, unit_costs


def plan_greedily(items: Items, suppliers: Suppliers, limits: Limits) -> Plan:
    """What is required first, then each item's best lot by gain per coin while it fits; one pass, no second thought.

    Orders below a supplier's minimum are given up, unless something in them is required: then that supplier is named
    as ``Infeasible``. ``bound`` and ``gap`` are NaN, nothing is known of either.
    """
    lots = candidates(items)
    room = np.full(int(np.max(items.warehouse, initial=0)) + 1, np.inf) if limits.volume is None else limits.volume
    left = {"budget": float(limits.budget), "room": np.array(room, float), "capacity": suppliers.capacity.astype(float)}
    ordered = np.zeros(len(suppliers.capacity), bool)
    quantity, cost, gain = np.zeros(len(items), np.int64), np.zeros(len(items)), np.zeros(len(items))
    need = items.required[lots.item] > 0
    order = np.lexsort((-lots.gain / np.maximum(lots.cost, 1e-9), ~need))
    for lot in order[need[order] | (lots.gain[order] > 0)].tolist():
        item = int(lots.item[lot])
        if quantity[item]:
            continue
        at, place = int(items.supplier[item]), int(items.warehouse[item])
        spent = lots.cost[lot] + (0 if ordered[at] else suppliers.freight_cost[at])
        size = lots.quantity[lot] * items.volume[item]
        if spent > left["budget"] or size > left["room"][place] or lots.quantity[lot] > left["capacity"][at]:
            continue
        left["budget"] -= spent
        left["room"][place] -= size
        left["capacity"][at] -= lots.quantity[lot]
        ordered[at] = True
        quantity[item], cost[item], gain[item] = lots.quantity[lot], lots.cost[lot], lots.gain[lot]
    _refuse_missing(items, quantity)
    return _plan(items, suppliers, quantity, cost, gain)


def _refuse_missing(items: Items, quantity: np.ndarray) -> None:
    missing = np.flatnonzero((items.required > 0) & (quantity < items.required))
    if len(missing):
        lot = smallest_lot(items, items.required)
        short = float((unit_costs(items, lot[:, None])[:, 0] * lot)[missing].sum())
        raise Infeasible([Shortfall("budget", 0, short)])


def _plan(items: Items, suppliers: Suppliers, quantity: np.ndarray, cost: np.ndarray, gain: np.ndarray) -> Plan:
    goods = np.bincount(items.supplier, cost, len(suppliers.capacity))
    small = (goods > 0) & (goods < suppliers.minimum_order_cost - 1e-9)
    needed = np.bincount(items.supplier, items.required > 0, len(suppliers.capacity)) > 0
    if (small & needed).any():
        short = np.flatnonzero(small & needed)
        raise Infeasible([
            Shortfall("minimum_order", int(at), float(suppliers.minimum_order_cost[at] - goods[at])) for at in short
        ])  # fmt: skip
    given_up = small[items.supplier]
    quantity, cost, gain = (np.where(given_up, 0, values) for values in (quantity, cost, gain))
    goods = np.bincount(items.supplier, cost, len(suppliers.capacity))
    paid = (goods > 0) & (goods < suppliers.free_freight_from - 1e-9)
    freight = np.where(paid, suppliers.freight_cost, 0.0)
    nothing = np.empty(0, int)
    return Plan(quantity, cost, freight, float(gain.sum() - freight.sum()), np.nan, np.nan, [], 0.0, nothing,
                np.empty(0))  # fmt: skip
