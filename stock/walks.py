"""The shortest walk through the bins of an order, from the packing table and back to it.

The hall: parallel aisles that one walks along, with a cross-aisle at each end and the table at the front of the first
aisle. Lengths are metres. A matrix of distances is [1 + stops, 1 + stops], 0 the table and 1… the stops in bin order;
a walk names each stop once, without the table.

Sources: 2-opt as in Croes (1958), or-opt as in Or (1976), ants as in Dorigo and Gambardella (1997) with the limits of
Stützle and Hoos (2000), the optimum by Held and Karp (1962). All are deterministic, so that a walk is the same whenever
it is looked at, and bounded by work, not by a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: From the middle of one aisle to the middle of the next.
AISLE_GAP = 4
#: No gain below this counts, so that rounding cannot go round in circles.
HAIR = 1e-9
SWEEPS = 40
LONGEST_SEGMENT = 3

#: With more stops the ants take long for what they gain: 0.6 % at a hundred, 75 ms (bench/walks.py).
MOST_STOPS_FOR_ANTS = 100
ANTS = 16
ROUNDS = 12
EVAPORATION = 0.2
NEARNESS = 3.0


@dataclass(frozen=True)
class Walk:
    """Stops in the order of the walk, how far it is there and back, and by which method it was found."""

    stops: list[int]
    metres: float
    method: str


def hall_distances(aisles: Sequence[int], metres: Sequence[float], *, length: float) -> np.ndarray:
    """Distances in a hall of aisles so long, between the table and stops at (aisle, metres from the front).

    In one aisle one walks straight; to another over the nearer of the two cross-aisles, seen from both ends of the way.

    >>> hall_distances([1, 1, 2], [2, 9, 9], length=10)[0]
    array([ 0.,  2.,  9., 13.])
    >>> hall_distances([1, 1, 2], [2, 9, 9], length=10)[2, 3]  # over the back: 1 + 4 + 1
    np.float64(6.0)
    """
    aisle = np.array([min(aisles, default=1), *aisles], dtype=float)
    deep = np.array([0, *metres], dtype=float)
    front = deep[:, None] + deep[None, :]
    over = np.minimum(front, 2 * length - front) + AISLE_GAP * np.abs(aisle[:, None] - aisle[None, :])
    return np.where(aisle[:, None] == aisle[None, :], np.abs(deep[:, None] - deep[None, :]), over)


def length_of(distances: np.ndarray, walk: Sequence[int]) -> float:
    """From the table through these stops and back to it."""
    tour = np.array([0, *walk, 0])
    return float(distances[tour[:-1], tour[1:]].sum())


def in_bin_order(distances: np.ndarray) -> list[int]:
    """The stops as they are numbered."""
    return list(range(1, len(distances)))


def nearest_neighbour(distances: np.ndarray) -> list[int]:
    """Always on to the nearest stop that is left."""
    left = np.ones(len(distances), dtype=bool)
    left[0] = False
    here, walk = 0, []
    for _step in range(len(distances) - 1):
        here = int(np.where(left, distances[here], np.inf).argmin())
        left[here] = False
        walk.append(here)
    return walk


def improved(distances: np.ndarray, walk: Sequence[int]) -> list[int]:
    """The walk after turning pieces round (2-opt) and moving up to three stops (or-opt) until nothing gains."""
    tour = np.array([0, *walk, 0])
    for _sweep in range(SWEEPS):
        turned = _two_opt(distances, tour)
        tour, moved = _or_opt(distances, tour)
        if not turned and not moved:
            break
    return tour[1:-1].tolist()


def _two_opt(d: np.ndarray, tour: np.ndarray) -> bool:
    """One sweep over all edges, in place; whether anything was turned."""
    is_better = False
    for at in range(len(tour) - 3):
        here, after = tour[at], tour[at + 1]
        ends, beyond = tour[at + 2 : -1], tour[at + 3 :]
        gain = d[here, after] + d[ends, beyond] - d[here, ends] - d[after, beyond]
        best = int(gain.argmax())
        if gain[best] > HAIR:
            tour[at + 1 : at + 3 + best] = tour[at + 1 : at + 3 + best][::-1].copy()
            is_better = True
    return is_better


def _or_opt(d: np.ndarray, tour: np.ndarray) -> tuple[np.ndarray, bool]:
    """One sweep over all short segments; the tour, and whether anything was moved."""
    is_better = False
    for size in range(1, min(LONGEST_SEGMENT, len(tour) - 3) + 1):
        for at in range(1, len(tour) - size):
            segment = tour[at : at + size]
            first, last, before, after = segment[0], segment[-1], tour[at - 1], tour[at + size]
            saved = d[before, first] + d[last, after] - d[before, after]
            if saved <= HAIR:
                continue
            rest = np.concatenate((tour[:at], tour[at + size :]))
            start, end = rest[:-1], rest[1:]
            straight = d[start, first] + d[last, end] - d[start, end]
            turned = d[start, last] + d[first, end] - d[start, end]
            cost = np.minimum(straight, turned)
            best = int(cost.argmin())
            if saved - cost[best] > HAIR:
                piece = segment if straight[best] <= turned[best] else segment[::-1]
                tour = np.concatenate((rest[: best + 1], piece, rest[best + 1 :]))
                is_better = True
    return tour, is_better


def two_opt(distances: np.ndarray) -> list[int]:
    """The better of nearest neighbour and bin order, each improved: never longer than bin order."""
    starts = (nearest_neighbour(distances), in_bin_order(distances))
    return min((improved(distances, walk) for walk in starts), key=lambda walk: length_of(distances, walk))


def ant_colony(distances: np.ndarray, *, seed: int = 0) -> list[int]:
    """Ants walk by nearness and by what others left on the way; the best walk of each round is improved and marked."""
    stops = len(distances) - 1
    if stops < 2:
        return in_bin_order(distances)
    dice = np.random.default_rng(seed)
    nearness = 1 / (distances + 0.5) ** NEARNESS
    scent = np.ones_like(distances)
    best, shortest = in_bin_order(distances), np.inf
    for _round in range(ROUNDS):
        walks = _walked(scent * nearness, dice)
        tours = np.pad(walks, ((0, 0), (1, 1)))
        lengths = distances[tours[:, :-1], tours[:, 1:]].sum(axis=1)
        walk = improved(distances, walks[int(lengths.argmin())])
        metres = length_of(distances, walk)
        if metres < shortest - HAIR:
            best, shortest = walk, metres
        scent *= 1 - EVAPORATION
        tour = np.array([0, *best, 0])
        for start, end in ((tour[:-1], tour[1:]), (tour[1:], tour[:-1])):
            scent[start, end] += EVAPORATION
        np.clip(scent, 1 / (2 * stops), 1, out=scent)
    return best


def _walked(pull: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """One walk of each ant [ants, stops]."""
    ants, stops = np.arange(ANTS), len(pull) - 1
    left = np.ones((ANTS, len(pull)))
    left[:, 0] = 0
    here, walks = np.zeros(ANTS, dtype=int), np.empty((ANTS, stops), dtype=int)
    for step in range(stops):
        chances = (pull[here] * left).cumsum(axis=1)
        drawn = (1 - dice.random(ANTS)) * chances[:, -1]  # above 0, so that no stop is taken twice
        here = (chances < drawn[:, None]).sum(axis=1)
        left[ants, here] = 0
        walks[:, step] = here
    return walks


def best_walk(distances: np.ndarray) -> Walk:
    """The walk that is used: 2-opt's or, where the ants found a shorter one, theirs."""
    walk = two_opt(distances)
    found = Walk(walk, length_of(distances, walk), "two_opt")
    if 2 < len(walk) <= MOST_STOPS_FOR_ANTS:
        other = ant_colony(distances)
        metres = length_of(distances, other)
        if metres < found.metres - HAIR:
            return Walk(other, metres, "ant_colony")
    return found


def shortest_possible(distances: np.ndarray) -> float:
    """The optimum by trying all subsets: for up to a dozen stops. Time and memory grow as 2^stops."""
    stops = len(distances) - 1
    if stops == 0:
        return 0.0
    least = np.full((1 << stops, stops), np.inf)
    for stop in range(stops):
        least[1 << stop, stop] = distances[0, stop + 1]
    between = distances[1:, 1:]
    for visited in range(1, 1 << stops):
        reached = (least[visited][:, None] + between).min(axis=0)
        for stop in range(stops):
            if not visited >> stop & 1:
                wider = visited | 1 << stop
                least[wider, stop] = min(least[wider, stop], reached[stop])
    return float((least[-1] + distances[1:, 0]).min())
