"""One alert per cause: with a memory, never twice for the same thing, and the worst of an item first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from alerts import services
from alerts.models import Alert, RuleSetting, Severity
from replenishment.models import InventoryPosition
from tests.alerts.planters import TODAY

pytestmark = pytest.mark.django_db


def run(today=TODAY) -> None:
    services.evaluate(rules=["out_of_stock"], today=today)


def told(*fields: str) -> list[tuple]:
    return list(Alert.objects.order_by("pk").values_list(*fields))


def later(**lapse) -> None:
    """As if the alerts had been left so long ago."""
    for alert in Alert.objects.all():
        alert.closed_at = alert.closed_at and alert.closed_at - timedelta(**lapse)
        alert.changed_at -= timedelta(**lapse)
        alert.save()


@pytest.fixture
def position(plant_position) -> InventoryPosition:
    return plant_position("out")


@pytest.fixture
def turn(position):
    def turn(status: str, **fields) -> None:
        InventoryPosition.objects.filter(pk=position.pk).update(stock_status=status, **fields)
        run()

    return turn


def test_a_hundred_swings_around_a_threshold_are_one_alert(turn):
    for _ in range(100):
        turn("out")
        turn("ok")
    turn("out")
    assert told("episode", "state", "reopened") == [(1, "open", 100)]


def test_a_cause_that_comes_back_after_a_day_opens_the_next_episode(turn):
    turn("out")
    turn("ok")
    later(hours=25)
    turn("out")
    assert told("episode", "state", "reopened") == [(1, "closed", 0), (2, "open", 0)]


def test_who_had_it_still_has_it_when_it_comes_back(turn, owner):
    turn("out")
    services.assign(alert=Alert.objects.get(), actor=owner, to=owner)
    turn("ok")
    turn("out")
    assert told("state", "assigned_to") == [("open", owner.pk)]


def test_what_was_resolved_stays_resolved_for_a_week_while_its_cause_stays(turn, owner):
    turn("out")
    services.resolve(alert=Alert.objects.get(), actor=owner)
    turn("out")
    assert told("state", "reopened") == [("resolved", 0)]
    later(days=7)
    turn("out")
    assert told("state", "reopened") == [("open", 1)]
    assert [event.kind for event in Alert.objects.get().events.all()] == ["resolve", "reopen"]


def test_what_was_resolved_and_went_away_opens_anew(turn, owner):
    turn("out")
    services.resolve(alert=Alert.objects.get(), actor=owner)
    turn("ok")
    turn("out")
    assert told("episode", "state") == [(1, "resolved"), (2, "open")]


def test_an_alert_put_aside_comes_back_when_it_gets_more_severe(turn, owner):
    RuleSetting.objects.create(rule="out_of_stock", severity=Severity.WARNING)
    turn("out")
    services.snooze(alert=Alert.objects.get(), actor=owner, until=timezone.localdate() + timedelta(days=900))
    turn("out")
    assert told("state") == [("snoozed",)]
    RuleSetting.objects.update(severity=Severity.CRITICAL)
    turn("out")
    assert told("state", "severity", "snoozed_until") == [("open", Severity.CRITICAL, None)]


@pytest.mark.parametrize(("money", "state"), [("15.62", "snoozed"), ("15.63", "open"), ("9.37", "open")])
def test_snoozed_until_it_changes_is_until_a_quarter_of_the_money(turn, owner, money, state):
    turn("out")  # 12.50 at risk
    services.snooze(alert=Alert.objects.get(), actor=owner, on_change=True)
    turn("out", margin_at_risk=Decimal(money))
    assert told("state") == [(state,)]


def test_what_nobody_looks_at_is_escalated_once(turn, owner):
    RuleSetting.objects.create(rule="out_of_stock", severity=Severity.INFO, escalate_after_days=3)
    run(TODAY)
    run(TODAY + timedelta(days=2))
    assert told("severity", "escalated_on") == [(Severity.INFO, None)]
    for days in (3, 4, 30):
        run(TODAY + timedelta(days=days))
    assert told("severity", "escalated_on") == [(Severity.WARNING, TODAY + timedelta(days=3))]
    assert [event.kind for event in Alert.objects.get().events.all()] == ["escalate"]


def test_what_somebody_knows_is_not_escalated(turn, owner):
    RuleSetting.objects.create(rule="out_of_stock", severity=Severity.INFO, escalate_after_days=1)
    run(TODAY)
    services.acknowledge(alert=Alert.objects.get(), actor=owner)
    run(TODAY + timedelta(days=5))
    assert told("severity", "state") == [(Severity.INFO, "acknowledged")]


def test_several_alerts_on_an_item_are_one_line_led_by_the_worst(position, owner):
    rows = [
        Alert.objects.create(
            rule=rule, subject=rule, cause="item:1:1", severity=severity, code=rule, opened_on=TODAY, seen_on=TODAY
        )
        for rule, severity in (("overstock", 1), ("out_of_stock", 3), ("runs_out", 2))
    ]
    services.comment(alert=rows[0], actor=owner, note="one line")
    assert list(Alert.objects.leading()) == [rows[1]]
    services.resolve(alert=rows[1], actor=owner)
    assert list(Alert.objects.live().leading()) == [rows[2]]
    services.reopen(alert=rows[1], actor=owner)
    assert list(Alert.objects.live().leading()) == [rows[1]]


def test_a_warehouse_has_settings_of_its_own_and_else_those_of_the_shop(plant_position, warehouse):
    plant_position("overstock", overstock_value=Decimal("80"))
    RuleSetting.objects.create(rule="overstock", severity=Severity.CRITICAL, thresholds={"minimum_value": 90})
    services.evaluate(rules=["overstock"], today=TODAY)
    assert told("severity") == []
    own = RuleSetting.objects.create(rule="overstock", warehouse=warehouse, thresholds={"minimum_value": 70})
    services.evaluate(rules=["overstock"], today=TODAY)
    assert told("severity", "state") == [(Severity.CRITICAL, "open")]
    own.is_enabled = False
    own.save()
    services.evaluate(rules=["overstock"], today=TODAY)
    assert told("state") == [("closed",)]


def test_new_alerts_are_given_to_whom_the_rule_names(turn, owner):
    RuleSetting.objects.create(rule="out_of_stock", assigned_to=owner)
    run()
    assert told("assigned_to") == [(owner.pk,)]


def test_what_changed_while_a_rule_looked_stays_as_it_is(position, owner):
    """The night looks for minutes; a sale meanwhile is newer."""
    run()
    write = services.evaluate_rule(code="out_of_stock", today=TODAY)
    services.acknowledge(alert=Alert.objects.get(), actor=owner)
    InventoryPosition.objects.update(stock_status="ok")
    run()
    write()
    assert told("state") == [("closed",)]
