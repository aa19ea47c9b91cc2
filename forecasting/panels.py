"""Daily demand from the database to the arrays of the engine, as it was known at the end of one business day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from django.db import connection

from catalog.models import Promotion
from forecasting import preparation, regressors
from forecasting.engine.panel import Panel
from forecasting.explained import as_explained
from orders.models import DemandSeries
from stock.models import Warehouse

HISTORY_DAYS = 730

#: Days are counted from here in SQL; both databases can subtract.
ORIGIN = date(2000, 1, 1)


@dataclass(frozen=True)
class Keys:
    """Which series the rows of a panel are: primary keys, int [series]."""

    series: np.ndarray
    product: np.ndarray
    warehouse: np.ndarray


@dataclass(frozen=True)
class Calendar:
    """The days of a panel: from ``since`` to ``until``, and ``ahead`` more of what is known ahead."""

    since: date
    until: date
    ahead: int

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    def index(self, day: date) -> int:
        return (day - self.since).days


def known_since(until: date) -> date:
    """The first day worth reading: of the oldest series, at most two years back."""
    oldest = DemandSeries.objects.filter(first_on__lte=until).order_by("first_on").values_list("first_on", flat=True)
    return max(oldest.first() or until, until - timedelta(days=HISTORY_DAYS - 1))


def panel_of(
    series_ids: Sequence[int], *, since: date, until: date, ahead: int = 0, explained: bool = True
) -> tuple[Panel, Keys]:
    """Demand by day as it was known on ``until``; rows follow ``DemandSeries.pk``, unknown ids are left out.

    Cancellations, returns, promotions, signals and changes of closed days that became known later are not in it. A day
    after the last closed one is NaN, like a day before the series began and a day on which the warehouse was closed.
    What people said of anomalies by then is heeded; without ``explained`` days are as they were.
    """
    calendar = Calendar(since, until, ahead)
    rows = list(
        DemandSeries.objects.filter(pk__in=series_ids, first_on__lte=until)
        .order_by("pk")
        .values_list("pk", "product_id", "warehouse_id", "first_on", "closed_on", "product__category__name")
    )
    numbers = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
    keys = Keys(*numbers.T.copy())
    real = _real_days(rows, calendar)
    demand, price, stocked_out = _daily(keys, calendar, real)
    preparation.as_known_then(keys, calendar, demand, price, stocked_out)
    recorded = (demand > 0) | ~np.isnan(price) | (stocked_out > 0)
    demand -= _corrections(keys, calendar)
    demand = np.where(real, np.maximum(demand, 0), np.nan)
    places = list(Warehouse.objects.order_by("pk"))
    closed = preparation.closed_days(keys, calendar, places)
    demand = preparation.prepared(keys, calendar, demand, recorded, closed)
    if explained:
        demand = as_explained(keys, calendar, demand)
    promotion, offered = _promotions(keys, calendar, places)
    signals, told = regressors.signals(keys, calendar)
    interest, told_of_interest = regressors.interest(keys, calendar, read_numbers)
    panel = Panel(
        demand=demand,
        freq="D",
        last_on=until,
        known={"promotion": promotion, "price": _prices(price, promotion, offered)}
        | regressors.holiday(keys, calendar, places)
        | ({} if closed is None else {"closed": closed})
        | signals
        | interest,
        stocked_out=None if np.isnan(stocked_out).all() else stocked_out,
        category=np.array([row[5] or "" for row in rows], str),
        product=keys.product.astype(str),
        told=told | told_of_interest,
    )
    return panel, keys


def _real_days(rows: Sequence[tuple], calendar: Calendar) -> np.ndarray:
    """True on the days from ``first_on`` to ``closed_on``, where a missing row is a zero."""
    day = np.arange(calendar.days)
    first = np.array([calendar.index(row[3]) for row in rows], int)
    last = np.array([calendar.index(row[4]) if row[4] else -1 for row in rows], int)
    return (day >= first[:, None]) & (day <= last[:, None])


def _daily(keys: Keys, calendar: Calendar, real: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Demand, mean price (NaN where nothing was sold) and share of the day without stock (NaN where unknown)."""
    sql = """SELECT series_id, {day}, demand, price, stocked_out_rate FROM orders_dailydemand
             WHERE series_id IN {ids} AND on_date BETWEEN {since} AND {until}"""
    found = read_numbers(sql, 5, keys.series, calendar)
    at = np.searchsorted(keys.series, found[:, 0].astype(np.int64)), found[:, 1].astype(int)
    demand, price, rate = np.zeros(real.shape), np.full(real.shape, np.nan), np.full(real.shape, np.nan)
    demand[at], price[at], rate[at] = found[:, 2:].T
    told = ~np.isnan(rate)
    began = np.where(told.any(axis=1), told.argmax(axis=1), calendar.days)
    rowless = np.ones(real.shape, bool)
    rowless[at] = False
    in_stock = rowless & real & (np.arange(calendar.days) >= began[:, None])
    rate[in_stock] = 0.0  # once a ledger tells of stock, a day without a row had some all day
    return demand, price, rate


def _corrections(keys: Keys, calendar: Calendar) -> np.ndarray:
    """Pieces cancelled or returned by day of their sale, as far as known on the last day."""
    sql = """SELECT series_id, {day}, SUM(quantity) FROM orders_demandcorrection
             WHERE series_id IN {ids} AND on_date BETWEEN {since} AND {until} AND known_on <= {until}
             GROUP BY series_id, on_date"""
    found = read_numbers(sql, 3, keys.series, calendar)
    taken = np.zeros((len(keys.series), calendar.days))
    taken[np.searchsorted(keys.series, found[:, 0].astype(np.int64)), found[:, 1].astype(int)] = found[:, 2]
    return taken


def _promotions(keys: Keys, calendar: Calendar, places: Sequence[Warehouse]) -> tuple[np.ndarray, np.ndarray]:
    """Promotion flags (0 or 1) and promotion prices (NaN where none), [series, days + ahead]."""
    shape = (len(keys.series), calendar.days + calendar.ahead)
    flags, prices = np.zeros(shape), np.full(shape, np.nan)
    last_on = calendar.until + timedelta(days=calendar.ahead)
    codes = {place.pk: place.code for place in places}
    rows_of: dict[int, list[tuple[int, str]]] = {}
    for row, (product, warehouse) in enumerate(zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True)):
        rows_of.setdefault(product, []).append((row, codes[warehouse]))
    known = Promotion.objects.known_on(calendar.until).between(calendar.since, last_on).filter(product__in=rows_of)
    for product, code, starts_on, ends_on, price in known.order_by("pk").values_list(
        "product_id", "warehouse_code", "starts_on", "ends_on", "price"
    ):
        days = slice(max(calendar.index(starts_on), 0), calendar.index(ends_on) + 1)
        for row, own_code in rows_of[product]:
            if code in ("", own_code):
                flags[row, days] = 1.0
                if price is not None:
                    prices[row, days] = float(price)
    return flags, prices


def _prices(paid: np.ndarray, promotion: np.ndarray, offered: np.ndarray) -> np.ndarray:
    """The price of each day: what was paid; else what the promotion offers; else the last regular price.

    Ahead the regular price goes on. Before the first sale the first regular price holds; NaN where there is none.
    """
    days, total = paid.shape[1], promotion.shape[1]
    regular = np.full(promotion.shape, np.nan)
    regular[:, :days] = np.where(promotion[:, :days] > 0, np.nan, paid)
    seen = ~np.isnan(regular)
    last = np.maximum.accumulate(np.where(seen, np.arange(total), -1), axis=1)
    last = np.where(last < 0, seen.argmax(axis=1)[:, None], last)
    filled = np.take_along_axis(regular, last, axis=1)
    filled = np.where((promotion > 0) & ~np.isnan(offered), offered, filled)
    filled[:, :days] = np.where(np.isnan(paid), filled[:, :days], paid)
    return filled


def read_numbers(sql: str, columns: int, ids: np.ndarray, calendar: Calendar) -> np.ndarray:
    """Rows of numbers, float [rows, columns], NULL as NaN; by COPY on PostgreSQL, since a row there costs no object.

    The statement may hold {ids}, {since}, {until}, and {day}, the number of ``on_date`` within the calendar.
    """
    since, until = f"'{calendar.since.isoformat()}'", f"'{calendar.until.isoformat()}'"
    numbers = [int(pk) for pk in ids]
    if connection.vendor == "postgresql":
        named = {"ids": f"(SELECT unnest('{{{','.join(map(str, numbers))}}}'::bigint[]))"}
        named |= {"since": f"DATE {since}", "until": f"DATE {until}", "day": f"on_date - DATE {since}"}
        return _copy(sql.format(**named), columns)
    day = f"CAST(julianday(on_date) - julianday({since}) AS INTEGER)"
    named = {"ids": f"(SELECT value FROM json_each('{json.dumps(numbers)}'))", "since": since, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(sql.format(**named, day=day))
        return np.array(cursor.fetchall(), float).reshape(-1, columns)


def _copy(sql: str, columns: int) -> np.ndarray:
    """The rows of a query through PostgreSQL's binary COPY, all of one series in one piece of 8-byte floats.

    A piece a row would take Python longer to receive than the database to find.
    """
    names = [f"c{at}" for at in range(columns)]
    packed = " || ".join(f"float8send(COALESCE({name}::float8, 'NaN'))" for name in names)
    statement = f"""COPY (SELECT string_agg({packed}, ''::bytea) FROM ({sql}) AS rows({", ".join(names)}) GROUP BY c0)
                    TO STDOUT (FORMAT binary)"""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["bytea"])
        data = b"".join(row[0] for row in copy.rows())
    return np.frombuffer(data, ">f8").reshape(-1, columns).astype(float)
