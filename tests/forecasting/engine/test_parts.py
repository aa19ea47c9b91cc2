"""The engine's parts, each against a case that can be worked out by hand."""

from __future__ import annotations

import doctest
from datetime import date

import numpy as np
import pytest

from forecasting import methods
from forecasting.engine import GRID, Panel, boosting, bulk, calendar, calibration, late, recurring
from forecasting.engine.backtest import blocks_of, known_at, lengths_for
from forecasting.engine.bulk import without_bulk
from forecasting.engine.censoring import observed
from forecasting.engine.grid import LEVELS, mean_of, mix, spread_over_grid
from forecasting.engine.history import History, row_sums
from forecasting.engine.panel import ProtectionInterval, Told
from forecasting.engine.profile import Profile
from forecasting.engine.recurring import closed_ahead, twin, year_ago
from forecasting.engine.training import _capped

NAN = np.nan
SUNDAY = date(2024, 3, 3)


def uniform(low: float, high: float) -> np.ndarray:
    return (low + (high - low) * LEVELS)[None]


@pytest.mark.parametrize("module", [bulk, calendar, late])
def test_the_doctests_hold(module):
    found = doctest.testmod(module)
    assert (found.failed, found.attempted > 0) == (0, True)
    assert doctest.testmod(recurring).failed == 0


def test_a_mixture_of_apart_distributions_keeps_both():
    parts = np.stack([uniform(0, 10), uniform(100, 110)], axis=1)
    mixed = mix(parts, np.array([[0.8, 0.2]]))[0]
    at = dict(zip(GRID, mixed, strict=True))
    assert at[0.4] == pytest.approx(5.0, abs=0.1)  # half of the first one's mass
    assert at[0.9] == pytest.approx(105.0, abs=0.1)  # half of the second one's
    averaged = 0.8 * uniform(0, 10) + 0.2 * uniform(100, 110)
    assert averaged[0, GRID.index(0.9)] < 40  # what averaging quantiles would have said


def test_a_mixture_of_equals_is_the_same():
    parts = np.stack([uniform(3, 9)] * 3, axis=1)
    assert mix(parts, np.full((1, 3), 1 / 3))[0] == pytest.approx(uniform(3, 9)[0], abs=1e-6)


def test_a_mixture_with_a_point_mass_at_zero():
    parts = np.stack([np.zeros((1, len(GRID))), uniform(0, 10)], axis=1)
    mixed = dict(zip(GRID, mix(parts, np.array([[0.5, 0.5]]))[0], strict=True))
    assert mixed[0.5] == pytest.approx(0.0, abs=0.2)
    assert mixed[0.75] == pytest.approx(5.0, abs=0.1)


def test_the_mean_is_the_area_under_the_quantiles():
    assert mean_of(uniform(0, 10), np.zeros(1))[0] == pytest.approx(5.0, abs=0.05)
    assert mean_of(uniform(0, 10), np.ones(1))[0] == pytest.approx(6.0, abs=0.05)


def test_filling_the_grid_keeps_given_levels_and_never_crosses():
    given = np.array([[1.0, 4.0, 3.0, 8.0]])
    filled = spread_over_grid(given, (0.1, 0.5, 0.9, 0.98))[0]
    assert filled[GRID.index(0.5)] == 4.0
    assert filled[GRID.index(0.9)] == 4.0
    assert (np.diff(filled) >= 0).all()
    assert filled[-1] > 8.0


def test_censored_buckets_are_completed_by_what_is_usual_or_unknown():
    demand = np.array([[4.0, 4.0, 3.0, 0.0, 9.0, 4.0]])
    stocked_out = np.array([[0.0, NAN, 0.25, 1.0, 0.9, 0.0]])
    found = observed(Panel(demand, "D", SUNDAY, stocked_out=stocked_out))
    assert found.tolist()[0][:2] == [4.0, 4.0]
    assert found[0, 2] == pytest.approx(3 + 0.25 * 4)  # four a day without any spread
    assert np.isnan(found[0, 3])
    assert found[0, 4] == pytest.approx(9 + 0.9 * 4, abs=0.01)
    assert found[0, 5] == 4.0


def test_a_busy_bucket_is_completed_with_more_than_the_usual_rate():
    rng = np.random.default_rng(0)
    whole = rng.poisson(10 * rng.gamma(2.0, 0.5, (1, 200))).astype(float)
    found = []
    for sold in (2.0, 5.0, 12.0):
        demand, shut = np.append(whole, [[sold]], axis=1), np.append(np.zeros((1, 200)), [[0.5]], axis=1)
        found.append(float(observed(Panel(demand, "D", SUNDAY, stocked_out=shut))[0, -1] - sold))
    assert found[1] == pytest.approx(5.0, rel=0.25)  # the usual half day brings the usual half
    assert found[0] < found[1] < found[2] < 12.0


def test_a_bucket_that_sold_out_at_some_moment_asked_for_at_least_that():
    demand = np.array([[4.0, 6.0] * 30 + [5.0, 0.0, 40.0]])
    shut = np.zeros(demand.shape)
    shut[0, -3:] = 1.0
    found = observed(Panel(demand, "D", SUNDAY, stocked_out=shut))[0]
    assert 5.5 < found[-3] < 8.0
    assert np.isnan(found[-2])
    assert 40.0 <= found[-1] < 43.0


def test_negative_and_infinite_demand_does_not_get_in():
    found = observed(Panel(np.array([[-3.0, np.inf, 2.0]]), "D", SUNDAY))
    assert found[0, 0] == 0.0
    assert np.isnan(found[0, 1])
    assert found[0, 2] == 2.0


def test_windows_of_a_history_by_hand():
    history = History(np.array([[NAN, 2.0, 4.0, NAN, 6.0]]), "D", SUNDAY, {})
    assert history.mean(0, 5)[0] == 4.0
    assert np.isnan(history.mean(0, 1)[0])
    assert history.deviation(0, 5)[0] == pytest.approx(np.std([2, 4, 6]))
    assert history.asked(1, 2)[0] == 6.0
    assert history.asked(2, 2)[0] == pytest.approx(2 * 2 + (4 - 2) * 2**0.5)  # half of it was seen; 2 was usual before
    assert np.isnan(history.asked(2, 1)[0] + history.asked(3, 1)[0])


def test_a_lone_bulk_order_counts_less_for_the_level_and_in_full_for_what_was_asked():
    demand = np.array([[2.0] * 20 + [100.0] + [2.0] * 20])
    history, plain = (History(values, "D", SUNDAY, {}) for values in (demand, np.full((1, 41), 2.0)))
    assert history.mean(0, 41)[0] == pytest.approx((40 * 2 + 10) / 41)
    assert history.asked(18, 7)[0] == 6 * 2 + 100
    assert history.deviation(0, 41)[0] > 10 and plain.deviation(0, 41)[0] == 0
    assert history.smoothed[0.2][0, 21] < 4


def test_what_was_bulk_is_judged_by_what_came_before_it_only():
    demand = np.random.default_rng(0).poisson(3, (4, 80)).astype(float)
    demand[1, 40] = 300
    cut = without_bulk(demand[:, :50])
    assert np.array_equal(without_bulk(demand)[:, :50], cut)
    assert cut[1, 40] == 5 * demand[1, :40].max()
    assert np.array_equal(without_bulk(demand[2:]), demand[2:])


def test_a_closed_day_asks_for_nothing_and_is_no_gap():
    demand = np.array([[4.0, 4.0, 4.0, NAN, 4.0, 4.0]])
    closed = np.array([[0.0, 0, 0, 1, 0, 0]])
    assert History(demand, "D", SUNDAY, {"closed": closed}).asked(2, 4)[0] == 12
    assert History(demand, "D", SUNDAY, {}).asked(2, 4)[0] == pytest.approx(16)


def test_row_sums_do_not_depend_on_other_rows_or_memory_order():
    values = np.asfortranarray(np.random.default_rng(0).random((50, 30)))
    together = row_sums(values)
    assert [row_sums(values[k : k + 1])[0] for k in range(50)] == together.tolist()


def test_held_out_origins_come_after_their_cutoff_and_cover_a_year():
    blocks = blocks_of(900, "D", 14)
    origins = [origin for block in blocks for origin in block.origins]
    assert len(origins) >= 6
    assert origins == sorted(set(origins))
    assert max(origins) == 886
    assert min(origins) <= 886 - 364
    assert all(origin >= block.cutoff for block in blocks for origin in block.origins)


def test_a_history_too_short_for_a_window_has_no_origins():
    assert blocks_of(3, "D", 3) == []


def test_training_lengths_follow_the_lead_times():
    panel = Panel(np.zeros((3, 200)), "D", SUNDAY)
    assert lengths_for(panel, ProtectionInterval.fixed(np.array([14, 14, 14]))) == (14,)
    assert lengths_for(panel, ProtectionInterval.fixed(np.array([5, 9, 500]))) == (5, 9, 66)


def test_conformal_shifts_mend_a_forecast_that_is_too_low():
    rng = np.random.default_rng(0)
    actual = rng.normal(100, 10, 20_000)
    wrong = np.repeat(uniform(60, 100), len(actual), axis=0)
    unit = np.full(len(actual), 100.0)
    mended, _ = calibration.fit(wrong, actual, unit, np.empty(0)).apply(wrong, unit)
    for level in (0.1, 0.5, 0.9, 0.98):
        assert (actual <= mended[:, GRID.index(level)]).mean() == pytest.approx(level, abs=0.01)


def test_coverage_of_an_origin_is_judged_by_the_calibration_of_the_others():
    quantiles = uniform(0.0, 10.0).repeat(900, axis=0)
    actual = np.tile(np.linspace(0.0, 10.0, 300), 3)
    actual[600:] = 30.0  # at the last origin everything sold out of proportion
    origin, ones = np.repeat([4, 5, 6], 300), np.ones(900)
    found = calibration.coverage(quantiles, actual, 10 * ones, np.empty(0), ones, origin)
    assert found["origins"].tolist() == [4, 5, 6] and found["n"].tolist() == [300] * 3
    assert (found["share"][:2] > found["levels"]).all() and (found["share"][2] == 0).all()
    assert found["segment_n"].tolist() == [900]


def test_without_held_out_windows_nothing_is_shifted():
    found = calibration.fit(np.empty((0, len(GRID))), np.empty(0), np.empty(0), np.empty(0))
    quantiles = uniform(0, 10)
    assert found.apply(quantiles, np.ones(1))[0].tolist() == quantiles.tolist()


def test_the_profile_learns_weekdays_and_promotion():
    rng = np.random.default_rng(0)
    promotion = (rng.random((2, 147)) < 0.3).astype(float)
    weekday = np.tile([1.0, 1, 1, 1, 1, 2, 0], 21)
    demand = 10 * weekday * (1 + promotion)
    history = History(demand[:, :140], "D", SUNDAY, {"promotion": promotion})
    ahead = Profile(history, 140, np.ones(7)).of(140, 147)
    usual = demand[:, :140].mean(axis=1, keepdims=True)
    assert ahead * usual == pytest.approx(demand[:, 140:], abs=3.0)


def test_a_shop_shut_on_last_years_holidays_is_expected_to_be_shut_on_this_years():
    days = np.arange(np.datetime64("2023-01-01"), np.datetime64("2024-03-25"))
    demand = np.full((2, len(days)), 20.0)
    for holiday in ("2023-04-07", "2023-04-10", "2023-03-29"):  # Good Friday, Easter Monday, an odd day
        demand[0, days == np.datetime64(holiday)] = 0.0
    history = History(demand, "D", date(2024, 3, 24), {})
    chance = closed_ahead(history, len(days), 9)  # 25 March to 2 April 2024, with Easter on 31 March
    assert chance[0].tolist() == [0, 0, 0, 0, 1, 0, 0, 1, 0] and not chance[1].any()
    assert twin(date(2024, 3, 29), 1) == date(2023, 4, 7)  # so the odd day does not come back: that day is Good Friday


def test_weeks_before_easter_are_compared_with_those_before_last_years():
    last_on = date(2012, 3, 11)
    assert year_ago(last_on, "D", 1, 364) == 350 and year_ago(last_on, "W", 1, 52) == 50
    assert year_ago(date(2012, 8, 5), "D", 1, 364) == 364 and year_ago(last_on, "M", 1, 12) == 12


def test_a_shift_that_the_origins_do_not_agree_on_is_hardly_applied():
    rng = np.random.default_rng(2)
    quantiles, ones, origin = uniform(0.0, 10.0).repeat(1200, axis=0), np.full(1200, 10.0), np.repeat(np.arange(6), 200)
    agreed = rng.uniform(2.0, 12.0, 1200)
    torn = rng.uniform(0.0, 10.0, 1200) + np.where(origin % 2, 6.0, -2.0)
    shifts = [calibration.fit(quantiles, a, ones, np.empty(0), None, origin).shift[0] for a in (agreed, torn)]
    middle, width = GRID.index(0.5), calibration.spread_of(quantiles[:1], ones[:1])[0]
    assert shifts[0][middle] * width == pytest.approx(2.0, abs=0.4)
    assert abs(shifts[1][middle] * width) < 1.0  # the mean is 2 here too


def test_a_wild_row_is_capped_at_what_rows_of_its_size_reach():
    rng = np.random.default_rng(3)
    unit, target = rng.uniform(1.0, 9.0, 8000), rng.exponential(1.0, 8000)
    target[17] = 1e6
    capped = _capped(target, unit)
    assert capped[17] < 20 and (capped == target).mean() > 0.997


def test_both_boosting_libraries_learn_the_same_quantiles(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.random((2_000, 3)).astype(np.float32)
    x[::7, 1] = NAN
    target = x[:, 0] * 10 + rng.exponential(1.0, 2_000)
    upper = boosting.MODEL_LEVELS.index(0.9)
    first = boosting.fit(x, target, 0)
    assert first.library == "lightgbm"
    assert (target <= first.predict(x)[:, upper]).mean() == pytest.approx(0.9, abs=0.02)
    monkeypatch.setitem(__import__("sys").modules, "lightgbm", None)
    second = boosting.fit(x, target, 0)
    assert second.library == "scikit-learn"
    assert (target <= second.predict(x)[:, upper]).mean() == pytest.approx(0.9, abs=0.02)


def test_stored_trees_answer_like_scikit_learn(monkeypatch):
    from sklearn.ensemble import HistGradientBoostingRegressor

    rng = np.random.default_rng(1)
    x = rng.random((1_000, 4)).astype(np.float32)
    x[::5, 2] = NAN
    target = x[:, 0] + rng.random(1_000)
    answers = []
    original = HistGradientBoostingRegressor.fit

    def remember(self, *args, **kwargs):
        fitted = original(self, *args, **kwargs)
        answers.append(fitted.predict(x))
        return fitted

    monkeypatch.setattr(HistGradientBoostingRegressor, "fit", remember)
    monkeypatch.setitem(__import__("sys").modules, "lightgbm", None)
    model = boosting.fit(x, target, 0)
    assert model.predict(x) == pytest.approx(np.stack(answers, axis=1), abs=1e-9)


def test_a_shut_item_is_unobserved_but_a_stopped_or_fading_one_is_zero():
    steady, silence = [5.0] * 60, [0.0] * 40
    fading = [5.0] * 30 + [0.0, 0, 1, 0, 0, 0, 1, 0, 0, 0] * 3
    shut, stopped, season = steady + silence + steady, [0.0] * 20 + steady + silence * 2, fading + silence + steady
    found = observed(Panel(np.array([shut, stopped, season]), "D", SUNDAY))
    assert np.isnan(found[0, 60:100]).all()
    assert np.isnan(found).sum() == 40


@pytest.mark.parametrize("name", ["seasonal_regression", "arima"])
def test_a_regression_reads_a_signal_as_far_as_it_was_told(name):
    rng = np.random.default_rng(2)
    rain = (rng.random((2, 157)) < 0.4).astype(float)
    demand = 10 + 10 * rain[:, :150] + rng.normal(0, 0.3, (2, 150))
    always, on_the_day = Told(np.zeros((1, 157), int)), Told(np.arange(1, 158)[None])
    found = []
    for told in (always, on_the_day):
        panel = Panel(demand, "D", SUNDAY, {"signal:rain": rain}, told={"signal:rain": told})
        found.append(methods.REGISTRY[name]().fit(known_at(panel, 150)).predict(7).mean)
    assert found[0] == pytest.approx(10 + 10 * rain[:, 150:], abs=2.0)
    assert np.ptp(found[1], axis=1).max() < 4.0  # nobody knew which of these days it would rain
