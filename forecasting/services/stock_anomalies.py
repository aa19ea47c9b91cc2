"""Stock that is not as its ledger says, from movements by reason; a handful of queries, however many items."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Max, Sum

from forecasting.engine import anomalies as demand_engine
from forecasting.engine import stock_anomalies as engine
from forecasting.models import Anomaly
from forecasting.panels import panel_of
from inventory_site.common.models import JobRun, ShopSettings
from orders.models import DemandSeries
from stock.models import StockLevel, StockMovement

Reason, Kind = StockMovement.Reason, Anomaly.Kind
AT_ONCE = 2000
#: Days of silence that are looked at, and days before them that tell what is usual.
SILENT_DAYS, USUAL_DAYS = 84, 84
ONE_DAY = timedelta(days=1)


def find_in_stock(run: JobRun) -> list[dict[str, Any]]:
    """What is odd about each level, as fields of ``Found``; the strongest where there are several."""
    until, zone = run.business_date, ShopSettings.objects.load().zone
    levels = list(
        StockLevel.objects.filter(product__is_active=True)
        .order_by("pk")
        .values_list("pk", "product_id", "warehouse_id", "on_hand", "unsellable")
    )
    strongest: dict[tuple[int, int], dict[str, Any]] = {}
    for row in [*_losses(levels, until, zone), *_frozen(levels, until, zone)]:
        item = row["product_id"], row["warehouse_id"]
        if item not in strongest or strongest[item]["score"] < row["score"]:
            strongest[item] = row
    return list(strongest.values())


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + ONE_DAY, time.min, tzinfo=zone)


def _losses(levels: list[tuple], until: date, zone: ZoneInfo) -> list[dict[str, Any]]:
    known = corrections(levels, until, zone)
    found = []
    for kind, losses, least in (
        (Kind.SHRINKAGE, engine.shrinkage(known), engine.LOSS_THRESHOLD),
        (Kind.LOSSES, engine.drift(known), engine.DRIFT_THRESHOLD),
    ):
        for row in np.flatnonzero(losses.score >= least).tolist():
            found.append(
                _finding(levels[row], kind, "corrections", float(losses.expected[row]), float(losses.seen[row]),
                         float(losses.score[row]), until - timedelta(days=int(losses.since[row])), until)
                | {"terms": {"losses": int(losses.number[row]), "corrections": int(losses.told[row])}}
            )  # fmt: skip
    return found


def _finding(
    level: tuple, kind: str, feature: str, expected: float, seen: float, score: float, first_on: date, last_on: date
) -> dict[str, Any]:
    return {
        "product_id": level[1], "warehouse_id": level[2], "kind": str(kind), "feature": feature,
        "expected": round(expected, 2), "seen": seen, "score": round(score, 2), "first_on": first_on,
        "last_on": last_on, "terms": {},
    }  # fmt: skip


def corrections(levels: list[tuple], until: date, zone: ZoneInfo) -> engine.Corrections:
    """Counts and adjustments of a year that stand, and what was shipped; what was reversed never happened."""
    row_of = {level[0]: row for row, level in enumerate(levels)}
    end = _end_of(until, zone)
    year = StockMovement.objects.filter(
        effective_at__gte=end - timedelta(days=engine.YEAR_DAYS), effective_at__lt=end
    ).order_by()
    stands = year.filter(reason__in=[Reason.COUNT, Reason.ADJUSTMENT], reversed_by=None)
    rows = [
        (row_of[level], quantity, (end - at) // ONE_DAY)
        for level, quantity, at in stands.values_list("level_id", "quantity", "effective_at")
        if level in row_of
    ]
    told = np.array(rows, np.int64).reshape(-1, 3)
    sent = np.zeros((len(levels), 2))
    shipped = year.filter(reason=Reason.SHIPMENT)
    recent = shipped.filter(effective_at__gte=end - timedelta(days=engine.RECENT_DAYS))
    for column, moved in ((0, recent), (1, shipped)):
        for level, quantity in moved.values_list("level_id").annotate(Sum("quantity")):
            if level in row_of:
                sent[row_of[level], column] = max(-quantity, 0)
    return engine.Corrections(told[:, 0], told[:, 1], told[:, 2], sent)


def _frozen(levels: list[tuple], until: date, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Levels with stock from which nothing was taken for long, though their own past lets expect it."""
    end = _end_of(until, zone)
    moved = StockMovement.objects.filter(effective_at__lt=end).order_by()
    last = dict(moved.values_list("level_id").annotate(Max("effective_at")))
    silent = {}
    for level in levels:
        days = (end - last[level[0]]) // ONE_DAY if level[0] in last else 0
        if engine.FEWEST_DAYS <= days <= SILENT_DAYS and level[3] - level[4] > 0:
            silent[level[1], level[2]] = (level, days)
    if not silent:
        return []
    series = DemandSeries.objects.filter(product__in={item[0] for item in silent}).order_by("pk")
    ids = [pk for pk, *item in series.values_list("pk", "product_id", "warehouse_id") if tuple(item) in silent]
    return [row for at in range(0, len(ids), AT_ONCE) for row in _silent(ids[at : at + AT_ONCE], silent, until)]


def _silent(ids: list[int], silent: dict[tuple[int, int], tuple], until: date) -> list[dict[str, Any]]:
    """Of these series, those whose silence their own demand before it makes unlikely."""
    panel, keys = panel_of(ids, since=until - timedelta(days=SILENT_DAYS + USUAL_DAYS - 1), until=until)
    items = list(zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True))
    days = np.array([silent[item][1] for item in items], int)
    place = np.arange(panel.demand.shape[1])
    begun = panel.demand.shape[1] - days
    before = (place < begun[:, None]) & (place >= begun[:, None] - USUAL_DAYS)
    past = np.where(before, panel.demand, np.nan)
    number = np.maximum((~np.isnan(past)).sum(axis=1), 1)
    rate = np.nansum(past, axis=1) / number
    expected = rate * (~np.isnan(panel.demand) & ~before & (place >= begun[:, None])).sum(axis=1)
    score = engine.frozen(expected, demand_engine.own_ratio(past), days,
                          np.array([silent[item][0][3] for item in items]))  # fmt: skip
    return [
        _finding(silent[items[row]][0], Kind.FROZEN, "movements", float(expected[row]), 0.0, float(score[row]),
                 until - timedelta(days=int(days[row]) - 1), until)
        | {"terms": {"days": int(days[row]), "on_hand": int(silent[items[row]][0][3])}}
        for row in np.flatnonzero(score >= engine.FROZEN_THRESHOLD).tolist()
    ]  # fmt: skip
