#!/usr/bin/env python3
"""Anomalies planted in real demand: how many are found, how many of the alarms are right, and how many are false.

  python bench/anomalies.py --data FOLDER        # every daily file of the folder, files as bench/point_accuracy.py
  python bench/anomalies.py --small              # made-up demand whose chances are known

Each night is judged by the forecast that the engine made four weeks before it. Of each kind and size one series in a
hundred gets an anomaly; sizes are in standard deviations of the series' own days (of its usual losses, for shrinkage;
of the chance of silence, for frozen stock). Three judges are asked: the ensemble at the score that the product uses,
and the isolation forest alone and the residual alone at scores with as many alarms on the same nights as they were.

Precision counts every alarm on a series where nothing was planted as false, though real demand has anomalies of its
own. A false alarm is one that was not there the night before. The open sets hold no counts, so what is usually lost is
made up, in proportion to what was sold.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.point_accuracy import Shop, read
from forecasting.engine import Panel, ProtectionInterval, anomalies, forecast, refresh, stock_anomalies, train
from forecasting.engine.anomalies import DAYS, PAST_DAYS, WEEK, Recent, judge

SIZES = (2, 3, 4, 6, 10)
JUDGES = ("ensemble", "forest", "residual")
SHARE = 0.01
LEAD_DAYS = 14
#: Nights on which something is planted are so many apart.
APART = 2


@dataclass(frozen=True)
class Scores:
    """What each judge says of each series; ``kind`` is the ensemble's name for it."""

    ensemble: np.ndarray
    forest: np.ndarray
    residual: np.ndarray
    kind: np.ndarray


@dataclass
class Tally:
    """Of one kind and size: planted, found and rightly named, and alarms where nothing was planted, by judge."""

    planted: int = 0
    named: int = 0
    found: dict[str, int] | None = None
    false: dict[str, int] | None = None

    def add(self, chosen: np.ndarray, clean: np.ndarray, alarms: dict[str, np.ndarray], named: np.ndarray) -> None:
        self.found, self.false = self.found or dict.fromkeys(JUDGES, 0), self.false or dict.fromkeys(JUDGES, 0)
        self.planted += int(chosen.sum())
        self.named += int((named & chosen & alarms["ensemble"]).sum())
        for name in JUDGES:
            self.found[name] += int((alarms[name] & chosen).sum())
            self.false[name] += int((alarms[name] & clean).sum())

    def rates(self, name: str) -> tuple[float, float]:
        """Recall and precision, NaN where nothing was planted or nothing alarmed."""
        alarms = self.found[name] + self.false[name]
        recall = self.found[name] / self.planted if self.planted else np.nan
        return recall, self.found[name] / alarms if alarms else np.nan


def nights_of(shop: Shop, nights: int) -> Iterator[Recent]:
    """Consecutive evenings up to the last day, each with the engine's forecast of four weeks before; models are
    trained once and used again, as the product does within a week or two."""
    first = shop.demand.shape[1] - DAYS - nights + 1
    rows = np.flatnonzero((~np.isnan(shop.demand[:, :first])).sum(axis=1) >= PAST_DAYS)
    interval, trained = ProtectionInterval.fixed(np.full(len(rows), LEAD_DAYS)), None
    for made in range(first, first + nights):
        known = {} if shop.promotion is None else {"promotion": shop.promotion[rows][:, : made + DAYS]}
        panel = Panel(shop.demand[rows][:, :made], "D", shop.dates[made - 1].date(), known, product=shop.product[rows])
        trained = train(panel, interval=interval) if trained is None else refresh(trained, panel)
        said = forecast(panel, replace(trained, scored=()), interval, horizon=DAYS)
        demand = shop.demand[rows, made : made + DAYS]
        spread = anomalies.variance_of(said.mean, said.quantiles[:, :, 3], said.quantiles[:, :, 4])
        yield Recent(demand, said.mean, spread, ~np.isnan(demand), shop.demand[rows, made - PAST_DAYS : made])


def made_up(series: int, nights: int, seed: int = 0) -> Iterator[Recent]:
    """Negative binomial demand with weekdays, forecast as it was made: nothing but chance, and what is planted."""
    rng = np.random.default_rng(seed)
    rate = rng.lognormal(0.5, 1.2, (series, 1)) * rng.uniform(0.5, 1.5, (series, WEEK))[:, np.arange(400) % WEEK]
    ratio = rng.uniform(1.0, 3.0, (series, 1))
    shape = rate / np.maximum(ratio - 1, 1e-3)
    demand = rng.poisson(rng.gamma(shape, rate / shape)).astype(float)
    for night in range(nights):
        made = 200 + night
        days, past = slice(made, made + DAYS), slice(made - PAST_DAYS, made)
        seen = np.ones((series, DAYS), bool)
        yield Recent(demand[:, days], rate[:, days], (rate * ratio)[:, days], seen, demand[:, past])


def own_spread(past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of a series' days about its weekdays [series]; a count's own where that is more."""
    mean = np.nan_to_num(np.nanmean(np.where(np.isnan(past), np.nan, past), axis=1))
    return mean, np.sqrt(np.maximum(mean, 0.05) * anomalies.own_ratio(past))


Planted = tuple[np.ndarray, np.ndarray]  # demand with the anomaly in every series, and where one of that size fits


def spike(recent: Recent, size: float, rng: np.random.Generator) -> Planted:
    """On one of the last seven days."""
    mean, spread = own_spread(recent.past)
    demand, rows = recent.demand.copy(), np.arange(len(mean))
    demand[rows, DAYS - 1 - rng.integers(0, WEEK, len(mean))] += np.ceil(size * spread)
    return demand, mean > 0


def drop(recent: Recent, size: float, rng: np.random.Generator) -> Planted:
    """Nothing any more, for as many days as that makes so unlikely."""
    mean, spread = own_spread(recent.past)
    days = np.ceil((size * spread / np.maximum(mean, 1e-9)) ** 2)
    return np.where(np.arange(DAYS) >= DAYS - days[:, None], 0.0, recent.demand), (mean > 0) & (days <= DAYS)


def level(recent: Recent, size: float, rng: np.random.Generator, *, sign: int) -> Planted:
    """So much more or less each day, since one to three and a half weeks."""
    mean, spread = own_spread(recent.past)
    days = rng.integers(WEEK, 25, len(mean))
    change = size * spread / np.sqrt(days) / np.maximum(mean, 1e-9)
    moved = whole(recent.demand * np.maximum(1 + sign * change, 0)[:, None], rng)
    demand = np.where(np.arange(DAYS) >= DAYS - days[:, None], moved, recent.demand)
    return demand, (mean > 0) & ((sign > 0) | (change <= 1))


def drift(recent: Recent, size: float, rng: np.random.Generator) -> Planted:
    """More from day to day, or less where there is so much to lose; over four weeks."""
    mean, spread = own_spread(recent.past)
    ramp = np.arange(1, DAYS + 1) / DAYS
    change = (size * spread * np.sqrt(DAYS) / ramp.sum() / np.maximum(mean, 1e-9))[:, None] * ramp
    is_up = (rng.random(len(mean)) < 0.5) | (change.max(axis=1) > 1)
    factor = np.where(is_up[:, None], 1 + change, 1 - change)
    return whole(recent.demand * np.maximum(factor, 0), rng), mean > 0


def whole(demand: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rounded at random, so that the mean stays."""
    return np.floor(demand + rng.random(demand.shape))


KINDS: dict[str, Callable[[Recent, float, np.random.Generator], Planted]] = {
    "spike": spike,
    "drop to zero": drop,
    "level up": lambda recent, size, rng: level(recent, size, rng, sign=1),
    "level down": lambda recent, size, rng: level(recent, size, rng, sign=-1),
    "slow drift": drift,
}
#: What the ensemble may call them: a drop is a lower level, too.
NAMES = {
    "spike": ("spike",), "drop to zero": ("drop", "level_down"), "level up": ("level_up", "drift_up"),
    "level down": ("level_down", "drift_down"), "slow drift": ("drift_up", "drift_down", "level_up", "level_down"),
}  # fmt: skip


def scores_of(recent: Recent) -> Scores:
    found = judge(recent)
    return Scores(found.score, found.forest, found.residual, np.array(anomalies.KINDS)[found.kind])


def thresholds_of(clean: Sequence[Scores], least: float) -> dict[str, float]:
    """Where each judge gives as many alarms on these nights as the ensemble at its own ``least``."""
    share = np.mean(np.concatenate([scores.ensemble for scores in clean]) >= least)
    found = {name: np.concatenate([getattr(scores, name) for scores in clean]) for name in JUDGES}
    number = max(round(share * len(found["ensemble"])), 1)
    return {name: float(np.sort(values)[-number]) for name, values in found.items()} | {"ensemble": least}


def measure(
    nights: Sequence[Recent], sizes: Sequence[int] = SIZES, seed: int = 0
) -> tuple[dict, dict[str, float], float]:
    """Tallies by kind and size, false alarms per 1,000 item-days by judge, and the share of series that alarm."""
    clean = [scores_of(recent) for recent in nights]
    least = thresholds_of(clean, anomalies.THRESHOLD)
    tallies: dict[tuple[str, int], Tally] = defaultdict(Tally)
    rng = np.random.default_rng(seed)
    for recent in nights[::APART]:
        for size in sizes:
            demand, label = planted(recent, size, rng)
            scores = scores_of(replace(recent, demand=demand))
            alarms = {name: getattr(scores, name) >= least[name] for name in JUDGES}
            for number, kind in enumerate(KINDS):
                tallies[kind, size].add(label == number, label < 0, alarms, np.isin(scores.kind, NAMES[kind]))
    flags = {name: np.stack([getattr(scores, name) >= least[name] for scores in clean]) for name in JUDGES}
    new = {name: (flag[1:] & ~flag[:-1]).mean() * 1000 for name, flag in flags.items()}
    return tallies, new, float(flags["ensemble"].mean())


def planted(recent: Recent, size: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Demand with one series in a hundred for each kind, and which one it got (-1: none) [series]."""
    demand, label = recent.demand.copy(), np.full(len(recent.demand), -1)
    number = max(round(SHARE * len(demand)), 1)
    for place, plant in enumerate(KINDS.values()):
        changed, fits = plant(recent, size, rng)
        chosen = rng.permutation(np.flatnonzero(fits & (label < 0)))[:number]
        demand[chosen], label[chosen] = changed[chosen], place
    return demand, label


def losses(
    recent: Recent, size: float | None, rng: np.random.Generator
) -> tuple[stock_anomalies.Corrections, np.ndarray]:
    """A year of made-up corrections in proportion to what is sold; with a ``size``, one item in a hundred lost so many
    standard deviations more in its last three months, in three to six goes."""
    mean, _spread = own_spread(recent.past)
    sent = np.outer(mean, [90.0, 365.0])
    number, rows = rng.poisson(0.004 * sent[:, 1] + 0.5), []
    for item, times in enumerate(number.tolist()):
        pieces = rng.geometric(0.5, times) * np.where(rng.random(times) < 0.6, -1, 1)
        rows += zip([item] * times, pieces.tolist(), rng.integers(0, 365, times).tolist(), strict=True)
    chosen = np.zeros(len(mean), bool)
    if size is not None:
        some = rng.permutation(np.flatnonzero(mean > 0))[: max(round(SHARE * len(mean)), 1)]
        chosen[some] = True
        for item in some.tolist():
            usual = 0.002 * sent[item, 0] + 0.5
            total = max(int(np.ceil(usual + size * np.sqrt(3 * usual))), 3)
            for part in np.array_split(np.ones(total), rng.integers(3, 7)):
                rows += [(item, -len(part), int(rng.integers(0, 85)))] if len(part) else []
    told = np.array(rows, np.int64).reshape(-1, 3)
    return stock_anomalies.Corrections(told[:, 0], told[:, 1], told[:, 2], sent), chosen


def shrinkage_scores(known: stock_anomalies.Corrections) -> Scores:
    """The product's two tests together; the forest and the residual see the same sums."""
    recent, year = stock_anomalies.shrinkage(known), stock_anomalies.drift(known)
    score = np.maximum(recent.score, year.score * stock_anomalies.LOSS_THRESHOLD / stock_anomalies.DRIFT_THRESHOLD)
    sold = np.maximum(known.sent[:, 0], 1.0)
    table = np.column_stack([recent.seen, recent.number, recent.seen / sold, year.number, year.seen])
    residual = recent.seen / sold
    residual = (residual - np.median(residual)) / max(1.4826 * np.median(np.abs(residual)), 1e-3)
    return Scores(score, anomalies.isolation(table), residual, np.full(len(score), "shrinkage"))


def frozen_scores(recent: Recent, days: np.ndarray) -> Scores:
    """Silence of so many days at the end of each series, as a level with stock would show it."""
    mean, _spread = own_spread(recent.past)
    ratio, expected = anomalies.own_ratio(recent.past), mean * days
    score = stock_anomalies.frozen(expected, ratio, days, np.ones(len(mean)))
    table = np.column_stack([days, expected, mean, np.sqrt(expected)])
    return Scores(score, anomalies.isolation(table), np.sqrt(expected), np.full(len(score), "frozen"))


def silent_days(demand: np.ndarray) -> np.ndarray:
    """Days since the last sale [series]."""
    sold = demand > 0
    return np.where(sold.any(axis=1), sold[:, ::-1].argmax(axis=1), demand.shape[1])


def measure_stock(nights: Sequence[Recent], seed: int = 0) -> tuple[dict, dict[str, float]]:
    """Tallies of shrinkage and frozen stock, and the share of unplanted items that alarm, by kind."""
    rng, tallies, shares = np.random.default_rng(seed), defaultdict(Tally), {}
    nights = nights[::APART]
    losing = [shrinkage_scores(losses(recent, None, rng)[0]) for recent in nights]
    silent = [frozen_scores(recent, silent_days(recent.demand)) for recent in nights]
    for kind, clean, own in (
        ("shrinkage", losing, stock_anomalies.LOSS_THRESHOLD),
        ("frozen stock", silent, stock_anomalies.FROZEN_THRESHOLD),
    ):
        least = thresholds_of(clean, own)
        shares[kind] = float(np.mean(np.concatenate([x.ensemble for x in clean]) >= own))
        for recent in nights:
            for size in SIZES:
                scores, chosen = _planted_stock(kind, recent, size, rng)
                alarms = {name: getattr(scores, name) >= least[name] for name in JUDGES}
                tallies[kind, size].add(chosen, ~chosen, alarms, chosen)
    return tallies, shares


def _planted_stock(kind: str, recent: Recent, size: float, rng: np.random.Generator) -> tuple[Scores, np.ndarray]:
    if kind == "shrinkage":
        known, chosen = losses(recent, size, rng)
        return shrinkage_scores(known), chosen
    changed, fits = drop(recent, size, rng)
    chosen = np.zeros(len(changed), bool)
    chosen[rng.permutation(np.flatnonzero(fits))[: max(round(SHARE * len(changed)), 1)]] = True
    return frozen_scores(recent, silent_days(np.where(chosen[:, None], changed, recent.demand))), chosen


def report(name: str, tallies: dict[tuple[str, int], Tally], kinds: Sequence[str]) -> None:
    """A row for each kind and size: recall and precision of each judge, in per cent."""
    print(f"\n| {name} | size, σ | planted | " + " | ".join(f"{judge}: recall / precision" for judge in JUDGES)
          + " | named rightly |")  # fmt: skip
    print("|---" * (5 + len(JUDGES) - 1) + "|---|")
    for kind in kinds:
        for size in SIZES:
            tally = tallies[kind, size]
            told = " | ".join(" / ".join(_percent(rate) for rate in tally.rates(judge)) for judge in JUDGES)
            named = _percent(tally.named / tally.found["ensemble"] if tally.found["ensemble"] else np.nan)
            print(f"| {kind} | {size} | {tally.planted} | {told} | {named} |", flush=True)


def _percent(rate: float) -> str:
    return "–" if np.isnan(rate) else f"{round(100 * rate)}"


def mean_recall(tallies: dict[tuple[str, int], Tally], judge: str) -> float:
    """Over kinds and sizes alike, of those that were planted."""
    return float(np.nanmean([tally.rates(judge)[0] for tally in tallies.values()]))


def show(name: str, nights: Sequence[Recent]) -> dict[str, float]:
    """Print all of one shop; the mean recall of each judge."""
    tallies, new, share = measure(nights)
    report(f"{name}, {len(nights[0].demand)} series", tallies, list(KINDS))
    recall = {judge: mean_recall(tallies, judge) for judge in JUDGES}
    print("\nmean recall: " + ", ".join(f"{judge} {100 * recall[judge]:.1f} %" for judge in JUDGES))
    print("false alarms per 1,000 item-days: " + ", ".join(f"{judge} {new[judge]:.2f}" for judge in JUDGES)
          + f"; on a night {1000 * share:.1f} of 1,000 series stand as odd")  # fmt: skip
    tallies, shares = measure_stock(nights)
    report(f"{name}, stock", tallies, list(shares))
    print("\nitems that alarm where nothing was planted, of 1,000: "
          + ", ".join(f"{kind} {1000 * share:.1f}" for kind, share in shares.items()))  # fmt: skip
    return recall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of NAME.FREQ.LEAD.csv or .parquet files")
    parser.add_argument("--small", action="store_true", help="made-up demand instead")
    parser.add_argument("--nights", type=int, default=14)
    args = parser.parse_args()
    if not args.small and not args.data:
        parser.error("say --data FOLDER or --small")
    start = time.monotonic()
    if args.small:
        show("made-up demand", list(made_up(1_000, args.nights)))
    files = sorted(p for p in args.data.iterdir() if p.suffix in (".csv", ".parquet")) if args.data else []
    for path in files:
        if path.name.rsplit(".", 3)[1] != "D":
            print(f"{path.name}: left out, its buckets are not days")
            continue
        shop = read(path)
        show(shop.name, list(nights_of(shop, args.nights)))
    print(f"{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
