#!/usr/bin/env python3
"""LSTM and GRU across series beside other methods, on real demand: errors of lead-time demand.

  python bench/recurrent.py --data FOLDER                              # every file of the folder
  python bench/recurrent.py --data FOLDER --only parts --methods lstm,gru,theta --series 300 --origins 1
  python bench/recurrent.py --small                                    # made-up demand, to see that it runs

Files are named and read as bench/point_accuracy.py says. All methods see the same sample of series and the same
origins. WAPE is the sum of absolute errors of demand over the lead time by the sum of that demand, bias that of the
errors; pinball is the mean loss of the quantiles 0.5 to 0.98 of that demand by its sum, and "below 0.9" how often it
stayed at or below the 0.9 quantile. ``engine`` is what the night would plan with. Needs requirements-recurrent.txt.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from point_accuracy import SPACING, Shop, read

from forecasting.engine import GRID, STEP_LEVELS, Panel, ProtectionInterval, forecast, train
from forecasting.methods import REGISTRY

METHODS = "lstm,gru,pooled_boosting_point,seasonal_smoothing,theta,moving_average,sba,engine"
AT = [GRID.index(level) for level in STEP_LEVELS]


def said(name: str, panel: Panel, lead: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean [series] and quantiles [series, STEP_LEVELS] of lead-time demand."""
    if name == "engine":
        interval = ProtectionInterval.fixed(np.full(len(panel.demand), lead))
        found = forecast(panel, train(panel, interval=interval), interval, horizon=1).lead_time_demand
        return found.mean, found.quantiles[:, AT]
    fitted = REGISTRY[name]().fit(panel)
    reasons = set(getattr(fitted, "failures_", {}).values())
    if reasons:
        print(f"  {name}: {sorted(reasons)}", flush=True)
    found = fitted.summed(lead)
    return found.mean, found.quantiles


def measure(shop: Shop, names: list[str], series: int, origins: int) -> None:
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(len(shop.demand))[:series])
    told = {name: [] for name in names}
    asked, seconds = [], dict.fromkeys(names, 0.0)
    for k in range(origins):
        origin = shop.demand.shape[1] - shop.lead - k * max(shop.lead, SPACING[shop.freq])
        before = shop.demand[rows, :origin]
        own = rows[((~np.isnan(before)).sum(axis=1) >= 2 * shop.lead) & (np.nan_to_num(before) > 0).any(axis=1)]
        known = {} if shop.promotion is None else {"promotion": shop.promotion[own][:, : origin + shop.lead]}
        panel = Panel(shop.demand[own, :origin], shop.freq, shop.dates[origin - 1].date(), known)
        asked.append(np.nan_to_num(shop.demand[own, origin : origin + shop.lead]).sum(axis=1))
        for name in names:
            start = time.process_time()
            told[name].append(said(name, panel, shop.lead))
            seconds[name] += time.process_time() - start
    report(shop, np.concatenate(asked), told, seconds)


def report(shop: Shop, asked: np.ndarray, told: dict, seconds: dict[str, float]) -> None:
    print(f"\n{shop.name}: {len(asked)} lead times of {shop.lead} {shop.freq}", flush=True)
    total, level = max(asked.sum(), 1e-9), np.asarray(STEP_LEVELS)
    for name, parts in told.items():
        mean, quantiles = (np.concatenate(values) for values in zip(*parts, strict=True))
        error = asked[:, None] - quantiles
        pinball = np.maximum(level * error, (level - 1) * error).mean(axis=1).sum() / total
        below = (asked <= quantiles[:, STEP_LEVELS.index(0.9)]).mean()
        print(f"  {name:22} WAPE {np.abs(mean - asked).sum() / total:.3f}  bias {(mean - asked).sum() / total:+.3f}  "
              f"pinball {pinball:.3f}  below 0.9 {below:.2f}  {seconds[name]:.1f} s")  # fmt: skip


def made_up() -> Shop:
    rng = np.random.default_rng(0)
    rhythm = np.tile([0.5, 1, 1, 1, 2, 3, 0.5], 40)
    demand = rng.poisson(rng.gamma(2.0, 4.0, (40, 1)) * rhythm).astype(float)
    names, place = np.arange(40).astype(str), np.full(40, "main")
    return Shop("made-up", "D", 14, pd.date_range(date(2024, 1, 1), periods=280), demand, None, names, place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of NAME.FREQ.LEAD.csv or .parquet files")
    parser.add_argument("--small", action="store_true", help="made-up demand")
    parser.add_argument("--only", default="", help="comma-separated names of files; default: all")
    parser.add_argument("--methods", default="", help=f"default: {METHODS}; with --small only the first and the last")
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--origins", type=int, default=2)
    args = parser.parse_args()
    if not (args.small or args.data):
        parser.error("give --data FOLDER or --small")
    files = [] if args.small else sorted(p for p in args.data.iterdir() if p.suffix in (".csv", ".parquet"))
    chosen = [p for p in files if not args.only or p.name.split(".")[0] in args.only.split(",")]
    names = (args.methods or ("lstm,engine" if args.small else METHODS)).split(",")
    for shop in [made_up()] if args.small else map(read, chosen):
        measure(shop, names, args.series, 1 if args.small else args.origins)


if __name__ == "__main__":
    main()
