"""Walks through the bins: never longer than bin order, close to the optimum, the same each time."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from bench import walks as bench
from stock import walks


def random_hall(stops: int, seed: int, aisles: int = 8, length: int = 20) -> np.ndarray:
    dice = random.Random(seed)
    places = sorted((dice.randrange(aisles), dice.randrange(length)) for _ in range(stops))
    return walks.hall_distances([aisle for aisle, _at in places], [at for _aisle, at in places], length=length)


def test_one_walks_along_aisles_and_over_the_nearer_cross_aisle():
    distances = walks.hall_distances([3, 3, 4], [2, 18, 17], length=20)
    assert distances[0].tolist() == [0, 2, 18, walks.AISLE_GAP + 17]
    assert distances[1, 2] == 16
    assert distances[2, 3] == 2 + walks.AISLE_GAP + 3
    assert distances[1, 3] == 2 + walks.AISLE_GAP + 17
    assert (distances == distances.T).all()


@pytest.mark.parametrize("stops", [0, 1, 2])
def test_walks_of_hardly_any_stops(stops):
    distances = random_hall(stops, seed=1)
    walk = walks.best_walk(distances)
    assert sorted(walk.stops) == list(range(1, stops + 1))
    assert walk.metres == walks.shortest_possible(distances) == walks.length_of(distances, walk.stops)


def test_the_optimum_is_that_of_all_orders_tried():
    distances = random_hall(6, seed=5)
    tried = min(walks.length_of(distances, order) for order in itertools.permutations(range(1, 7)))
    assert walks.shortest_possible(distances) == tried


@pytest.mark.parametrize("seed", range(6))
def test_every_method_visits_each_stop_once_and_no_improvement_makes_a_walk_longer(seed):
    distances = random_hall(25, seed)
    plain = walks.length_of(distances, walks.in_bin_order(distances))
    for method in (walks.nearest_neighbour, walks.two_opt, walks.ant_colony):
        assert sorted(method(distances)) == list(range(1, 26))
    start = walks.nearest_neighbour(distances)
    assert walks.length_of(distances, walks.improved(distances, start)) <= walks.length_of(distances, start)
    assert walks.best_walk(distances).metres <= plain


def test_a_walk_is_the_same_each_time():
    assert walks.best_walk(random_hall(30, seed=3)) == walks.best_walk(random_hall(30, seed=3))


def test_bins_at_the_same_spot_are_one_way():
    distances = walks.hall_distances([2] * 5, [7] * 5, length=10)
    assert walks.best_walk(distances).metres == 14


def assert_good(found: dict[str, dict[str, bench.Measured]]) -> None:
    """In each hall not longer than either method or bin order, and near the optimum; in all together well below."""
    metres = {hall: {name: float(np.mean(row.metres)) for name, row in rows.items()} for hall, rows in found.items()}
    for hall, rows in metres.items():
        assert rows["in use"] <= min(rows["2-opt, or-opt"], rows["ant colony"], rows["bin order"]) + 1e-6, hall
        assert float(np.mean(found[hall]["in use"].over)) <= 0.002, hall
    assert sum(rows["in use"] for rows in metres.values()) < 0.9 * sum(rows["bin order"] for rows in metres.values())


def test_a_few_orders_of_each_hall_are_walked_well():
    assert_good(bench.measured(orders=6))


@pytest.mark.long
def test_five_hundred_orders_of_each_hall_are_walked_well():
    assert_good(bench.measured(orders=500))
