#!/usr/bin/env python3
"""Does the forecast see through stock-outs? One year of made-up demand, a fifth of the days without stock.

  python bench/censoring.py                  # 600 series, three ways of running out
  python bench/censoring.py --series 150 --seed 7

Days are lost at random, in runs, and as an (s,Q) policy loses them: it runs out when demand is high, so the days that
are seen are the quiet ones. Bias is the forecast of the next 14 days over what the true rates say, less one; the same
with every recorded day taken at its word stands beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from forecasting.engine import Panel, ProtectionInterval, forecast, train

DAYS, AHEAD, SHARE = 365, 14, 0.2
WEEK = np.array([0.8, 0.8, 0.9, 1.0, 1.3, 1.5, 0.7])
LAST_ON = date(2024, 12, 29)  # a Sunday
#: Further off than this is a failure.
GOAL = 0.03
#: The hours of a day at which stock is looked at.
PARTS = 24


@dataclass(frozen=True)
class Shop:
    """What was asked for by hour, int [series, days, hours], and the true mean of each day to come [series, days]."""

    asked: np.ndarray
    ahead: np.ndarray


def made_up(series: int, seed: int) -> Shop:
    """Rates from one in three days to dozens a day, with weekdays and days that are busier than others."""
    rng = np.random.default_rng(seed)
    rate = rng.lognormal(1.0, 1.0, (series, 1))
    days = DAYS + AHEAD
    week = np.tile(WEEK, days // 7 + 1)[:days]
    busy = rng.gamma(4.0, 0.25, (series, days))
    mean = rate * week
    asked = rng.poisson((mean * busy)[:, :DAYS, None] / PARTS, (series, DAYS, PARTS))
    return Shop(asked, mean[:, DAYS:])


def at_random(asked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whole days without stock, one by one; returns the open share of each hour [series, days, hours]."""
    return np.broadcast_to((rng.random(asked.shape[:2]) >= SHARE)[:, :, None], asked.shape).astype(float)


def in_runs(asked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ten days at a time on average, from some hour of a day to some hour of another."""
    opened = np.ones((len(asked), asked.shape[1] * PARTS))
    for row in opened:
        at = 0
        while at < len(row):
            at += int(rng.exponential(10 * PARTS * (1 - SHARE) / SHARE))
            until = at + int(rng.exponential(10 * PARTS))
            row[at:until] = 0.0
            at = until
    return opened.reshape(asked.shape)


def by_policy(asked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A lot is ordered at a reorder point so low that the shelf is bare for a fifth of the time: after busy days."""
    hours = asked.reshape(len(asked), -1)
    mean = hours.mean(axis=1) * PARTS
    lead = rng.integers(4, 15, len(asked))
    lot = np.maximum(np.rint(mean * rng.integers(10, 31, len(asked))), 2).astype(int)
    point = np.rint(mean * (lead - SHARE / (1 - SHARE) * lot / mean)).astype(int)
    opened = np.zeros(hours.shape)
    stock, due = lot.copy(), np.full(len(lot), -1)
    for hour in range(hours.shape[1]):
        stock, due = stock + np.where(due == hour, lot, 0), np.where(due == hour, -1, due)
        sold = np.minimum(stock, hours[:, hour])
        opened[:, hour] = np.where(stock > 0, sold / np.maximum(hours[:, hour], 1), 0.0)
        opened[:, hour] = np.where((stock > 0) & (sold == hours[:, hour]), 1.0, opened[:, hour])
        stock = stock - sold
        due = np.where((stock <= np.clip(point, 0, lot - 1)) & (due < 0), hour + lead * PARTS, due)
    return opened.reshape(asked.shape)


WAYS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "at random": at_random, "in runs": in_runs, "(s,Q) policy": by_policy,
}  # fmt: skip


def bias(shop: Shop, opened: np.ndarray, *, corrected: bool) -> float:
    """Of the forecast over all series; ``corrected`` tells the engine when the shelf was empty."""
    sold = np.rint(shop.asked * opened).sum(axis=2)
    panel = Panel(sold, "D", LAST_ON, stocked_out=1 - opened.mean(axis=2) if corrected else None)
    interval = ProtectionInterval.fixed(np.full(len(sold), AHEAD))
    found = forecast(panel, train(panel, interval=interval), interval, horizon=AHEAD).lead_time_demand.mean
    return float(found.sum() / shop.ahead.sum() - 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=600)
    parser.add_argument("--small", action="store_true", help="150 series")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    shop = made_up(150 if args.small else args.series, args.seed)
    whole = bias(shop, np.ones(shop.asked.shape), corrected=False)
    print(f"{len(shop.asked)} series, {DAYS} days; nothing lost: {whole:+.1%}")
    worst = 0.0
    for name, way in WAYS.items():
        opened = way(shop.asked, np.random.default_rng(args.seed + 1))
        found, naive = (bias(shop, opened, corrected=corrected) for corrected in (True, False))
        print(f"{name:14} {1 - opened.mean():.1%} of the time empty: corrected {found:+.1%}, uncorrected {naive:+.1%}")
        worst = max(worst, abs(found))
    return int(worst > GOAL)


if __name__ == "__main__":
    sys.exit(main())
