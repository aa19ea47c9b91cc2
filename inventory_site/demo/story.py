"""What the demo shop has to tell on its last day, so that no alert rule and no page starts empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .choice import DEAD_DAYS
from .sales import Shop
from .simulation import Simulation
from .suppliers import SUPPLIERS

RECENT_DAYS = 28
RUNS_OUT_DAYS, OVERSTOCK_DAYS = 4, 120


@dataclass(frozen=True)
class Story:
    """Counts of stock levels, but for ``overdue_orders`` (purchase orders), promotions and returns."""

    stocked_out: int
    running_out: int
    overstocked: int
    dead: int
    overdue_orders: int
    promotions_ahead: int
    returns: int


@dataclass(frozen=True)
class Orders:
    """The purchase lines that one supplier delivers to one warehouse are one order a day.

    ``of_line`` [line] is the place of a line's order; the others have one entry per order. ``received`` [line].
    """

    of_line: np.ndarray
    supplier: np.ndarray
    warehouse: np.ndarray
    ordered_day: np.ndarray
    expected_day: np.ndarray
    received: np.ndarray


def group_orders(simulation: Simulation) -> Orders:
    lines = simulation.purchases
    keys = np.stack([
        lines.ordered_day,
        simulation.terms.supplier[simulation.product[lines.series]],
        simulation.warehouse[lines.series],
    ])  # fmt: skip
    (day, supplier, warehouse), of_line = np.unique(keys, axis=1, return_inverse=True)
    received = np.zeros(len(lines.series), int)
    np.add.at(received, simulation.receipts.line, simulation.receipts.quantity)
    declared = np.array([s.lead_time_days for s in SUPPLIERS])
    return Orders(of_line.ravel(), supplier, warehouse, day, day + declared[supplier], received)


def tell(shop: Shop, simulation: Simulation) -> Story:
    """Count by plain measures; the alert rules have finer ones."""
    last = simulation.demand.shape[1] - 1
    on_hand = simulation.on_hand[:, -1]
    pace = simulation.demand[:, -RECENT_DAYS:].mean(axis=1)
    orders = group_orders(simulation)
    is_late = (orders.received < simulation.purchases.quantity) & (orders.expected_day[orders.of_line] < last)
    return Story(
        stocked_out=int(((on_hand == 0) & (pace > 0)).sum()),
        running_out=int(((on_hand > 0) & (on_hand < RUNS_OUT_DAYS * pace)).sum()),
        overstocked=int(((pace > 0) & (on_hand > OVERSTOCK_DAYS * pace)).sum()),
        dead=int(((on_hand > 0) & (simulation.demand[:, -DEAD_DAYS:].sum(axis=1) == 0)).sum()),
        overdue_orders=len(np.unique(orders.of_line[is_late])),
        promotions_ahead=sum(p.starts_on > shop.last_on for p in shop.promotions),
        returns=len(simulation.returns.day),
    )
