"""What is told within seconds: to whom, when, and how often."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts import services, tasks
from alerts.models import Alert, Delivery, Notice, RuleSetting, Severity
from alerts.quiet import after_quiet
from tests.alerts.messages import at_once, inside, make_alerts, open_shop, subscribe

pytestmark = pytest.mark.django_db
RIGA = ZoneInfo("Europe/Riga")


@pytest.fixture
def owner(make_user):
    open_shop()
    return make_user("owner", email="owner@example.com")


def told() -> list[str]:
    """The subjects of what goes out now."""
    mail.outbox.clear()
    tasks.dispatch()
    return [message.subject for message in mail.outbox]


def test_alerts_of_one_moment_are_one_message(owner):
    at_once(owner)
    services.announce(make_alerts(3))
    services.announce(make_alerts(2))
    assert told() == ["Corner shop: 5 new warnings"]
    assert told() == []


def test_one_alert_is_told_in_the_subject(owner):
    at_once(owner)
    services.announce(make_alerts(terms={"sku": "X", "product": "Cup", "warehouse": "Riga", "daily_demand": 2.0}))
    (subject,) = told()
    assert subject == "Corner shop: X Cup is out of stock in Riga: 2.0 are asked for a day and nothing is on order."


def test_what_a_rule_opens_is_told_and_what_it_finds_again_is_not(owner, plant_position):
    at_once(owner)
    plant_position("out")
    for expected in (1, 0):
        services.evaluate(rules=["out_of_stock"])
        assert len(told()) == expected


def test_the_same_alerts_again_change_nothing(owner):
    at_once(owner)
    alerts = make_alerts(2)
    services.announce(alerts)
    services.announce(alerts)
    assert Notice.objects.count() == 1
    assert len(told()) == 1
    services.announce(alerts)
    assert told() == []


def test_a_day_later_it_is_told_again_and_at_once_if_it_got_more_severe(owner):
    at_once(owner, immediate_from=Severity.WARNING)
    (alert,) = make_alerts(severity=Severity.WARNING)
    services.announce([alert])
    assert len(told()) == 1
    alert.severity = Severity.CRITICAL
    alert.save()
    services.announce([alert])
    assert len(told()) == 1
    services.announce([alert])
    assert told() == []
    Notice.objects.update(told_at=timezone.now() - timedelta(days=1, seconds=1))
    services.announce([alert])
    assert len(told()) == 1


def test_a_rule_may_be_chosen_whatever_its_severity_and_cause(owner):
    at_once(owner, immediate_from=None, immediate_rules=["dead_stock"])
    services.announce(make_alerts(rule="overstock"))
    assert told() == []
    services.announce(make_alerts(rule="dead_stock", severity=Severity.INFO, leads=False))
    assert len(told()) == 1


def test_by_severity_only_the_alert_that_leads_its_cause_is_told(owner):
    at_once(owner)
    services.announce([*make_alerts(leads=False), *make_alerts(severity=Severity.WARNING)])
    assert told() == [] and not Notice.objects.exists()


def test_what_is_over_before_it_was_told_is_not_told(owner):
    at_once(owner)
    alerts = make_alerts(2)
    services.announce(alerts)
    Alert.objects.filter(pk=alerts[0].pk).update(state="closed")
    (subject,) = told()
    assert alerts[1].terms["sku"] in subject
    services.announce(make_alerts(state="resolved"))
    assert told() == [] and Notice.objects.count() == 1


def test_it_reaches_only_who_may_see_the_warehouse_and_whom_the_rule_is_for(
    owner, warehouse, make_user, make_warehouse
):
    clerk, stranger = make_user("clerk", warehouse, email="c@x.example"), make_user("owner", make_warehouse("tallinn"))
    RuleSetting.objects.create(rule="dead_stock", roles=["owner"])
    for person in (owner, clerk, stranger):
        at_once(person)
    services.announce(make_alerts(warehouse=warehouse))
    services.announce(make_alerts(warehouse=warehouse, rule="dead_stock"))
    services.dispatch()
    counts = dict(Delivery.objects.values_list("subscription__user", "data__count"))
    assert counts == {owner.pk: 2, clerk.pk: 1}


def test_who_lost_the_warehouse_in_between_is_not_told(owner, warehouse, make_user):
    clerk = make_user("clerk", warehouse, email="clerk@example.com")
    at_once(clerk)
    services.announce(make_alerts(warehouse=warehouse))
    clerk.warehouse_access.all().delete()
    assert told() == []


def test_one_channel_tells_one_alert_once_to_a_person(owner, warehouse):
    at_once(owner)
    at_once(owner, warehouse=warehouse)
    services.announce([*make_alerts(warehouse=warehouse), *make_alerts()])
    assert len(told()) == 2
    assert sorted(Delivery.objects.values_list("data__count", flat=True)) == [1, 1]


def test_announcing_costs_the_same_for_ten_as_for_a_thousand_and_one_query_for_nobody(owner, warehouse):
    def queries(n: int) -> int:
        alerts = make_alerts(n, warehouse=warehouse)
        with CaptureQueriesContext(connection) as captured:
            services.announce(alerts)
        return len(captured)

    subscribe(owner)
    assert queries(10) == 1
    at_once(owner, warehouse=warehouse)
    assert queries(10) == queries(1000)
    assert sum(len(notice.alerts) for notice in Notice.objects.all()) == 1010


@pytest.mark.parametrize(
    ("clock", "begins", "ends", "expected"),
    [
        ("23:30", "22:00", "07:00", "2026-03-31 07:00"),
        ("03:00", "22:00", "07:00", "2026-03-30 07:00"),
        ("07:00", "22:00", "07:00", "2026-03-30 07:00"),
        ("12:00", "22:00", "07:00", "2026-03-30 12:00"),
        ("12:30", "12:00", "14:00", "2026-03-30 14:00"),
        ("14:00", "12:00", "14:00", "2026-03-30 14:00"),
        ("11:59", "12:00", "14:00", "2026-03-30 11:59"),
        ("12:00", "12:00", "12:00", "2026-03-30 12:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_of_the_place(clock, begins, ends, expected):
    moment = datetime.combine(date(2026, 3, 30), time.fromisoformat(clock), tzinfo=RIGA)
    found = after_quiet(moment.astimezone(UTC), time.fromisoformat(begins), time.fromisoformat(ends), RIGA)
    assert f"{found.astimezone(RIGA):%Y-%m-%d %H:%M}" == expected


def test_quiet_hours_over_the_night_of_the_summer_time_last_an_hour_less():
    begins = datetime(2026, 3, 28, 22, 0, tzinfo=RIGA).astimezone(UTC)
    ends = after_quiet(begins, time(22), time(7), RIGA)
    assert ends - begins == timedelta(hours=8)


def quiet_now(zone: ZoneInfo = RIGA) -> dict[str, time]:
    """Hours that began two hours ago by the clock there, and end in two."""
    now = timezone.now().astimezone(zone)
    return {"quiet_from": (now - timedelta(hours=2)).time(), "quiet_until": (now + timedelta(hours=2)).time()}


def test_what_opens_in_quiet_hours_is_told_in_one_message_at_their_end(owner, warehouse):
    subscription = at_once(owner, warehouse=warehouse, **quiet_now())
    for _ in range(3):
        services.announce(make_alerts(warehouse=warehouse))
        assert told() == []
    due = set(Notice.objects.values_list("due_at", flat=True))
    assert {moment.astimezone(RIGA).time() for moment in due} == {subscription.quiet_until}
    subscription.quiet_from = subscription.quiet_until = None
    subscription.save()
    Notice.objects.update(due_at=timezone.now())
    assert told() == ["Corner shop: 3 new warnings"]


def test_a_worker_that_was_away_wakes_nobody_in_their_quiet_hours(owner):
    subscription = at_once(owner)
    services.announce(make_alerts())
    for name, value in quiet_now(ZoneInfo("UTC")).items():
        setattr(subscription, name, value)
    subscription.save()
    assert told() == []
    assert Notice.objects.get().due_at > timezone.now() + timedelta(hours=1)


def test_a_retry_does_not_fall_into_quiet_hours(owner):
    now = timezone.now()
    hours = {"quiet_from": (now + timedelta(seconds=45)).time(), "quiet_until": (now + timedelta(hours=2)).time()}
    at_once(owner, channel=inside("http://127.0.0.1:1/"), **hours)
    services.announce(make_alerts())
    services.dispatch()
    row = Delivery.objects.get()
    assert row.state == "open" and row.due_at > now + timedelta(minutes=119)
