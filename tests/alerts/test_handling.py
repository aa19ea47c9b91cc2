"""What people do with alerts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts import services
from alerts.errors import EmptyComment, NotLive, SnoozeInPast
from alerts.models import Alert
from inventory_site.common.models import Audit, ShopSettings
from replenishment.models import InventoryPosition
from tests.alerts.planters import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert(plant_position):
    ShopSettings.objects.create(pk=1, name="Corner shop", demo_until=TODAY)
    plant_position("out")
    services.evaluate(rules=["out_of_stock"], today=TODAY)
    return Alert.objects.get()


def test_acknowledging_takes_it_over_and_keeps_it_live(alert, owner):
    alert = services.acknowledge(alert=alert, actor=owner)
    assert (alert.state, alert.assigned_to) == ("acknowledged", owner)
    assert Audit.objects.get().action == "alert.acknowledge"


def test_a_snoozed_alert_comes_back_on_its_day(alert, owner):
    until = TODAY + timedelta(days=2)
    services.snooze(alert=alert, actor=owner, until=until)
    assert Alert.objects.to_do(TODAY).count() == 0
    services.evaluate(rules=["out_of_stock"], today=TODAY + timedelta(days=1))
    assert Alert.objects.get().state == "snoozed"
    services.evaluate(rules=["out_of_stock"], today=until)
    assert (Alert.objects.get().state, Alert.objects.to_do(until).count()) == ("open", 1)


def test_snoozing_into_the_past_is_refused(alert, owner):
    with pytest.raises(SnoozeInPast, match="a day after today"):
        services.snooze(alert=alert, actor=owner, until=TODAY)
    assert Alert.objects.get().state == "open"


def test_a_resolved_alert_cannot_be_resolved_again_but_taken_back(alert, owner):
    services.resolve(alert=alert, actor=owner)
    with pytest.raises(NotLive, match="is resolved already"):
        services.resolve(alert=alert, actor=owner)
    assert services.reopen(alert=alert, actor=owner).state == "open"


def test_taking_back_is_refused_where_the_cause_is_open_again(alert, owner):
    services.resolve(alert=alert, actor=owner)
    for status in ("ok", "out"):
        InventoryPosition.objects.update(stock_status=status)
        services.evaluate(rules=["out_of_stock"], today=TODAY)
    with pytest.raises(NotLive, match="an open alert of its own"):
        services.reopen(alert=alert, actor=owner)
    assert Alert.objects.live().count() == 1


def test_what_people_say_is_kept_in_order_also_after_the_end(alert, owner):
    services.comment(alert=alert, actor=owner, note=" Called them. ")
    services.resolve(alert=alert, actor=owner, note="they deliver tomorrow")
    services.comment(alert=alert, actor=owner, note="They did.")
    told = [(event.kind, event.actor, event.note) for event in alert.events.all()]
    assert told == [
        ("comment", owner, "Called them."), ("resolve", owner, "they deliver tomorrow"), ("comment", owner, "They did.")
    ]  # fmt: skip


def test_an_empty_comment_and_a_snooze_without_an_end_are_refused(alert, owner):
    with pytest.raises(EmptyComment, match="Write what you want to say"):
        services.comment(alert=alert, actor=owner, note=" ")
    with pytest.raises(SnoozeInPast, match="or to be told when it changes"):
        services.snooze(alert=alert, actor=owner)
    assert (Alert.objects.get().state, alert.events.count()) == ("open", 0)


def test_alerts_of_another_warehouse_are_invisible(alert, make_user, make_warehouse, warehouse):
    assert not Alert.objects.visible_to(make_user("manager", make_warehouse("tallinn"))).exists()
    assert Alert.objects.visible_to(make_user("viewer", warehouse)).exists()
