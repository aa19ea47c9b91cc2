"""Cells of imported files: what is taken, and why the others are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from orders.importers import cells
from orders.importers.cells import BadCell


@pytest.mark.parametrize(
    ("told", "number"), [("6", 6), ("-6", -6), ("+6", 6), ("6.0", 6), ("6,00", 6), ("007", 7), (str(10**12), 10**12)]
)
def test_whole_numbers_are_taken(told, number):
    assert cells.whole_number(told) == number


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("", "empty"),
        ("six", "not a number"),
        ("1.5", "not a whole number"),
        ("1,234", "not a whole number"),
        (".5", "not a whole number"),
        ("1e3", "not a number"),
        ("NaN", "not a number"),
        ("١٢", "not a number"),
        (str(2**63), "larger than 1000000000000"),
        ("9" * 5000, "not a number"),
        ("#REF!", "not a number"),
    ],
)
def test_a_quantity_that_is_none_is_refused(told, reason):
    with pytest.raises(BadCell, match=reason):
        cells.whole_number(told)


@pytest.mark.parametrize(
    ("told", "ten_thousandths"),
    [("2.55", 25_500), ("2,5", 25_000), ("2.5500000000000003", 25_500), ("0.00005", 1), ("-0.0", 0), ("12", 120_000)],
)
def test_prices_are_kept_to_the_fourth_decimal(told, ten_thousandths):
    assert cells.price(told) == ten_thousandths


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("-2.55", "negative"),
        ("€ 2", "without a currency"),
        ("inf", "not a number"),
        ("1,234", "thousands or decimals"),
        ("1.234,50", "not a number"),
        ("100000000", "larger than"),
        (".", "not a number"),
    ],
)
def test_a_price_that_is_none_is_refused(told, reason):
    with pytest.raises(BadCell, match=reason):
        cells.price(told)


@pytest.mark.parametrize(
    ("told", "order", "at"),
    [
        ("2024-01-31", "", "2024-01-31T00:00:00"),
        ("2024-01-31 8:05", "", "2024-01-31T08:05:00"),
        ("31.01.2024 08:05:09", "", "2024-01-31T08:05:09"),
        ("03/04/2024", "dmy", "2024-04-03T00:00:00"),
        ("3/4/2024 8:05", "mdy", "2024-03-04T08:05:00"),
        ("2024-01-31T08:05:00Z", "", "2024-01-31T08:05:00+00:00"),
    ],
)
def test_dates_are_read(told, order, at):
    assert cells.moment(told, order).isoformat() == at


def test_an_offset_after_a_space_is_part_of_the_moment():
    assert cells.moment("2024-01-31 08:05:00 -0500").astimezone(UTC) == datetime(2024, 1, 31, 13, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "order", "reason"),
    [
        ("", "", "empty"),
        ("yesterday", "", "not a date"),
        ("2024-02-30", "", "not a date"),
        ("03/04/2024", "", "day or month first"),
        ("13/13/2024", "dmy", "not a date"),
        ("1969-12-31", "", "before 1970"),
        ("40513.35", "", "not a date"),
    ],
)
def test_a_date_that_is_none_is_refused(told, order, reason):
    with pytest.raises(BadCell, match=reason):
        cells.moment(told, order)


def test_tomorrow_may_be_a_time_zone_but_next_week_is_a_mistake():
    now = timezone.now()
    assert cells.moment((now + timedelta(hours=20)).isoformat())
    with pytest.raises(BadCell, match="in the future"):
        cells.moment((now + timedelta(days=7)).isoformat())
