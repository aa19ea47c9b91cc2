"""Ordering rules run day by day on demand of a known law: what they achieve, told by nothing but counting.

Shares no code with the planner. All cases of one call see the same demand and the same lead times (common random
numbers), so that what differs between them is the rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Law:
    """Demand of a day, independent from day to day: ``pmf`` [phases, pieces], the phases in turn."""

    name: str
    pmf: np.ndarray

    def draw(self, rng: np.random.Generator, days: int, replicas: int) -> np.ndarray:
        """Pieces [days, replicas]; day 0 is of phase 0."""
        cumulated, u = np.cumsum(self.pmf, axis=1), rng.random((days, replicas))
        drawn = np.empty((days, replicas), np.int32)
        for phase in range(len(self.pmf)):
            drawn[phase :: len(self.pmf)] = np.searchsorted(cumulated[phase], u[phase :: len(self.pmf)], side="right")
        return np.minimum(drawn, self.pmf.shape[1] - 1)

    def totals(self, lengths: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The exact law of demand over a random number of days from each phase on [phases, pieces], by convolution."""
        phases, longest = len(self.pmf), int(lengths.max())
        mean = (self.pmf @ np.arange(self.pmf.shape[1])).mean()
        size = 1 << int(np.ceil(np.log2(4 * mean * longest + 8 * self.pmf.shape[1])))
        waves = np.fft.rfft(self.pmf, size, axis=1)
        days = np.log(np.where(waves == 0, 1e-300, waves))
        summed = np.concatenate(
            [np.zeros((1, days.shape[1])), np.cumsum(days[np.arange(phases + longest) % phases], 0)]
        )
        mixed = sum(w * np.exp(summed[n : n + phases] - summed[:phases]) for n, w in zip(lengths, weights, strict=True))
        found = np.maximum(np.fft.irfft(mixed, size, axis=1), 0)
        return found / found.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class LeadTime:
    """Days from an order to its goods: ``first`` and then those until the next lorry, which come at random gaps of 1
    to ``gap`` days. So nothing overtakes, and the law of the lead time is known exactly."""

    first: int
    gap: int = 1

    @property
    def name(self) -> str:
        return f"{self.first}" if self.gap == 1 else f"{self.first}-{self.first + self.gap - 1}"

    @property
    def law(self) -> tuple[np.ndarray, np.ndarray]:
        """Days and their chances: in a renewal process the rest of a gap is k with a chance of P(gap > k) / E[gap]."""
        rest = np.arange(self.gap)
        chance = (self.gap - rest) / self.gap
        return self.first + rest, chance / chance.sum()

    def draw(self, rng: np.random.Generator, days: int, replicas: int) -> np.ndarray:
        """Days [days, replicas] that what is ordered on the evening of each day takes."""
        if self.gap == 1:
            return np.full((days, replicas), self.first, np.int32)
        lead = np.empty((days, replicas), np.int32)
        rest = rng.choice(self.gap, replicas, p=self.law[1])
        for day in range(days):
            lead[day] = self.first + rest
            rest = np.where(rest == 0, rng.integers(1, self.gap + 1, replicas) - 1, rest - 1)
        return lead


@dataclass(frozen=True)
class Rules:
    """``kind`` str [cases] "R,S", "R,s,nQ" or "s,S"; ``level`` int [cases, phases], S or s; ``quantity`` [cases]."""

    kind: np.ndarray
    level: np.ndarray
    quantity: np.ndarray


@dataclass(frozen=True)
class Achieved:
    """Arrays [cases]: of what reviews order, the share that comes before the shelf is empty (under (R,S) of all
    reviews), and the share of demand that the shelf serves; ``…_error`` are standard errors over the replicas."""

    in_time: np.ndarray
    in_time_error: np.ndarray
    served: np.ndarray
    served_error: np.ndarray


def run(rules: Rules, demand: np.ndarray, lead: np.ndarray, review: int, burn_in: int) -> Achieved:
    """Goods that are due come in the morning, demand is asked for by day, what is missing is owed; a review comes at
    the end of every ``review``-th day."""
    days, replicas = demand.shape
    phases, shape = rules.level.shape[1], (len(rules.kind), replicas)
    longest = int(lead.max())
    total = np.concatenate([np.zeros((1, replicas), np.int64), np.cumsum(demand, axis=0, dtype=np.int64)])
    at = np.arange(replicas)
    up_to, to_level = (rules.kind == name for name in ("R,S", "s,S"))
    quantity, up_to_, to_level_ = rules.quantity[:, None], up_to[:, None], to_level[:, None]
    position = np.broadcast_to(rules.level[:, :1] + np.where(up_to_, 0, quantity), shape).astype(np.int64)
    net, due = position.copy(), np.zeros((longest + 2, *shape), np.int64)
    sums = np.zeros((3, *shape))  # reviews, of them in time, pieces missed
    for day in range(days - longest - 1):
        net += due[day % len(due)]
        due[day % len(due)] = 0
        asked = demand[day]
        net, position = net - asked, position - asked
        if day >= burn_in:
            sums[2] += np.clip(-net, 0, asked)
        if (day + 1) % review:
            continue
        level = rules.level[:, (day + 1) % phases][:, None]
        counted = up_to_ | (position <= level)
        if day >= burn_in:
            until = total[day + 1 + lead[day], at] - total[day + 1]
            sums[0] += counted
            sums[1] += counted & (until <= position)
        lots = (np.maximum(level - position, 0) // quantity + 1) * quantity
        order = np.where(up_to_ | to_level_, np.maximum(level + np.where(up_to_, 0, quantity) - position, 0), lots)
        order = np.where(counted, order, 0)
        due[(day + 1 + lead[day]) % len(due), :, at] += order.T
        position = position + order
    asked = (total[days - longest - 1] - total[burn_in]).astype(float)
    return Achieved(*_ratio(sums[1], sums[0]), *_ratio(asked - sums[2], np.broadcast_to(asked, shape)))


def _ratio(part: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum over sum of the replicas [cases], and its standard error."""
    ratio = part.sum(axis=1) / np.maximum(whole.sum(axis=1), 1)
    off = part - ratio[:, None] * whole
    error = off.std(axis=1, ddof=1) * np.sqrt(part.shape[1]) / np.maximum(whole.sum(axis=1), 1)
    return ratio, error
