"""Alerts over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.models import Alert
from tests.populated import TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.api]


@pytest.fixture
def address(populated):
    populated.add(1)
    return f"/api/v1/alerts/{Alert.objects.get().pk}/"


def test_an_alert_is_handled_and_taken_back(address, api_of, make_user):
    clerk = api_of(make_user("clerk"))
    assert clerk.post(f"{address}acknowledge/").json()["state"] == "acknowledged"
    until = {"until": (TODAY + timedelta(days=3)).isoformat()}
    assert clerk.post(f"{address}snooze/", until, format="json").json()["snoozed_until"] == until["until"]
    assert clerk.post(f"{address}resolve/").json()["state"] == "resolved"
    assert clerk.post(f"{address}resolve/").json()["code"] == "alert_not_live"
    assert clerk.post(f"{address}reopen/").json()["state"] == "open"


def test_snoozing_needs_a_day_after_today(address, api_of, make_user):
    clerk = api_of(make_user("clerk"))
    assert clerk.post(f"{address}snooze/", {}, format="json").status_code == 400
    answer = clerk.post(f"{address}snooze/", {"until": TODAY.isoformat()}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "snooze_in_past")


def test_an_alert_is_given_to_somebody(address, api_of, make_user):
    manager, clerk = make_user("manager"), make_user("clerk")
    answer = api_of(manager).post(f"{address}assign/", {"to": clerk.username}, format="json")
    assert answer.json()["assigned_to"] == clerk.username


def test_a_viewer_only_reads(address, api_of, make_user):
    viewer = api_of(make_user("viewer"))
    assert viewer.get(address).json()["sentence"].startswith("The last finished nightly run is of")
    assert viewer.post(f"{address}resolve/").status_code == 403
    assert Alert.objects.get().state == "open"
