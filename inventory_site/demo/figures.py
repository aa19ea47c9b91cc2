"""The key figures of the weeks before, as a shop that had run all the while would have kept them."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from replenishment.models import KpiSnapshot

from .rows import Books

WEEKS, RECENT_DAYS = 12, 28
#: What lies above so many days of the half year's demand counts as too much: the nightly job's forecasts are not there
#: to ask for these weeks.
PLENTY_DAYS, LONG_DAYS = 90, 182


def write_key_figures(books: Books) -> None:
    """One snapshot a week and warehouse; the last day's is the nightly job's own."""
    last = len(books.days) - 1
    days = [last - 7 * back for back in range(WEEKS, 0, -1) if last - 7 * back >= RECENT_DAYS]
    KpiSnapshot.objects.bulk_create(
        _snapshot(books, place, day) for day in days for place in range(len(books.warehouses))
    )


def _snapshot(books: Books, place: int, day: int) -> KpiSnapshot:
    """From demand, shipments and shelves up to the evening of that day; nothing later is looked at."""
    world = books.simulation
    here = (world.warehouse == place) & (world.first_day <= day)
    cost = world.terms.unit_cost.astype(float)[world.product[here]]
    on_hand = world.on_hand[here, day]
    demand, shipped = (a[here, day + 1 - RECENT_DAYS : day + 1] for a in (world.demand, world.shipped))
    pace = demand.mean(axis=1)
    value, daily_cost = float(on_hand @ cost), float(pace @ cost)
    year = world.demand[here, max(day - 364, 0) : day + 1]
    return KpiSnapshot(
        warehouse=books.warehouses[place],
        on_date=books.days[day],
        stock_value=_money(value),
        overstock_value=_money(
            float(_surplus(on_hand, world.demand[here, max(day + 1 - LONG_DAYS, 0) : day + 1]) @ cost)
        ),
        stocked_out_rate=float((on_hand[pace > 0] == 0).mean()),
        fill_rate=float(shipped.sum() / demand.sum()),
        turnover=float(year.sum(axis=1) @ cost) * 365 / year.shape[1] / value,
        days_of_cover=value / daily_cost,
    )


def _surplus(on_hand: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Pieces above plenty of what is still asked for; dead stock is counted apart."""
    pace = demand.mean(axis=1)
    return np.where(pace > 0, np.maximum(on_hand - PLENTY_DAYS * pace, 0), 0)


def _money(value: float) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"))
