#!/usr/bin/env python3
"""The engine's mean of lead-time demand against AutoETS, AutoTheta, Croston-SBA, AutoARIMA and lightgbm with lags.

  python bench/point_accuracy.py --data FOLDER                    # every file of the folder, two origins each
  python bench/point_accuracy.py --data FOLDER --rmsse parts --series 200 --slow 40

A file is called NAME.FREQ.LEAD.csv (or .parquet): FREQ is D, W or M, LEAD the lead time in buckets. Its columns are
sku, date (the bucket's first day), quantity and perhaps warehouse and promotion, which is taken as known ahead.
The engine and lightgbm learn from all series; the others fit one model a series, so all are scored on a sample, and
AutoARIMA on a smaller one where series are long. A ratio under 1 says that the engine was nearer, on the same series
and origins.

WAPE is the sum of absolute errors of demand over the lead time by the sum of that demand; it is least at the median of
what may be asked for, so the engine's median is shown beside its mean. Where most buckets are empty WAPE is won by
forecasting nothing; files named after --rmsse are judged by RMSSE, the root of the mean squared error in units of what
repeating the last window gets wrong, which is least at the mean. Needs requirements-classical.txt.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

os.environ.setdefault("NIXTLA_ID_AS_COL", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from forecasting.engine import GRID, Panel, ProtectionInterval, forecast, train

SPACING = {"D": 30, "W": 9, "M": 1}
SEASON = {"D": 7, "W": 52, "M": 12}
LAGS = {"D": (*range(1, 15), 21, 28), "W": (*range(1, 9), 13, 26, 51, 52, 53), "M": tuple(range(1, 13))}
MEANS = {"D": (7, 28, 91), "W": (4, 13, 52), "M": (3, 6, 12)}
ROWS = 150_000
#: AutoARIMA's search takes a minute a series on three years of days: where they have more buckets than this, it is
#: scored on a smaller sample.
QUICK = 200
#: The names of the engine's answers.
MEAN, MEDIAN = "mean", "median"
RATE = {"D": "D", "W": "7D", "M": "MS"}


@dataclass(frozen=True)
class Shop:
    """``demand`` [series, buckets], NaN before the first sale; ``promotion`` likewise or None."""

    name: str
    freq: str
    lead: int
    dates: pd.DatetimeIndex
    demand: np.ndarray
    promotion: np.ndarray | None
    product: np.ndarray
    warehouse: np.ndarray


def read(path: Path) -> Shop:
    name, freq, lead, _ = path.name.rsplit(".", 3)
    rows = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"sku": str})
    rows["date"] = pd.to_datetime(rows.date)
    rows["warehouse"] = rows.get("warehouse", "main")
    dates = pd.date_range(rows.date.min(), rows.date.max(), freq=RATE[freq])

    def table(column: str, how: str) -> pd.DataFrame:
        found = rows.pivot_table(index=["sku", "warehouse"], columns="date", values=column, aggfunc=how, dropna=False)
        return found[found.notna().any(axis=1)].reindex(columns=dates)

    demand = table("quantity", "sum")
    promotion = None
    if "promotion" in rows:
        told = table("promotion", "max").reindex(demand.index)
        promotion = told.fillna(told.median()).fillna(0).to_numpy(float)
    y = np.nan_to_num(demand.to_numpy(float))
    started = np.cumsum(y > 0, axis=1) > 0
    names = (demand.index.get_level_values(level).to_numpy(str) for level in ("sku", "warehouse"))
    return Shop(name, freq, int(lead), dates, np.where(started, y, np.nan), promotion, *names)


def ours(shop: Shop, rows: np.ndarray, origin: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and median of demand over the lead time."""
    known = {} if shop.promotion is None else {"promotion": shop.promotion[rows][:, : origin + shop.lead]}
    day = shop.dates[origin - 1].date()
    panel = Panel(shop.demand[rows][:, :origin], shop.freq, day, known, product=shop.product[rows])
    interval = ProtectionInterval.fixed(np.full(len(rows), shop.lead))
    found = forecast(panel, train(panel, interval=interval), interval, horizon=1).lead_time_demand
    return found.mean, found.quantiles[:, GRID.index(0.5)]


def one_by_one(name: str, shop: Shop, rows: np.ndarray, origin: int, reads: int) -> np.ndarray:
    """A model of statsforecast for each series, on its last ``reads`` buckets, 0 for all.

    Its exponential smoothing and ARIMA know no season of 52 weeks.
    """
    from statsforecast import StatsForecast, models

    short = 1 if shop.freq == "W" else SEASON[shop.freq]
    build = {
        "AutoETS": lambda: models.AutoETS(season_length=short),
        "AutoTheta": lambda: models.AutoTheta(season_length=SEASON[shop.freq]),
        "CrostonSBA": models.CrostonSBA,
        "AutoARIMA": lambda: models.AutoARIMA(season_length=short),
    }
    y = shop.demand[rows, max(origin - reads, 0) if reads else 0 : origin]
    series, bucket = np.nonzero(~np.isnan(y))
    frame = pd.DataFrame({"unique_id": series, "ds": bucket, "y": y[series, bucket]})
    model = StatsForecast([build[name]()], freq=1, n_jobs=1, fallback_model=models.HistoricAverage())
    found = model.forecast(df=frame, h=shop.lead)
    sums = found.groupby("unique_id")[found.columns[-1]].sum().reindex(range(len(rows)))
    return np.maximum(np.nan_to_num(sums.to_numpy(float)), 0.0)


def lagged(shop: Shop, y: np.ndarray, at: int, scale: np.ndarray, promotion: np.ndarray | None) -> np.ndarray:
    """What the plain model sees of bucket ``at``, [series, features]; needs the buckets before it only."""
    columns = [y[:, at - lag] / scale if lag <= at else scale * np.nan for lag in LAGS[shop.freq]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # series that were not there yet
        columns += [np.nanmean(y[:, max(at - n, 0) : at], axis=1) / scale for n in MEANS[shop.freq]]
    day = shop.dates[at]
    place = {"D": day.weekday(), "W": day.isocalendar().week, "M": day.month}[shop.freq]
    columns += [np.full(len(y), float(place)), np.log(scale)]
    columns.append(np.zeros(len(y)) if promotion is None else promotion[:, at])
    return np.stack(columns, axis=1).astype(np.float32)


def boosted(shop: Shop, rows: np.ndarray, origin: int) -> np.ndarray:
    """Plain lightgbm on lags of all series, one bucket ahead, repeated over the lead time on its own answers."""
    import lightgbm as lgb

    y = np.concatenate([shop.demand[rows][:, :origin], np.full((len(rows), shop.lead), np.nan)], axis=1)
    promotion = None if shop.promotion is None else shop.promotion[rows]
    scale = np.maximum(np.nan_to_num(np.nanmean(y[:, :origin], axis=1)), 1e-6)
    rng, first = np.random.default_rng(0), max(origin // 3, 1)
    share = min(1.0, ROWS / (len(rows) * (origin - first)))
    x, target = [], []
    for at in range(first, origin):
        keep = ~np.isnan(y[:, at]) & (rng.random(len(rows)) < share)
        told = None if promotion is None else promotion[keep]
        x.append(lagged(shop, y[keep], at, scale[keep], told))
        target.append(y[keep, at] / scale[keep])
    settings = {"objective": "l2", "learning_rate": 0.05, "num_leaves": 31, "verbosity": -1, "num_threads": 1}
    model = lgb.train(settings, lgb.Dataset(np.concatenate(x), np.concatenate(target)), 200)
    for at in range(origin, origin + shop.lead):
        y[:, at] = np.maximum(model.predict(lagged(shop, y, at, scale, promotion)), 0.0) * scale
    return y[:, origin:].sum(axis=1)


@dataclass
class Errors:
    """Forecasts and demand of lead times, gathered over origins."""

    demand: list[np.ndarray]
    found: dict[str, list[np.ndarray]]
    scale: list[np.ndarray]

    def of(self, name: str, others: str) -> tuple[float, float, float]:
        """WAPE, RMSSE and bias of ``name`` on the series that ``others`` answered."""
        answered = [~np.isnan(x) for x in self.found[others]]
        pick = [np.concatenate([v[a] for v, a in zip(part, answered, strict=True)]) for part in
                (self.demand, self.found[name], self.scale)]  # fmt: skip
        demand, found, scale = pick
        error = found - demand
        total = max(demand.sum(), 1e-9)
        return np.abs(error).sum() / total, float(np.sqrt(np.mean(error**2 / scale))), error.sum() / total


def window_scale(y: np.ndarray, lead: int) -> np.ndarray:
    """Mean squared difference of a window of demand to the one before it [series]."""
    sums = np.cumsum(np.pad(np.nan_to_num(y), ((0, 0), (1, 0))), axis=1)
    windows = sums[:, lead:] - sums[:, :-lead]
    return np.maximum(((windows[:, lead:] - windows[:, :-lead]) ** 2).mean(axis=1), 1.0)


def measure(shop: Shop, origins: int, series: int, slow: int, arima_reads: int) -> Errors:
    errors = Errors([], {}, [])
    rng = np.random.default_rng(0)
    for k in range(origins):
        origin = shop.demand.shape[1] - shop.lead - k * max(shop.lead, SPACING[shop.freq])
        before = shop.demand[:, :origin]
        rows = np.flatnonzero(((~np.isnan(before)).sum(1) >= 2 * shop.lead) & ((before > 0).sum(1) >= 1))
        sample = np.sort(rng.permutation(len(rows))[:series])
        errors.demand.append(shop.demand[rows[sample], origin : origin + shop.lead].sum(axis=1))
        errors.scale.append(window_scale(before[rows[sample]], shop.lead))
        mean, median = ours(shop, rows, origin)
        answers = {MEAN: mean[sample], MEDIAN: median[sample], "lightgbm": boosted(shop, rows, origin)[sample]}
        for name in ("AutoETS", "AutoTheta", "CrostonSBA", "AutoARIMA"):
            some = slice(slow) if name == "AutoARIMA" and origin > QUICK else slice(None)
            answers[name] = np.full(len(sample), np.nan)
            picked = rng.permutation(len(sample))[some]
            reads = arima_reads if name == "AutoARIMA" else 0
            answers[name][picked] = one_by_one(name, shop, rows[sample[picked]], origin, reads)
        for name, found in answers.items():
            errors.found.setdefault(name, []).append(found)
    return errors


def report(shop: Shop, errors: Errors, by_rmsse: bool) -> dict[str, bool]:
    """Print the table of one file; whether the engine's mean, and its median, was nearer than each of the others."""
    print(f"\n{shop.name}: {sum(map(len, errors.demand))} lead times of {shop.lead} {shop.freq}", flush=True)
    which, ahead = int(by_rmsse), {MEAN: True, MEDIAN: True}
    for name in errors.found:
        own = errors.of(name, name)
        ratios = {engine: errors.of(engine, name)[which] / max(own[which], 1e-9) for engine in ahead}
        if name not in ahead:
            ahead = {engine: ahead[engine] and ratio < 1 for engine, ratio in ratios.items()}
        against = ", ".join(f"{engine} {ratio:.3f}" for engine, ratio in ratios.items())
        print(f"  {name:11} WAPE {own[0]:.3f}  RMSSE {own[1]:.3f}  bias {own[2]:+.3f}"
              + ("" if name in ahead else f"  engine / it by {('WAPE', 'RMSSE')[which]}: {against}"))  # fmt: skip
    return ahead


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of NAME.FREQ.LEAD.csv or .parquet files")
    parser.add_argument("--rmsse", default="", help="comma-separated names judged by RMSSE instead of WAPE")
    parser.add_argument("--only", default="", help="comma-separated names; default: all")
    parser.add_argument("--origins", type=int, default=2)
    parser.add_argument("--series", type=int, default=200, help="series that all are scored on")
    parser.add_argument("--slow", type=int, default=40, help="long series that AutoARIMA is scored on")
    parser.add_argument("--arima-reads", type=int, default=0, help="last buckets that AutoARIMA reads, all by default")
    args = parser.parse_args()
    files = sorted(p for p in args.data.iterdir() if p.suffix in (".csv", ".parquet"))
    wins, start = {}, time.monotonic()
    only = set(filter(None, args.only.split(",")))
    for shop in (read(path) for path in files if not only or path.name.rsplit(".", 3)[0] in only):
        errors = measure(shop, args.origins, args.series, args.slow, args.arima_reads)
        wins[shop.name] = report(shop, errors, shop.name in args.rmsse.split(","))
    for engine in (MEAN, MEDIAN):
        number = sum(won[engine] for won in wins.values())
        print(f"\nthe {engine} is ahead of all others on {number} of {len(wins)}")
    print(f"{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
