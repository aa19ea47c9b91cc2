"""Lead times from receipts whose true law is known: the error shrinks, and the quantiles hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from replenishment.lead_times import POINTS, Distribution, Seen, learn, merged, of_product, of_supplier, smooth

NONE = np.empty(0)
CHANCES = np.array([0.5, 0.8, 0.9, 0.95])
DECLARED = 10


def gamma(mean: float, spread: float):
    return lambda rng, count: rng.gamma(1 / spread**2, mean * spread**2, count)


def sometimes_late(rng, count):
    """Nine of ten after 14 days, give or take two; one of ten needs up to a month more."""
    return rng.normal(14, 2, count) + (rng.random(count) < 0.1) * rng.uniform(10, 30, count)


LAWS = {
    "steady": gamma(7, 0.1), "usual": gamma(14, 0.3), "wild": gamma(25, 0.6), "sometimes late": sometimes_late,
}  # fmt: skip


def recovered(law, receipts: int, repetitions: int) -> tuple[float, np.ndarray]:
    """Error of the mean as a share of it, and the share of later deliveries within each quantile [chances]."""
    rng = np.random.default_rng(7)
    true = np.maximum(np.rint(law(rng, 20_000)), 0)
    errors, within = [], []
    for _ in range(repetitions):
        came = np.maximum(np.rint(law(rng, receipts)), 0)
        found = of_supplier(Seen.of([(days, 1.0) for days in came]), Distribution.sure(DECLARED))
        errors.append(abs(found.mean - true.mean()) / true.mean())
        within.append([(true <= found.quantile(chance)).mean() for chance in CHANCES])
    return float(np.mean(errors)), np.mean(within, axis=0)


@pytest.mark.parametrize("name", LAWS)
def test_known_delays_are_recovered_from_5_20_and_100_receipts(name):
    check(name, repetitions=60)


@pytest.mark.long
@pytest.mark.parametrize("name", LAWS)
def test_known_delays_are_recovered_over_many_histories(name):
    check(name, repetitions=1000)


def check(name: str, repetitions: int) -> None:
    few, some, many = (recovered(LAWS[name], receipts, repetitions) for receipts in (5, 20, 100))
    assert few[0] > some[0] > many[0], "the error shrinks"
    assert few[0] < 0.25 and some[0] < 0.13 and many[0] < 0.08
    for (_error, within), tolerance in ((few, 0.1), (some, 0.04), (many, 0.03)):
        assert (within[1:] >= CHANCES[1:] - tolerance).all(), f"{name}: {within}"
    assert many[1][3] <= 0.985, "and are not simply far too wide"


def test_without_a_prior_few_receipts_promise_too_much():
    """The control: the receipts' own 95 % quantile holds far less of what comes later than the learned one."""
    rng, naive = np.random.default_rng(7), []
    true = LAWS["usual"](rng, 20_000)
    for _ in range(200):
        naive.append((np.rint(true) <= np.quantile(np.rint(LAWS["usual"](rng, 5)), 0.95, method="higher")).mean())
    assert np.mean(naive) < 0.86 < 0.9 < recovered(LAWS["usual"], 5, 60)[1][3]


def test_a_product_that_is_unlike_its_supplier_is_recovered_too():
    usual = of_supplier(Seen.of([(days, 1.0) for days in (5, 6, 7, 8, 9) * 8]), Distribution.sure(7))
    means = [
        of_product(Seen.of([(days, 1.0) for days in (18, 20, 22, 20) * times]), usual).mean for times in (1, 5, 25)
    ]
    assert 9 < means[0] < means[1] < means[2] < 20.5
    assert means[2] > 19
    assert of_product(Seen.of([]), usual).stored() == usual.stored()


def test_orders_that_wait_make_what_is_learned_longer():
    came = [(days, 1.0) for days in (6, 7, 8) * 5]
    without = of_supplier(Seen.of(came), Distribution.sure(7))
    waits = of_supplier(Seen.of(came, [(25, 1.0)] * 5), Distribution.sure(7))
    assert waits.mean > without.mean + 2
    assert waits.quantile(0.95) > 25 > without.quantile(0.95)


def test_a_declared_lead_time_of_0_is_no_error():
    assert of_supplier(Seen.of([]), Distribution.sure(0)).stored() == [[0, 1.0]]
    same_day = of_supplier(Seen.of([(0, 1.0)] * 8), Distribution.sure(0))
    assert same_day.mean == 0
    found = of_supplier(Seen.of([(3, 1.0)] * 8), Distribution.sure(0))
    assert 2 < found.mean < 4


def test_a_long_spread_is_kept_in_few_points_and_keeps_mean_and_spread():
    days = np.arange(1, 61)
    found = learn(days, np.ones(60), NONE, NONE, Distribution.sure(30), 0.0)
    assert len(found.days) == POINTS
    assert found.chances.sum() == pytest.approx(1)
    assert found.mean == pytest.approx(30.5, abs=0.3)
    assert found.std == pytest.approx(days.std(), rel=0.03)
    again = Distribution.of(found.stored())
    assert again.chances.sum() == pytest.approx(1, abs=1e-12)


def test_the_tail_is_not_merged_away():
    law = smooth(20, 0.3)
    few = merged(law.days, law.chances)
    assert len(few.days) == POINTS
    assert [few.quantile(chance) for chance in (0.5, 0.95)] == pytest.approx(
        [law.quantile(chance) for chance in (0.5, 0.95)], abs=2
    )
