#!/usr/bin/env python3
"""Do the planner's levels achieve what was asked for? The true law of demand goes in, the rules are run day by day.

python bench/policies.py              every case (demand x lead time x review x rule x target), one line a group
python bench/policies.py --all        one line a case
python bench/policies.py --small      a few cases, fewer days

Whole pieces are allowed for: too high counts only where one piece less everywhere would still achieve the target (by
two standard errors).
Falling short counts fully. "before" is the level before the correction for undershoot.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.policy_days import Achieved, Law, LeadTime, Rules, run
from forecasting.engine.panel import GRID, STEP_LEVELS, Forecast, LeadTimeDemand, ProtectionInterval
from replenishment import plan_rows

HORIZON = 28
YEAR = 364
RULES = ("R,S", "R,s,nQ", "s,S")
CYCLE, FILL = "cycle service", "fill rate"
TOLERANCE = {CYCLE: 0.02, FILL: 0.01}


def smooth(mean: float) -> Law:
    return Law(f"smooth {mean:g}", stats.poisson.pmf(np.arange(int(mean + 12 * mean**0.5 + 15)), mean)[None])


def erratic(mean: float, dispersion: float) -> Law:
    return Law(f"erratic {mean:g}", _negative_binomial(np.array([mean]), dispersion))


def seasonal(mean: float, dispersion: float) -> Law:
    """Busy week-ends, and half as much again in one half of the year as in the other."""
    day = np.arange(YEAR)
    week = np.array([0.8, 0.7, 0.8, 0.9, 1.2, 1.5, 1.1])[day % 7]
    return Law(
        f"seasonal {mean:g}", _negative_binomial(mean * week * (1 + 0.4 * np.sin(2 * np.pi * day / YEAR)), dispersion)
    )


def lumpy(chance: float, mean: float) -> Law:
    """A sale on a day with that chance, of a geometric size."""
    size = stats.geom.pmf(np.arange(int(mean * 25) + 10), 1 / mean) * chance
    size[0] = 1 - chance
    return Law(f"lumpy {chance:g}x{mean:g}", (size / size.sum())[None])


def _negative_binomial(mean: np.ndarray, dispersion: float) -> np.ndarray:
    pieces = np.arange(int(mean.max() + 14 * (mean.max() * dispersion) ** 0.5 + 15 * dispersion))
    return stats.nbinom.pmf(pieces, mean[:, None] / (dispersion - 1), 1 / dispersion)


LAWS = (smooth(10), smooth(0.5), erratic(5, 3), seasonal(8, 1.5), lumpy(0.1, 10), lumpy(0.3, 5))
LEAD_TIMES = (LeadTime(3), LeadTime(10), LeadTime(30), LeadTime(3, 13), LeadTime(9, 22))
REVIEWS = (1, 7)
TARGETS = {CYCLE: (0.9, 0.95, 0.98), FILL: (0.95, 0.98)}
COVERS = (7, 30)  # days of demand in an order quantity


@dataclass
class Case:
    """One rule with one target; levels are [phases]."""

    law: Law
    lead_time: LeadTime
    review: int
    rule: str
    kind: str
    target: float
    quantity: int
    level: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    before: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    achieved: float = 0.0
    one_less: float = 0.0
    uncorrected: float = 0.0
    error: float = 0.0

    @property
    def off(self) -> float:
        """How far from the target: above 0 too high, below 0 too low."""
        is_higher_than_needed = self.one_less - 2 * self.error >= self.target and self.level.max() > 0
        return self.achieved - self.target if self.achieved < self.target or is_higher_than_needed else 0.0

    @property
    def is_missed(self) -> bool:
        return abs(self.off) > TOLERANCE[self.kind]

    def line(self) -> str:
        item = f"{self.law.name:<14} lead {self.lead_time.name:<5} review {self.review}"
        found = f"{self.achieved:.4f} (+-{self.error:.4f}), one less {self.one_less:.4f}, before {self.uncorrected:.4f}"
        levels = f"level {self.level.mean():.1f} from {self.before.mean():.1f}{'  MISSED' if self.is_missed else ''}"
        return f"{item}  {self.rule:<7} Q {self.quantity:>4} {self.kind:<13} {self.target:.2f}: {found}, {levels}"


def cases(
    laws: Sequence[Law], leads: Sequence[LeadTime], reviews: Sequence[int], targets: dict, covers: Sequence[int]
) -> Iterator[Case]:
    for law in laws:
        mean = float((law.pmf @ np.arange(law.pmf.shape[1])).mean())
        for lead in leads:
            for review in reviews:
                for kind, wanted in targets.items():
                    for target in wanted:
                        yield Case(law, lead, review, "R,S", kind, target, 1)
                        for cover in covers:
                            quantity = max(round(mean * cover), 1)
                            yield Case(law, lead, review, "R,s,nQ", kind, target, quantity)
                            yield Case(law, lead, review, "s,S", kind, target, quantity)


def true_forecast(law: Law, lead: LeadTime, review: int) -> tuple[Forecast, ProtectionInterval]:
    """What the engine would say on the evening before each phase, if it knew the law."""
    lengths, chances = lead.law
    totals, phases = law.totals(lengths + review, chances), len(law.pmf)
    pieces = np.arange(totals.shape[1])
    grid = _quantiles(totals, GRID)
    excess = (np.maximum(pieces - grid[:, -1:], 0) * totals).sum(axis=1)
    ahead = (np.arange(phases)[:, None] + np.arange(HORIZON)) % phases
    mean, steps = law.pmf @ np.arange(law.pmf.shape[1]), _quantiles(law.pmf, STEP_LEVELS)
    demand = LeadTimeDemand(totals @ pieces, grid.astype(float), excess)
    forecast = Forecast(np.full(phases, "true"), mean[ahead], steps[ahead].astype(float), demand, {})
    return forecast, ProtectionInterval(np.tile(lengths + review, (phases, 1)), np.tile(chances, (phases, 1)))


def _quantiles(pmf: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    reached = np.cumsum(pmf, axis=1)
    return np.stack([(reached < level - 1e-12).sum(axis=1) for level in levels], axis=1)


def plan(case: Case, forecast: Forecast, interval: ProtectionInterval) -> None:
    """Fill in the levels that the planner gives, before and after its correction."""
    size = len(interval.lengths)
    terms = plan_rows.ItemTerms.of(
        "D", interval, plan_rows.Position.of(size, known=False), review_days=float(case.review), policy=case.rule,
        order_quantity_by_hand=float(case.quantity),
        **{"cycle_service_level" if case.kind == CYCLE else "fill_rate": case.target},
    )  # fmt: skip
    rows = plan_rows.plan(forecast, terms)
    case.before = rows.quantile
    case.level = rows.order_up_to_level if case.rule == "R,S" else rows.reorder_point


def measure(group: Sequence[Case], days: int, replicas: int, seed: int) -> None:
    """Run the cases of one law, lead time and review, each at its level, one piece lower and before its correction."""
    first = group[0]
    rng = np.random.default_rng(seed)
    demand, lead = first.law.draw(rng, days, replicas), first.lead_time.draw(rng, days, replicas)
    levels = np.array([level for case in group for level in (case.level, case.level - 1, case.before)])
    kinds = np.repeat([case.rule for case in group], 3)
    rules = Rules(kinds, levels, np.repeat([case.quantity for case in group], 3))
    found = run(rules, demand, lead, first.review, burn_in=YEAR)
    for at, case in enumerate(group):
        _take(case, found, at * 3)


def _take(case: Case, found: Achieved, at: int) -> None:
    value, error = (found.in_time, found.in_time_error) if case.kind == CYCLE else (found.served, found.served_error)
    case.achieved, case.one_less, case.uncorrected = value[at : at + 3].tolist()
    case.error = float(error[at])


def measured(chosen: Sequence[Case], days: int, replicas: int) -> list[Case]:
    """All cases with what they achieve."""

    def key(case: Case) -> tuple:
        return case.law.name, case.lead_time.name, case.review

    done = []
    for number, (_key, members) in enumerate(groupby(chosen, key)):
        group = list(members)
        forecast, interval = true_forecast(group[0].law, group[0].lead_time, group[0].review)
        for case in group:
            plan(case, forecast, interval)
        measure(group, days, replicas, seed=number)
        done += group
    return done


def table(done: Sequence[Case]) -> Iterator[str]:
    """By kind of target, rule and law: the worst miss in points, and the same before the correction."""
    yield f"{'':<40} {'cases':>6} {'missed':>7} {'lowest':>8} {'highest':>8} {'before: lowest':>15} {'highest':>8}"
    for kind in (CYCLE, FILL):
        for rule in RULES:
            for name in dict.fromkeys(case.law.name for case in done):
                own = [c for c in done if (c.kind, c.rule, c.law.name) == (kind, rule, name)]
                if own:
                    off, before = [100 * c.off for c in own], [100 * (c.uncorrected - c.target) for c in own]
                    missed = sum(c.is_missed for c in own)
                    told = (min(off), max(off), min(before), max(before))
                    yield f"{kind:<14} {rule:<8} {name:<16} {len(own):>6} {missed:>7}" + "".join(
                        f" {value:>+{width}.2f}" for value, width in zip(told, (8, 8, 15, 8), strict=True)
                    )


def small() -> list[Case]:
    laws = (smooth(10), lumpy(0.3, 5))
    return list(cases(laws, (LeadTime(3), LeadTime(3, 13)), (1, 7), {CYCLE: (0.95,), FILL: (0.95,)}, (30,)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--years", type=int, default=12)
    parser.add_argument("--replicas", type=int, default=256)
    told = parser.parse_args()
    chosen, years, replicas = list(cases(LAWS, LEAD_TIMES, REVIEWS, TARGETS, COVERS)), told.years, told.replicas
    if told.small:
        chosen, years, replicas = small(), 4, 128
    started = time.process_time()
    done = measured(chosen, (years + 1) * YEAR + 60, replicas)
    for case in done:
        if told.all or case.is_missed:
            print(case.line())
    print("\n".join(table(done)))
    print(
        f"{len(done)} cases, {sum(c.is_missed for c in done)} missed; largest standard error "
        f"{100 * max(c.error for c in done):.2f} points; {time.process_time() - started:.0f} s of processor"
    )


if __name__ == "__main__":
    main()
