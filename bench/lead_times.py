#!/usr/bin/env python3
"""Do learned lead times foresee later receipts? Each order is foreseen from what was known on the day it was placed.

  python bench/lead_times.py orders.csv                                  # supplier, product, ordered_on, received_on
  python bench/lead_times.py lines.parquet --columns supplier=Vendor product=Item ordered_on="PO Date"

The first part of the orders is only learned from; the later ones are foreseen month by month, and each month's own
receipts are not looked at before. Beside it stand what one could do without: the mean of the supplier's receipts with
their standard deviation, the receipts themselves, and the mean of all suppliers.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from replenishment.lead_times import LONGEST_DAYS, Distribution, Seen, of_product, of_supplier, smooth, weight_of

COLUMNS = ("supplier", "product", "ordered_on", "received_on")
CHANCES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.98])
BIN_DAYS, FLOOR = 14, 0.01  # the log score is that of a fortnight, and no chance is taken to be less than this share
KNOWN_SHARE = 0.4
SHAPES = ("7.2f", "9.2f", "7.1f", "7.3f", "7.3f", "7.3f", "7.3f")


def read(path: Path, renamed: dict[str, str]) -> pd.DataFrame:
    """Lines with both dates, ``days`` between them, the oldest orders first; what came before its order is left out."""
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    table = table.rename(columns={old: new for new, old in renamed.items()})
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        sys.exit(f"{path} has no column {', '.join(missing)}: name it with --columns {missing[0]}=…")
    table = table[list(COLUMNS)]
    for name in COLUMNS[2:]:
        table[name] = pd.to_datetime(table[name], errors="coerce", format="mixed")
    table = table.dropna()
    table["days"] = (table.received_on - table.ordered_on).dt.days
    wrong = (table.days < 0) | (table.days > LONGEST_DAYS)
    print(f"{len(table)} lines with both dates; {wrong.sum()} below 0 or above {LONGEST_DAYS} days are left out.")
    return table[~wrong].sort_values(["ordered_on", "supplier", "product"]).reset_index(drop=True)


def seen_on(lines: pd.DataFrame, day: pd.Timestamp) -> Seen:
    """What was known that morning: receipts of before, and how long the others had been waited for."""
    came, age = (lines.received_on < day).to_numpy(), (day - lines.ordered_on).dt.days.to_numpy()
    weight = weight_of(age)
    return Seen(lines.days.to_numpy(float)[came], weight[came], age[~came].astype(float), weight[~came])


def raw(days: np.ndarray) -> Distribution:
    unique, counts = np.unique(days, return_counts=True)
    return Distribution(unique.astype(int), counts / counts.sum())


def spread_out(days: np.ndarray) -> Distribution:
    return smooth(days.mean(), days.std(ddof=1) / max(days.mean(), 1.0)) if len(days) > 1 else raw(days)


def foreseen(known: pd.DataFrame, asked: pd.DataFrame, day: pd.Timestamp) -> dict[str, list[Distribution]]:
    """The distributions of the lines ``asked``, by how they were made."""
    of = {key: seen_on(rows, day) for key, rows in known.groupby("supplier")}
    of_both = {key: seen_on(rows, day) for key, rows in known.groupby(["supplier", "product"])}
    came = known.days[known.received_on < day].to_numpy()
    everybody = Distribution.sure(round(np.median(came)))
    usual = defaultdict(lambda: everybody, {key: of_supplier(seen, everybody) for key, seen in of.items()})
    found = defaultdict(list)
    for supplier, product in zip(asked.supplier, asked["product"], strict=True):
        own, both = of.get(supplier), of_both.get((supplier, product))
        days = own.arrived if own and len(own.arrived) else came
        found["ours, supplier and product"].append(of_product(both, usual[supplier]) if both else usual[supplier])
        found["ours, supplier only"].append(usual[supplier])
        found["the supplier's receipts"].append(raw(days))
        found["its mean and deviation"].append(spread_out(days))
        found["its mean"].append(Distribution.sure(round(days.mean())))
        found["mean of all"].append(Distribution.sure(round(came.mean())))
    return found


def log_score(law: Distribution, days: int) -> float:
    """Of the fortnight that the goods came in; chances lie evenly between the days that are kept of a law."""
    begin = days // BIN_DAYS * BIN_DAYS - 0.5
    at = np.append(law.days[0] - 1, law.days)
    near = np.diff(np.interp([begin, begin + BIN_DAYS], at, np.append(0, law.chances.cumsum()), left=0, right=1))[0]
    return -np.log((1 - FLOOR) * near + FLOOR * BIN_DAYS / LONGEST_DAYS)


def scores(laws: list[Distribution], days: np.ndarray) -> list[float]:
    quantiles = np.array([[law.quantile(chance) for chance in CHANCES] for law in laws])
    error = days[:, None] - quantiles
    pinball = np.maximum(CHANCES * error, (CHANCES - 1) * error).mean()
    covered = [(error[:, list(CHANCES).index(chance)] <= 0).mean() for chance in (0.5, 0.8, 0.9, 0.95)]
    logs = np.mean([log_score(law, day) for law, day in zip(laws, days, strict=True)])
    return [logs, pinball, np.abs(error[:, list(CHANCES).index(0.5)]).mean(), *covered]


def walk(lines: pd.DataFrame, tell: Callable[[str], None]) -> None:
    first = lines.ordered_on.iloc[int(len(lines) * KNOWN_SHARE)]
    months = lines.ordered_on.dt.to_period("M")
    laws, days, before = defaultdict(list), [], []
    for month in sorted(months[lines.ordered_on >= first].unique()):
        day = max(month.start_time, first)
        asked, known = lines[(months == month) & (lines.ordered_on >= day)], lines[lines.ordered_on < day]
        for name, made in foreseen(known, asked, day).items():
            laws[name] += made
        days += asked.days.tolist()
        counts = known[known.received_on < day].groupby("supplier").size()
        before += asked.supplier.map(counts).fillna(0).tolist()
    days, before = np.array(days), np.array(before)
    for title, chosen in (
        ("all", before >= 0), ("1–5 receipts before", (before > 0) & (before <= 5)), ("more than 20", before > 20),
    ):  # fmt: skip
        tell(f"\n{title}: {chosen.sum()} receipts after {first.date()}")
        tell(f"{'':30}{'log':>7}{'pinball':>9}{'MAE':>7}{'50 %':>7}{'80 %':>7}{'90 %':>7}{'95 %':>7}")
        for name, made in laws.items():
            own = [law for law, is_one in zip(made, chosen, strict=True) if is_one]
            row = scores(own, days[chosen]) if own else []
            tell(f"{name:30}" + "".join(f"{number:{shape}}" for number, shape in zip(row, SHAPES, strict=False)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="CSV or parquet, one line of a purchase order a row")
    parser.add_argument(
        "--columns", nargs="*", default=[], metavar="OURS=THEIRS", help=f"names of {', '.join(COLUMNS)}"
    )
    given = parser.parse_args()
    walk(read(given.file, dict(pair.split("=", 1) for pair in given.columns)), print)


if __name__ == "__main__":
    main()
