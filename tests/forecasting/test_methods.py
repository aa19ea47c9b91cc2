"""One contract for every registered method."""

from __future__ import annotations

import doctest
from datetime import date

import numpy as np
import pytest

from forecasting import methods
from forecasting.engine.panel import STEP_LEVELS, Panel
from forecasting.methods import base
from forecasting.methods.one_by_one import OneByOne
from forecasting.methods.recurrent import Recurrent

NAN = np.nan
LAST_ON = {"D": date(2024, 3, 3), "W": date(2024, 2, 26), "M": date(2024, 3, 1)}
AWKWARD = {
    "no history": [[]],
    "one bucket": [[3.0]],
    "two buckets": [[0.0, 2.0]],
    "all zeros": [[0.0] * 30],
    "nothing observed": [[NAN] * 30],
    "one bucket observed": [[NAN] * 29 + [4.0]],
    "constant": [[5.0] * 40],
    "huge": [[0.0, 1e9] * 20],
    "a single bulk order": [[0.0] * 50 + [1000.0] + [0.0] * 9],
    "ten years": [np.arange(3652) % 7 + 1.0],
    "more came back than was sold": [[4.0, -3.0, 0.0, 5.0, -1.0, -2.0] * 40],
    "gaps": [[1.0, NAN, 3.0, NAN, NAN, 2.0] * 10],
    "many": np.random.default_rng(9).poisson(2.0, (5, 70)).astype(float),
    "many, of which one is huge, one is shut and one is new": np.concatenate(
        [
            np.full((1, 70), 1e9) * (np.arange(70) % 3),
            np.zeros((1, 70)),
            np.full((1, 70), NAN),
            np.ones((4, 70)).cumsum(1),
        ]
    ),
}


def some_demand(series: int = 6, buckets: int = 120, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    demand = rng.poisson(rng.gamma(1.0, 3.0, (series, 1)), (series, buckets)).astype(float)
    demand[0, :40] = NAN
    return demand


def panel_of(demand, freq: str = "D", **known) -> Panel:
    return Panel(np.asarray(demand, float), freq, LAST_ON[freq], known)


def named(name: str):
    """The name as a parameter; one model a series takes too long for the short tests, which have no torch either."""
    slow = issubclass(methods.REGISTRY[name], OneByOne | Recurrent)
    return pytest.param(name, marks=pytest.mark.long) if slow else name


@pytest.fixture(params=[named(name) for name in sorted(methods.REGISTRY)])
def method(request):
    return methods.REGISTRY[request.param]


def test_a_method_is_registered_under_its_own_name(method):
    assert methods.REGISTRY[method.name] is method


def test_a_name_cannot_be_taken_twice(method):
    with pytest.raises(ValueError, match=f"method {method.name} is registered twice"):
        base.register(method)


@pytest.mark.parametrize("freq", ["D", "W", "M"])
def test_predictions_have_the_promised_shape_and_order(method, freq):
    found = method().fit(panel_of(some_demand(), freq)).predict(9)
    assert found.mean.shape == (6, 9)
    assert found.quantiles.shape == (6, 9, len(STEP_LEVELS))
    assert (found.mean >= 0).all()
    assert (found.quantiles >= 0).all()
    assert (np.diff(found.quantiles, axis=2) >= 0).all()


@pytest.mark.parametrize("freq", ["D", "W", "M"])
@pytest.mark.parametrize("case", sorted(AWKWARD))
def test_awkward_histories_get_finite_answers_of_sane_size(method, freq, case):
    demand = np.array(AWKWARD[case])
    found = method().fit(panel_of(demand, freq)).predict(5)
    largest = np.nanmax(np.append(demand, 0.0))
    assert np.isfinite(found.mean).all()
    assert np.isfinite(found.quantiles).all()
    assert found.mean.max() <= 2 * largest


@pytest.mark.parametrize("freq", ["D", "W", "M"])
def test_a_horizon_beyond_a_year_stays_finite_and_of_sane_size(method, freq):
    demand = some_demand(buckets=80)
    found = method().fit(panel_of(demand, freq)).predict(400)
    assert np.isfinite(found.quantiles).all()
    assert (np.diff(found.quantiles, axis=2) >= 0).all()
    assert (found.mean.max(axis=1) <= 2 * np.nanmax(demand, axis=1)).all()


def test_the_same_demand_gives_the_same_bytes(method):
    demand = some_demand()
    first, second = (method().fit(panel_of(demand)).predict(3) for _ in range(2))
    assert first.mean.tobytes() == second.mean.tobytes()
    assert first.quantiles.tobytes() == second.quantiles.tobytes()


def test_a_window_is_asked_for_as_one(method):
    fitted = method().fit(panel_of(some_demand()))
    found = fitted.summed(9)
    assert found.mean.shape == (6,)
    assert found.quantiles.shape == (6, len(STEP_LEVELS))
    steps = fitted.predict(9).mean.sum(axis=1)
    assert found.mean == pytest.approx(steps, rel=0.5, abs=2.0) if method.pooled else (found.mean == steps).all()
    assert (np.diff(found.quantiles, axis=1) >= 0).all()


@pytest.mark.parametrize(
    "name", [named(name) for name in sorted(methods.REGISTRY) if not methods.REGISTRY[name].pooled]
)
def test_a_series_is_forecast_alike_alone_and_in_company(name):
    method, demand = methods.REGISTRY[name], some_demand()
    together = method().fit(panel_of(demand)).predict(7)
    for row in range(len(demand)):
        alone = method().fit(panel_of(demand[row : row + 1])).predict(7)
        assert (alone.mean[0] == together.mean[row]).all()
        assert (alone.quantiles[0] == together.quantiles[row]).all()


def test_twice_the_demand_gives_twice_the_mean(method):
    demand = some_demand()
    once, twice = (method().fit(panel_of(demand * k)).predict(4).mean for k in (1, 2))
    assert twice == pytest.approx(2 * once, rel=1e-9)


def test_constant_demand_is_forecast_as_it_is(method):
    found = method().fit(panel_of([[6.0] * 60])).predict(10)
    expected = 6.0 * getattr(method(), "correction", 1.0)
    assert found.mean == pytest.approx(np.full((1, 10), expected))


def test_fitting_leaves_the_demand_untouched(method):
    demand = some_demand()
    before = demand.copy()
    method().fit(panel_of(demand)).predict(3)
    assert np.array_equal(demand, before, equal_nan=True)


def mean_of(name: str, demand, horizon: int = 1, freq: str = "D", **known) -> np.ndarray:
    return methods.REGISTRY[name]().fit(panel_of(demand, freq, **known)).predict(horizon).mean


def test_naive_repeats_the_last_observed_bucket():
    assert mean_of("naive", [[1, 7, NAN]], 2).tolist() == [[7.0, 7.0]]


def test_seasonal_naive_repeats_the_last_week():
    assert mean_of("seasonal_naive", [[9, 9, 1, 2, 3, 4, 5, 6, 7]], 8).tolist() == [[1, 2, 3, 4, 5, 6, 7, 1]]


def test_moving_average_takes_its_window_only():
    found = methods.REGISTRY["moving_average"](window=2).fit(panel_of([[100, 2, 4]])).predict(1)
    assert found.mean.tolist() == [[3.0]]


def test_smoothing_follows_the_textbook_recursion():
    method = methods.REGISTRY["exponential_smoothing"](weights=(0.5,))
    # starts at the mean of the first eight, 4.5; then level += 0.5 * (demand - level)
    level = 4.5
    for value in range(1, 9):
        level += 0.5 * (value - level)
    assert method.fit(panel_of([list(range(1, 9))])).predict(1).mean[0, 0] == level


def test_sba_lowers_croston_by_half_the_weight():
    demand = [[0, 0, 6, 0, 0, 6] * 5]
    assert mean_of("croston", demand)[0, 0] == pytest.approx(2.0)
    assert mean_of("sba", demand)[0, 0] == pytest.approx(2.0 * 0.95)


def test_tsb_fades_when_sales_stop_and_croston_does_not():
    alive, dead = [0, 4] * 20, [0, 4] * 20 + [0] * 60
    assert mean_of("tsb", [dead])[0, 0] < 0.1 * mean_of("tsb", [alive])[0, 0]
    assert mean_of("croston", [dead])[0, 0] > 0.4 * mean_of("croston", [alive])[0, 0]


def test_holt_sees_a_trend_that_smoothing_misses():
    rising = [np.arange(1.0, 101.0)]
    assert mean_of("holt", rising)[0, 0] > mean_of("exponential_smoothing", rising)[0, 0]


def test_seasonal_smoothing_knows_the_weekend():
    found = mean_of("seasonal_smoothing", [[1, 1, 1, 1, 1, 8, 8] * 20], 7)[0]
    assert found[5] > 4 * found[0]


def test_regression_lifts_a_promotion_that_is_known_ahead():
    rng = np.random.default_rng(1)
    promotion = np.append(np.tile([0.0, 0, 0, 0, 1], 40), [0, 1, 0])[None]
    demand = 10 + 20 * promotion[:, :200] + rng.normal(0, 1, (1, 200))
    found = mean_of("calendar_regression", demand, 3, promotion=promotion)[0]
    assert found == pytest.approx([10, 30, 10], abs=2.0)


def test_regression_answers_a_price_cut_that_is_known_ahead():
    price = np.append(np.tile([10.0] * 9 + [5.0], 20), [5.0, 10.0])[None]
    demand = np.where(price[:, :200] < 10, 30.0, 10.0)
    found = mean_of("calendar_regression", demand, 2, price=price)[0]
    assert found[0] > 20 > found[1]


def test_the_doctests_hold():
    assert doctest.testmod(base).failed == 0
