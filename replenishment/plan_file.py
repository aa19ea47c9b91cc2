"""PLAN.csv and FORECAST.csv: what is written, in which columns, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.engine.panel import GRID, STEP_LEVELS, Forecast, LeadTimeDemand
from replenishment import explain
from replenishment.plan_demand import Calendar
from replenishment.plan_rows import NO_METHOD, ItemTerms, PlanRows

PLAN_LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)


def with_idle(forecast: Forecast, count: int) -> Forecast:
    """The forecast followed by ``count`` items without demand, zero all over."""
    ltd = forecast.lead_time_demand
    zeros = (np.concatenate([x, np.zeros((count, *x.shape[1:]))]) for x in (ltd.mean, ltd.quantiles, ltd.excess))
    method = np.concatenate([forecast.method.astype(str), np.full(count, NO_METHOD)])
    mean, quantiles = (
        np.concatenate([x, np.zeros((count, *x.shape[1:]))]) for x in (forecast.mean, forecast.quantiles)
    )
    scores = {name: np.concatenate([score, np.full(count, np.nan)]) for name, score in forecast.scores.items()}
    return Forecast(method, mean, quantiles, LeadTimeDemand(*zeros), scores)


def plan_frame(keys: pd.DataFrame, forecast: Forecast, terms: ItemTerms, rows: PlanRows) -> pd.DataFrame:
    """One row a series; ``suggested_order`` is empty where the stock is not known."""
    ltd = forecast.lead_time_demand
    frame = keys[["sku", "warehouse"]].assign(method=forecast.method, lead_time_demand_mean=_shown(ltd.mean))
    for level in PLAN_LEVELS:
        frame[f"lead_time_demand_q{round(level * 100)}"] = _shown(ltd.quantiles[:, GRID.index(level)])
    for name in ("safety_stock", "reorder_point", "order_up_to_level", "order_quantity"):
        frame[name] = getattr(rows, name)
    frame["suggested_order"] = pd.array(rows.suggested_order, "Int64")
    frame.loc[~terms.position.known, "suggested_order"] = pd.NA
    frame["explanation"] = [
        explain.sentence(code, values) for code, values in zip(rows.code, rows.explanation_terms(), strict=True)
    ]
    return frame


def forecast_frame(keys: pd.DataFrame, forecast: Forecast, calendar: Calendar, horizon: int) -> pd.DataFrame:
    """One row a series and bucket ahead, dated by the bucket's first day."""
    series, dates = (
        len(forecast.mean),
        np.array(calendar.first_days(range(1, horizon + 1)), "datetime64[D]").astype(str),
    )
    frame = pd.DataFrame(
        {
            "sku": np.repeat(keys.sku.to_numpy()[:series], horizon),
            "warehouse": np.repeat(keys.warehouse.to_numpy()[:series], horizon),
            "date": np.tile(dates, series),
            "mean": _shown(forecast.mean[:, :horizon].ravel()),
        }
    )
    for k, level in enumerate(STEP_LEVELS):
        frame[f"q{round(level * 100)}"] = _shown(forecast.quantiles[:, :horizon, k].ravel())
    return frame


def _shown(pieces: np.ndarray) -> np.ndarray:
    """Three decimals, and 0 rather than -0."""
    return pieces.round(3) + 0.0


def write_all(frames: Mapping[Path, pd.DataFrame]) -> None:
    """Write every file beside its place, then move all into place: a crash leaves the old files, never half a one."""
    with ExitStack() as undo:
        ready = []
        for path, frame in frames.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            undo.callback(Path(name).unlink, missing_ok=True)
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                frame.to_csv(file, index=False, lineterminator="\n")
                file.flush()
                os.fsync(handle)
            ready.append((name, path))
        for name, path in ready:
            Path(name).chmod(0o666 & ~_umask())
            os.replace(name, path)


def _umask() -> int:
    """The process's file mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
