"""Views and carts: events come in once and without names, each day is counted, single events are dropped in time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from orders.interest import KEPT_DAYS, NewEvent, forget_old, record_events, roll_up
from orders.models import CartEvent, DailyInterest

pytestmark = pytest.mark.django_db

NOON = timezone.now().replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=2)
DAY = NOON.date()


@pytest.fixture
def happen(make_product, warehouse):
    """(kind, visit, quantity) of one product at noon of that day."""
    product = make_product("TEA-1")

    def happen(*acts: tuple, at: datetime = NOON, place=warehouse):
        events = [NewEvent(product, kind, at, quantity, visit, place) for kind, visit, quantity in acts]
        return record_events(events=events)

    return happen


def counted() -> list[tuple]:
    return list(DailyInterest.objects.order_by("on_date").values_list("on_date", "views", "adds", "abandoned"))


def test_a_cart_is_left_behind_by_who_neither_buys_nor_takes_out(happen):
    happen(("view", "a", 1), ("view", "b", 1), ("view", "", 3), ("add", "a", 2), ("add", "b", 3), ("add", "c", 1))
    happen(("checkout", "a", 2), ("remove", "b", 1), ("add", "", 4), ("abandon", "", 1))
    assert roll_up(until=DAY) == 1
    assert counted() == [(DAY, 5, 10, 2 + 1 + 1)]


def test_counting_again_changes_nothing_and_late_events_are_added(happen):
    happen(("view", "a", 1))
    begun = timezone.now()
    for _twice in range(2):
        roll_up(until=DAY)
    assert roll_up(until=DAY, recorded_since=begun) == 0
    happen(("view", "b", 1))
    roll_up(until=DAY, recorded_since=begun)
    assert counted() == [(DAY, 2, 0, 0)]


def test_a_day_is_one_of_the_warehouses_clock_and_today_is_not_over(happen, warehouse):
    late = NOON.replace(hour=22, minute=30)  # past midnight in Riga, winter and summer
    happen(("view", "a", 1), at=late)
    happen(("view", "a", 1), at=late, place=None)  # the shop's clock is UTC's
    roll_up(until=DAY)
    assert list(DailyInterest.objects.values_list("warehouse", "on_date")) == [(None, DAY)]
    roll_up(until=DAY + timedelta(days=1))
    assert DailyInterest.objects.get(warehouse=warehouse).on_date == DAY + timedelta(days=1)


def test_an_event_is_kept_once_and_its_visit_has_no_name(make_product):
    event = NewEvent(make_product(), "view", NOON, session="anna@example.org", external_id="e1")
    assert record_events(events=[event, event]) == (1, 1)
    assert record_events(events=[event]) == (0, 1)
    kept = CartEvent.objects.get()
    assert "anna" not in kept.session and len(kept.session) == 32


def test_single_events_are_dropped_when_they_are_old_and_counted(happen):
    happen(("view", "a", 1))
    roll_up(until=DAY)
    assert forget_old(until=DAY) == 0
    assert forget_old(until=DAY + timedelta(days=KEPT_DAYS + 2)) == 1
    assert counted() == [(DAY, 1, 0, 0)]


@pytest.mark.api
def test_the_api_tells_each_bad_event_and_keeps_the_good_ones_only_when_asked_to(api_of, make_user, make_product):
    make_product("TEA-1")
    client = api_of(make_user("clerk"))
    good = {"product": "tea-1", "kind": "add", "at": NOON.isoformat(), "external_id": "e1"}
    bad = [
        good | {"product": "COFFEE", "external_id": "e2"}, good | {"kind": "steal", "quantity": 0},
        good | {"at": "2020-01-01T00:00:00Z"}, good | {"warehouse": "mars"}, "nothing",
    ]  # fmt: skip
    told = {"events": [good, *bad]}
    refused = client.post("/api/v1/cart-events/", told, format="json")
    assert refused.status_code == 400 and CartEvent.objects.count() == 0
    errors = refused.json()["events"]
    assert {place: sorted(error) for place, error in errors.items()} == {
        "1": ["product"], "2": ["kind", "quantity"], "3": ["at"], "4": ["warehouse"], "5": ["non_field_errors"],
    }  # fmt: skip
    for _twice in range(2):
        key = {"Idempotency-Key": "events-1"}
        answer = client.post("/api/v1/cart-events/", told | {"skip_bad": True}, format="json", headers=key)
        assert answer.status_code == 201
        assert (answer.json()["accepted"], answer.json()["known"], set(answer.json()["errors"])) == (1, 0, set("12345"))
    again = client.post("/api/v1/cart-events/", {"events": [good]}, format="json")
    assert again.json()["known"] == 1
    assert CartEvent.objects.count() == 1


def test_more_than_a_thousand_events_at_once_are_refused(api_of, make_user):
    client = api_of(make_user("clerk"))
    assert client.post("/api/v1/cart-events/", {"events": [{}] * 1001}, format="json").status_code == 400
    assert client.post("/api/v1/cart-events/", {"events": []}, format="json").status_code == 400


def test_who_may_only_look_tells_no_events(api_of, make_user):
    client = api_of(make_user("viewer"))
    assert client.post("/api/v1/cart-events/", {"events": [{}]}, format="json").status_code == 403
