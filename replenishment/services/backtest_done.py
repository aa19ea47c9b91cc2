"""What was really done in the days of a back-test, as far as the ledger and the purchase orders tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
from django.db.models import F

from forecasting.panels import Keys
from inventory_site.common.models import ShopSettings
from orders.models import DailyDemand, PurchaseOrderLine, Receipt
from replenishment.backtest.replay import Outcome
from stock.models import StockSnapshot

#: Share of the judged item-days whose stock must be known, or nothing is said of what was done.
LEAST_KNOWN = 0.9


@dataclass(frozen=True)
class Done:
    """``outcome`` as of a replay, short as recorded; ``was_out`` bool [days, items], some of the day without stock."""

    outcome: Outcome
    was_out: np.ndarray


def done_in(keys: Keys, days: Sequence[date], judged: slice) -> Done | None:
    """None where the ledger does not tell of these days: imported sales say nothing of stock."""
    stock, rate, known = _stock(keys, days)
    demand, sales = _asked(keys, days)
    sold_yet = np.maximum.accumulate(demand > 0, axis=0)[judged]
    if not sold_yet.any() or known[judged][sold_yet].mean() < LEAST_KNOWN:
        return None
    was_out = rate > 0
    arrived = _arrived(keys, days)
    return Done(
        Outcome(
            stock=stock, short=np.where(was_out, np.maximum(demand - sales, 0), 0), ordered=_ordered(keys, days),
            arrived=arrived, in_time=_in_time(arrived, was_out),
        ),
        was_out,
    )  # fmt: skip


def _stock(keys: Keys, days: Sequence[date]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """On hand, share of the day without stock, and whether both are known [days, items]; a snapshot holds until the
    next one."""
    row_of = _rows(keys)
    shape = (len(days), len(keys.series))
    stock, rate, known = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape, bool)
    rows = StockSnapshot.objects.filter(level__product__in=set(keys.product.tolist()), on_date__lte=days[-1])
    rows = rows.order_by("on_date").values_list(
        "level__product_id", "level__warehouse_id", "on_date", "on_hand", "stocked_out_rate"
    )
    for product, warehouse, on_date, on_hand, out in rows.iterator(chunk_size=10_000):
        row = row_of.get((product, warehouse))
        if row is not None:
            at = max((on_date - days[0]).days, 0)
            stock[at, row], rate[at, row], known[at, row] = on_hand, out, True
    last = np.maximum.accumulate(np.where(known, np.arange(shape[0])[:, None], -1), axis=0)
    at = np.maximum(last, 0)
    held = [np.take_along_axis(values, at, axis=0) for values in (stock, rate)]
    return np.where(last >= 0, held[0], 0), np.where(last >= 0, held[1], 0.0), last >= 0


def _rows(keys: Keys) -> dict[tuple[int, int], int]:
    pairs = zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True)
    return {pair: row for row, pair in enumerate(pairs)}


def _asked(keys: Keys, days: Sequence[date]) -> tuple[np.ndarray, np.ndarray]:
    """Demand and shipments [days, items]."""
    demand, sales = (np.zeros((len(days), len(keys.series)), np.int64) for _ in range(2))
    row_of = {pk: row for row, pk in enumerate(keys.series.tolist())}
    rows = DailyDemand.objects.filter(series__in=keys.series.tolist(), on_date__range=(days[0], days[-1])).order_by()
    for series, on_date, asked, sold in rows.values_list("series_id", "on_date", "demand", "sales").iterator():
        at = (on_date - days[0]).days, row_of[series]
        demand[at], sales[at] = asked, sold
    return demand, sales


def _ordered(keys: Keys, days: Sequence[date]) -> np.ndarray:
    """Pieces of confirmed purchase orders that were not cancelled [days, items]."""
    zone = ShopSettings.objects.load().zone
    first = datetime.combine(days[0], time.min, tzinfo=zone)
    lines = PurchaseOrderLine.objects.filter(
        order__confirmed_at__gte=first, product__in=set(keys.product.tolist()), quantity__gt=F("cancelled")
    ).order_by()
    columns = ("product_id", "order__warehouse_id", "order__confirmed_at", F("quantity") - F("cancelled"))
    return _by_day(keys, days, zone, lines.values_list(*columns).iterator())


def _arrived(keys: Keys, days: Sequence[date]) -> np.ndarray:
    zone = ShopSettings.objects.load().zone
    first = datetime.combine(days[0], time.min, tzinfo=zone)
    receipts = (
        Receipt.objects.standing()
        .filter(received_at__gte=first, line__product__in=set(keys.product.tolist()))
        .order_by()
    )
    columns = ("line__product_id", "line__order__warehouse_id", "received_at", "quantity")
    return _by_day(keys, days, zone, receipts.values_list(*columns).iterator()) > 0


def _by_day(keys: Keys, days: Sequence[date], zone, rows) -> np.ndarray:
    """Quantities [days, items] of (product, warehouse, moment, quantity), by the shop's days."""
    out, row_of = np.zeros((len(days), len(keys.series)), np.int64), _rows(keys)
    end = days[-1] + timedelta(days=1)
    for product, warehouse, moment, quantity in rows:
        day, row = moment.astimezone(zone).date(), row_of.get((product, warehouse))
        if row is not None and days[0] <= day < end:
            out[(day - days[0]).days, row] += quantity
    return out


def _in_time(arrived: np.ndarray, was_out: np.ndarray) -> np.ndarray:
    """Arrivals before which the shelf was never empty since the arrival before."""
    out, was_short = np.zeros_like(arrived), np.zeros(arrived.shape[1], bool)
    for day in range(len(arrived)):
        out[day] = arrived[day] & ~was_short
        was_short = (was_short & ~arrived[day]) | was_out[day]
    return out
