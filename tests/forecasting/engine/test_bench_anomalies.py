"""The bench of anomalies plants what it says, counts what was found, and shows the ensemble ahead where it is."""

from __future__ import annotations

import numpy as np
import pytest

from bench import anomalies as bench
from bench.anomalies import JUDGES, KINDS, Tally, made_up, mean_recall, measure, own_spread, planted
from forecasting.engine.anomalies import DAYS


@pytest.fixture(scope="module")
def nights():
    return list(made_up(300, 2))


def test_an_anomaly_is_as_large_as_it_says(nights):
    recent, rng = nights[0], np.random.default_rng(1)
    mean, spread = own_spread(recent.past)
    higher, fits = bench.spike(recent, 4, rng)
    assert fits.all() and ((higher - recent.demand).sum(axis=1) == np.ceil(4 * spread)).all()
    emptied, fits = bench.drop(recent, 4, rng)
    days = (emptied[:, ::-1] > 0).argmax(axis=1)
    assert ((mean * days >= 4 * spread * np.sqrt(days) - 1e-9) | ~fits).all() and 0.2 < fits.mean() < 1
    raised, _fits = bench.level(recent, 6, rng, sign=1)
    busy = mean > 5
    assert (raised[busy, -7:].sum(axis=1) > recent.demand[busy, -7:].sum(axis=1)).mean() > 0.95


def test_one_series_in_a_hundred_gets_each_kind_and_the_others_stay(nights):
    demand, label = planted(nights[0], 6, np.random.default_rng(0))
    assert np.bincount(label[label >= 0]).tolist() == [3] * len(KINDS)
    assert (demand[label < 0] == nights[0].demand[label < 0]).all()


def test_recall_and_precision_are_of_what_was_planted_and_of_what_alarmed():
    tally, chosen = Tally(), np.array([True, True, False, False, False])
    clean = np.array([False, False, True, True, False])  # the last one got another kind
    alarm = np.array([True, False, True, False, True])
    tally.add(chosen, clean, dict.fromkeys(JUDGES, alarm), chosen)
    assert tally.rates("forest") == (0.5, 0.5) and (tally.planted, tally.named) == (2, 1)


def test_at_as_many_alarms_the_ensemble_finds_more_than_the_forest_or_the_residual(nights):
    tallies, new, share = measure(nights, sizes=(4, 6))
    recall = {judge: mean_recall(tallies, judge) for judge in JUDGES}
    assert recall["ensemble"] > max(recall["forest"], recall["residual"]) and recall["ensemble"] > 0.5
    assert share < 0.01 and new["ensemble"] < 5
    assert nights[0].demand.shape[1] == DAYS


@pytest.mark.long
def test_the_made_up_shop_at_full_size():
    recall = bench.show("made-up demand", list(made_up(1_000, 14)))
    assert recall["ensemble"] > 1.1 * max(recall["forest"], recall["residual"])
