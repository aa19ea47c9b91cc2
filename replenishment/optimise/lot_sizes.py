"""When to order how much for demand that is known by period: exact recursions over the periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from replenishment.optimise.errors import not_negative, refuse, whole_and_positive


@dataclass(frozen=True)
class LotSizes:
    """``quantity`` pieces ordered in each period; ``cost`` money of orders, pieces and holding together."""

    quantity: np.ndarray
    cost: float


def lot_sizes(
    demand: ArrayLike,
    *,
    order_cost: ArrayLike,
    holding_cost: ArrayLike,
    unit_cost: ArrayLike = 0.0,
    shelf_life: int | None = None,
) -> LotSizes:
    """Lots that meet ``demand`` [periods] at the least cost: Wagner & Whitin, Management Science 5 (1958).

    An order costs ``order_cost``, a piece ``unit_cost``, and ``holding_cost`` for each period that it is kept over;
    each one number or [periods]. A piece can be sold in the period of its order and in the ``shelf_life`` - 1 that
    follow (None: for ever); then an order may be worth placing while older pieces are still sold. Periods count from
    the arrival on; net stock on hand before.
    Snyder & Shen, Fundamentals of Supply Chain Theory, chapter 3:

    >>> lot_sizes([90, 120, 80, 70], order_cost=500, holding_cost=2)
    LotSizes(quantity=array([210.,   0., 150.,   0.]), cost=1380.0)
    >>> lot_sizes([90, 120, 80, 70], order_cost=500, holding_cost=2, shelf_life=1).cost
    2000.0
    """
    demand = np.asarray(demand, float)
    costs = {"order_cost": order_cost, "holding_cost": holding_cost, "unit_cost": unit_cost}
    order, holding, unit = (np.broadcast_to(np.asarray(cost, float), demand.shape) for cost in costs.values())
    refuse(*(not_negative(name, np.atleast_1d(values)) for name, values in ({"demand": demand} | costs).items()))
    periods = len(demand)
    life = periods if shelf_life is None else shelf_life
    if shelf_life is not None:
        refuse(whole_and_positive("shelf_life", np.array([shelf_life])))
    kept = np.concatenate([[0.0], np.cumsum(holding)])  # cost of keeping a piece from the first period to each
    best, choice = (
        np.zeros(periods + 1),
        [(0, 0)] * periods,
    )  # from each period on: its order, and until when
    for first in range(periods - 1, -1, -1):
        best[first], choice[first] = best[first + 1] if demand[first] == 0 else np.inf, (first, first + 1)
        for placed in range(max(first - life + 1, 0), first + 1):
            until = min(placed + life, periods)
            piece = unit[placed] + kept[first:until] - kept[placed]
            costs = order[placed] + np.cumsum(demand[first:until] * piece) + best[first + 1 : until + 1]
            if costs.min() < best[first]:
                best[first], choice[first] = costs.min(), (placed, first + 1 + int(costs.argmin()))
    quantity, first = np.zeros(periods), 0
    while first < periods:
        placed, until = choice[first]
        quantity[placed] += demand[first:until].sum()
        first = until
    return LotSizes(quantity, float(best[0]))
