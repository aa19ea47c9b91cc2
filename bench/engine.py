#!/usr/bin/env python3
"""Series a second of the engine, training, back-test and quantiles included, beside statsforecast's AutoETS.

  python bench/engine.py                                  # 1,000 made-up series of a year, then 2,000, then 4,000
  python bench/engine.py --data SALES.parquet --series 30000 --sizes 1 --peer 100
  python bench/engine.py --small

SALES has columns sku, date and quantity; its series are tiled to as many as are asked for. Training is global and
samples its rows, so it hardly grows; the forecast must grow with the series. AutoETS (season of a week) forecasts as
many days of --peer of the same series, one model each. Both are told in seconds of processor time, which other work on
the machine disturbs less than the clock, and both are compared with what was asked for in the 14 days held back.
Needs requirements-classical.txt for AutoETS.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from scipy import special

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench import nightly_shop
from forecasting.engine import GRID, STEP_LEVELS, Panel, ProtectionInterval, forecast, train

HELD_BACK = 14


def made_up(series: int, days: int, seed: int = 0) -> np.ndarray:
    """Negative binomial demand with weekdays, a yearly wave and rates from one a month to dozens a day."""
    rng = np.random.default_rng(seed)
    rate = rng.lognormal(0.0, 1.5, (series, 1))
    week = np.tile([0.8, 0.8, 0.9, 1.0, 1.3, 1.5, 0.7], days // 7 + 1)[:days]
    year = 1 + 0.3 * np.sin(np.arange(days) * 2 * np.pi / 365 + rng.random((series, 1)) * 6)
    return rng.poisson(rate * week * year * rng.gamma(2.0, 0.5, (series, days))).astype(float)


@dataclass(frozen=True)
class Measured:
    """Processor seconds of training and forecast, and what was forecast for the days held back [series]."""

    train: float
    forecast: float
    mean: np.ndarray
    quantiles: np.ndarray


def measure(demand: np.ndarray) -> Measured:
    panel = Panel(demand, "D", date(2024, 12, 29))
    interval = ProtectionInterval.fixed(np.full(len(demand), HELD_BACK))
    start = time.process_time()
    trained = train(panel, interval=interval)
    middle = time.process_time()
    found = forecast(panel, trained, interval, horizon=28).lead_time_demand
    columns = [GRID.index(level) for level in STEP_LEVELS]
    return Measured(middle - start, time.process_time() - middle, found.mean, found.quantiles[:, columns])


def auto_ets(demand: np.ndarray) -> Measured:
    """A model a series; the days' normal quantiles are added up as if days were independent of each other."""
    from statsforecast.models import AutoETS

    start, means, quantiles = time.process_time(), [], []
    for row in demand:
        found = AutoETS(season_length=7).forecast(y=row, h=HELD_BACK, level=[90])
        deviation = (found["hi-90"] - found["mean"]) / special.ndtri(0.95)
        means.append(found["mean"].sum())
        quantiles.append(means[-1] + np.sqrt((deviation**2).sum()) * special.ndtri(STEP_LEVELS))
    spent = time.process_time() - start
    return Measured(0.0, spent, np.maximum(means, 0), np.maximum(quantiles, 0))


def errors(found: Measured, rows: np.ndarray, actual: np.ndarray) -> str:
    level, error = np.array(STEP_LEVELS), actual[:, None] - found.quantiles[rows]
    pinball = np.maximum(level * error, (level - 1) * error).mean(axis=1).sum() / actual.sum()
    return f"WAPE {np.abs(found.mean[rows] - actual).sum() / actual.sum():.3f}, pinball {pinball:.4f} a piece"


def compare(demand: np.ndarray, ours: Measured, peers: int) -> None:
    """AutoETS on an even sample of the same series."""
    rows = np.linspace(0, len(demand) - 1, peers).astype(int)
    past, actual = demand[rows, :-HELD_BACK], demand[rows, -HELD_BACK:].sum(axis=1)
    auto_ets(past[:1])  # what it loads is not counted
    theirs = auto_ets(past)
    each, own = theirs.forecast / peers, (ours.train + ours.forecast) / len(demand)
    print(f"engine:  {1 / own:7.0f} series a second of processor time, {errors(ours, rows, actual)}")
    print(f"AutoETS: {1 / each:7.1f} series a second of processor time, {errors(theirs, np.arange(peers), actual)}")
    print(f"ratio:   {each / own:7.1f} ({peers} of the series)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4], help="times the series")
    parser.add_argument("--peer", type=int, default=0, help="series for AutoETS, none by default")
    parser.add_argument("--small", action="store_true")
    args = parser.parse_args()
    if args.small:
        args.series, args.days, args.sizes = 60, 200, [1]
    for times in args.sizes:
        series = args.series * times
        if args.data:
            demand = nightly_shop.tiled(nightly_shop.base_of(args.data), 0, series, args.days).astype(float)
        else:
            demand = made_up(series, args.days)
        found = measure(demand[:, :-HELD_BACK])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{series} series x {args.days - HELD_BACK} days: train {found.train:.1f} s, forecast "
            f"{found.forecast:.1f} s of processor time, {series / (found.train + found.forecast):.0f} series/s, "
            f"peak {peak:.0f} MiB",
            flush=True,
        )
        if args.peer:
            compare(demand, found, args.peer)


if __name__ == "__main__":
    main()
