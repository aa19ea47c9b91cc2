"""The corrected reorder point reaches its cycle service level when the ordering rule is really run."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.engine.panel import GRID
from replenishment import formulas, simulate
from replenishment.simulate import Ordering
from tests.replenishment.forecasts import Draw, lumpy, poisson, true_forecast

INTERVAL = 14.0  # lead time 13 + review 1, or lead time 7 + review 7
TARGET = 0.95
SMOOTH = [poisson(10), poisson(0.3)]
LUMPY = [lumpy(0.1, 10), lumpy(0.05, 30)]


def run_rule(draw: Draw, *, lead: int, review: int, reorder_point: int, quantity: int, days: int = 250_000):
    """Run (R,s,nQ) day by day: share of orders that arrive in time, and share of demand served."""
    demand = draw(np.random.default_rng(99), days).astype(int)
    total = np.concatenate([[0], np.cumsum(demand)])
    position, orders, in_time = reorder_point + quantity, 0, 0
    arrivals = np.zeros(days + lead + 1, int)
    for today in range(review, days - lead, review):
        position -= total[today] - total[today - review]
        if position <= reorder_point:
            orders += 1
            in_time += total[today + lead] - total[today] <= position
            ordered = int(formulas.order_lots(position, reorder_point, quantity))
            position += ordered
            arrivals[today + lead] += ordered
    net = reorder_point + quantity + np.cumsum(arrivals[:days]) - total[1:]  # an order arrives before the day's sales
    missed = np.clip(-net, 0, demand)
    return in_time / orders, 1 - missed.sum() / demand.sum()


def ordering(size: int, review: float = 1.0, quantity: np.ndarray | float = 30.0, **named) -> Ordering:
    """Of items with a sure lead time that is INTERVAL long together with the review period."""
    interval, one = np.full(size, INTERVAL), np.ones(size)
    return Ordering(quantity * one, interval, review * one, 0 * one, **named)


def levels(draws: list[Draw], review: int, cover: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    forecast = true_forecast(draws, int(INTERVAL))
    quantity = np.ceil(forecast.mean[:, 0] * cover)
    target = np.full(len(draws), TARGET)
    start = np.ceil(simulate.quantile_at(forecast.lead_time_demand, target))
    corrected = simulate.corrected_reorder_point(forecast, target, ordering(len(draws), review, quantity))
    return start, np.ceil(corrected), quantity


def test_a_smooth_item_is_lowered_where_orders_come_halfway_through_a_long_review_period():
    start, corrected, quantity = levels(SMOOTH, review=7)
    for draw, before, after, lot in zip(SMOOTH, start, corrected, quantity, strict=True):
        rule = {"lead": 7, "review": 7, "quantity": int(lot), "days": 100_000}
        assert run_rule(draw, reorder_point=int(before), **rule)[0] > 0.98
        assert run_rule(draw, reorder_point=int(after), **rule)[0] > TARGET - 0.015
        assert run_rule(draw, reorder_point=int(after) - 1, **rule)[0] < TARGET + 0.01


@pytest.mark.parametrize(("review", "cover"), [(1, 30), (7, 7)])
def test_a_lumpy_item_is_lifted_to_the_service_that_the_quantile_misses(review, cover):
    start, corrected, quantity = levels(LUMPY, review, cover)
    missed = []
    for draw, before, after, lot in zip(LUMPY, start, corrected, quantity, strict=True):
        rule = {"lead": 14 - review, "review": review, "quantity": int(lot)}
        missed.append(run_rule(draw, reorder_point=int(before), **rule)[0])
        assert run_rule(draw, reorder_point=int(after), **rule)[0] == pytest.approx(TARGET, abs=0.015)
    assert max(missed) < 0.935 and min(missed) < 0.89


def test_the_correction_never_passes_the_last_quantile_of_lead_time_demand():
    forecast = true_forecast([lumpy(0.002, 100)], int(INTERVAL))
    one = np.ones(1)
    corrected = simulate.corrected_reorder_point(forecast, one * TARGET, ordering(1, quantity=10.0))
    assert corrected[0] == forecast.lead_time_demand.quantiles[0, -1] > 0


def test_a_series_gets_the_same_level_whatever_it_is_planned_with(monkeypatch):
    draws = [*SMOOTH, *LUMPY, lumpy(0.3, 4)]
    forecast = true_forecast(draws, int(INTERVAL), buckets=50_000)
    size = len(draws)
    target, terms = np.full(size, TARGET), ordering(size, quantity=20.0)
    together = simulate.corrected_reorder_point(forecast, target, terms)
    rates = simulate.level_for_fill_rate(forecast, target, terms, undershoot=True)
    min_max = simulate.corrected_reorder_point(forecast, target, ordering(size, quantity=20.0, to_level=True))
    monkeypatch.setattr(simulate, "CHUNK", 2)
    assert simulate.corrected_reorder_point(forecast, target, terms).tolist() == together.tolist()
    for row in range(size):
        at = np.array([row])
        alone, own = simulate.series(forecast, at), terms.rows(at)
        assert simulate.corrected_reorder_point(alone, target[at], own)[0] == together[row]
        assert simulate.level_for_fill_rate(alone, target[at], own, undershoot=True)[0] == rates[row]
        assert simulate.corrected_reorder_point(alone, target[at], terms.rows(at, to_level=True))[0] == min_max[row]


@pytest.mark.parametrize(("draw", "target"), [(poisson(10), 0.99), (poisson(0.3), 0.95), (lumpy(0.1, 10), 0.95)])
def test_a_fill_rate_is_reached_and_not_by_far_too_much_stock(draw, target):
    forecast, one = true_forecast([draw], int(INTERVAL)), np.ones(1)
    quantity = np.ceil(forecast.mean[:, 0] * 30)
    terms = ordering(1, quantity=quantity)
    level = np.ceil(simulate.level_for_fill_rate(forecast, one * target, terms, undershoot=True))
    _, served = run_rule(draw, lead=13, review=1, reorder_point=int(level[0]), quantity=int(quantity[0]))
    assert target - 0.01 <= served <= target + 0.01


def test_a_higher_fill_rate_needs_a_higher_level():
    forecast, terms = true_forecast([lumpy(0.1, 10)] * 3, int(INTERVAL), 50_000), ordering(3)
    rates = np.array([0.8, 0.95, 0.99])
    lots = simulate.level_for_fill_rate(forecast, rates, terms, undershoot=True)
    up_to = simulate.up_to_level_for_fill_rate(forecast, rates, terms)
    assert (np.diff(lots) > 0).all() and (np.diff(up_to) > 0).all()


def test_quantiles_are_read_between_the_levels_of_the_grid_and_beyond_them():
    forecast = true_forecast([poisson(10)] * 4, int(INTERVAL), 50_000)
    demand = forecast.lead_time_demand
    at = simulate.quantile_at(demand, np.array([0.95, 0.955, 0.995, 0.999]))
    q95, q96, q995 = (demand.quantiles[:, GRID.index(level)] for level in (0.95, 0.96, 0.995))
    assert at[:3] == pytest.approx([q95[0], (q95[1] + q96[1]) / 2, q995[2]])
    assert at[3] == pytest.approx(q995[3] + np.log(5) * demand.excess[3] / 0.005)


def test_no_series_need_no_simulation():
    none = np.zeros(0)
    nothing = simulate.series(true_forecast([poisson(1)], 14, 1000), np.zeros(0, int))
    assert len(simulate.corrected_reorder_point(nothing, none, ordering(0))) == 0
