"""Whether a supplier keeps its word: rates on planted receipts, late ones flagged within three, drift told apart."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from replenishment.scorecards import Line, capacity, drift, late_by, price_rate, scorecard

DAY = timedelta(days=1)
UNTIL = date(2026, 3, 30)
DECLARED = 10


def line(n: int, took: int | None, *, wanted: int = 10, came: int | None = None, cost: float = 1.0, **fields) -> Line:
    """The n-th weekly order counted back from UNTIL, declared to take 10 days; ``took`` None: nothing came."""
    ordered_on = UNTIL - 7 * (n + 2) * DAY
    receipts = () if took is None else ((ordered_on + took * DAY, wanted if came is None else came),)
    values = {"order": 1000 - n, "product": 1, "given_up": 0, "unit_cost": cost} | fields
    return Line(ordered_on=ordered_on, due_on=ordered_on + DECLARED * DAY, wanted=wanted, came=receipts, **values)


def history(days: list[int]) -> list[Line]:
    """One order a week, the last of the list the newest."""
    return [line(len(days) - n, took) for n, took in enumerate(days)]


USUAL = [10, 11, 9, 10, 12, 10, 8, 10, 11, 9, 10, 10]


@pytest.mark.parametrize("before", [[], [10], USUAL])
def test_a_late_supplier_is_flagged_within_three_receipts(before):
    for receipts in (1, 2):
        assert late_by(history([*before, *[15] * receipts]), UNTIL) is None
    assert late_by(history([*before, 15, 14, 16]), UNTIL) == 5


@pytest.mark.parametrize("last", [[15, 14, 11], [15, 10, 16], [11, 11, 11], [40, 10, 10]])
def test_a_near_miss_is_not_flagged(last):
    assert late_by(history([*USUAL, *last]), UNTIL) is None


def test_a_supplier_whose_days_vary_is_late_only_beyond_its_usual_spread():
    varied = [4, 16, 7, 13, 10, 5, 15, 12, 8, 10, 14, 6]
    assert late_by(history([*varied, 13, 14, 13]), UNTIL) is None
    assert late_by(history([*varied, 20, 22, 21]), UNTIL) == 11


def test_orders_that_are_overdue_count_without_a_receipt():
    late = [*history(USUAL), *[line(n, None, order=2000 - n) for n in (-0.4, -0.35, -0.3)]]
    assert late_by(late, UNTIL + 10 * DAY) is not None
    assert late_by(late, UNTIL) is None, "they are overdue by a day or two: nothing unusual yet"


@pytest.mark.parametrize(("runs", "shown"), [(300, 0.05), pytest.param(5000, 0.03, marks=pytest.mark.long)])
def test_suppliers_that_became_late_are_told_from_those_that_did_not(runs, shown):
    rng, found = np.random.default_rng(3), {0: 0, 5: 0}
    for shift in found:
        for _ in range(runs):
            days = np.maximum(rng.normal(DECLARED, 1.5, 15), 1)
            days[-3:] += shift
            found[shift] += late_by(history(np.rint(days).astype(int).tolist()), UNTIL) is not None
    assert found[5] / runs > 0.93
    assert found[0] / runs < shown


def test_drift_is_told_with_its_figures_and_one_lost_parcel_is_none():
    slower = drift([*USUAL, 14, 15, 13])
    assert (slower.days, slower.recent, slower.before) == (4, 3, 12)
    assert slower.chance < 0.01
    assert drift([*USUAL, 10, 60, 9]) is None
    assert drift([*USUAL, 7, 6, 5]).days == -4
    assert drift([10, 10, 20, 20, 20]) is None, "too few to compare with"


@pytest.mark.parametrize("runs", [200, pytest.param(3000, marks=pytest.mark.long)])
def test_drift_is_seldom_seen_where_there_is_none(runs):
    rng = np.random.default_rng(4)
    seen = [drift(np.rint(rng.gamma(11, 1.0, 24)).tolist()) is not None for _ in range(runs)]
    assert np.mean(seen) < 0.02


def test_rates_are_those_of_the_lines_that_were_due():
    lines = [
        line(20, 10),  # on time, in full
        line(19, 12),  # late, in full
        line(18, 9, came=5, given_up=5),  # half on time, the rest cancelled
        line(17, None),  # nothing, overdue
        line(80, 10),  # long before the window
        line(-1.5, None),  # not due yet
    ]
    card = scorecard(lines, UNTIL, 365)
    assert (card.orders, card.lines, card.late_lines, card.late_pieces) == (4, 4, 1, 10)
    assert (card.on_time_rate, card.in_full_rate, card.on_time_in_full_rate) == (1.5 / 4, 2 / 4, 1 / 4)
    assert card.lead_time_low <= card.lead_time_median == 10 < card.lead_time_high
    assert scorecard(lines, UNTIL - 400 * DAY, 30).on_time_rate is None


def test_what_came_after_the_day_is_not_known_on_it():
    lines = [line(2, 25)]
    assert scorecard(lines, lines[0].due_on + 3 * DAY, 365).late_lines == 1
    assert scorecard(lines, UNTIL + 30 * DAY, 365).late_lines == 0


def test_prices_are_compared_for_what_was_bought_in_both_years():
    first = UNTIL - 364 * DAY
    lines = [
        line(60, 10, cost=2.0, wanted=30), line(1, 10, cost=2.2), line(2, 10, cost=2.6),
        line(1, 10, cost=99.0, product=2), line(60, 10, cost=1.0, product=3), line(3, 10, cost=0.0, product=3),
    ]  # fmt: skip
    assert price_rate(lines, first, 365) == pytest.approx(1.2)
    assert price_rate(lines[1:2], first, 365) is None


def test_capacity_is_learned_from_months_that_were_delivered_short():
    steady = [line(n, 10, wanted=50) for n in range(1, 52)]
    assert capacity(steady, UNTIL) is None
    late = [line(n, 24, wanted=50) for n in range(1, 52)]
    assert capacity(late, UNTIL) is None, "slow is not small"
    short = [line(n, 10, wanted=50, came=25) for n in range(1, 52)]
    assert capacity(short, UNTIL) == pytest.approx(25, abs=1)


def test_without_orders_a_card_is_empty():
    card = scorecard([], UNTIL, 365)
    assert (card.lines, card.late_lines) == (0, 0)
    assert {card.on_time_rate, card.price_rate, card.drift, card.weekly_capacity, card.lead_time_low} == {None}
