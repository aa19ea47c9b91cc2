"""When a supplier takes orders, and how long an order must last."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from catalog.models import SupplierClosure
from orders import services
from orders.order_days import LONGEST_DAYS, OrderDays, order_days_of
from orders.services.purchase_terms import problems_of
from orders.services.purchases import expected_day

MONDAY = date(2026, 3, 2)
ONE_DAY = timedelta(days=1)


def test_without_weekdays_and_holidays_the_gap_is_the_review_period():
    assert OrderDays().next(MONDAY) == MONDAY
    assert [OrderDays().gap(MONDAY, at_least=days) for days in (0, 1, 7)] == [1, 1, 7]


def test_the_gap_reaches_over_a_closure_to_the_next_weekday():
    closed = OrderDays(frozenset({0}), closures=((date(2026, 3, 7), date(2026, 3, 10)),))
    assert closed.gap(MONDAY) == 14
    assert closed.next(MONDAY + ONE_DAY) == date(2026, 3, 16)


def test_public_holidays_are_skipped():
    may_day = date(2026, 5, 1)
    assert OrderDays(country="CN").next(may_day) > may_day
    assert OrderDays(country="XX").next(may_day) == may_day


def test_who_is_closed_for_years_is_not_waited_for_without_end():
    closed = OrderDays(closures=((MONDAY, date(2036, 1, 1)),))
    assert closed.next(MONDAY) == MONDAY + timedelta(days=LONGEST_DAYS)


@pytest.mark.django_db
def test_an_order_within_a_closure_is_expected_after_it(
    make_supplier, make_product, warehouse, django_assert_num_queries
):
    acme = make_supplier("ACME", name="Acme", lead_time_days=10)
    SupplierClosure.objects.create(supplier=acme, first_on=MONDAY, last_on=MONDAY + 4 * ONE_DAY)
    with django_assert_num_queries(1):
        days = order_days_of([acme])
    assert days[acme.pk].next(MONDAY) == MONDAY + 5 * ONE_DAY
    lines = [services.NewPurchaseLine(make_product(), 24)]
    order = services.create_purchase_order(supplier=acme, warehouse=warehouse, lines=lines, actor=None)
    assert expected_day(order, MONDAY) == MONDAY + 15 * ONE_DAY
    (problem,) = problems_of(order, on=MONDAY)
    assert str(problem) == "Acme takes no orders on this day; the next day that it does is 03/07/2026."
