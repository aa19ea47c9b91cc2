"""The step of the night that learns where past forecasts were wrong about stock-outs, and what it learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import numpy as np

from forecasting.engine import stock_out
from forecasting.models import Forecast, StockOutRegression
from forecasting.services.evaluating import kept_runs, known_demand
from inventory_site.common.models import JobRun
from replenishment.models import ReorderPoint

#: Forecasts of neighbouring nights span the same days and teach the same.
APART_DAYS = 7
#: Of one run; with weekly runs of two months that is some thousand in all.
FORECASTS_OF_A_RUN = 1000

#: One window a row: origin, days, asked for, quantiles, demand pattern.
Window = tuple[int, int, float, list[float], str]


def learn_stock_outs(run: JobRun, payload: dict) -> Callable[[], None]:
    """Judge and learn from issued forecasts whose interval is over, by demand as it is known on the run's day."""
    windows = [window for past in _past_runs(run) for window in _windows(past, run)]
    positions, ran_out, begun, over = _met(windows)
    verdict = stock_out.contest(positions, ran_out, begun, over)
    said = {
        "coefficients": verdict.model.as_lists(),
        "examples": len(windows),
        "own_brier": None if np.isnan(verdict.own) else verdict.own,
        "brier": None if np.isnan(verdict.learned) else verdict.learned,
        "is_used": verdict.is_better,
    }
    return lambda: StockOutRegression.objects.update_or_create(run=run, defaults=said)


def regression_of(run: JobRun | None) -> stock_out.StockOutModel | None:
    """What the run learned, where it is used; None where the forecasts' own chance is as good."""
    row = StockOutRegression.objects.filter(run=run, is_used=True).first() if run else None
    return stock_out.StockOutModel.of(row.coefficients) if row else None


def _past_runs(run: JobRun) -> Iterator[JobRun]:
    """The newest first, a week apart."""
    day = run.business_date
    for past in reversed(list(kept_runs(run))):
        if past.business_date <= day - timedelta(days=APART_DAYS):
            day = past.business_date
            yield past


def _windows(past: JobRun, run: JobRun) -> list[Window]:
    """What this run had said of items that were bought for the shelf, and what came. Windows with a day without stock
    are left out: what was asked for is not known."""
    days = (run.business_date - past.business_date).days
    rows = _said(past, days)
    planned = ReorderPoint.objects.filter(run=past, is_stocked=True, product__in={row[0] for row in rows})
    patterns = {row[:2]: row[2] for row in planned.values_list("product_id", "warehouse_id", "demand_pattern")}
    rows = [row for row in rows if row[:2] in patterns]
    if not rows:
        return []
    known = known_demand([row[:2] for row in rows], past.business_date + timedelta(days=1), run.business_date)
    length = np.maximum(np.rint([row[2] for row in rows]), 1).astype(int)
    within = np.arange(days) < length[:, None]
    is_told = (known.seen | ~within).all(axis=1)
    asked = np.where(within, known.demand, 0.0).sum(axis=1)
    origin = past.business_date.toordinal()
    return [
        (origin, int(length[at]), float(asked[at]), rows[at][3], patterns[rows[at][:2]])
        for at in np.flatnonzero(is_told)
    ]  # fmt: skip


def _said(past: JobRun, days: int) -> list[tuple]:
    """Product, warehouse, days of the interval and quantiles of a sample of forecasts that span no more ``days``."""
    said = Forecast.objects.filter(run=past, interval_days__gt=0, interval_days__lte=days)
    ids = np.array(list(said.order_by("pk").values_list("pk", flat=True)), np.int64)
    chosen = np.random.default_rng(past.pk).permutation(ids)[:FORECASTS_OF_A_RUN].tolist()
    rows = Forecast.objects.filter(pk__in=chosen).order_by("pk")
    return list(rows.values_list("product_id", "warehouse_id", "interval_days", "lead_time_demand_grid"))


def _met(windows: list[Window]) -> tuple[stock_out.Positions, np.ndarray, np.ndarray, np.ndarray]:
    """Each window meets a drawn stock, all of it on the shelf as it is told of positions; whether it ran out, and the
    days on which the window begins and is over."""
    begun, days, asked, quantiles, pattern = zip(*windows, strict=True) if windows else ((),) * 5
    begun, days = np.array(begun, float), np.array(days, float)
    grid = np.array(quantiles, float).reshape(-1, len(stock_out.GRID))
    drawn, ran_out = stock_out.examples(grid, np.array(asked, float), days, 0 * days, np.array(pattern, str))
    there, none = drawn.available + drawn.on_order, np.zeros(len(days))
    positions = stock_out.Positions(there, none, days, none, grid, drawn.pattern)
    return positions, ran_out, begun, begun + days
