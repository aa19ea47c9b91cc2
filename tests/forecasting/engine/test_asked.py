"""Methods that are asked for are tried where the automatic choice was, and used where they were nearer."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from forecasting import methods
from forecasting.engine import Panel, ProtectionInterval, asked, forecast, train
from forecasting.engine.asked import Trial
from forecasting.methods.base import ForecastMethod

SERIES, DAYS, LENGTH, HORIZON = 6, 160, 7, 10


class Oracle(ForecastMethod):
    """Knows the next demand from its tag, except of the last series, and of the fourth nothing at all."""

    name = "oracle"

    def fit(self, panel):
        self.panel_, self.variance_ = panel, np.ones(len(panel.demand))
        return self

    def means(self, horizon):
        told = self.panel_.known["tag"][:, self.panel_.demand.shape[1] :][:, :horizon]
        found = np.pad(told, ((0, 0), (0, horizon - told.shape[1])), mode="edge").copy()
        found[-1], found[3] = 500.0, np.nan
        return found


class Raises(Oracle):
    name = "raises"

    def fit(self, panel):
        raise ValueError("not today")


@pytest.fixture(scope="module")
def night():
    rng = np.random.default_rng(3)
    demand = rng.poisson(9.0 + 20 * (rng.random((SERIES, DAYS + HORIZON)) < 0.2)).astype(float)
    panel = Panel(demand[:, :DAYS], "D", date(2024, 3, 3), {"tag": demand})
    interval = ProtectionInterval.fixed(np.full(SERIES, LENGTH))
    plain = Panel(demand[:, :DAYS], "D", date(2024, 3, 3))
    return panel, interval, train(plain, interval=interval), demand[:, DAYS:]


def test_a_method_wins_where_it_was_nearer_and_not_where_it_failed(night, monkeypatch):
    monkeypatch.setitem(methods.REGISTRY, "oracle", Oracle)
    panel, interval, trained, after = night
    trial = asked.tried("oracle", panel, trained, interval, horizon=HORIZON)
    assert trial.error[:3] == pytest.approx(0.0) and (trial.automatic > 0).all()
    assert trial.wins.tolist() == [True, True, True, False, True, False]
    assert trial.reasons == {3: "its forecast is not finite"}
    assert trial.mean[0] == pytest.approx(after[0])


def test_a_method_that_raises_tells_its_reason_for_each_series_and_wins_nowhere(night, monkeypatch, caplog):
    monkeypatch.setitem(methods.REGISTRY, "raises", Raises)
    panel, interval, trained, _after = night
    trial = asked.tried("raises", panel, trained, interval, horizon=HORIZON)
    assert trial.reasons == dict.fromkeys(range(SERIES), "ValueError: not today") and not trial.wins.any()
    assert "raises failed on 6 series: ValueError('not today')" in caplog.text


def test_the_winner_s_days_are_used_and_lead_time_demand_keeps_its_shape(night, monkeypatch):
    monkeypatch.setitem(methods.REGISTRY, "oracle", Oracle)
    panel, interval, trained, after = night
    before = forecast(panel, trained, interval, horizon=HORIZON)
    trial, rows = asked.tried("oracle", panel, trained, interval, horizon=HORIZON), np.array([0, 2])
    found = asked.with_method(before, rows, "oracle", trial.mean[rows], trial.quantiles[rows], interval)
    assert found.mean[rows] == pytest.approx(after[rows])
    assert found.lead_time_demand.mean[rows] == pytest.approx(after[rows, :LENGTH].sum(axis=1))
    ratio = found.lead_time_demand.mean[0] / before.lead_time_demand.mean[0]
    assert (np.abs(found.lead_time_demand.quantiles[0] - ratio * before.lead_time_demand.quantiles[0]) <= 1).all()
    assert found.method.tolist() == ["oracle", before.method[1], "oracle", *before.method[3:].tolist()]
    others = [1, 3, 4, 5]
    assert (found.mean[others] == before.mean[others]).all()
    assert (found.lead_time_demand.quantiles[others] == before.lead_time_demand.quantiles[others]).all()


def test_half_of_a_method_s_standing_is_what_it_usually_did():
    nothing = np.zeros((3, 1))

    def wins(*error):
        return Trial(np.array(error), np.array([8.0, 10, 10]), nothing, nothing[:, :, None]).wins.tolist()

    assert wins(4.0, 8.0, 10.5) == [True, True, True]
    assert wins(4.0, 40.0, 10.0) == [True, False, False]
    assert wins(6.0, 40.0, 13.0) == [False, False, False]  # usually worse: one series was lucky
