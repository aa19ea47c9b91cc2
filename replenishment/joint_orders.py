"""One order to one supplier: the risk at each quantity, and what to add until a minimum is reached. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.engine import GRID, LeadTimeDemand
from orders.services.purchase_terms import Terms
from replenishment import formulas
from replenishment.optimise.worth import expected_short

#: Nothing is added beyond what lasts so long above the reorder point.
LONGEST_COVER_DAYS = 365


@dataclass(frozen=True)
class Offer:
    """What an item needs and how it is sold; ``above`` pieces that its position stands over the reorder point."""

    above: float
    daily_demand: float
    terms: Terms

    @property
    def first_lot(self) -> int:
        return int(formulas.lot_size(1, self.terms.min_order_quantity, self.terms.pack_size))

    def cost(self, quantity: int) -> float:
        return quantity * float(self.terms.unit_cost_at(quantity))

    def days(self, quantity: int) -> float:
        """Until it falls to its reorder point with so many more; infinity where nobody asks for it."""
        return (self.above + quantity) / self.daily_demand if self.daily_demand > 0 else np.inf


def filled_up(offers: Sequence[Offer], quantities: Sequence[int], target: float) -> tuple[list[int], float]:
    """Pieces that reach ``target`` in money, and what is still missing: packs go to what is needed soonest.

    Each pack goes to the item that falls to its reorder point first; none gets more than a year's cover.

    >>> from decimal import Decimal
    >>> cup = Offer(above=10, daily_demand=1.0, terms=Terms(Decimal(2), pack_size=5))
    >>> pen = Offer(above=40, daily_demand=1.0, terms=Terms(Decimal(1), pack_size=10))
    >>> filled_up([cup, pen], [0, 0], 60.0)
    ([30, 0], 0.0)
    >>> filled_up([cup, pen], [0, 0], 90.0)
    ([40, 10], 0.0)
    >>> filled_up([cup, pen], [0, 0], 5000.0)
    ([355, 320], 3970.0)
    """
    wanted, value = list(quantities), sum(offer.cost(q) for offer, q in zip(offers, quantities, strict=True))
    soonest = [(offer.days(wanted[row]), row) for row, offer in enumerate(offers)]
    heapq.heapify(soonest)
    while soonest and value < target:
        _days, row = heapq.heappop(soonest)
        offer = offers[row]
        more = wanted[row] + (offer.terms.pack_size if wanted[row] else offer.first_lot)
        if not offer.days(more) <= LONGEST_COVER_DAYS:
            continue
        value += offer.cost(more) - offer.cost(wanted[row])
        wanted[row] = more
        heapq.heappush(soonest, (offer.days(more), row))
    return wanted, max(round(target - value, 2), 0.0)


def stock_out_chance(demand: LeadTimeDemand, stock: np.ndarray) -> np.ndarray:
    """Chance that lead-time demand exceeds ``stock`` [series]; beyond the last quantile by an exponential law."""
    chances, grid = [], np.array(GRID)
    for quantiles, excess, there in zip(demand.quantiles, demand.excess, stock, strict=True):
        last = quantiles[-1]
        if there >= last:
            mean = excess / (1 - grid[-1])
            chances.append((1 - grid[-1]) * np.exp(-(there - last) / mean) if mean > 0 else 0.0)
        else:
            chances.append(1 - np.interp(there + 1e-9, quantiles, grid, left=0.0))
    return np.array(chances, float)


def risk(demand: LeadTimeDemand, stock: np.ndarray, unit_margin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chance of a stock-out and expected margin lost [series] before what is ordered next time can be here.

    ``stock`` is the inventory position with what is ordered now.
    """
    missed = expected_short(demand, np.asarray(stock, float)[:, None])[:, 0]
    return stock_out_chance(demand, stock), missed * unit_margin
