"""Pages about messages: stopping them, choosing them, and the channels that only owners set."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from alerts import services
from alerts.addresses import new_secret
from alerts.models import Channel, Delivery, Subscription
from inventory_site.common.models import Audit
from tests.alerts.messages import at_once, inside, make_alerts, open_shop, subscribe, written

pytestmark = pytest.mark.django_db
ADD = "/admin/alerts/subscription/add/"


@pytest.fixture(autouse=True)
def shop(db):
    return open_shop()


def stop_page(subscription) -> str:
    return f"/messages/stop/{subscription.token}/"


def is_on(subscription) -> bool:
    subscription.refresh_from_db()
    return subscription.is_active


def text_of(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def entries(person, **fields) -> dict:
    return {
        "user": person.pk, "warehouse": "", "channel": "", "is_active": "on", "minimum_severity": "2",
        "immediate_from": "", "quiet_from": "", "quiet_until": "", **fields,
    }  # fmt: skip


def test_looking_at_the_page_changes_nothing_one_click_stops_and_another_takes_it_back(make_user, warehouse):
    subscription = subscribe(make_user("owner"), warehouse=warehouse)
    stranger = Client(enforce_csrf_checks=True)
    assert "You get messages about Riga (e-mail)." in text_of(stranger.get(stop_page(subscription)))
    assert stranger.head(stop_page(subscription)).status_code == 200 and is_on(subscription)
    assert "You get no more messages about Riga" in text_of(stranger.post(stop_page(subscription)))
    assert not is_on(subscription)
    assert "Send them again" in text_of(stranger.get(stop_page(subscription)))
    assert "You get messages" in text_of(stranger.post(stop_page(subscription), {"again": "1"}))
    assert is_on(subscription)


def test_a_mail_program_stops_them_as_the_standard_says(make_user):
    subscription = subscribe(make_user("owner", language="zh-hans"))
    answer = Client(enforce_csrf_checks=True).post(stop_page(subscription), {"List-Unsubscribe": "One-Click"})
    assert "您不再收到" in text_of(answer) and '<html lang="zh-hans">' in text_of(answer)
    assert not is_on(subscription)


def test_a_token_that_nobody_has_is_not_there(client, make_user):
    assert client.get(f"/messages/stop/{uuid.uuid4()}/").status_code == 404
    gone = subscribe(make_user("owner", is_active=False))
    assert client.post(stop_page(gone)).status_code == 404 and is_on(gone)


def test_everybody_sets_up_their_own_messages(make_user, warehouse, client_of):
    clerk = make_user("clerk", warehouse, email="clerk@example.com")
    client = client_of(clerk)
    form = text_of(client.get(ADD))
    assert f'<option value="{clerk.pk}" selected>' in form
    for empty in ("e-mail", "All warehouses", "only the rules below"):
        assert f'<option value="" selected>{empty}</option>' in form
    answer = client.post(ADD, entries(clerk, immediate_from="3", immediate_rules=["dead_stock"], wants_digest="on"))
    assert answer.status_code == 302
    row = Subscription.objects.get()
    assert (row.user, row.immediate_from, row.immediate_rules) == (clerk, 3, ["dead_stock"])


def test_a_clerk_neither_sees_nor_sets_those_of_others(make_user, warehouse, client_of):
    boss, clerk = make_user("owner", email="b@example.com"), make_user("clerk", warehouse)
    theirs = subscribe(boss, warehouse=warehouse)
    written(theirs)
    client = client_of(clerk)
    assert client.get(f"/admin/alerts/subscription/{theirs.pk}/change/").status_code == 404
    assert client.get(f"/messages/preview/{theirs.pk}/").status_code == 404
    assert "Message 0" not in text_of(client.get("/admin/alerts/delivery/"))
    answer = client.post(ADD, entries(boss, warehouse=warehouse.pk))
    assert answer.status_code == 200 and Subscription.objects.count() == 1


def test_a_manager_sets_those_of_the_people_of_their_warehouse_and_no_others(
    make_user, warehouse, make_warehouse, client_of
):
    tallinn = make_warehouse("tallinn")
    manager, clerk = make_user("manager", warehouse), make_user("clerk", warehouse, email="c@example.com")
    clerk.warehouse_access.create(warehouse=tallinn, role="clerk")
    client = client_of(manager)
    assert client.post(ADD, entries(clerk, warehouse=warehouse.pk)).status_code == 302
    for elsewhere in ("", tallinn.pk):
        assert client.post(ADD, entries(clerk, warehouse=elsewhere)).status_code == 200
    assert "Choose a warehouse that you manage" in text_of(client.post(ADD, entries(clerk)))
    assert Subscription.objects.get().warehouse == warehouse


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "has no e-mail address. Enter one, or choose a channel."),
        ({"quiet_from": "22:00"}, "Quiet hours need both a beginning and an end."),
        ({"immediate_rules": ["made_up"]}, "Select a valid choice"),
    ],
)
def test_what_could_not_work_is_said_in_the_form(make_user, client_of, fields, told):
    person = make_user("owner", email="")
    assert told in text_of(client_of(person).post(ADD, entries(person, **fields)))
    assert not Subscription.objects.exists()


def test_who_has_no_access_to_a_warehouse_cannot_subscribe_to_it(make_user, make_warehouse, warehouse, client_of):
    clerk = make_user("clerk", make_warehouse("tallinn"), email="c@example.com")
    answer = client_of(make_user("owner")).post(ADD, entries(clerk, warehouse=warehouse.pk))
    assert "has no access to this warehouse" in text_of(answer)


def test_the_form_says_where_no_mail_server_is_configured(make_user, client_of, settings):
    client = client_of(make_user("viewer"))
    assert "No mail server is configured" not in text_of(client.get(ADD))
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    for page in (ADD, "/admin/alerts/subscription/", "/admin/alerts/delivery/"):
        assert "No mail server is configured" in text_of(client.get(page))


def test_channels_are_the_owners_of_the_whole_shop(make_user, warehouse, client_of):
    channel = inside("http://127.0.0.1:1/hook")
    page = f"/admin/alerts/channel/{channel.pk}/change/"
    assert "http://127.0.0.1:1/hook" in text_of(client_of(make_user("owner")).get(page))
    for person in (make_user("manager"), make_user("owner", warehouse)):
        client = client_of(person)
        assert {client.get(page).status_code, client.get("/admin/alerts/channel/").status_code} == {403}
        form = text_of(client.get(ADD))
        assert "Receiver" in form and "127.0.0.1:1" not in form and channel.secret not in form


def test_an_address_inside_takes_the_owners_leave(make_user, client_of):
    client, fields = client_of(make_user("owner")), {"name": "Chat", "kind": "slack", "is_enabled": "on"}
    fields |= {"url": "http://192.168.1.5/hooks/x", "secret": new_secret()}
    refused = client.post("/admin/alerts/channel/add/", fields)
    assert "192.168.1.5 is not an address on the open internet." in text_of(refused)
    assert client.post("/admin/alerts/channel/add/", fields | {"may_be_private": "on"}).status_code == 302
    assert Channel.objects.get().may_be_private


def test_the_audit_trail_tells_that_a_channel_changed_and_none_of_its_secrets(make_user, client_of):
    client, channel = client_of(make_user("owner")), inside("http://127.0.0.1:1/very-secret")
    entered = {"name": "Chat", "kind": "slack", "url": "http://127.0.0.1:1/other-secret", "secret": new_secret()}
    page = f"/admin/alerts/channel/{channel.pk}/change/"
    assert client.post(page, entered | {"may_be_private": "on", "is_enabled": "on"}).status_code == 302
    (row,) = Audit.objects.all()
    assert (row.action, sorted(row.changes)) == ("channel.change", ["kind", "name", "secret", "url"])
    assert row.changes["name"] == ["Receiver", "Chat"]
    for secret in ("very-secret", "other-secret", channel.secret, entered["secret"]):
        assert secret not in str(row.changes)


def do(client, kind: str, row, act: str):
    return client.post(f"/admin/alerts/{kind}/{row.pk}/do/{act}/", {"once": uuid.uuid4().hex})


def test_a_test_message_is_asked_for_with_a_button(make_user, client_of):
    owner = make_user("owner")
    client, channel = client_of(owner), inside("http://127.0.0.1:1/")
    subscription = subscribe(owner, channel=channel)
    assert do(client, "subscription", subscription, "test").status_code == 302
    assert do(client, "channel", channel, "test").status_code == 302
    rows = Delivery.objects.order_by("pk").values_list("kind", "state", "subscription", "channel")
    assert list(rows) == [("test", "open", subscription.pk, channel.pk), ("test", "open", None, channel.pk)]


def test_why_it_failed_is_read_in_the_list_and_a_button_sends_it_again(make_user, client_of):
    owner = make_user("owner", email="")
    (row,) = written(at_once(owner))
    services.dispatch()
    client = client_of(owner)
    assert f"{owner} has no e-mail address." in text_of(client.get("/admin/alerts/delivery/"))
    assert "Send again" in text_of(client.get(f"/admin/alerts/delivery/{row.pk}/change/"))
    assert do(client, "delivery", row, "again").status_code == 302
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("open", 0)


def test_the_next_digest_can_be_looked_at_before_it_is_sent(make_user, client_of):
    owner = make_user("owner")
    subscription, client = subscribe(owner), client_of(owner)
    page = f"/messages/preview/{subscription.pk}/"
    assert "There would be no digest" in text_of(client.get(page))
    make_alerts()
    assert "Cup is out of stock in Riga" in text_of(client.get(page))
    assert not Delivery.objects.exists()
    assert client.get(f"/messages/preview/{subscription.pk + 1}/").status_code == 404
