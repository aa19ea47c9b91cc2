"""The genetic search finds the Pareto front that counting every joint policy gives."""

from __future__ import annotations

import random

import numpy as np
import pytest

from forecasting.engine.panel import GRID, LeadTimeDemand
from replenishment.optimise.errors import BadRow
from replenishment.optimise.policies import Choice, Shop, every_joint_policy, pareto_front, simulated
from tests.replenishment.forecasts import poisson, true_forecast

CHOICES = [Choice(level, review) for level in (0.6, 0.9, 0.99) for review in (1, 3)]


def shop(seed: int, groups: int = 2, days: int = 40) -> Shop:
    rng = np.random.default_rng(seed)
    size, mean = 2 * groups, rng.uniform(0.5, 6, 2 * groups)
    quantiles = np.sort(rng.poisson(5 * mean[:, None], (size, len(GRID))), axis=1).astype(float)
    return Shop(
        rng.poisson(mean[:, None], (size, days)), LeadTimeDemand(5 * mean, quantiles, np.zeros(size)),
        np.full(size, 5.0), rng.integers(1, 5, size), rng.uniform(1, 9, size), np.arange(size) % groups,
        rng.integers(0, 2, size), np.ones(size, int), rng.integers(1, 3, size),
    )  # fmt: skip


def front(policies: list) -> list[tuple]:
    """The goals that none surpasses."""
    goals = np.unique([policy.goals for policy in policies], axis=0)
    beaten = [((goals <= one).all(axis=1) & (goals < one).any(axis=1)).any() for one in goals]
    return [tuple(one) for one in goals[~np.array(beaten)]]


@pytest.mark.parametrize("cases", [5, pytest.param(200, marks=pytest.mark.long)])
def test_the_front_is_that_of_all_joint_policies(cases):
    for seed in range(cases):
        found = pareto_front(shop(seed), CHOICES, generations=15, population=24)
        true = front(list(every_joint_policy(shop(seed), CHOICES)))
        assert [policy.goals for policy in found] == [pytest.approx(one) for one in true], seed


def test_the_same_seed_gives_the_same_front_and_leaves_the_random_numbers_of_others_alone():
    random.seed(42)
    expected = random.random()
    random.seed(42)
    one = pareto_front(shop(1, 5), CHOICES, generations=3, seed=7)
    assert random.random() == expected
    assert one == pareto_front(shop(1, 5), CHOICES, generations=3, seed=7)


def test_no_policy_that_treats_all_classes_alike_beats_the_front():
    many = shop(2, 6)
    found = pareto_front(many, CHOICES, generations=5)
    for policy in every_joint_policy(Shop(**{**vars(many), "group": np.zeros(12, int)}), CHOICES):
        goals = np.array(policy.goals)
        assert not any((goals <= p.goals).all() and (goals < np.array(p.goals) - 1e-9).any() for p in found)


def test_a_simulated_policy_serves_what_it_promises():
    law = true_forecast([poisson(4)], 7, 20_000).lead_time_demand
    demand = np.random.default_rng(3).poisson(4, (1, 4_000))
    one = Shop(
        demand, law, np.array([7.0]), np.array([4]), np.array([2.0]), *(np.array([x]) for x in (0, 0, 1, 1)), 100
    )
    tight, ample = (simulated(one, np.array([0]), Choice(level, 3)) for level in (0.5, 0.999))
    asked = demand[:, 100:].sum()
    assert tight.served / asked < 0.97 and ample.served / asked > 0.999
    assert ample.value > tight.value and not ample.ordered[:, :100].any()


def test_items_of_one_supplier_share_the_order_of_a_day():
    alike = shop(5, 2)
    alike = Shop(**{**vars(alike), "supplier": np.zeros(4, int)})
    policy = next(p for p in every_joint_policy(alike, [Choice(0.9, 3)]))
    assert policy.orders <= np.ceil(40 / 3)


def test_rows_and_choices_that_make_no_sense_are_refused():
    broken = Shop(**{**vars(shop(0)), "pack_size": np.array([1, 0, 1, 1])})
    with pytest.raises(BadRow, match="row 1: pack_size is 0"):
        pareto_front(broken, CHOICES)
    with pytest.raises(BadRow, match="cycle_service_level is 1"):
        pareto_front(shop(0), [Choice(1.0, 3)])


def test_a_shop_that_sells_nothing_holds_nothing():
    nothing = LeadTimeDemand(np.zeros(4), np.zeros((4, len(GRID))), np.zeros(4))
    idle = Shop(**{**vars(shop(0)), "demand": np.zeros((4, 40), int), "law": nothing})
    (policy,) = pareto_front(idle, CHOICES, generations=2)
    assert (policy.stock_value, policy.fill_rate, policy.orders) == (0, 0, 0)
