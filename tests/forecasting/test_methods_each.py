"""What single methods promise beyond the contract: trends, hurdles, aggregation, and one model a series."""

from __future__ import annotations

import logging
from datetime import date

import numpy as np
import pytest

from forecasting import methods
from forecasting.engine import Panel, ProtectionInterval, forecast, train
from forecasting.engine.panel import STEP_LEVELS
from forecasting.methods.one_by_one import OneByOne
from forecasting.methods.theta import slope_of

NAN = np.nan
GROWING = np.arange(100.0, 551.0, 50.0)[None]
NEXT_FIVE = [600.0, 650.0, 700.0, 750.0, 800.0]
ONE_BY_ONE = sorted(name for name, method in methods.REGISTRY.items() if issubclass(method, OneByOne))


def panel_of(demand, freq: str = "D", **known) -> Panel:
    return Panel(np.asarray(demand, float), freq, date(2021, 1, 10), known)


def mean_of(name: str, demand, horizon: int = 1, freq: str = "D", **known) -> np.ndarray:
    return methods.REGISTRY[name]().fit(panel_of(demand, freq, **known)).predict(horizon).mean


def test_the_night_tries_no_method_that_fits_one_model_a_series():
    assert set(methods.nightly()).isdisjoint(ONE_BY_ONE)
    assert {"theta", "linear_trend", "imapa"} <= set(methods.nightly())


def test_the_linear_trend_goes_on():
    assert mean_of("linear_trend", GROWING, 5)[0] == pytest.approx(NEXT_FIVE, rel=0.01)


@pytest.mark.parametrize("lead_time", [5, 14])
def test_the_automatic_choice_sees_the_trend(lead_time):
    panel, interval = panel_of(GROWING), ProtectionInterval.fixed(np.array([lead_time]))
    found = forecast(panel, train(panel, interval=interval), interval, horizon=5)
    assert found.mean[0] == pytest.approx(NEXT_FIVE, rel=0.05)


def test_a_trend_must_be_clear():
    noise = np.random.default_rng(2).poisson(9.0, (200, 60)).astype(float)
    flat = mean_of("linear_trend", noise, 2)
    assert (flat[:, 0] == flat[:, 1]).mean() > 0.97


def test_a_trend_goes_on_no_longer_than_it_was_seen():
    found = mean_of("linear_trend", [[NAN] * 20 + list(range(40, 50))], 30)[0]
    assert found[9] == pytest.approx(59.0)
    assert found[10:] == pytest.approx(np.full(20, 59.0))


def test_a_gap_does_not_bend_a_line():
    found = mean_of("linear_trend", [[1, 2, NAN, 4, 5, NAN, NAN, 8, 9, 10.0]], 2)
    assert found[0] == pytest.approx([11.0, 12.0])


def test_the_polynomial_finds_its_degree():
    time = np.arange(60.0)
    curved, straight = 5 + time**2, 5 + 3 * time
    found = mean_of("polynomial_trend", np.stack([curved, straight]), 3)
    assert found[0] == pytest.approx(5 + np.arange(60, 63) ** 2)
    assert found[1] == pytest.approx(5 + 3 * np.arange(60, 63))


def test_theta_drifts_by_half_the_slope():
    rising = np.arange(1.0, 101.0)[None]
    method = methods.REGISTRY["theta"]()
    found = method.fit(panel_of(rising, "M")).predict(24).mean[0]
    assert slope_of(rising.T)[0] == pytest.approx(1.0)
    assert found[12:] - found[:12] == pytest.approx(np.full(12, 12 * 0.5), rel=0.15)


def test_imapa_is_the_mean_over_block_sizes():
    every_third = [[0, 0, 6.0] * 20]
    blocks = [
        methods.REGISTRY["exponential_smoothing"]().fit(panel_of(folded)).predict(1).mean[0, 0]
        for folded in ([every_third[0]], [[0, 3.0, 3.0] * 10], [[2.0] * 20])
    ]
    assert mean_of("imapa", every_third)[0, 0] == pytest.approx(np.mean(blocks))


def test_seasonal_regression_reads_any_signal():
    heat = np.random.default_rng(3).normal(20, 5, (1, 203))
    demand = 50 + 4 * (heat[:, :200] - 20)
    found = mean_of("seasonal_regression", demand, 3, heat=heat)[0]
    assert found == pytest.approx(50 + 4 * (heat[0, 200:] - 20), abs=2.0)


def test_seasonal_regression_knows_last_year_by_day():
    day = np.arange(1000)
    demand = 100 + 60 * np.sin(2 * np.pi * day / 365.25)
    found = mean_of("seasonal_regression", demand[None, :800], 200)[0]
    assert found == pytest.approx(demand[800:], abs=15)


def test_the_hurdle_splits_days_that_sell_from_days_that_do_not():
    week = [0, 0, 0, 0, 0, 9.0, 0]
    fitted = methods.REGISTRY["hurdle"]().fit(panel_of([week * 30]))
    chance = fitted.chances(7)[0]
    found = fitted.predict(7)
    assert chance[5] > 0.8 > 0.1 > np.delete(chance, 5).max()
    assert found.quantiles[0, 5] == pytest.approx([9.0] * len(STEP_LEVELS))
    assert found.quantiles[0, 0, STEP_LEVELS.index(0.8)] == 0.0


def test_the_hurdle_answers_a_promotion_known_ahead():
    promotion = np.append(np.tile([0.0, 0, 0, 0, 1], 40), [0, 1, 0])[None]
    demand = 5 * promotion[:, :200]
    found = methods.REGISTRY["hurdle"]().fit(panel_of(demand, promotion=promotion)).chances(3)[0]
    assert found[1] > 0.8 > 0.2 > found[[0, 2]].max()


def test_a_combination_is_the_median_of_its_members():
    demand = np.random.default_rng(4).poisson(5.0, (3, 80))
    members = ("naive", "moving_average", "tsb")
    found = methods.REGISTRY["combination"](members).fit(panel_of(demand)).predict(2).mean
    assert (found == np.median([mean_of(name, demand, 2) for name in members], axis=0)).all()


class Unlucky(OneByOne):
    """Fails on series whose first bucket is the largest; answers a thousandfold elsewhere."""

    name = "unlucky"

    def fit_one(self, y, x, freq):
        if y[0] == y.max():
            raise ValueError("no such luck")
        return self

    def predict(self, horizon, level=None):
        if level is None:
            return super().predict(horizon)
        return {"mean": np.full(horizon, 1000.0), "hi-80": np.full(horizon, 2000.0)}


def test_a_series_that_fails_is_logged_and_answered_by_smoothing(caplog):
    demand = np.array([[9.0, 1, 2, 3] * 5, [1.0, 2, 3, 9] * 5])
    with caplog.at_level(logging.WARNING):
        fitted = Unlucky().fit(panel_of(demand))
    found = fitted.predict(3)
    assert fitted.failures_ == {0: "ValueError: no such luck"}
    assert "unlucky failed on series 0, smoothing answers: ValueError: no such luck" in caplog.text
    assert (found.mean[0] == mean_of("seasonal_smoothing", demand[:1], 3)[0]).all()
    assert (found.mean[1] == 18.0).all()  # its own answer, held at twice the largest bucket


def test_a_missing_library_is_said_once_and_stops_nothing(caplog):
    class Elsewhere(Unlucky):
        library = "a_package_that_nobody_has"

    demand = np.tile([1.0, 2, 3, 9], (4, 5))
    fitted = Elsewhere().fit(panel_of(demand))
    assert [record.getMessage() for record in caplog.records] == [
        "unlucky needs the package a_package_that_nobody_has, smoothing answers for all series"
    ]
    assert fitted.failures_[3] == "the package a_package_that_nobody_has is not installed"
    assert (fitted.predict(2).mean == mean_of("seasonal_smoothing", demand, 2)).all()


def test_a_short_or_flat_history_is_left_to_smoothing():
    demand = [[NAN] * 15 + [1, 2, 3, 4, 5.0], [4.0] * 20]
    fitted = Unlucky().fit(panel_of(demand))
    assert fitted.failures_ == {}
    assert (fitted.predict(2).mean == mean_of("seasonal_smoothing", demand, 2)).all()


@pytest.mark.long
@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_automatic_models_see_the_trend(name):
    assert mean_of(name, GROWING, 5)[0] == pytest.approx(NEXT_FIVE, rel=0.01)


@pytest.mark.long
@pytest.mark.parametrize("name", ["auto_ets", "sarima"])
def test_automatic_models_see_the_week(name):
    demand = np.tile([2.0, 2, 3, 4, 5, 12, 9], 20) + np.random.default_rng(5).normal(0, 0.3, 140)
    assert mean_of(name, demand[None], 7)[0] == pytest.approx([2, 2, 3, 4, 5, 12, 9], abs=1.0)


@pytest.mark.long
@pytest.mark.parametrize("name", ["arima", "sarima"])
def test_arima_lifts_a_promotion_that_is_known_ahead(name):
    promotion = np.append(np.random.default_rng(6).random(100) < 0.2, [False, True, False]).astype(float)[None]
    demand = 10 + 20 * promotion[:, :100] + np.random.default_rng(7).normal(0, 1, (1, 100))
    found = mean_of(name, demand, 3, promotion=promotion)[0]
    assert found == pytest.approx([10, 30, 10], abs=2.5)


@pytest.mark.long
def test_imapa_agrees_with_statsforecast():
    from statsforecast import models

    demand = np.random.default_rng(8).poisson(0.3, (40, 200)).astype(float)
    theirs = [models.IMAPA().fit(y).predict(1)["mean"][0] for y in demand]
    assert mean_of("imapa", demand)[:, 0].mean() == pytest.approx(np.mean(theirs), rel=0.1)
