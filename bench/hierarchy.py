#!/usr/bin/env python3
"""What is said of several items together: means that add up, and quantiles that each level has for itself.

  python bench/hierarchy.py --data FOLDER --only departments     # files as bench/point_accuracy.py names and reads them
  python bench/hierarchy.py --small                              # made-up demand, to see that it runs

Items are added up to products over all warehouses, to warehouses and to everything. At each origin every level is
forecast by itself and then moved to the mean of its items, as the product does. Judged is demand over the lead time:
WAPE of the mean that adds up and of the level's own, then of the quantiles how often demand stayed at or below them,
and their pinball loss by piece: ours, the level's own before it was moved, and the items' quantiles added up.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from point_accuracy import SPACING, Shop, read
from recurrent import made_up

from forecasting.engine import GRID, Forecast, Panel, ProtectionInterval, forecast, train
from forecasting.hierarchy import added, coherent, from_the_first

LEVELS = (0.8, 0.9, 0.95, 0.98)
COLUMNS = [GRID.index(level) for level in LEVELS]
WAYS = ("ours", "its own", "items added up")


def said(demand: np.ndarray, shop: Shop, origin: int, product: np.ndarray | None = None) -> Forecast:
    panel = Panel(demand, shop.freq, shop.dates[origin - 1].date(), product=product)
    interval = ProtectionInterval.fixed(np.full(len(demand), shop.lead))
    return forecast(panel, train(panel, interval=interval), interval, horizon=shop.lead)


@dataclass
class Score:
    """Sums over groups and origins; of the quantiles, one row a way and a column a level."""

    groups: int = 0
    asked: float = 0.0
    errors: list[float] = field(default_factory=lambda: [0.0, 0.0])
    covered: np.ndarray = field(default_factory=lambda: np.zeros((len(WAYS), len(LEVELS))))
    loss: np.ndarray = field(default_factory=lambda: np.zeros(len(WAYS)))

    def add(self, asked: np.ndarray, means: list[np.ndarray], quantiles: list[np.ndarray]) -> None:
        self.groups += len(asked)
        self.asked += asked.sum()
        self.errors = [was + np.abs(asked - mean).sum() for was, mean in zip(self.errors, means, strict=True)]
        for way, columns in enumerate(quantiles):
            over = asked[:, None] - columns
            self.covered[way] += (over <= 0).sum(axis=0)
            self.loss[way] += np.maximum(over * LEVELS, over * (np.array(LEVELS) - 1)).sum()

    def lines(self, name: str) -> list[str]:
        wapes = " ".join(f"{error / max(self.asked, 1e-9):8.3f}" for error in self.errors)
        lines = [f"{name:<10} {self.groups:>6} {wapes}"]
        for way, covered, loss in zip(WAYS, self.covered / max(self.groups, 1), self.loss, strict=True):
            shares = " ".join(f"{share:6.3f}" for share in covered)
            lines.append(f"{'':<18}{way:<16} {shares}   {loss / max(self.asked, 1e-9):.4f}")
        return lines


def levels_of(shop: Shop) -> dict[str, np.ndarray]:
    """The number of each item's group, by level, where a level is more than the items themselves."""
    keys = {"product": shop.product, "warehouse": shop.warehouse, "all": np.full(len(shop.product), "")}
    found = {name: np.unique(key, return_inverse=True)[1] for name, key in keys.items()}
    return {name: group for name, group in found.items() if len(np.unique(group)) < len(group)}


def measure(shop: Shop, origins: int) -> None:
    scores = {name: Score() for name in levels_of(shop)}
    for back in range(origins):
        origin = shop.demand.shape[1] - shop.lead - back * SPACING[shop.freq]
        begun = (np.nan_to_num(shop.demand[:, :origin]) > 0).any(axis=1)
        known = shop.demand[begun, :origin]
        asked = np.nan_to_num(shop.demand[begun, origin : origin + shop.lead]).sum(axis=1, keepdims=True)
        items = said(known, shop, origin, shop.product[begun])
        item_quantiles = items.lead_time_demand.quantiles[:, COLUMNS]
        for name, group in levels_of(shop).items():
            numbers, group = np.unique(group[begun], return_inverse=True)
            total = from_the_first(added(np.nan_to_num(known), group, len(numbers)))
            own = said(total, shop, origin)
            ours = coherent(own, added(items.mean, group, len(numbers))).lead_time_demand
            quantiles = [ours.quantiles[:, COLUMNS], own.lead_time_demand.quantiles[:, COLUMNS]]
            scores[name].add(
                added(asked, group, len(numbers))[:, 0],
                [ours.mean, own.lead_time_demand.mean],
                [*quantiles, added(item_quantiles, group, len(numbers))],
            )
    print(f"{shop.name}: {len(shop.demand)} items, {origins} origins, {shop.lead} {shop.freq}")
    print(f"{'level':<10} {'groups':>6} {'adds up':>8} {'own':>8}   at or below {LEVELS}, pinball loss a piece")
    for name, score in scores.items():
        print(*score.lines(name), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--origins", type=int, default=6)
    parser.add_argument("--small", action="store_true")
    args = parser.parse_args()
    if args.small or not args.data:
        number = np.arange(40)
        measure(replace(made_up(), product=(number // 4).astype(str), warehouse=(number % 4).astype(str)), 2)
        return
    for path in sorted(args.data.iterdir()):
        if not args.only or any(part in path.name for part in args.only):
            measure(read(path), args.origins)


if __name__ == "__main__":
    main()
