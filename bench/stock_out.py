#!/usr/bin/env python3
"""The chance of a stock-out before the next receipt: logistic regression against the forecast's own 1 - F(position).

  python bench/stock_out.py --data FOLDER --only parts --series 300
  python bench/stock_out.py --small                                   # made-up demand, to see that it runs

Files are named and read as bench/point_accuracy.py says. Windows after two earlier origins meet drawn positions and
teach the regression; it is judged on those after the last one. Brier is the mean squared error of the chances, "off"
the mean distance of what was said from what happened, over ten steps of the chance. Lower is better for both.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from point_accuracy import SPACING, Shop, read
from recurrent import made_up

from forecasting.engine import GRID, Panel, ProtectionInterval, forecast, stock_out, train

CALM, RARE = 0.49, 1.32


def patterns(demand: np.ndarray) -> np.ndarray:
    """Smooth, erratic, intermittent or lumpy by the gaps between sales and the variation of their sizes."""
    sold = np.nan_to_num(demand) > 0
    number = np.maximum(sold.sum(axis=1), 1)
    gap = (~np.isnan(demand)).sum(axis=1) / number
    mean = np.where(sold, demand, 0.0).sum(axis=1) / number
    square = np.where(sold, (demand - mean[:, None]) ** 2, 0.0).sum(axis=1) / number / np.maximum(mean, 1e-9) ** 2
    return np.where(gap < RARE, np.where(square < CALM, "smooth", "erratic"),
                    np.where(square < CALM, "intermittent", "lumpy"))  # fmt: skip


def seen(shop: Shop, rows: np.ndarray, origin: int) -> tuple[stock_out.Positions, np.ndarray]:
    """Drawn positions at one origin and whether they ran out."""
    before = shop.demand[rows, :origin]
    rows = rows[(np.nan_to_num(before) > 0).any(axis=1)]
    known = {} if shop.promotion is None else {"promotion": shop.promotion[rows][:, : origin + shop.lead]}
    panel = Panel(shop.demand[rows, :origin], shop.freq, shop.dates[origin - 1].date(), known)
    lengths = np.full(len(rows), shop.lead)
    interval = ProtectionInterval.fixed(lengths)
    quantiles = forecast(panel, train(panel, interval=interval), interval, horizon=1).lead_time_demand.quantiles
    asked = np.nan_to_num(shop.demand[rows, origin : origin + shop.lead]).sum(axis=1)
    parts = [
        stock_out.examples(quantiles, asked, lengths.astype(float), lengths * 0.0, patterns(panel.demand), seed)
        for seed in range(3)
    ]
    fields = {name: np.concatenate([getattr(p, name) for p, _ in parts]) for name in parts[0][0].__dataclass_fields__}
    return stock_out.Positions(**fields), np.concatenate([ran_out for _, ran_out in parts])


def off(chance: np.ndarray, ran_out: np.ndarray) -> float:
    table = stock_out.reliability(chance, ran_out)
    return float(np.average(np.abs(table[:, 0] - table[:, 1]), weights=table[:, 2]))


def measure(shop: Shop, series: int) -> None:
    rows = np.sort(np.random.default_rng(0).permutation(len(shop.demand))[:series])
    step, last = max(shop.lead, SPACING[shop.freq]), shop.demand.shape[1] - shop.lead
    earlier = [seen(shop, rows, last - k * step) for k in (2, 1)]
    learned = {n: np.concatenate([getattr(p, n) for p, _ in earlier]) for n in earlier[0][0].__dataclass_fields__}
    model = stock_out.fit(stock_out.Positions(**learned), np.concatenate([ran_out for _, ran_out in earlier]))
    positions, ran_out = seen(shop, rows, last)
    own = stock_out.exceedance(positions.quantiles, positions.available + positions.on_order)
    print(f"\n{shop.name}: {len(ran_out)} positions, {ran_out.mean():.0%} ran out, {len(GRID)} quantiles")
    for name, chance in (("1 - F(position)", own), ("logistic", model.chance(positions))):
        print(f"  {name:16} Brier {stock_out.brier(chance, ran_out):.4f}  off {off(chance, ran_out):.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of NAME.FREQ.LEAD.csv or .parquet files")
    parser.add_argument("--small", action="store_true", help="made-up demand")
    parser.add_argument("--only", default="", help="comma-separated names of files; default: all")
    parser.add_argument("--series", type=int, default=300)
    args = parser.parse_args()
    if not (args.small or args.data):
        parser.error("give --data FOLDER or --small")
    files = [] if args.small else sorted(p for p in args.data.iterdir() if p.suffix in (".csv", ".parquet"))
    chosen = [p for p in files if not args.only or p.name.split(".")[0] in args.only.split(",")]
    for shop in [made_up()] if args.small else map(read, chosen):
        measure(shop, args.series)


if __name__ == "__main__":
    main()
