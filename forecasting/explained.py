"""History as people explained it: one-offs are left out, and what was before a new level counts as if it were now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.models import Anomaly

if TYPE_CHECKING:
    from forecasting.panels import Calendar, Keys

#: Days on both sides of a change of level that tell by how much it changed, and the most that is believed.
DAYS, MOST = 56, 10.0
#: Fewer days than this are no level yet: those that are missing count as before.
FEWEST = 7


def as_explained(keys: Keys, calendar: Calendar, demand: np.ndarray) -> np.ndarray:
    """Demand [series, days] by what had been explained by the calendar's last day; days of one-offs are NaN."""
    if not len(keys.product):
        return demand
    within = {"product_id__gte": int(keys.product.min()), "product_id__lte": int(keys.product.max())}
    told = Anomaly.objects.explained_by(calendar.until).filter(**within, last_on__gte=calendar.since)
    rows = list(
        told.order_by("first_on", "pk").values_list("product_id", "warehouse_id", "state", "first_on", "last_on")
    )
    if not rows:
        return demand
    pairs = zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True)
    row_of, demand = {pair: row for row, pair in enumerate(pairs)}, demand.copy()
    one_off = [row for row in rows if row[2] == Anomaly.State.ONE_OFF]
    for product, warehouse, _state, first_on, last_on in one_off:
        if (row := row_of.get((product, warehouse))) is not None:
            demand[row, max(calendar.index(first_on), 0) : calendar.index(last_on) + 1] = np.nan
    for product, warehouse, state, first_on, _last_on in rows:
        row = row_of.get((product, warehouse))
        if state == Anomaly.State.NEW_LEVEL and row is not None and first_on > calendar.since:
            demand[row] = at_new_level(demand[row], calendar.index(first_on))
    return demand


def at_new_level(demand: np.ndarray, first: int) -> np.ndarray:
    """One series [days] whose days before place ``first`` are raised or lowered to the level from there on.

    Pieces stay whole: what is rounded on one day is made up for on the day before, so that sums stay right.
    """
    change = level_change(demand, first)
    known = ~np.isnan(demand[:first])
    back = np.cumsum(np.nan_to_num(demand[:first])[::-1] * change)
    whole = np.diff(np.floor(back + 0.5), prepend=0.0)[::-1]
    return np.concatenate([np.where(known, whole, np.nan), demand[first:]])


def level_change(demand: np.ndarray, first: int) -> float:
    """Mean demand a day from place ``first`` on as a multiple of that before it; 1 where either is not known.

    >>> level_change(np.array([2.0] * 14 + [8.0] * 7), 14), level_change(np.array([2.0] * 14 + [9.0]), 14)
    (4.0, 1.5)
    """
    before, after = demand[max(first - DAYS, 0) : first], demand[first : first + DAYS]
    if np.isnan(before).all() or np.isnan(after).all() or np.nansum(before) <= 0:
        return 1.0
    usual, known = np.nanmean(before), (~np.isnan(after)).sum()
    missing = max(FEWEST - known, 0)
    return float(min((np.nansum(after) + missing * usual) / ((known + missing) * usual), MOST))
