"""Why this number: what each driver adds, and that all of them add up."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.drivers import ORDER, drivers_of, rounded, stored, terms
from forecasting.models import Forecast
from forecasting.words import why

WEEKS = np.tile([0.0, 0, 0, 0, 0, 3, -3], 200)


def told(demand, mean, known=None, stocked_out=None, baseline=None) -> dict[str, np.ndarray]:
    mean = np.asarray(mean, float)
    found = drivers_of(np.asarray(demand, float)[None], (mean if baseline is None else baseline)[None], known or {},
                       stocked_out)  # fmt: skip
    return terms(stored(found)[0], mean.tolist(), None if baseline is None else baseline.tolist())


def totals(found: dict[str, np.ndarray]) -> dict[str, float]:
    return {name: round(float(days.sum()), 2) for name, days in found.items() if abs(days.sum()) > 0.005}


def test_a_flat_forecast_is_its_level():
    assert totals(told([4.0] * 200, [4.0] * 28)) == {"level": 112.0}


def test_a_line_that_goes_on_is_level_and_trend():
    line = 10 + 5.0 * np.arange(228)
    found = told(line[:200], line[200:])
    assert totals(found) == {"level": 26250.0, "trend": 3920.0}
    assert found["trend"][:2].tolist() == [72.5, 77.5]  # from the middle of the last four weeks


def test_a_forecast_that_does_not_follow_the_trend_has_none():
    line = 10 + 5.0 * np.arange(200)
    assert set(totals(told(line, [float(line[-28:].mean())] * 28))) == {"level"}


def test_weekdays_are_read_off_the_forecast():
    found = told(5 + WEEKS[:196], 5 + WEEKS[196:224])
    assert found["weekday"][:7].tolist() == [0, 0, 0, 0, 0, 3, -3]
    assert totals(found) == {"level": 140.0}


def test_a_promotion_gets_what_its_days_have_above_the_others():
    promotion = np.zeros((1, 224))
    promotion[0, [180, 181, 200, 201, 202]] = 1
    demand, mean = np.full(196, 5.0), np.full(28, 5.0)
    demand[180:182], mean[4:7] = 15.0, 12.0
    found = told(demand, mean, {"promotion": promotion})
    assert totals(found) == {"level": 140.0, "promotion": 21.0}
    assert found["promotion"][4:8].tolist() == [7, 7, 7, 0]


def test_a_holiday_and_a_price_for_some_days_get_theirs():
    holiday, price = np.zeros((1, 224)), np.full((1, 224), 10.0)
    holiday[0, 198], price[0, 206:209] = 1, 8.0
    mean = np.full(28, 5.0)
    mean[2], mean[10:13] = 0.0, 8.0
    found = told([5.0] * 196, mean, {"holiday": holiday, "price": price})
    assert totals(found) == {"level": 140.0, "holiday": -5.0, "price": 9.0}


@pytest.mark.parametrize(("later", "driver"), [(8.0, "price"), (12.0, "rest")])
def test_a_price_that_lasts_explains_only_what_goes_its_way(later, driver):
    price = np.full((1, 224), 10.0)
    price[0, 196:] = later
    found = told([5.0] * 196, 7 + WEEKS[196:224], {"price": price})
    assert totals(found) == {"level": 140.0, driver: 56.0}
    assert found["weekday"][5] == 3.0


def test_the_season_of_a_year_ago_counts_as_far_as_it_is_followed():
    demand = np.full(500, 20.0)
    demand[500 - 364 : 500 - 364 + 38] = 40.0  # a year ago the next weeks sold twice as much
    followed, ignored = told(demand, [40.0] * 28), told(demand, [20.0] * 28)
    assert 350 < totals(followed)["season"] <= 560
    assert totals(ignored) == {"level": 560.0}


def test_days_without_stock_do_not_lower_the_level():
    demand, empty = np.full((200,), 4.0), np.zeros((1, 200))
    demand[-10:], empty[0, -10:] = 0.0, 1.0
    assert totals(told(demand, [4.0] * 28, stocked_out=empty)) == {"level": 112.0}


def test_an_override_is_what_stands_between_model_and_plan():
    found = told([4.0] * 200, [6.0] * 7 + [4.0] * 21, baseline=np.full(28, 4.0))
    assert totals(found) == {"level": 112.0, "override": 14.0}


@pytest.mark.parametrize("days", [0, 1, 10, 60, 800])
def test_any_history_gives_finite_terms(days):
    for value in (np.nan, 0.0, 3.0):
        found = told(np.full(days, value), np.ones(28))
        assert all(np.isfinite(added).all() for added in found.values())
        assert sum(added.sum() for added in found.values()) == pytest.approx(28)


@settings(max_examples=25, deadline=None)
@given(
    arrays(float, 90, elements=st.floats(0, 1e4)), arrays(float, 28, elements=st.floats(0, 1e4)),
    arrays(bool, 118), arrays(float, 118, elements=st.floats(0.5, 99)),
)  # fmt: skip
def test_whatever_the_numbers_the_terms_add_up_on_every_day(demand, mean, promotion, price):
    known = {"promotion": promotion[None].astype(float), "price": price[None]}
    found = told(demand, mean, known)
    assert tuple(found) == ORDER
    assert np.allclose(sum(found.values()), mean, atol=1e-6)
    shown = rounded({name: float(days.sum()) for name, days in found.items()})
    assert sum(shown.values()) == pytest.approx(round(float(sum(d.sum() for d in found.values())), 1), abs=1e-6)


def test_the_sentence_and_the_table_add_up_as_they_are_shown():
    forecast = Forecast(
        first_on=date(2026, 3, 30), mean=[6.04] * 7 + [4.04] * 21, baseline_mean=[4.04] * 28,
        drivers={"level": 3.01, "weekday": [0, 0, 0, 0, 0, 3, -3]},
    )  # fmt: skip
    found = why(forecast)
    assert found.sentence == (
        "127.2 pieces in 28 days: level of the last four weeks 84.4, override by people +14, "
        "what the model learned besides +28.8."
    )
    assert found.weekdays == "Saturday brings 3.0 more than a usual day, Sunday 3.0 less."
    assert sum(row.total for row in found.drivers) == pytest.approx(found.total)
    for at, week in enumerate(found.weeks):
        assert sum(row.weeks[at] for row in found.drivers) == pytest.approx(week)
