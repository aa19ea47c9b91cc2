"""Anomalies of demand, planted in counts whose chances are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecasting.engine import anomalies
from forecasting.engine.anomalies import DAYS, KINDS, PAST_DAYS, THRESHOLD, Recent, judge

SERIES = 300


def recent(rate: np.ndarray, seed: int = 0) -> Recent:
    """Poisson demand that is forecast exactly."""
    rng = np.random.default_rng(seed)
    shape = (len(rate), DAYS + PAST_DAYS)
    demand = rng.poisson(np.broadcast_to(rate[:, None], shape)).astype(float)
    mean = np.tile(rate[:, None], (1, DAYS))
    return Recent(demand[:, PAST_DAYS:], mean, mean.copy(), np.ones((len(rate), DAYS), bool), demand[:, :PAST_DAYS])


@pytest.fixture(scope="module")
def shop() -> Recent:
    return recent(np.geomspace(0.05, 30, SERIES))


def changed(shop: Recent, row: int, days: slice, values) -> anomalies.Judged:
    demand = shop.demand.copy()
    demand[row, days] = values
    return judge(replace(shop, demand=demand))


BUSY, SLOW = 200, 20  # 3.6 a day, 0.08 a day


def test_hardly_anything_is_odd_where_nothing_is_planted(shop):
    flagged = [(judge(recent(np.geomspace(0.05, 30, SERIES), seed)).score >= THRESHOLD).sum() for seed in range(5)]
    assert sum(flagged) <= 5  # of 1,500 months


@pytest.mark.parametrize(
    ("kind", "days", "values", "first"),
    [
        ("spike", slice(20, 21), 30, 20),
        ("drop", slice(18, DAYS), 0, 18),
        ("level_up", slice(14, DAYS), 10, 14),
        ("level_down", slice(7, DAYS), [1, 0, 1] * 7, 7),
        ("drift_up", slice(0, DAYS), np.round(3.6 + np.arange(DAYS) * 0.4), 0),
    ],
)
def test_a_planted_anomaly_is_found_named_and_dated(shop, kind, days, values, first):
    found = changed(shop, BUSY, days, values)
    assert found.score[BUSY] >= THRESHOLD and KINDS[found.kind[BUSY]] == kind
    assert abs(found.first[BUSY] - first) <= 2
    within = slice(found.first[BUSY], found.last[BUSY] + 1)
    assert found.expected[BUSY] == pytest.approx(shop.expected[BUSY, within].sum())


def test_two_pieces_of_what_sells_now_and_then_are_no_anomaly(shop):
    assert changed(shop, SLOW, slice(25, 26), 2).score[SLOW] < THRESHOLD
    assert changed(shop, SLOW, slice(25, 26), 40).score[SLOW] >= THRESHOLD


def test_days_that_do_not_count_are_never_odd(shop):
    demand, seen = shop.demand.copy(), shop.seen.copy()
    demand[BUSY, 15:], seen[BUSY, 15:] = 0, False  # the shelf was empty
    assert judge(replace(shop, demand=demand, seen=seen)).score[BUSY] < THRESHOLD
    assert judge(replace(shop, demand=demand)).score[BUSY] >= THRESHOLD


def test_what_all_series_have_in_common_is_nobodys_anomaly(shop):
    busy = judge(replace(shop, demand=np.round(shop.demand * 1.5)))
    assert (busy.score >= THRESHOLD).mean() < 0.02


def test_a_series_that_was_always_wild_is_judged_by_its_own_past(shop):
    past = shop.past.copy()
    past[BUSY, ::9] = 30
    assert judge(replace(shop, past=past)).score[BUSY] < THRESHOLD
    demand = shop.demand.copy()
    demand[BUSY, 20] = 30
    assert judge(replace(shop, demand=demand, past=past)).score[BUSY] < THRESHOLD


def test_the_same_seed_judges_the_same(shop):
    first, second = judge(shop, seed=3), judge(shop, seed=3)
    assert (first.score == second.score).all() and (first.kind == second.kind).all()


def test_few_series_or_none_are_judged_too(shop):
    few = Recent(*(getattr(shop, name)[:3] for name in ("demand", "expected", "variance", "seen", "past")))
    assert (judge(few).score < THRESHOLD).all() and (judge(few).forest == 0).all()
    none = Recent(*(getattr(shop, name)[:0] for name in ("demand", "expected", "variance", "seen", "past")))
    assert len(judge(none).score) == 0
