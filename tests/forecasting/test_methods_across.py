"""Methods that learn across series: what they see, what they learn, and who answers when they cannot."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import date

import numpy as np
import pytest

from forecasting import methods
from forecasting.engine import Panel, ProtectionInterval, classical, forecast, train
from forecasting.methods.base import ForecastMethod
from forecasting.methods.pooled_boosting_point import PooledBoostingPoint
from forecasting.methods.windows import Windows
from tests.source import ROOT

NAN = np.nan
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # as if it were not installed
import numpy as np
from datetime import date
from forecasting.engine import Panel
from forecasting.methods import REGISTRY
demand = np.random.default_rng(0).poisson(4.0, (20, 90)).astype(float)
panel = Panel(demand, "D", date(2024, 3, 3))
for name in ("gru", "lstm"):
    fitted = REGISTRY[name]().fit(panel)
    assert (fitted.predict(5).mean == REGISTRY["seasonal_smoothing"]().fit(panel).predict(5).mean).all()
    print(len(fitted.failures_), fitted.failures_[0])
"""


def shop(series: int = 40, days: int = 200, ahead: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """Demand with a weekly rhythm and what is asked for afterwards."""
    rng = np.random.default_rng(1)
    rhythm = np.tile([0.5, 1, 1, 1, 2, 3, 0.5], days // 7 + 4)[: days + ahead]
    demand = rng.poisson(rng.gamma(2.0, 4.0, (series, 1)) * rhythm).astype(float)
    return demand[:, :days], demand[:, days:]


def panel_of(demand, freq: str = "D", **known) -> Panel:
    return Panel(np.asarray(demand, float), freq, date(2024, 3, 3), known)


def error_of(name: str, demand: np.ndarray, after: np.ndarray, **known) -> float:
    found = methods.REGISTRY[name]().fit(panel_of(demand, **known)).summed(after.shape[1])
    return float(np.abs(found.mean - after.sum(axis=1)).sum() / after.sum())


def test_without_torch_smoothing_answers_and_the_log_says_how_to_get_it():
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "20 it needs the package torch (requirements-recurrent.txt)\n" * 2
    for name in ("gru", "lstm"):
        assert f"{name}: it needs the package torch (requirements-recurrent.txt); smoothing answers" in done.stderr


def test_a_window_is_read_relative_to_its_level_and_knows_nothing_later():
    demand = np.tile([1.0, 2, 3, 4, 5, 6, 7], (2, 20))
    demand[1] *= 10
    later = demand.copy()
    later[:, 70:] = 999
    row, at, gap, length = np.array([0, 1]), np.array([70, 70]), np.array([3, 3]), np.array([7, 7])
    for data in (demand, later):
        windows = Windows(panel_of(data), np.arange(2))
        assert windows.level(row, at) == pytest.approx([4.0, 40.0])
    assert Windows(panel_of(demand), np.arange(2)).asked(row, at, gap, length).tolist() == [4.0, 40.0]
    seen = [Windows(panel_of(data), np.arange(2)).ahead(row, at, gap, length) for data in (demand, later)]
    assert np.array_equal(*seen, equal_nan=True)


def test_a_window_that_was_hardly_observed_is_no_target():
    windows = Windows(panel_of([[2.0] * 20 + [NAN, NAN, NAN, 8.0]]), np.arange(1))
    zero, start = np.zeros(2, int), np.array([20, 20])
    assert np.isnan(windows.asked(zero, start, zero, np.array([4, 3]))).all()
    assert windows.asked(zero, start + 2, zero, np.array([2, 1]))[0] == 8.0


def test_pooled_boosting_learns_the_week_and_a_signal_across_series():
    demand, after = shop(series=25, days=140)
    assert error_of("pooled_boosting_point", demand, after) < 1.3 * error_of("seasonal_smoothing", demand, after)
    promotion = (np.random.default_rng(2).random((25, 154)) < 0.15).astype(float)
    raised, told = demand * (1 + 2 * promotion[:, :140]), after * (1 + 2 * promotion[:, 140:])
    blind = error_of("pooled_boosting_point", raised, told)
    assert error_of("pooled_boosting_point", raised, told, promotion=promotion) < 0.8 * blind


class Broken(PooledBoostingPoint):
    name = "broken"

    def learn(self, windows, sample):
        raise ArithmeticError("no such luck")


class HalfBroken(PooledBoostingPoint):
    name = "half broken"

    def learn(self, windows, sample):
        return None if len(sample.target) == 0 else "learned"

    def say(self, windows, row, origin, gap, length):
        mean = np.where(windows.level(row, origin) > 50, NAN, 1e6)
        return mean, None


def test_a_method_that_cannot_learn_is_logged_and_smoothing_answers_for_all(caplog):
    demand, _ = shop(series=5)
    with caplog.at_level(logging.WARNING):
        fitted = Broken().fit(panel_of(demand))
    assert set(fitted.failures_.values()) == {"ArithmeticError: no such luck"} and len(fitted.failures_) == 5
    assert "broken: ArithmeticError: no such luck; smoothing answers for all series" in caplog.text
    smoothing = methods.REGISTRY["seasonal_smoothing"]().fit(panel_of(demand))
    assert (fitted.predict(3).mean == smoothing.predict(3).mean).all()


def test_a_series_without_a_finite_answer_is_left_to_smoothing_and_the_others_are_held_down():
    demand, _ = shop(series=5)
    demand[2] = 100 + demand[2]
    fitted = HalfBroken().fit(panel_of(demand))
    found = fitted.predict(3)
    smoothing = methods.REGISTRY["seasonal_smoothing"]().fit(panel_of(demand)).predict(3)
    assert (found.mean[2] == smoothing.mean[2]).all() and fitted.failures_ == {2: "its forecast is not finite"}
    assert (found.mean[0] == 2 * demand[0].max()).all()


@pytest.mark.long
@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_recurrent_networks_learn_the_week_and_leave_torch_alone(name):
    import torch

    demand, after = shop()
    before = torch.get_rng_state(), torch.get_num_threads()
    fitted = methods.REGISTRY[name]().fit(panel_of(demand))
    assert fitted.failures_ == {}
    week = fitted.predict(7).mean.sum(axis=0)  # the first day after the history has the rhythm's place 200 % 7 = 4
    assert week[1] > 2.5 * week[3] and week[0] > 1.3 * week[4]
    assert error_of(name, demand, after) < 1.3 * error_of("seasonal_smoothing", demand, after)
    assert (torch.get_rng_state() == before[0]).all() and torch.get_num_threads() == before[1]


@pytest.mark.long
@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_recurrent_networks_answer_a_promotion_known_ahead(name):
    demand, after = shop()
    promotion = (np.random.default_rng(2).random((40, 214)) < 0.15).astype(float)
    raised, told = demand * (1 + 2 * promotion[:, :200]), after * (1 + 2 * promotion[:, 200:])
    assert error_of(name, raised, told, promotion=promotion) < 0.9 * error_of(name, raised, told)


class Raises(ForecastMethod):
    """Fails on every panel."""

    name = "raises"

    def fit(self, panel):
        raise ZeroDivisionError("nothing to divide by")

    def means(self, horizon):
        raise NotImplementedError


class SometimesNaN(ForecastMethod):
    """No number for series that begin with nothing."""

    name = "sometimes NaN"

    def fit(self, panel):
        self.first_, self.variance_ = panel.demand[:, 0], np.ones(len(panel.demand))
        return self

    def means(self, horizon):
        return np.repeat(np.where(self.first_ > 0, self.first_, NAN)[:, None], horizon, axis=1)


def test_where_a_method_raises_the_next_best_takes_over_and_the_log_says_why(monkeypatch, caplog):
    monkeypatch.setitem(methods.REGISTRY, "raises", Raises)
    panel = panel_of(shop(series=3)[0])
    found, steps = classical.run("raises", panel, 5)
    expected, expected_steps = classical.run("moving_average", panel, 5)
    assert (found.mean == expected.mean).all() and (steps.quantiles == expected_steps.quantiles).all()
    assert "raises failed on 3 series, moving_average takes over: ZeroDivisionError(" in caplog.text


def test_where_a_method_has_no_number_for_a_series_only_that_one_gets_the_next_best(monkeypatch, caplog):
    monkeypatch.setitem(methods.REGISTRY, "sometimes NaN", SometimesNaN)
    demand = shop(series=3)[0]
    demand[:, 0] = [4, 0, 7]
    found, _ = classical.run("sometimes NaN", panel_of(demand), 5)
    expected, _ = classical.run("moving_average", panel_of(demand), 5)
    assert found.mean.tolist() == [20.0, expected.mean[1], 35.0] and found.variance[1] == expected.variance[1]
    assert "sometimes NaN is not finite on 1 series, moving_average takes over" in caplog.text


def test_a_whole_night_goes_on_with_a_method_that_fails(monkeypatch):
    demand = shop(series=4, days=120)[0]
    interval = ProtectionInterval.fixed(np.full(4, 7))
    monkeypatch.setitem(methods.REGISTRY, "raises", type("AtNight", (Raises,), {"nightly": True}))
    found = forecast(panel_of(demand), train(panel_of(demand), interval=interval), interval, horizon=7)
    assert np.isfinite(found.mean).all() and np.isfinite(found.lead_time_demand.quantiles).all()
