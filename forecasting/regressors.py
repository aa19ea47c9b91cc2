"""What is known besides demand: holidays, signals from outside, and what visitors look at and put into their carts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import Min

from forecasting.engine.panel import Told
from forecasting.models import Signal, SignalKind
from inventory_site.common.public_holidays import holidays_between
from orders.models import DailyInterest
from stock.models import Warehouse

if TYPE_CHECKING:
    from forecasting.panels import Calendar, Keys

Read = Callable[[str, int, np.ndarray, "Calendar"], np.ndarray]
Known, Late = dict[str, np.ndarray], dict[str, Told]

SIGNAL = "signal:"
#: Days whose carts make up an abandonment rate.
CARTS = 7


def holiday(keys: Keys, calendar: Calendar, places: Sequence[Warehouse]) -> Known:
    """1 on the public holidays of the warehouse's country; ``places`` in the order of their keys."""
    last_on = calendar.until + timedelta(days=calendar.ahead)
    table = np.zeros((len(places), calendar.days + calendar.ahead), np.float32)
    for row, place in zip(table, places, strict=True):
        row[[calendar.index(day) for day in holidays_between(place.country, calendar.since, last_on)]] = 1.0
    if not table.any():
        return {}
    return {"holiday": table[np.searchsorted([place.pk for place in places], keys.warehouse)]}


def signals(keys: Keys, calendar: Calendar) -> tuple[Known, Late]:
    """Each signal by day, as known at the end of the calendar's last day.

    Where a day was told several times, what was last known on that very day counts, else the first word after it.
    One warehouse's own value goes before everybody's.
    """
    last_on = calendar.until + timedelta(days=calendar.ahead)
    rows = Signal.objects.filter(known_on__lte=calendar.until, on_date__gte=calendar.since, on_date__lte=last_on)
    told: dict[tuple[str, int], dict[date, tuple[date, float]]] = {}
    columns = ("name", "warehouse_id", "on_date", "known_on", "value")
    for name, place, on_date, known_on, value in rows.order_by("known_on", "pk").values_list(*columns):
        days = told.setdefault((name, place or 0), {})
        if known_on <= on_date or on_date not in days:
            days[on_date] = known_on, value
    ahead = dict(SignalKind.objects.values_list("name", "ahead")) if told else {}
    known, late = {}, {}
    for name in sorted({name for name, _place in told}):
        values, at = _by_warehouse(name, told, keys, calendar)
        known[SIGNAL + name] = values
        late[SIGNAL + name] = Told(at, ahead.get(name, SignalKind.Ahead.MEAN))
    return known, late


def _by_warehouse(name: str, told: dict, keys: Keys, calendar: Calendar) -> tuple[np.ndarray, np.ndarray]:
    """Values and the number of days after which each was known, [series, days + ahead]."""
    places, row_of = np.unique(keys.warehouse, return_inverse=True)
    shape = (len(places), calendar.days + calendar.ahead)
    values, at = np.full(shape, np.nan, np.float32), np.zeros(shape, np.int32)
    for row, place in enumerate(places.tolist()):
        for on_date, (known_on, value) in (told.get((name, 0), {}) | told.get((name, place), {})).items():
            column = calendar.index(on_date)
            values[row, column], at[row, column] = value, max(calendar.index(known_on) + 1, 0)
    return values[row_of], at[row_of]


def interest(keys: Keys, calendar: Calendar, read: Read) -> tuple[Known, Late]:
    """Views, pieces put into carts and the share of these left behind, each of the day before.

    A day without a row had none, from the shop's first counted day on; before it nothing is known.
    """
    first_on = DailyInterest.objects.filter(on_date__lt=calendar.until).aggregate(first=Min("on_date"))["first"]
    if first_on is None:
        return {}, {}
    sql = """SELECT product_id, COALESCE(warehouse_id, 0), {day}, views, adds, abandoned FROM orders_dailyinterest
             WHERE product_id IN {ids} AND on_date BETWEEN {since} AND {until}"""
    found = read(sql, 6, np.unique(keys.product), calendar)
    totals = np.zeros((3, len(keys.product), calendar.days))
    for place in np.unique(found[:, 1]):
        part = found[found[:, 1] == place]
        mine = np.flatnonzero((keys.warehouse == place) | (place == 0))
        order = mine[np.argsort(keys.product[mine], kind="stable")]
        _add(totals, order, keys.product[order], part)
    views, adds, abandoned = (np.where(np.arange(calendar.days) < calendar.index(first_on), np.nan, t) for t in totals)
    carts = _recent(adds)
    rate = np.where(carts > 0, _recent(abandoned) / np.maximum(carts, 1.0), np.nan)
    by_name = {"views": views, "adds": adds, "abandonment": rate}
    at = np.arange(calendar.days + calendar.ahead)[None]
    known = {name: _a_day_later(values, calendar.ahead) for name, values in by_name.items()}
    return known, {name: Told(at) for name in known}


def _add(totals: np.ndarray, order: np.ndarray, products: np.ndarray, rows: np.ndarray) -> None:
    """Add the rows of one warehouse to the series of their products, of which there may be several."""
    first = np.searchsorted(products, rows[:, 0], side="left")
    last = np.searchsorted(products, rows[:, 0], side="right")
    for step in range(int((last - first).max(initial=0))):
        there = first + step < last
        at = order[(first + step)[there]], rows[there, 2].astype(int)
        for total, values in zip(totals, rows[there, 3:].T, strict=True):
            np.add.at(total, at, values)


def _recent(values: np.ndarray) -> np.ndarray:
    """Sums of the last ``CARTS`` days."""
    total = np.cumsum(np.nan_to_num(values), axis=1)
    total[:, CARTS:] -= total[:, :-CARTS].copy()
    return total


def _a_day_later(values: np.ndarray, ahead: int) -> np.ndarray:
    out = np.full((len(values), values.shape[1] + ahead), np.nan, np.float32)
    out[:, 1 : values.shape[1] + 1] = values[:, : out.shape[1] - 1]
    return out
