"""What the forecast reads besides orders: holidays, signals, views, closed and missing days, days as known then."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from catalog.models import Category
from forecasting.data_facts import data_facts
from forecasting.models import DataRule, Signal, SignalKind
from forecasting.panels import panel_of
from inventory_site.common.public_holidays import holidays_between
from orders.models import DailyDemand, DailyInterest, DayRevision, DemandSeries
from stock.models import ClosedDay, Warehouse

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

MONDAY = date(2026, 3, 23)
SUNDAY = MONDAY + timedelta(days=6)
NAN = float("nan")


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


@pytest.fixture
def series(make_product, warehouse):
    """A series from Monday, closed up to Sunday; ``days`` maps a day's number to what was asked for."""

    def series(days: dict[int, int], *, product=None, place=None) -> DemandSeries:
        made = DemandSeries.objects.create(
            product=product or make_product(), warehouse=place or warehouse, first_on=MONDAY, closed_on=SUNDAY
        )
        for number, demand in days.items():
            DailyDemand.objects.create(series=made, on_date=day(number), demand=demand)
        return made

    return series


def week(*chosen: DemandSeries, until: date = SUNDAY, ahead: int = 0):
    return panel_of([row.pk for row in chosen], since=MONDAY, until=until, ahead=ahead)[0]


def same(found, expected) -> bool:
    return np.array_equal(found, np.array(expected, np.float32), equal_nan=True)


def tell(name: str, values: dict[int, float], *, known: int | None = None, place: Warehouse | None = None) -> None:
    for number, value in values.items():
        known_on = day(number if known is None else known)
        Signal.objects.create(name=name, on_date=day(number), value=value, known_on=known_on, warehouse=place)


def test_holidays_are_those_of_the_warehouses_country(series, make_warehouse):
    latvia, nowhere = series({0: 1}), series({0: 1}, place=make_warehouse("depot"))
    good_friday, easter = date(2026, 4, 3), date(2026, 4, 5)
    assert good_friday in holidays_between("LV", MONDAY, easter) and not holidays_between("QQ", MONDAY, easter)
    found = week(latvia, nowhere, ahead=12).known["holiday"]
    assert np.flatnonzero(found[0]).tolist() == [11, 13, 14]  # Good Friday, Easter Sunday and Monday
    assert not found[1].any()


def test_a_shop_that_tells_no_country_has_no_holidays(series):
    sold = series({0: 1})
    Warehouse.objects.update(country="")
    assert "holiday" not in week(sold, ahead=12).known


def test_a_signal_of_a_warehouse_goes_before_everybodys_and_days_ahead_may_be_told(series, warehouse, make_warehouse):
    here, there = series({0: 1}), series({0: 1}, place=make_warehouse("depot"))
    tell("rain", {0: 1.0, 1: 2.0})
    tell("rain", {1: 5.0}, place=warehouse)
    tell("rain", {8: 9.0}, known=6)
    tell("rain", {9: 7.0}, known=7)  # told tomorrow
    found = week(here, there, ahead=3).known["signal:rain"]
    rest = [NAN] * 5
    assert same(found, [[1, 5, *rest, NAN, 9, NAN], [1, 2, *rest, NAN, 9, NAN]])


def test_a_day_told_twice_counts_as_it_was_last_known_on_the_day_itself(series):
    sold = series({0: 1})
    for known, value in ((0, 10.0), (3, 12.0), (5, 99.0)):
        tell("rain", {3: value}, known=known)
    values = [week(sold, until=day(until), ahead=4).known["signal:rain"][0, 3] for until in (1, 3, 6)]
    assert values == [10.0, 12.0, 12.0]


def test_what_is_not_told_ahead_is_the_mean_or_the_last_value_as_chosen(series):
    from forecasting.engine.backtest import known_at

    sold = series({0: 1})
    tell("rain", {4: 2.0, 5: 4.0, 6: 9.0})
    tell("adverts", {4: 2.0, 5: 4.0, 6: 9.0})
    SignalKind.objects.create(name="adverts", ahead="last")
    panel = week(sold, ahead=2)
    at_the_end, before = known_at(panel, 7).known, known_at(panel, 6).known
    assert at_the_end["signal:rain"][0, 7:].tolist() == [5.0, 5.0]
    assert at_the_end["signal:adverts"][0, 7:].tolist() == [9.0, 9.0]
    assert before["signal:rain"][0, 6:].tolist() == [3.0] * 3  # on Saturday nobody knew of Sunday's 9
    assert before["signal:adverts"][0, 6:].tolist() == [4.0] * 3


def test_views_and_carts_are_those_of_the_day_before(series, warehouse):
    sold, other = series({0: 1}), series({0: 1})
    for number, (views, adds, abandoned) in {1: (10, 4, 1), 2: (20, 4, 3)}.items():
        DailyInterest.objects.create(
            product=sold.product, warehouse=warehouse, on_date=day(number), views=views, adds=adds, abandoned=abandoned
        )
    DailyInterest.objects.create(product=sold.product, on_date=day(2), views=5)  # of the whole shop
    known = week(sold, other, ahead=2).known
    assert same(known["views"], [[NAN, NAN, 10, 25, 0, 0, 0, 0, NAN], [NAN, NAN, 0, 0, 0, 0, 0, 0, NAN]])
    assert same(known["abandonment"][0, 2:5], [0.25, 0.5, 0.5])
    assert np.isnan(known["abandonment"][1]).all()


def test_closed_days_are_unknown_and_known_ahead(series, warehouse, make_warehouse):
    warehouse.closed_weekdays = [6]
    warehouse.save()
    ClosedDay.objects.create(warehouse=warehouse, on_date=day(2))
    ClosedDay.objects.create(warehouse=warehouse, on_date=day(3))
    ClosedDay.objects.create(warehouse=warehouse, on_date=day(8), announced_on=day(7))
    here, there = series({0: 4, 3: 2}), series({0: 4}, place=make_warehouse("depot"))
    panel = week(here, there, ahead=7)
    assert same(panel.demand, [[4, 0, NAN, 2, 0, 0, NAN], [4, 0, 0, 0, 0, 0, 0]])  # what was asked for stays
    assert np.flatnonzero(panel.known["closed"][0]).tolist() == [2, 3, 6, 13]
    assert not panel.known["closed"][1].any()


def test_a_warehouse_may_close_on_the_holidays_of_its_country(series, warehouse):
    warehouse.is_closed_on_holidays = True
    warehouse.save()
    found = week(series({0: 1}), ahead=12).known
    assert same(found["closed"], found["holiday"])


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("zero", [4, 8, 0, 0, 2, 0, 0]),
        ("unknown", [4, 8, NAN, NAN, 2, NAN, NAN]),
        ("interpolate", [4, 8, 6, 4, 2, 2, 2]),
        ("nearest", [4, 8, 8, 2, 2, 2, 2]),
        ("mean", [4, 8, NAN, NAN, 2, NAN, NAN]),  # no earlier week
    ],
)
def test_a_missing_day_is_what_the_rule_says(series, missing, expected):
    sold = series({0: 4, 1: 8, 4: 2})
    DataRule.objects.create(missing=missing, gap="item")
    assert same(week(sold).demand, [expected])


def test_the_mean_is_that_of_the_same_weekday_before(series):
    sold = series({0: 4, 7: 6, 1: 1, 8: 1})
    DemandSeries.objects.update(closed_on=day(20))
    DataRule.objects.create(missing="mean", gap="item", product=sold.product)
    found = week(sold, until=day(20)).demand[0]
    assert (found[14], found[15]) == (5, 1)
    assert np.isnan(found[2])


def test_a_day_is_missing_when_the_whole_warehouse_is_silent(series, make_warehouse):
    one, other = series({0: 4, 3: 1}), series({0: 1, 2: 5})
    elsewhere = series({1: 3}, place=make_warehouse("depot"))
    DataRule.objects.create(missing="unknown")
    assert same(week(one).demand, [[4, NAN, 0, 1, NAN, NAN, NAN]])  # the others count without being in the panel
    assert same(week(one, other, elsewhere).demand[1:], [[1, NAN, 5, 0, NAN, NAN, NAN], [NAN, 3, *[NAN] * 5]])


def test_the_narrowest_rule_wins(series, make_product, warehouse):
    tea = Category.objects.create(name="Tea")
    first, second, third = (series({0: 4}, product=make_product(category=kind)) for kind in (tea, tea, None))
    for missing, scope in (
        ("zero", {"product": first.product}),
        ("nearest", {"category": tea}),
        ("unknown", {"warehouse": warehouse}),
        ("interpolate", {}),
    ):
        DataRule.objects.create(missing=missing, gap="item", **scope)
    assert same(week(first, second, third).demand[:, 1], [0, 4, NAN])


def test_a_past_day_says_what_it_said_then(series):
    sold = series({0: 4, 1: 9})
    DailyDemand.objects.filter(on_date=day(0)).update(stocked_out_rate=0.5)
    for known, demand, rate in ((3, 1, 0.0), (5, 6, 0.25)):
        DayRevision.objects.create(
            series=sold, on_date=day(0), known_on=day(known), demand=demand, stocked_out_rate=rate
        )
    found = [week(sold, until=day(until)) for until in (2, 4, 6)]
    assert [panel.demand[0, 0] for panel in found] == [1, 6, 4]
    assert [panel.stocked_out[0, 0] for panel in found] == [0.0, 0.25, 0.5]


def test_the_page_of_an_item_tells_what_is_made_of_its_days(series, warehouse):
    sold = series({0: 4, 1: 8, 4: 2})
    DailyDemand.objects.filter(on_date=day(4)).update(stocked_out_rate=0.5)
    ClosedDay.objects.create(warehouse=warehouse, on_date=day(6))
    DataRule.objects.create(missing="interpolate", gap="item")
    tell("rain", {0: 1.0})
    told = data_facts(product_id=sold.product_id, warehouse_id=warehouse.pk, until=SUNDAY)
    assert told == [
        "It reads 7 days from 03/23/2026 on; on 6 of them something was asked for.",
        "3 days are missing, and taken as: between the days around it.",
        "1 day was closed: left out.",
        "1 day was without stock for a part: completed by what is usual.",
        "Known besides demand: holidays, closed days, rain (ahead: the mean of the last four weeks).",
    ]
    assert data_facts(product_id=sold.product_id + 99, warehouse_id=warehouse.pk, until=SUNDAY) == []


def test_the_page_names_a_bulk_order(series, warehouse):
    sold = series(dict.fromkeys(range(12), 2) | {12: 60})
    DemandSeries.objects.update(closed_on=day(12))
    told = data_facts(product_id=sold.product_id, warehouse_id=warehouse.pk, until=day(12))
    assert "Bulk orders count less for the level, and in full for the upper quantiles: 60 on 04/04/2026." in told
