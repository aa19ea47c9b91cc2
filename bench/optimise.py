#!/usr/bin/env python3
"""The budget programme for thousands of products: how long it takes and how near to the best it ends.

python bench/optimise.py
python bench/optimise.py --small
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
from scipy import special

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from forecasting.engine.panel import GRID, LeadTimeDemand
from replenishment.optimise.budget import Limits, Plan, Suppliers, plan_purchase
from replenishment.optimise.lots import Items, candidates

SECONDS = 30.0  # so long that a busy machine does not decide the plan; what counts is the time told
DEVIATIONS = special.ndtri(np.array(GRID))


def made_up(size: int, seed: int) -> tuple[Items, Suppliers]:
    """Products from a piece a month to thirty a day, of one supplier in fifty; a third with price breaks."""
    rng = np.random.default_rng(seed)
    suppliers = max(size // 50, 2)
    mean = rng.lognormal(2.5, 1.3, size)
    spread = rng.uniform(0.3, 1.2, size)
    quantiles = mean[:, None] * np.exp(spread[:, None] * DEVIATIONS - spread[:, None] ** 2 / 2)
    cost = np.round(rng.lognormal(1.8, 0.9, size) + 0.1, 2)
    pack = rng.choice([1, 1, 2, 6, 12, 24], size)
    breaks = tuple(
        ((int(20 * p), c * 0.95), (int(100 * p), c * 0.9)) if third else ()
        for p, c, third in zip(pack, cost, rng.random(size) < 1 / 3, strict=True)
    )
    items = Items.of(
        LeadTimeDemand(mean, quantiles, mean * 0.01),
        interval_days=rng.integers(7, 45, size), position=np.round(mean * rng.uniform(-0.1, 1.2, size)),
        price=np.round(cost * rng.uniform(1.1, 2.2, size), 2), unit_cost=cost, pack_size=pack,
        min_order_quantity=rng.choice([1, 5, 20, 50], size), price_breaks=breaks,
        supplier=rng.integers(0, suppliers, size), volume=rng.lognormal(0, 0.7, size),
    )  # fmt: skip
    terms = Suppliers.of(
        suppliers, freight_cost=rng.integers(10, 60, suppliers), free_freight_from=rng.integers(300, 3000, suppliers),
        minimum_order_cost=rng.choice([0, 0, 100, 500], suppliers),
    )  # fmt: skip
    return items, terms


def measured(name: str, items: Items, terms: Suppliers, limits: Limits) -> Plan:
    started, cpu = time.perf_counter(), time.process_time()
    plan = plan_purchase(items, terms, limits, seconds=SECONDS)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    binding = ", ".join(f"{limit.limit} at {limit.price:.3f}" for limit in plan.binding[:2]) or "nothing"
    print(
        f"{name:28} {seconds:6.1f} s ({cpu:.1f} s of processor)  gap {plan.gap:.4%}  gain {plan.gain:12,.0f}  "
        f"cost {plan.cost.sum():12,.0f}  {np.count_nonzero(plan.quantity):5} lines  binds: {binding}",
        flush=True,
    )
    return plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="300 products, one shop")
    args = parser.parse_args()
    for seed in range(1 if args.small else 3):
        items, terms = made_up(300 if args.small else 5_000, seed)
        print(f"\nshop {seed}: {len(items)} products, {len(terms.capacity)} suppliers, "
              f"{len(candidates(items).item)} lots")  # fmt: skip
        free = measured("no limit", items, terms, Limits())
        spent = float(free.cost.sum() + free.freight_cost.sum())
        room = float(free.quantity @ items.volume)
        for share in (0.8, 0.4, 0.1):
            measured(f"budget of {share:.0%}", items, terms, Limits(budget=share * spent))
        both = Limits(budget=0.5 * spent, volume=np.array([0.4 * room]))
        measured("budget of 50%, room of 40%", items, terms, both)
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
