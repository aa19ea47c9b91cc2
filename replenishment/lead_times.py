"""Lead times learned from what arrived and from what has not arrived yet: pure, in whole days.

An order that is still open is not left out, or a supplier who delivers nothing would look as quick as ever: it counts
as censored at its age (Kaplan & Meier 1958). What little is known is drawn toward what is known already, by adding
that distribution as so many pieces of evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LONGEST_DAYS = 365

#: Lengths kept of one distribution; the likeliest neighbours are merged last.
POINTS = 10

#: Deliveries that the declared lead time is worth, and that the supplier's own are worth to one product.
DECLARED_WEIGHT, SUPPLIER_WEIGHT = 3.0, 5.0


@dataclass(frozen=True)
class Distribution:
    """``days`` int [k], ascending; ``chances`` float [k], sum 1."""

    days: np.ndarray
    chances: np.ndarray

    @classmethod
    def sure(cls, days: int) -> Distribution:
        return cls(np.array([days]), np.ones(1))

    @classmethod
    def of(cls, stored: list[list[float]]) -> Distribution:
        table = np.array(stored, float).reshape(-1, 2)
        return cls(table[:, 0].astype(int), table[:, 1] / table[:, 1].sum())  # stored rounded

    def stored(self) -> list[list[float]]:
        """Pairs of days and chance, as JSON holds them."""
        return [[int(days), round(float(chance), 6)] for days, chance in zip(self.days, self.chances, strict=True)]

    @property
    def mean(self) -> float:
        return float(self.days @ self.chances)

    @property
    def std(self) -> float:
        return float(np.sqrt(max(self.days**2 @ self.chances - self.mean**2, 0.0)))

    def shifted(self, days: int) -> Distribution:
        """The same spread, ``days`` later; no shorter than 0."""
        return Distribution(*_summed(np.clip(self.days + days, 0, LONGEST_DAYS), self.chances))


def learn(
    arrived: np.ndarray, arrived_weight: np.ndarray, waiting: np.ndarray, waiting_weight: np.ndarray,
    prior: Distribution, prior_weight: float,
) -> Distribution:  # fmt: skip
    """The distribution of days to arrival, from deliveries (days, weight) and orders that wait (age in days, weight).

    What waits longer than anything ever took is expected the day after.

    >>> none = np.empty(0)
    >>> learn(np.array([5, 9]), np.ones(2), none, none, Distribution.sure(7), 2.0).stored()
    [[5, 0.25], [7, 0.5], [9, 0.25]]
    >>> learn(np.array([5]), np.ones(1), np.array([8]), np.ones(1), Distribution.sure(7), 0.0).stored()
    [[5, 0.5], [9, 0.5]]
    """
    events = np.bincount(
        np.clip(np.concatenate([arrived, prior.days]), 0, LONGEST_DAYS).astype(int),
        np.concatenate([arrived_weight, prior.chances * prior_weight]),
        LONGEST_DAYS + 2,
    )
    held = np.bincount(np.clip(waiting, 0, LONGEST_DAYS).astype(int), waiting_weight, LONGEST_DAYS + 2)
    at_risk = np.cumsum((events + held)[::-1])[::-1]
    hazard = np.divide(events, at_risk, out=np.zeros_like(at_risk), where=at_risk > 1e-12)
    left = np.cumprod(1 - np.minimum(hazard, 1))
    chances = np.concatenate([[1.0], left[:-1]]) - left
    chances[_last_seen(events + held) + 1] += left[-1]
    days = np.flatnonzero(chances > 1e-9)
    return _merged(days, chances[days] / chances[days].sum())


def _last_seen(weight: np.ndarray) -> int:
    return int(np.flatnonzero(weight[: LONGEST_DAYS + 1] > 0)[-1])


def _merged(days: np.ndarray, chances: np.ndarray) -> Distribution:
    """At most POINTS lengths: the least likely pair of neighbours becomes one, at its mean rounded up."""
    days, chances = days.astype(int), chances.astype(float)
    while len(days) > POINTS:
        pair = int(np.argmin(chances[:-1] + chances[1:]))
        weight = chances[pair] + chances[pair + 1]
        days[pair] = np.ceil(days[pair : pair + 2] @ chances[pair : pair + 2] / weight - 1e-9)
        chances[pair] = weight
        days, chances = np.delete(days, pair + 1), np.delete(chances, pair + 1)
    return Distribution(*_summed(days, chances))


def _summed(days: np.ndarray, chances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equal lengths become one."""
    unique, place = np.unique(days, return_inverse=True)
    return unique, np.bincount(place, chances)
