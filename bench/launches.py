#!/usr/bin/env python3
"""How well new items are planned in their first weeks from look-alikes, on launches that are held out.

  python bench/launches.py --data FOLDER         # every parquet file of the folder in which items are launched
  python bench/launches.py                       # demand made up here, without any file
  python bench/launches.py --small               # the same in seconds

At each of six origins the launches before it teach, and the items launched in the periods after it are planned: at
their start and when they are 1, 2 and 4 periods old, up to the end of their eighth week (second month). Beside it

  category start    the average of the category's earlier launches in the same periods, with their own spread
  category fading   the same average, fading into the item's own demand as ours does

WAPE is the sum of errors / what was asked for; pinball is the mean of 0.5, 0.8, 0.9, 0.95 and 0.98 by piece asked for.
"by item" is the mean over items of pinball / root of the item's demand, so that few best-sellers do not decide.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from forecasting import lookalikes
from forecasting.engine import GRID
from forecasting.lookalikes import Items, Past

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98)
COLUMNS = [GRID.index(level) for level in LEVELS]
#: What columns may be called in a file of sales lines or of demand by month.
NAMES = {
    "sku": ("sku", "StockCode", "item_id"),
    "date": ("date", "InvoiceDate", "month"),
    "quantity": ("quantity", "Quantity", "sales"),
    "name": ("name", "Description"),
    "price": ("price", "UnitPrice"),
    "place": ("warehouse", "store_id"),
    "category": ("category", "dept_id"),
}
ORIGINS = 6
MOST_NEW = 1500


@dataclass(frozen=True)
class Case:
    name: str
    items: Items
    past: Past
    length: int


def read(file: Path) -> Case | None:
    """The file's demand by week, or by month where it has nothing finer; None where items or dates are not told."""
    table = pd.read_parquet(file)
    found = {role: next((n for n in names if n in table), None) for role, names in NAMES.items()}
    if not all(found[role] for role in ("sku", "date", "quantity")):
        return None
    table = table.rename(columns={name: role for role, name in found.items() if name})
    if not np.issubdtype(table.date.dtype, np.datetime64):
        return None
    table = table[(table.quantity > 0) & (table.get("price", pd.Series(1.0, table.index)) > 0)].drop_duplicates()
    return case_of(file.stem, table)


def case_of(name: str, table: pd.DataFrame) -> Case:
    days = table.date.dt.normalize()
    monthly = days.nunique() <= 12 * ((days.max() - days.min()).days / 365 + 2)
    bucket = days.dt.to_period("M").astype("int64") if monthly else (days - days.min()).dt.days // 7
    sku = table.sku.astype(str).str.upper()
    place = table.place.astype(str) if "place" in table else pd.Series("", table.index)
    table = table.assign(sku=sku, place=place, bucket=bucket - bucket.min())
    wide = table.pivot_table(index=["sku", "place"], columns="bucket", values="quantity", aggfunc="sum", fill_value=0)
    wide = wide.reindex(columns=range(int(table.bucket.max()) + 1), fill_value=0)
    demand = wide.to_numpy(float)
    start = (demand > 0).argmax(axis=1)
    items = _items(table, wide.index)
    return Case(name, items, Past(demand, start, start < 2, year=12 if monthly else 52), 2 if monthly else 8)


def _items(table: pd.DataFrame, index: pd.MultiIndex) -> Items:
    by_sku = table.groupby("sku")
    text = by_sku["name"].first().fillna("") if "name" in table else None
    price = by_sku["price"].first() if "price" in table else None
    sku, place = index.get_level_values(0), index.get_level_values(1)
    category = (
        by_sku["category"].first() if "category" in table else sku.astype(str).str.extract(r"^([A-Z_]+_\d+)_\d+$")[0]
    )
    nothing = np.full(len(index), "")
    return Items(
        name=nothing if text is None else text.loc[sku].to_numpy(str),
        category=(category.loc[sku] if "category" in table else category).astype(object).fillna("").to_numpy(str),
        supplier=nothing,
        price=np.full(len(index), np.nan) if price is None else price.loc[sku].to_numpy(float),
        product=sku.to_numpy(str),
        place=place.to_numpy(str),
    )


def made_up(items: int = 900, weeks: int = 104, seed: int = 0) -> Case:
    """Items whose rate comes from the words of their name and their price, launched all along."""
    rng = np.random.default_rng(seed)
    kinds, looks = rng.integers(0, 12, items), rng.integers(0, 8, items)
    price = rng.lognormal(1.5, 0.6, items)
    effect = rng.normal(0, 1.0, 12)[kinds] + rng.normal(0, 0.4, 8)[looks] - 0.5 * np.log(price)
    rate = np.exp(2.0 + effect + rng.normal(0, 0.4, items))
    start = rng.integers(0, weeks - 12, items)
    age = np.arange(weeks) - start[:, None]
    curve = np.where(age < 0, 0.0, 1 + 0.8 * np.exp(-np.maximum(age, 0) / 3))
    demand = rng.poisson(rate[:, None] * curve).astype(float)
    words = [f"kind{'abcdefghijkl'[k]} look{'abcdefgh'[x]}" for k, x in zip(kinds, looks, strict=True)]
    blank = np.full(items, "")
    known = Items(np.array(words), blank, blank, price, np.arange(items).astype(str), blank)
    return Case("made up", known, Past(demand, start, start < 3), 8)


def at_origins(case: Case, origins: int) -> dict[tuple[str, int], list[tuple[np.ndarray, ...]]]:
    """(who, age) → parts of (asked, mean, quantiles)."""
    said: dict[tuple[str, int], list[tuple[np.ndarray, ...]]] = {}
    periods, length = case.past.periods, case.length
    first = max(periods // 3, 2 * length)
    cuts = np.unique(np.linspace(first, periods - length, origins + 1).astype(int))
    for at, until in pairwise(cuts):
        new = np.flatnonzero((case.past.start >= at) & (case.past.start < until))
        new = np.sort(np.random.default_rng(0).permutation(new)[:MOST_NEW])
        known = np.flatnonzero(case.past.start < at)
        if len(new) and len(known) > 20:
            teach = replace(case.past.part(known), demand=case.past.demand[known, :at])
            _plan(case, new, case.items.part(known), teach, said)
    return said


def _plan(case: Case, new: np.ndarray, items: Items, teach: Past, said: dict) -> None:
    learned = lookalikes.learn(items, teach, length=case.length)
    past, mine = case.past.part(new), case.items.part(new)
    total = np.concatenate([np.zeros((len(new), 1)), np.cumsum(past.demand, axis=1)], axis=1)
    row = np.arange(len(new))
    by_likes, _shares = learned.prior(mine, past.start)
    average, table = category_start(items, teach, mine, case.length)
    for age in (a for a in lookalikes.AGES if a < case.length):
        asked = total[row, past.start + case.length] - total[row, past.start + age]
        rest = table[:, :, age:].sum(axis=2)
        quantiles = np.stack([np.quantile(r[~np.isnan(r)], GRID) for r in rest])
        said.setdefault(("category start", age), []).append((asked, np.nanmean(rest, axis=1), np.ceil(quantiles)))
        for who, prior in (("category fading", average), ("look-alikes", by_likes)):
            sold, usual = lookalikes.own_demand(past, learned.curves_of(mine), past.start + age)
            start = learned.posterior(mine, prior, sold, usual)
            ahead = start.usual(np.tile([float(age), float(case.length)], (len(new), 1)))
            mean = (ahead[:, 1] - ahead[:, 0]) * start.rate
            quantiles, _excess = learned.quantiles(start, mean)
            quantiles = np.ceil(quantiles - 1e-9)
            said.setdefault((who, age), []).append((asked, mean, quantiles))


def category_start(items: Items, teach: Past, mine: Items, length: int) -> tuple[np.ndarray, np.ndarray]:
    """The category's average rate [new], and the first periods of its launches [new, launches, length]; those of all
    where the category has had fewer than five."""
    whole = np.flatnonzero(~teach.is_old & (teach.start + length <= teach.periods))
    sold = np.stack([teach.demand[r, teach.start[r] : teach.start[r] + length] for r in whole])
    tables = []
    for category in mine.category:
        own = sold[items.category[whole] == category]
        tables.append(own if len(own) >= 5 else sold)
    most = max(len(t) for t in tables)
    padded = np.stack([np.pad(t, ((0, most - len(t)), (0, 0)), constant_values=np.nan) for t in tables])
    return np.nanmean(padded.sum(axis=2), axis=1) / length, padded


def scores(parts: list[tuple[np.ndarray, ...]]) -> dict[str, float]:
    asked, mean, quantiles = (np.concatenate(part) for part in zip(*parts, strict=True))
    error = asked[:, None] - quantiles[:, COLUMNS]
    loss = np.maximum(np.array(LEVELS) * error, (np.array(LEVELS) - 1) * error).mean(axis=1)
    total = max(asked.sum(), 1e-9)
    return {
        "items": len(asked), "WAPE": np.abs(asked - mean).sum() / total, "bias": (mean - asked).sum() / total,
        "pinball": loss.sum() / total, "by item": (loss / np.sqrt(np.maximum(asked, 1))).mean(),
        "below 0.95": (asked <= quantiles[:, COLUMNS[3]]).mean(),
    }  # fmt: skip


def report(case: Case, origins: int) -> dict[str, float]:
    """Print the figures; returns look-alikes / category start at the launch itself."""
    begun = time.perf_counter()
    said = at_origins(case, origins)
    if not said:
        return {}
    print(f"\n{case.name}: {case.length} periods of a launch, {time.perf_counter() - begun:.0f} s")
    print(f"  {'who':18} {'age':>3} {'items':>6} {'WAPE':>7} {'bias':>7} {'pinball':>8} {'by item':>8} {'<= q95':>7}")
    found = {key: scores(parts) for key, parts in said.items()}
    for (who, age), row in sorted(found.items(), key=lambda pair: pair[0][1]):
        print(
            f"  {who:18} {age:3} {row['items']:6} {row['WAPE']:7.3f} {row['bias']:+7.3f} {row['pinball']:8.4f} "
            f"{row['by item']:8.4f} {row['below 0.95']:7.3f}"
        )
    ratios = {m: found["look-alikes", 0][m] / found["category start", 0][m] for m in ("WAPE", "pinball", "by item")}
    print("  look-alikes / category start at launch: " + "  ".join(f"{m} {r:.3f}" for m, r in ratios.items()))
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder of parquet files")
    parser.add_argument("--origins", type=int, default=ORIGINS)
    parser.add_argument("--small", action="store_true", help="little made-up demand, in seconds")
    args = parser.parse_args()
    if args.small:
        cases = [made_up(items=300, weeks=80)]
    else:
        cases = [read(file) for file in sorted(args.data.glob("*.parquet"))] if args.data else [made_up()]
    for case in cases:
        if case and ((~case.past.is_old) & (case.past.start < case.past.periods - case.length)).sum() >= 50:
            report(case, args.origins)


if __name__ == "__main__":
    main()
