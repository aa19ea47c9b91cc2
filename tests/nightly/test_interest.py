"""The night counts views and carts before it plans, and drops single events once they are old."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory_site.common.models import JobRun
from inventory_site.nightly_steps import prune, split_closing
from orders.interest import KEPT_DAYS, NewEvent, record_events
from orders.models import CartEvent, DailyInterest, DayRevision, DemandSeries

pytestmark = pytest.mark.django_db

NOON = timezone.now().replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=2)


def test_a_night_counts_what_came_in_and_a_later_one_drops_it(make_product, warehouse):
    product = make_product()
    events = [NewEvent(product, kind, NOON, warehouse=warehouse) for kind in ("view", "view", "add")]
    record_events(events=events)
    series = DemandSeries.objects.create(product=product, warehouse=warehouse, first_on=NOON.date())
    DayRevision.objects.create(series=series, on_date=NOON.date(), known_on=NOON.date(), demand=1)
    run = JobRun.objects.create(kind="nightly", business_date=NOON.date(), started_at=timezone.now(), state="failed")
    split_closing(run)
    assert list(DailyInterest.objects.values_list("views", "adds")) == [(2, 1)]
    prune(run, {})()
    assert (CartEvent.objects.count(), DayRevision.objects.count()) == (3, 1)
    later = JobRun.objects.create(kind="nightly", business_date=NOON.date() + timedelta(days=900), state="failed")
    assert later.business_date - NOON.date() > timedelta(days=KEPT_DAYS)
    prune(later, {})()
    assert (CartEvent.objects.count(), DayRevision.objects.count(), DailyInterest.objects.count()) == (0, 0, 1)
