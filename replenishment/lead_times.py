"""Lead times learned from what arrived and from what has not arrived yet: pure, in whole days.

An order that is still open is not left out, or a supplier who delivers nothing would look as quick as ever: it counts
as censored at its age (Kaplan & Meier 1958). What little is known is drawn toward what is known already, by adding
that distribution as so many pieces of evidence: first its mean is drawn, then the shape around that mean, so that a few
deliveries that were all alike do not look as if no other could come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

LONGEST_DAYS = 365

#: Lengths kept of one distribution; the likeliest neighbours are merged last.
POINTS = 10

#: Deliveries that the declared lead time is worth, and that the supplier's own are worth to one product.
DECLARED_WEIGHT, SUPPLIER_WEIGHT = 1.0, 10.0

#: An order confirmed so long ago counts half.
HALF_LIFE_DAYS = 365

#: Spread over mean of a supplier of whom little is known, and the deliveries that this is worth.
USUAL_SPREAD, SPREAD_WEIGHT = 0.3, 3.0

#: Deliveries that the smooth shape around the mean is worth, and how much wider it is made while there are few.
SHAPE_WEIGHT, CAUTION = 10.0, 10.0


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

    def quantile(self, chance: float) -> int:
        """Days within which the goods are there with that chance."""
        reached = self.chances.cumsum() >= chance - 1e-9
        return int(self.days[reached.argmax()] if reached.any() else self.days[-1])


@dataclass(frozen=True)
class Seen:
    """Deliveries (days, weight: 1 is a whole order) and orders that still wait (age in days, weight)."""

    arrived: np.ndarray
    arrived_weight: np.ndarray
    waiting: np.ndarray
    waiting_weight: np.ndarray

    @classmethod
    def of(cls, arrived: Sequence[tuple[float, float]], waiting: Sequence[tuple[float, float]] = ()) -> Seen:
        """From pairs of days and weight."""
        came, waits = (np.array(pairs, float).reshape(-1, 2) for pairs in (arrived, waiting))
        return cls(came[:, 0], came[:, 1], waits[:, 0], waits[:, 1])

    @property
    def deliveries(self) -> float:
        return float(self.arrived_weight.sum())

    def drawn_to(self, prior: Distribution, weight: float) -> Distribution:
        return learn(self.arrived, self.arrived_weight, self.waiting, self.waiting_weight, prior, weight)


def weight_of(age_days: ArrayLike) -> np.ndarray:
    """What an order counts that was confirmed so long ago.

    >>> weight_of([0, 365, 730]).tolist()
    [1.0, 0.5, 0.25]
    """
    return 0.5 ** (np.maximum(np.asarray(age_days, float), 0) / HALF_LIFE_DAYS)


def of_supplier(seen: Seen, declared: Distribution) -> Distribution:
    """What a supplier takes; as it declares until its first delivery, but for orders that wait longer."""
    near = seen.drawn_to(declared, DECLARED_WEIGHT)
    if not seen.deliveries:
        return near
    own, count = seen.drawn_to(declared, 0.0), seen.deliveries
    spread = own.std / max(own.mean, 1.0)
    more = max(count - 1, 0.0)
    variance = (SPREAD_WEIGHT * USUAL_SPREAD**2 + more * spread**2) / (SPREAD_WEIGHT + more)
    return seen.drawn_to(smooth(near.mean, np.sqrt(variance * (count + CAUTION) / count)), SHAPE_WEIGHT)


def of_product(seen: Seen, usual: Distribution) -> Distribution:
    """What one product takes, of whose supplier ``usual`` is known: its shape, moved toward the product's own mean."""
    if not seen.deliveries:
        return seen.drawn_to(usual, SUPPLIER_WEIGHT)
    near = seen.drawn_to(usual, SUPPLIER_WEIGHT)
    return seen.drawn_to(usual.shifted(round(near.mean - usual.mean)), SUPPLIER_WEIGHT)


def smooth(mean: float, spread: float) -> Distribution:
    """A gamma law in whole days with that mean, and ``spread`` times it as its standard deviation.

    >>> law = smooth(12.0, 0.25)
    >>> round(law.mean, 1), round(law.std, 1), law.quantile(0.95)
    (12.0, 3.0, 17)
    """
    if mean <= 0 or spread <= 0:
        return Distribution.sure(round(mean))
    shape = 1 / spread**2
    days = np.arange(min(int(np.ceil(mean * (1 + 6 * spread))), LONGEST_DAYS) + 1)
    chances = np.diff(special.gammainc(shape, np.append(0, days + 0.5) * shape / mean))
    kept = chances > 1e-6
    return Distribution(days[kept], chances[kept] / chances[kept].sum())


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
    return merged(days, chances[days] / chances[days].sum())


def _last_seen(weight: np.ndarray) -> int:
    return int(np.flatnonzero(weight[: LONGEST_DAYS + 1] > 0)[-1])


def merged(days: np.ndarray, chances: np.ndarray) -> Distribution:
    """At most POINTS lengths: the neighbours whose joining costs the least spread become one, at their mean."""
    days, chances = days.astype(float), chances.astype(float)
    while len(days) > POINTS:
        together = chances[:-1] + chances[1:]
        pair = int(np.argmin(chances[:-1] * chances[1:] / together * np.diff(days) ** 2))
        days[pair] = days[pair : pair + 2] @ chances[pair : pair + 2] / together[pair]
        chances[pair] = together[pair]
        days, chances = np.delete(days, pair + 1), np.delete(chances, pair + 1)
    return Distribution(*_summed(np.rint(days).astype(int), chances))


def _summed(days: np.ndarray, chances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equal lengths become one."""
    unique, place = np.unique(days, return_inverse=True)
    return unique, np.bincount(place, chances)
