"""The chance of a stock-out: honest where the forecast is, and corrected where it is not."""

from __future__ import annotations

import doctest
import json

import numpy as np
import pytest
from scipy import stats

from forecasting.engine import GRID, stock_out
from forecasting.engine.stock_out import (
    Positions,
    StockOutModel,
    brier,
    contest,
    examples,
    exceedance,
    fit,
    reliability,
)


def made(items: int, seed: int, said: float = 1.0) -> tuple[Positions, np.ndarray]:
    """Poisson demand of a mean that is known; the forecast says ``said`` times as much."""
    rng = np.random.default_rng(seed)
    mean = rng.gamma(2.0, 10.0, items) + 1
    quantiles = stats.poisson.ppf(np.asarray(GRID), said * mean[:, None])
    interval, pattern = np.full(items, 10.0), rng.choice(["smooth", "lumpy"], items)
    return examples(quantiles, rng.poisson(mean).astype(float), interval, interval * 0, pattern, seed)


def unreliability(chance: np.ndarray, happened: np.ndarray) -> float:
    """Mean distance of what was said from what happened, over the bins."""
    rows = reliability(chance, happened)
    return float(np.average(np.abs(rows[:, 0] - rows[:, 1]), weights=rows[:, 2]))


def test_an_honest_forecast_is_left_nearly_as_it_is():
    model = fit(*made(4000, seed=1))
    positions, ran_out = made(6000, seed=2)
    base = exceedance(positions.quantiles, positions.available + positions.on_order)
    assert brier(model.chance(positions), ran_out) <= brier(base, ran_out) + 0.001
    assert unreliability(model.chance(positions), ran_out) < 0.02


@pytest.mark.parametrize("said", [0.75, 1.3])
def test_a_forecast_that_is_wrong_is_corrected(said):
    model = fit(*made(4000, seed=3, said=said))
    positions, ran_out = made(6000, seed=4, said=said)
    base = exceedance(positions.quantiles, positions.available + positions.on_order)
    own = model.chance(positions)
    assert brier(own, ran_out) < 0.8 * brier(base, ran_out)
    assert unreliability(own, ran_out) < 0.3 * unreliability(base, ran_out)


def test_without_examples_the_forecast_s_own_chance_is_the_answer():
    positions, ran_out = made(50, seed=5)
    nothing = Positions(*(getattr(positions, name)[:0] for name in positions.__dataclass_fields__))
    base = exceedance(positions.quantiles, positions.available + positions.on_order)
    expected = np.clip(base, stock_out.SUREST, 1 - stock_out.SUREST)
    assert fit(nothing, ran_out[:0]).chance(positions) == pytest.approx(expected)


def test_more_stock_is_never_a_larger_chance_for_the_forecast():
    quantiles = np.repeat(stats.poisson.ppf(np.asarray(GRID), 12.0)[None], 40, axis=0)
    chance = exceedance(quantiles, np.arange(40.0))
    assert (np.diff(chance) <= 0).all() and chance[0] > 0.99 and chance[-1] < 0.005


def test_odd_positions_get_finite_chances():
    n = 6
    none = np.zeros(n)
    positions = Positions(
        np.array([0, -5, 1e9, 3, 0, 2]), none, none, none, np.zeros((n, len(GRID))), np.full(n, "no demand")
    )
    chance = fit(positions, none > 0).chance(positions)
    assert np.isfinite(chance).all() and ((chance > 0) & (chance < 1)).all()


def test_windows_that_were_not_observed_teach_nothing():
    quantiles = np.tile(np.linspace(1, 28, 28), (3, 1))
    one = np.ones(3)
    positions, ran_out = examples(quantiles, np.array([4.0, np.nan, 9.0]), one, one, np.full(3, "smooth"))
    assert len(ran_out) == len(positions.available) == 2


def test_the_doctests_hold():
    assert doctest.testmod(stock_out).failed == 0


@pytest.mark.parametrize("said", [0.6, 1.0, 1.5])
def test_more_stock_is_never_a_larger_chance_for_the_regression(said):
    model = fit(*made(1500, seed=6, said=said))
    n, mean = 90, 20.0
    quantiles = np.repeat(stats.poisson.ppf(np.asarray(GRID), mean)[None], n, axis=0)
    none, ten = np.zeros(n), np.full(n, 10.0)
    for on_order in (none, none + 5):
        chance = model.chance(Positions(np.arange(n) - 3.0, on_order, ten, none, quantiles, np.full(n, "lumpy")))
        assert (np.diff(chance) <= 1e-12).all() and chance[0] > 0.9


def windows(said: float, items: int = 800) -> tuple[Positions, np.ndarray, np.ndarray, np.ndarray]:
    """Weekly windows of ten days: each begins on its own Sunday."""
    begun = np.repeat(np.arange(8) * 7, items // 8)
    return *made(items, seed=7, said=said), begun, begun + 10


def test_a_lesson_is_used_where_it_told_the_newest_windows_better():
    verdict = contest(*windows(said=0.6))
    assert verdict.is_better and verdict.learned < 0.8 * verdict.own
    assert not contest(*windows(said=0.6, items=160)).is_better  # too few to tell


def test_the_newest_windows_are_judged_by_what_was_over_when_they_began():
    positions, ran_out, begun, over = windows(said=0.6)
    between = (over > 42) & (begun < 42)  # the newest quarter begins on day 42
    other = contest(positions, np.where(between, ~ran_out, ran_out), begun, over)
    verdict = contest(positions, ran_out, begun, over)
    assert between.any() and (other.own, other.learned) == (verdict.own, verdict.learned)
    assert contest(positions, np.where(over <= 42, ~ran_out, ran_out), begun, over).learned != verdict.learned


def test_coefficients_are_kept_and_those_of_other_inputs_are_refused():
    model = fit(*made(300, seed=9))
    positions, _ran_out = made(20, seed=10)
    kept = StockOutModel.of(json.loads(json.dumps(model.as_lists())))
    assert kept.chance(positions).tolist() == model.chance(positions).tolist()
    assert StockOutModel.of(model.as_lists() | {"weights": [0.0]}) is None and StockOutModel.of({}) is None
