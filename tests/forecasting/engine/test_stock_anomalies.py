"""Losses beyond what is usual, and shelves that nothing leaves."""

from __future__ import annotations

import numpy as np

from forecasting.engine import stock_anomalies as stock
from forecasting.engine.stock_anomalies import DRIFT_THRESHOLD, FROZEN_THRESHOLD, LOSS_THRESHOLD, Corrections

ITEMS = 40


def usual(**planted: list[tuple[int, int]]) -> Corrections:
    """Forty items, each with a piece lost half a year ago and one found since; ``item_3=[(days_ago, pieces)]``."""
    rows = [(item, quantity, days) for item in range(ITEMS) for quantity, days in ((-1, 200 + item), (1, 20 + item))]
    rows += [(int(name.split("_")[1]), pieces, days) for name, told in planted.items() for days, pieces in told]
    told = np.array(rows)
    sent = np.tile([100.0, 400.0], (ITEMS, 1))
    return Corrections(told[:, 0], told[:, 1], told[:, 2], sent)


def flagged(losses: stock.Losses, threshold: float) -> list[int]:
    return np.flatnonzero(losses.score >= threshold).tolist()


def test_losses_that_come_again_and_again_are_shrinkage():
    found = stock.shrinkage(usual(item_3=[(60, -6), (30, -5), (5, -7)]))
    assert flagged(found, LOSS_THRESHOLD) == [3]
    assert (found.seen[3], found.number[3], found.told[3], found.since[3]) == (17, 3, 4, 60)
    assert found.expected[3] < 2


def test_one_breakage_is_none_and_what_was_found_again_was_not_lost():
    assert flagged(stock.shrinkage(usual(item_3=[(30, -18)])), LOSS_THRESHOLD) == []
    assert flagged(stock.shrinkage(usual(item_3=[(60, -6), (30, -6), (5, 12)])), LOSS_THRESHOLD) == []


def test_an_item_that_always_broke_is_no_news():
    before = [(100 + 20 * n, -6) for n in range(10)]
    assert flagged(stock.shrinkage(usual(item_3=[*before, (60, -6), (30, -5), (5, -7)])), LOSS_THRESHOLD) == []


def test_corrections_that_nearly_all_point_down_are_a_drift():
    found = stock.drift(usual(item_3=[(22 * n + 5, -1) for n in range(16)]))
    assert flagged(found, DRIFT_THRESHOLD) == [3]
    balanced = [(22 * n + 5, (-1) ** n) for n in range(16)]
    assert flagged(stock.drift(usual(item_3=balanced)), DRIFT_THRESHOLD) == []


def test_a_shelf_is_frozen_where_a_busy_item_with_stock_is_silent():
    expected, days = np.array([30.0, 30.0, 30.0, 0.5, 30.0]), np.array([20, 20, 3, 20, 20])
    on_hand, ratio = np.array([5, 0, 5, 5, 5]), np.array([1.5, 1.5, 1.5, 1.5, 60.0])
    score = stock.frozen(expected, ratio, days, on_hand)
    assert (score >= FROZEN_THRESHOLD).tolist() == [True, False, False, False, False]
