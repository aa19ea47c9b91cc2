#!/usr/bin/env python
"""How long the walks through the bins are that the product makes, against plain bin order and the optimum.

python bench/walks.py [--orders 500]

Random orders of 3 to 40 stops in halls of several shapes. Bins are numbered as a walk in serpentines would pass them
(the best that a fixed order does), or each aisle from the front. ``optimum`` is by Held and Karp, for orders of at most
9 stops; ``over the optimum`` is the mean on these.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stock import walks

METHODS = {
    "bin order": walks.in_bin_order,
    "nearest neighbour": walks.nearest_neighbour,
    "2-opt, or-opt": walks.two_opt,
    "ant colony": walks.ant_colony,
    "in use": lambda distances: walks.best_walk(distances).stops,
}
HALLS = ((4, 10), (10, 25), (20, 15), (2, 60))
FEWEST, MOST, PROVABLE = 3, 40, 9
HEAD = f"{'hall, bins numbered':<38} {'method':<18} {'metres':>7} {'of bin order':>13} {'ms':>7} {'over optimum':>13}"


@dataclass
class Measured:
    """Of one method: metres and seconds of each order, and metres over the optimum's on small ones."""

    metres: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    over: list[float] = field(default_factory=list)


def _in_walk(aisle: int, at: int, length: int, is_serpentine: bool) -> tuple[int, int]:
    """Where a bin comes in bin order: by aisle, in a serpentine every other aisle from its back."""
    return aisle, length - at if is_serpentine and aisle % 2 else at


def orders_in(aisles: int, length: int, is_serpentine: bool, orders: int, dice: random.Random) -> Iterator[np.ndarray]:
    """Distances of random orders whose stops are in bin order."""
    for _order in range(orders):
        bins = set()
        while len(bins) < min(dice.randint(FEWEST, MOST), aisles * length // 2):
            bins.add((dice.randrange(aisles), dice.randrange(length)))
        stops = sorted(bins, key=lambda place: _in_walk(*place, length, is_serpentine))
        yield walks.hall_distances([aisle for aisle, _at in stops], [at for _aisle, at in stops], length=length)


def measured(orders: int, seed: int = 7) -> dict[str, dict[str, Measured]]:
    """By hall and method."""
    found: dict[str, dict[str, Measured]] = {}
    for aisles, length in HALLS:
        for is_serpentine in (True, False):
            name = f"{aisles} aisles of {length} m, {'serpentine' if is_serpentine else 'from the front'}"
            rows = found[name] = defaultdict(Measured)
            dice = random.Random(f"{seed} {name}")
            for distances in orders_in(aisles, length, is_serpentine, orders, dice):
                optimum = walks.shortest_possible(distances) if len(distances) - 1 <= PROVABLE else None
                for method, walk_of in METHODS.items():
                    began = time.perf_counter()
                    walk = walk_of(distances)
                    row = rows[method]
                    row.seconds.append(time.perf_counter() - began)
                    row.metres.append(walks.length_of(distances, walk))
                    if optimum is not None:
                        row.over.append(row.metres[-1] / optimum - 1)
    return found


def seconds_of_many(stops: int) -> float:
    """How long the walk in use takes for so many stops in a hall of 40 aisles."""
    dice = random.Random(stops)
    aisles = [dice.randrange(40) for _ in range(stops)]
    distances = walks.hall_distances(aisles, [dice.randrange(50) for _ in range(stops)], length=50)
    began = time.perf_counter()
    walks.best_walk(distances)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=500, help="in each hall")
    told = parser.parse_args()
    print(HEAD)
    for hall, rows in measured(told.orders).items():
        plain = np.mean(rows["bin order"].metres)
        for method, row in rows.items():
            metres, over = np.mean(row.metres), np.mean(row.over) if row.over else np.nan
            print(
                f"{hall:<38} {method:<18} {metres:>7.1f} {metres / plain:>13.3f}"
                f" {1000 * np.mean(row.seconds):>7.2f} {100 * over:>11.2f} %"
            )
    for stops in (60, 100, 200, 300, 500):
        print(f"{stops} stops: {1000 * seconds_of_many(stops):.0f} ms")


if __name__ == "__main__":
    main()
