"""What a night finds odd: demand against its forecast, stock against its ledger; kept until somebody explains it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from catalog.models import Promotion
from forecasting.engine import anomalies as engine
from forecasting.models import Anomaly, Forecast
from forecasting.panels import Calendar, Keys, panel_of
from forecasting.services.stock_anomalies import find_in_stock
from inventory_site.common.models import JobRun
from orders.models import DemandSeries

AT_ONCE = 2000
DAYS, PAST_DAYS = engine.DAYS, engine.PAST_DAYS
UPDATED = ["kind", "feature", "expected", "seen", "score", "terms", "first_on", "last_on", "seen_on", "state"]
Q95, Q98 = 3, 4  # places among the levels of a forecast's days


@dataclass(frozen=True)
class Found:
    """One odd thing about one item."""

    product_id: int
    warehouse_id: int
    kind: str
    feature: str
    expected: float
    seen: float
    score: float
    first_on: date
    last_on: date
    terms: dict[str, Any] = field(default_factory=dict)


def split_anomalies(run: JobRun) -> list[dict]:
    """One partition for demand, whose forest looks at all series at once, and one for stock."""
    return [{"about": str(about)} for about in Anomaly.About.values]


def find_anomalies(run: JobRun, payload: dict) -> Callable[[], None]:
    """Look for them as of the run's day; returns what opens, updates and ends them."""
    about = Anomaly.About(payload["about"])
    found = find_in_demand(run) if about == Anomaly.About.DEMAND else [Found(**row) for row in find_in_stock(run)]
    return lambda: _write(about, {(row.product_id, row.warehouse_id): row for row in found}, run.business_date)


def find_in_demand(run: JobRun) -> list[Found]:
    """Items whose demand of the last four weeks is not what was forecast before."""
    active = DemandSeries.objects.filter(first_on__lte=run.business_date, product__is_active=True).order_by("pk")
    ids = list(active.values_list("pk", flat=True))
    if not ids:
        return []
    references = reference_runs(run)
    parts = [_recent(ids[at : at + AT_ONCE], run.business_date, references) for at in range(0, len(ids), AT_ONCE)]
    recent = engine.Recent(*(np.concatenate([getattr(part[0], name) for part in parts]) for name in
                             ("demand", "expected", "variance", "seen", "past")))  # fmt: skip
    items = [item for part in parts for item in part[1]]
    judged = engine.judge(recent)
    first_day = run.business_date - timedelta(days=DAYS - 1)
    rows = np.flatnonzero(judged.score >= engine.THRESHOLD).tolist()
    return [
        Found(
            *items[row], kind=engine.KINDS[judged.kind[row]], feature=engine.FEATURES[judged.feature[row]],
            expected=round(float(judged.expected[row]), 2), seen=float(judged.seen[row]),
            score=round(float(judged.score[row]), 2), first_on=first_day + timedelta(days=int(judged.first[row])),
            last_on=first_day + timedelta(days=int(judged.last[row])),
        )
        for row in rows
    ]  # fmt: skip


def reference_runs(run: JobRun) -> list[JobRun]:
    """Published runs of the last four weeks, the oldest first; what they forecast did not know the days after them."""
    since = run.business_date - timedelta(days=DAYS)
    past = JobRun.objects.published().filter(kind=run.kind, business_date__gte=since)
    newest = {
        row.business_date: row
        for row in past.filter(business_date__lt=run.business_date).order_by("business_date", "version")
    }
    return list(newest.values())


def _recent(ids: list[int], until: date, references: list[JobRun]) -> tuple[engine.Recent, list[tuple[int, int]]]:
    """What some series asked for and what had been expected of them, and which items they are."""
    since = until - timedelta(days=DAYS + PAST_DAYS - 1)
    panel, keys = panel_of(ids, since=since, until=until)
    demand, past = panel.demand[:, PAST_DAYS:], panel.demand[:, :PAST_DAYS]
    items = list(zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True))
    window = Calendar(until - timedelta(days=DAYS - 1), until, 0)
    seen = ~np.isnan(demand)
    if panel.stocked_out is not None:
        seen &= ~(np.nan_to_num(panel.stocked_out[:, PAST_DAYS:]) > 0)
    told_on = _spoken_on(items, until)
    expected, variance, since_on = _expected(items, references, told_on, window)
    own = np.array([day is None for day in since_on], bool) & (~np.isnan(past)).all(axis=1)
    if own.any():  # no forecast yet: by its own weekdays
        expected[own], variance[own] = _by_weekday(past[own])
    first = np.array([_first_judged(day, told, window) for day, told in zip(since_on, told_on, strict=True)], int)
    seen &= (np.arange(DAYS) >= first[:, None]) & ~_surprising_promotions(keys, items, window, since_on)
    seen &= (own | np.array([day is not None for day in since_on], bool))[:, None]
    return engine.Recent(demand, expected, variance, seen, past), items


def _first_judged(since_on: date | None, told_on: date | None, window: Calendar) -> int:
    """Place of the first day after the reference forecast and after what a person said."""
    days = [window.index(day) + 1 for day in (since_on, told_on) if day]
    return max([0, *days])


def _spoken_on(items: list[tuple[int, int]], until: date) -> list[date | None]:
    """The day on which somebody said that the item has a new level, where that is known on ``until``."""
    told = Anomaly.objects.explained_by(until).filter(state=Anomaly.State.NEW_LEVEL).order_by("explained_on")
    known = {(product, place): day for product, place, day in told.values_list("product", "warehouse", "explained_on")}
    return [known.get(item) for item in items]


def _expected(
    items: list[tuple[int, int]], references: list[JobRun], told_on: list[date | None], window: Calendar
) -> tuple[np.ndarray, np.ndarray, list[date | None]]:
    """Mean and variance by day from each item's oldest forecast in reach, which knew what people had said; and the day
    on which that was made, None where there is no forecast."""
    expected, variance = np.zeros((len(items), DAYS)), np.zeros((len(items), DAYS))
    since_on: list[date | None] = [None] * len(items)
    missing = {item: row for row, item in enumerate(items)}
    for run in references:
        day = run.business_date
        wanted = {item: row for item, row in missing.items() if (told_on[row] or day) <= day}
        if not wanted:
            continue
        said = Forecast.objects.filter(run=run, product__in={item[0] for item in wanted}).order_by("pk")
        fields = ("product_id", "warehouse_id", "first_on", "mean", "quantiles")
        rows = [row for row in said.values_list(*fields) if row[:2] in wanted]
        if rows:
            at = [missing.pop(row[:2]) for row in rows]
            expected[at], variance[at] = _on_window(rows, window)
            for row in at:
                since_on[row] = day
        if not missing:
            break
    return expected, variance, since_on


def _on_window(rows: list[tuple], window: Calendar) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of forecasts on the days of the window, 0 before they begin."""
    days = min(min(len(row[3]) for row in rows), DAYS)
    mean = np.array([row[3][:days] for row in rows], float)
    quantiles = np.array([row[4][:days] for row in rows], float)
    spread = engine.variance_of(mean, quantiles[:, :, Q95], quantiles[:, :, Q98])
    first = window.index(rows[0][2])
    shape = (len(rows), DAYS)
    expected, variance = np.zeros(shape), np.zeros(shape)
    kept = min(days, DAYS - first)
    expected[:, first : first + kept], variance[:, first : first + kept] = mean[:, :kept], spread[:, :kept]
    return expected, variance


def _by_weekday(past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    usual = past.reshape(len(past), -1, engine.WEEK).mean(axis=1)
    mean = np.tile(usual, DAYS // engine.WEEK)
    return mean, mean * engine.own_ratio(past)[:, None]


def _surprising_promotions(
    keys: Keys, items: list[tuple[int, int]], window: Calendar, since_on: list[date | None]
) -> np.ndarray:
    """Days of promotions that the reference forecast could not know, bool [series, DAYS]: no wonder that they sell."""
    found = np.zeros((len(items), DAYS), bool)
    rows_of: dict[int, list[int]] = {}
    for row, product in enumerate(keys.product.tolist()):
        rows_of.setdefault(product, []).append(row)
    ran = Promotion.objects.between(window.since, window.until).filter(product__in=rows_of)
    for product, starts_on, ends_on, announced_on in ran.values_list(
        "product_id", "starts_on", "ends_on", "announced_on"
    ):
        days = slice(max(window.index(starts_on), 0), max(window.index(ends_on) + 1, 0))
        for row in rows_of[product]:
            if since_on[row] is None or announced_on > since_on[row]:
                found[row, days] = True
    return found


def _write(about: str, found: dict[tuple[int, int], Found], day: date) -> None:
    """Open what is new, update what is still there, end what is gone; what somebody explained since stays explained."""
    live = {(row.product_id, row.warehouse_id): row for row in _locked(about)}
    spoken = Anomaly.objects.filter(about=about, explained_on__gt=day, state__in=Anomaly.EXPLAINED)
    heard = set(spoken.values_list("product_id", "warehouse_id"))
    for item, row in live.items():
        if item in found:
            _take(row, found[item], day)
        else:
            row.state = Anomaly.State.OVER
    Anomaly.objects.bulk_update(live.values(), UPDATED, batch_size=200)
    new = [_take(Anomaly(product_id=item[0], warehouse_id=item[1], about=about, found_on=day), row, day)
           for item, row in found.items() if item not in live and item not in heard]  # fmt: skip
    Anomaly.objects.bulk_create(new, batch_size=500)


def _locked(about: str) -> Iterable[Anomaly]:
    return Anomaly.objects.open().filter(about=about).order_by("pk").select_for_update(of=("self",))


def _take(row: Anomaly, found: Found, day: date) -> Anomaly:
    for name in ("kind", "feature", "expected", "seen", "score", "terms", "first_on", "last_on"):
        setattr(row, name, getattr(found, name))
    row.seen_on = day
    return row
