"""An uncertain lead time becomes whole buckets that keep its mean and nearly its spread."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from replenishment import protection
from replenishment.protection import mean_length, protection_interval


def test_its_doctest_holds():
    assert doctest.testmod(protection).failed == 0


def test_a_sure_whole_lead_time_is_one_length():
    interval = protection_interval(np.array([14.0, 3]), np.zeros(2), np.array([0.0, 7]))
    assert interval.lengths.tolist() == [[14], [10]] and interval.weights.tolist() == [[1], [1]]


def test_what_is_shorter_than_a_bucket_counts_as_one():
    interval = protection_interval(np.array([0.0, 0.4]), np.zeros(2), np.zeros(2))
    assert mean_length(interval).tolist() == [1, 1]


@pytest.mark.parametrize(("lead", "std", "review"), [(14, 4, 1), (5, 5, 7), (40, 20, 1), (2.5, 0.3, 0.5)])
def test_an_uncertain_lead_time_keeps_mean_and_deviation(lead, std, review):
    interval = protection_interval(*(np.array([float(x)]) for x in (lead, std, review)))
    mean = mean_length(interval)[0]
    deviation = np.sqrt((interval.weights * (interval.lengths - mean) ** 2).sum())
    assert interval.weights.sum() == pytest.approx(1) and interval.lengths.min() >= 1
    assert mean == pytest.approx(lead + review, rel=0.01)
    assert deviation == pytest.approx(np.hypot(std, 0.3), rel=0.1, abs=0.3)


def test_a_sure_item_beside_an_uncertain_one_gets_no_longer_length():
    interval = protection_interval(np.array([14.0, 30]), np.array([0.0, 10]), np.ones(2))
    assert interval.lengths[0].max() == 15 and mean_length(interval)[0] == 15
