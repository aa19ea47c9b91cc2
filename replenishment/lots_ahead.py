"""Lots of one item over the coming weeks: when to order how much if demand came as forecast (Wagner & Whitin)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from inventory_site.common.models import ShopSettings
from replenishment.optimise.errors import BadRow
from replenishment.optimise.lot_sizes import lot_sizes
from replenishment.positions import asked_within

WEEKS, DAYS = 12, 7


@dataclass(frozen=True)
class Week:
    """Pieces that the week asks for, of these not covered by what is there or comes, and the lot that arrives in it."""

    first_on: date
    demand: int
    lacking: int
    lot: int


@dataclass(frozen=True)
class LotsAhead:
    """``cost`` of orders and keeping, money, beside ``each_week``: what one order in each lacking week would cost."""

    weeks: list[Week]
    lots: int
    cost: Decimal
    each_week: Decimal

    @property
    def saved(self) -> Decimal:
        return self.each_week - self.cost


def lots_ahead(*, mean: list[float], position: int, unit_cost: Decimal, shelf_life_days: int | None,
               today: date) -> LotsAhead | None:  # fmt: skip
    """None where nothing is lacking in WEEKS weeks, or where a cost is missing. Nothing rounds lots to packs."""
    shop = ShopSettings.objects.load()
    demand, lacking = _by_week(np.array(mean, float), position)
    if not lacking.any() or unit_cost <= 0:
        return None
    keeping = float(unit_cost * Decimal(shop.holding_rate)) * DAYS / 365
    life = max(shelf_life_days // DAYS, 1) if shelf_life_days else None
    order = float(shop.order_cost)
    try:
        found = lot_sizes(lacking, order_cost=order, holding_cost=keeping, shelf_life=life)
    except BadRow:
        return None
    weeks = [
        Week(today + timedelta(days=DAYS * at), int(demand[at]), int(lacking[at]), round(float(found.quantity[at])))
        for at in range(WEEKS)
    ]
    each = order * np.count_nonzero(lacking)
    cent = Decimal("0.01")
    return LotsAhead(
        weeks, int(np.count_nonzero(found.quantity)), Decimal(found.cost).quantize(cent), Decimal(each).quantize(cent)
    )


def _by_week(mean: np.ndarray, position: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole pieces asked for and lacking in each week [WEEKS]; parts of a piece are carried on to later weeks."""
    ends = np.arange(1, WEEKS + 1) * DAYS
    total = np.round(asked_within(np.repeat(mean[None], WEEKS, axis=0), ends.astype(float)))
    demand = np.diff(total, prepend=0)
    short = np.maximum(total - position, 0)
    return demand, np.diff(short, prepend=0)
