"""The bench of point accuracy measures what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench import point_accuracy
from bench.point_accuracy import Errors, Shop, lagged, measure, read, window_scale

NAN = np.nan


def growing(series: int = 60, weeks: int = 150) -> Shop:
    """Yearly waves with growth, and a promotion that doubles one week in ten."""
    rng = np.random.default_rng(4)
    week = np.arange(weeks)
    promotion = (rng.random((series, weeks)) < 0.1).astype(float)
    rate = rng.uniform(20, 60, (series, 1)) * (1 + week / weeks) * (1.5 + np.sin(week * 2 * np.pi / 52))
    demand = rng.poisson(rate * (1 + promotion)).astype(float)
    dates = pd.date_range("2022-01-03", periods=weeks, freq="7D")
    return Shop("growing", "W", 4, dates, demand, promotion, np.arange(series).astype(str), np.full(series, "main"))


def test_a_file_says_its_bucket_and_lead_time_and_starts_with_the_first_sale(tmp_path):
    rows = pd.DataFrame(
        {"sku": ["a"] * 3 + ["b"] * 2, "date": ["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-03", "2024-01-04"],
         "quantity": [2, 3, 5, 1, 4], "promotion": [0, 0, 1, 0, 1]}
    )  # fmt: skip
    rows.to_csv(tmp_path / "corner.shop.D.2.csv", index=False)
    shop = read(tmp_path / "corner.shop.D.2.csv")
    assert (shop.name, shop.freq, shop.lead) == ("corner.shop", "D", 2)
    assert np.array_equal(shop.demand, [[2, 3, 0, 5], [NAN, NAN, 1, 4]], equal_nan=True)
    assert shop.promotion.tolist() == [[0, 0, 0, 1], [0, 0, 0, 1]]


def test_errors_are_those_of_the_series_that_the_other_one_answered():
    demand, engine, other = np.array([10.0, 20.0, 30.0]), np.array([12.0, 20.0, 90.0]), np.array([5.0, 25.0, NAN])
    errors = Errors([demand], {"engine": [engine], "other": [other]}, [np.array([4.0, 1.0, 9.0])])
    assert errors.of("other", "other") == pytest.approx((10 / 30, np.sqrt((25 / 4 + 25) / 2), 0.0))
    assert errors.of("engine", "other") == pytest.approx((2 / 30, np.sqrt(0.5), 2 / 30))


def test_the_scale_is_what_repeating_the_last_window_gets_wrong():
    assert window_scale(np.array([[1.0, 2, 4, 7]]), 2).tolist() == [(11 - 3) ** 2]


def test_the_plain_model_reads_nothing_of_the_bucket_it_forecasts():
    shop = growing()
    later = shop.demand.copy()
    later[:, 100:] = 0.0
    scale = np.ones(60)
    seen = [lagged(shop, y, 100, scale, shop.promotion) for y in (shop.demand, later)]
    assert np.array_equal(*seen, equal_nan=True)


@pytest.mark.long
def test_where_demand_grows_waves_and_is_promoted_the_engine_is_ahead(capsys):
    shop = growing()
    ahead = point_accuracy.report(shop, measure(shop, 1, 60, 6), by_rmsse=False)
    assert ahead == {point_accuracy.MEAN: True, point_accuracy.MEDIAN: True}
    assert "engine / it by WAPE" in capsys.readouterr().out
