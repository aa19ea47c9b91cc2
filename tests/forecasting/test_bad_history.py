"""Odd histories out of the database: each gets a finite answer that is not negative, and stops nobody else's."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from catalog.models import Promotion
from forecasting import engine
from forecasting.engine import GRID, Panel, ProtectionInterval
from forecasting.models import Signal
from forecasting.panels import known_since, panel_of
from orders.models import DailyDemand, DemandCorrection, DemandSeries

pytestmark = pytest.mark.django_db

UNTIL = date(2026, 3, 30)
NAN, INFINITE = float("nan"), float("inf")
YEAR_AND_MORE = 400


@pytest.fixture
def series(make_product, warehouse):
    """A series with these days before ``UNTIL``, as {days ago: pieces}."""

    def series(pieces: dict[int, int], *, days: int = 120) -> DemandSeries:
        first_on = UNTIL - timedelta(days=days - 1)
        made = DemandSeries.objects.create(
            product=make_product(), warehouse=warehouse, first_on=first_on, closed_on=UNTIL
        )
        DailyDemand.objects.bulk_create(
            DailyDemand(series=made, on_date=UNTIL - timedelta(days=ago), demand=demand, price=5)
            for ago, demand in pieces.items()
        )
        return made

    return series


def answer(panel: Panel, *, length: int = 14, horizon: int = 28) -> engine.Forecast:
    interval = ProtectionInterval.fixed(np.full(len(panel.demand), length))
    found = engine.forecast(panel, engine.train(panel, interval=interval), interval, horizon=horizon)
    demand = found.lead_time_demand
    for values in (found.mean, found.quantiles, demand.mean, demand.quantiles, demand.excess):
        assert np.isfinite(values).all() and (values >= 0).all()
    assert (np.diff(demand.quantiles, axis=1) >= 0).all()
    return found


def test_odd_histories_beside_each_other_are_all_answered(series):
    rng = np.random.default_rng(0)
    first = series({ago: int(n) for ago, n in enumerate(rng.poisson(4, 120))})
    series({})  # nothing was ever asked for
    series({0: 7}, days=1)  # one observation
    series(dict.fromkeys(range(120), 5))
    series({50: 1_000_000})
    gone = series({100: 3})
    DemandCorrection.objects.create(
        series=gone, on_date=UNTIL - timedelta(days=100), known_on=UNTIL, quantity=9, source_key="more than was sold"
    )
    ids = list(DemandSeries.objects.order_by("pk").values_list("pk", flat=True))
    panel = panel_of(ids, since=known_since(UNTIL), until=UNTIL, ahead=28)[0]
    found = answer(panel)
    assert found.lead_time_demand.mean[0] == pytest.approx(56, rel=0.3)
    assert found.lead_time_demand.quantiles[1].max() == 0
    assert found.lead_time_demand.mean[3] == pytest.approx(70, rel=0.15)
    alone = panel_of([first.pk], since=known_since(UNTIL), until=UNTIL, ahead=28)[0]
    assert np.array_equal(alone.demand[0], panel.demand[0], equal_nan=True)


def test_a_series_that_is_not_there_is_left_out(series):
    sold = series({0: 1})
    panel, keys = panel_of([sold.pk, 10**9], since=UNTIL, until=UNTIL)
    assert keys.series.tolist() == [sold.pk] and panel.demand.tolist() == [[1.0]]
    assert panel_of([], since=UNTIL, until=UNTIL)[0].demand.shape == (0, 1)


def test_ten_years_of_days_are_read_as_two(series):
    sold = series(dict.fromkeys(range(3650), 3), days=3650)
    panel = panel_of([sold.pk], since=known_since(UNTIL), until=UNTIL, ahead=28)[0]
    assert panel.demand.tolist() == [[3.0] * 730]


def test_promotions_that_overlap_are_one_and_the_later_entered_price_counts(series):
    sold = series(dict.fromkeys(range(120), 4))
    for name, first, last, price in (("spring", 1, 6, 4), ("sale", 4, 9, 3)):
        Promotion.objects.create(
            product=sold.product, name=name, starts_on=UNTIL + timedelta(days=first), price=price,
            ends_on=UNTIL + timedelta(days=last), announced_on=UNTIL,
        )  # fmt: skip
    known = panel_of([sold.pk], since=UNTIL, until=UNTIL, ahead=10)[0].known
    assert known["promotion"][0].tolist() == [0, *[1] * 9, 0]
    assert known["price"][0].tolist() == [5, 4, 4, 4, *[3] * 6, 5]


def test_a_signal_of_nonsense_size_moves_no_other_answer(series):
    sold = series(dict.fromkeys(range(120), 4))
    plain = panel_of([sold.pk], since=known_since(UNTIL), until=UNTIL, ahead=28)[0]
    Signal.objects.create(name="rain", on_date=UNTIL, value=-1e12, known_on=UNTIL)
    panel = panel_of([sold.pk], since=known_since(UNTIL), until=UNTIL, ahead=28)[0]
    assert answer(panel).lead_time_demand.mean == pytest.approx(answer(plain).lead_time_demand.mean)


def test_a_horizon_beyond_a_year_is_answered(series):
    sold = series(dict.fromkeys(range(120), 4))
    panel = panel_of([sold.pk], since=known_since(UNTIL), until=UNTIL, ahead=YEAR_AND_MORE)[0]
    found = answer(panel, length=YEAR_AND_MORE, horizon=YEAR_AND_MORE)
    assert found.mean.shape == (1, YEAR_AND_MORE)
    assert found.lead_time_demand.mean[0] == pytest.approx(4 * YEAR_AND_MORE, rel=0.15)
    assert found.lead_time_demand.quantiles[0, GRID.index(0.995)] < 8 * YEAR_AND_MORE


def test_negative_and_missing_numbers_are_no_demand():
    rows = np.tile([4.0, -3.0, NAN, INFINITE, 4.0, 4.0, 4.0], (2, 20))
    stocked_out = np.tile([0.0, NAN, 2.0, -1.0, 0.0, 0.0, 0.0], (2, 20))
    found = answer(Panel(rows, "D", UNTIL, stocked_out=stocked_out))
    assert found.lead_time_demand.mean.max() <= 14 * 4


def test_days_that_are_closed_by_plan_get_nothing_and_the_others_all(series, warehouse):
    warehouse.closed_weekdays = [5, 6]
    warehouse.save()
    ago = [n for n in range(120) if (UNTIL - timedelta(days=n)).weekday() < 5]
    ids = [series(dict.fromkeys(ago, 6)).pk for _ in range(3)]
    panel = panel_of(ids, since=known_since(UNTIL), until=UNTIL, ahead=28)[0]
    found = answer(panel, length=16)
    assert np.isnan(panel.demand[0, -2:]).sum() == 1  # UNTIL is a Monday, the day before is closed
    weekday = [(UNTIL + timedelta(days=n)).weekday() for n in range(1, 29)]
    closed = np.isin(weekday, [5, 6])
    assert (found.mean[:, closed] == 0).all() and (found.mean[:, ~closed] > 0).all()
    assert found.lead_time_demand.mean[0] == pytest.approx(6 * int((~closed[:16]).sum()), rel=0.1)
