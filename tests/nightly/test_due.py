"""When a day is run: after ``night_at`` in the shop, when the day is over in every warehouse; once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from inventory_site import nightly
from inventory_site.common.jobs import RunUnderWay, start_run
from inventory_site.common.models import JobRun, ShopSettings

pytestmark = pytest.mark.django_db

RIGA, NEW_YORK = ZoneInfo("Europe/Riga"), ZoneInfo("America/New_York")


@pytest.fixture
def shop(warehouse):
    return ShopSettings.objects.create(pk=1, time_zone="Europe/Riga", night_at=time(3))


@pytest.mark.parametrize(
    ("local", "due"),
    [
        (datetime(2026, 6, 10, 2, 59, tzinfo=RIGA), date(2026, 6, 8)),
        (datetime(2026, 6, 10, 3, 0, tzinfo=RIGA), date(2026, 6, 9)),
        (datetime(2026, 6, 10, 23, 59, tzinfo=RIGA), date(2026, 6, 9)),
        # 03:00 does not exist on this night, and comes twice on that one.
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), date(2026, 3, 27)),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 10, 25, 0, 0, tzinfo=UTC), date(2026, 10, 24)),
    ],
)
def test_the_day_before_is_due_from_three_in_the_morning_on(shop, local, due):
    assert nightly.due_date(local) == due


def test_a_day_waits_until_it_is_over_in_the_farthest_warehouse(shop, make_warehouse):
    boston = make_warehouse("boston", time_zone="America/New_York")
    midnight_there = datetime(2026, 6, 10, 0, 0, tzinfo=NEW_YORK)
    assert nightly.due_date(datetime(2026, 6, 10, 6, 59, tzinfo=RIGA)) == date(2026, 6, 8)
    assert nightly.due_date(midnight_there) == date(2026, 6, 9)
    boston.is_active = False
    boston.save()
    assert nightly.due_date(datetime(2026, 6, 10, 6, 59, tzinfo=RIGA)) == date(2026, 6, 9)


def test_after_days_without_power_the_last_day_is_due_not_each_one(shop):
    JobRun.objects.create(kind="nightly", business_date=date(2026, 6, 1), state="published")
    assert nightly.due_date(datetime(2026, 6, 10, 12, tzinfo=RIGA)) == date(2026, 6, 9)


@pytest.mark.parametrize("state", ["running", "published", "failed"])
def test_a_day_that_has_a_run_is_not_due(shop, state):
    JobRun.objects.create(kind="nightly", business_date=date(2026, 6, 9), state=state)
    assert nightly.due_date(datetime(2026, 6, 10, 12, tzinfo=RIGA)) is None


def test_on_the_night_when_the_clock_is_set_back_the_day_is_not_run_twice(shop):
    JobRun.objects.create(kind="nightly", business_date=date(2026, 10, 24), state="published")
    hours = [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in range(24)]
    assert [nightly.due_date(hour) for hour in hours] == [None] * 24
    assert nightly.due_date(datetime(2026, 10, 26, 1, tzinfo=UTC)) == date(2026, 10, 25)


def test_the_demo_has_one_night(shop):
    shop.demo_until = date(2026, 5, 31)
    shop.save()
    assert nightly.due_date() == date(2026, 5, 31)
    run = nightly.start_if_due()
    assert (run.business_date, run.requested_by) == (date(2026, 5, 31), "beat")
    assert nightly.due_date() is None and nightly.start_if_due() is None
    assert JobRun.objects.count() == 1


def test_an_unfinished_run_is_finished_before_the_next_day_begins(shop):
    start_run(kind="nightly", business_date=date(2026, 1, 1), requested_by="beat")
    assert nightly.due_date() is not None and nightly.start_if_due() is None
    with pytest.raises(RunUnderWay, match="2026-01-01"):
        nightly.request_run(requested_by="anna")


def test_a_day_that_is_not_over_is_refused(shop):
    newest = nightly.last_over()
    with pytest.raises(nightly.DayNotOver, match=f"The last day that can be run is {newest}"):
        nightly.request_run(requested_by="anna", business_date=date(2100, 1, 1))
    assert JobRun.objects.count() == 0


def test_an_older_day_than_the_newest_plan_is_refused(shop):
    JobRun.objects.create(kind="nightly", business_date=date(2026, 6, 9), state="published")
    with pytest.raises(nightly.NewerRun, match="2026-06-09 was planned already, so 2026-06-01"):
        nightly.request_run(requested_by="anna", business_date=date(2026, 6, 1))
    assert JobRun.objects.count() == 1
