"""With the true law of demand the planner's levels achieve what is asked for, run by a simulator of its own."""

from __future__ import annotations

import numpy as np
import pytest

from bench import policies
from bench.policies import CYCLE, FILL, TOLERANCE, Case, cases, measured
from bench.policy_days import Law, LeadTime, Rules, run

SAMPLING_ERROR = 0.003


def check(done: list[Case], rules: tuple[str, ...]) -> None:
    """Every case of these rules within its tolerance, as told by enough days."""
    chosen = [case for case in done if case.rule in rules]
    assert [case.line() for case in chosen if case.is_missed] == []
    assert max(case.error for case in chosen) < SAMPLING_ERROR


def test_levels_achieve_their_targets_on_a_few_items():
    laws, leads = (policies.smooth(10), policies.lumpy(0.3, 5)), (LeadTime(3, 13),)
    targets = {CYCLE: (0.95,), FILL: (0.95,)}
    chosen = [case for case in cases(laws, leads, (1, 7), targets, (7,)) if case.rule != "s,S"]
    done = measured(chosen, 4 * policies.YEAR, 96)
    check(done, policies.RULES[:2])
    lots = [case for case in done if case.rule == "R,s,nQ"]
    assert len(lots) == 8
    assert min(case.uncorrected - case.target for case in lots) < -0.01  # what the correction is for
    assert max(case.uncorrected - case.target for case in lots) > TOLERANCE[CYCLE]


@pytest.mark.long
def test_levels_achieve_their_targets_on_all_items():
    done = measured(
        list(cases(policies.LAWS, policies.LEAD_TIMES, policies.REVIEWS, policies.TARGETS, policies.COVERS)),
        13 * policies.YEAR + 60, 256,
    )  # fmt: skip
    check(done, policies.RULES[:2])
    min_max = [case for case in done if case.rule == "s,S"]
    assert np.mean([case.is_missed for case in min_max]) < 0.02  # its law is known to the first order only


def test_the_law_of_several_days_is_the_sum_of_its_days():
    law = Law("two kinds of days", np.array([[0.5, 0.5, 0.0], [0.25, 0.0, 0.75]]))
    [first, second] = law.totals(np.array([2]), np.ones(1))[:, :5]
    assert first == pytest.approx([0.125, 0.125, 0.375, 0.375, 0.0], abs=1e-12)
    assert second == pytest.approx(first)
    mixed = law.totals(np.array([1, 2]), np.array([0.5, 0.5]))[0, :3]
    assert mixed == pytest.approx([0.3125, 0.3125, 0.1875], abs=1e-12)
    drawn = law.draw(np.random.default_rng(1), 2, 40_000)
    assert [np.bincount(day, minlength=3)[2] / 40_000 for day in drawn] == pytest.approx([0, 0.75], abs=0.01)


def test_lead_times_are_drawn_by_their_law_and_nothing_overtakes():
    lead = LeadTime(3, 4)
    days, chances = lead.law
    assert (days.tolist(), chances.tolist()) == ([3, 4, 5, 6], [0.4, 0.3, 0.2, 0.1])
    drawn = lead.draw(np.random.default_rng(2), 3000, 40)
    assert (np.diff(np.arange(3000)[:, None] + drawn, axis=0) >= 0).all()
    assert np.bincount(drawn.ravel())[3:] / drawn.size == pytest.approx(chances, abs=0.01)


def test_the_simulator_counts_a_hand_made_week_right():
    """S = 3, two asked for a day, goods after one day: each morning brings back two, and the shelf never misses."""
    demand = np.full((12, 2), 2, np.int32)
    lead = np.ones_like(demand)

    def served(level: int) -> tuple[float, float]:
        rules = Rules(np.array(["R,S"]), np.full((1, 1), level), np.ones(1, int))
        found = run(rules, demand, lead, review=1, burn_in=4)
        return float(found.in_time[0]), float(found.served[0])

    assert served(4) == (1.0, 1.0)  # two on the shelf each morning, two on the way
    assert served(3) == (0.0, 0.5)
    assert served(1) == (0.0, 0.0)
