"""Messages to real receivers on this machine: what arrives, what is tried again, and what is given up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from alerts import outgoing, services
from alerts.addresses import key_of
from alerts.models import Channel, Delivery
from alerts.querysets_delivery import MAX_ATTEMPTS
from inventory_site.common.models import Audit
from tests.alerts.messages import TODAY, at_once, inside, make_alerts, open_shop, states, subscribe, written
from tests.alerts.receivers import http_receiver, mail_receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(make_user):
    open_shop()
    return make_user("owner", email="owner@example.com")


@pytest.fixture
def web():
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def post_office(settings):
    with mail_receiver() as receiver:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", receiver.port
        yield receiver


def make_all_due() -> None:
    Delivery.objects.filter(state="open").update(due_at=timezone.now())


def test_a_webhook_is_json_that_its_receiver_can_verify(owner, web, warehouse):
    channel = inside(web.url())
    at_once(owner, channel=channel)
    (alert,) = make_alerts(warehouse=warehouse)
    services.announce([alert])
    assert services.dispatch() == 1
    (request,) = web.requests
    name, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    signed = b".".join([name.encode(), at.encode(), request.body])
    expected = base64.b64encode(hmac.new(key_of(channel.secret), signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert f"<{name}>" == Delivery.objects.get().message_id
    told = json.loads(request.body)
    assert (request.path, told["id"], told["kind"], told["count"]) == ("/hook", name, "immediate", 1)
    assert told["alerts"][0] | {"sentence": ""} == {
        "id": alert.pk, "rule": "out_of_stock", "severity": "critical", "state": "open", "warehouse": "riga",
        "sku": None, "supplier": None, "opened_on": "2026-03-30", "sentence": "", "money_at_risk": "30.00",
        "currency": "EUR",
    }  # fmt: skip


def test_a_chat_gets_a_text_in_which_nothing_is_markup_but_ours(owner, web):
    at_once(owner, channel=inside(web.url(), kind=Channel.Kind.SLACK))
    terms = {"sku": "<!channel>", "product": "Salt & Pepper", "warehouse": "Riga", "daily_demand": 2.0}
    services.announce([*make_alerts(terms=terms), *make_alerts()])
    assert services.dispatch() == 1
    told = json.loads(web.requests[0].body)
    assert list(told) == ["text"]
    lines = told["text"].split("\n")
    assert lines[0] == "*Corner shop: 2 new warnings*"
    assert lines[1].startswith("• &lt;!channel&gt; Salt &amp; Pepper is out of stock")
    assert lines[-1] == "<http://127.0.0.1:8000/warnings/>"


@pytest.mark.parametrize(
    ("status", "state", "told"),
    [
        (204, "sent", ""),
        (302, "failed", "Receiver answered 302: it sends on to another address, which is not followed."),
        (404, "failed", "Receiver answered 404."),
        (429, "open", "Receiver answered 429."),
        (503, "open", "Receiver answered 503."),
    ],
)
def test_an_answer_decides_whether_it_is_sent_given_up_or_tried_again(owner, web, status, state, told):
    web.answer = status
    (row,) = written(subscribe(owner, channel=inside(web.url())))
    services.dispatch()
    row.refresh_from_db()
    assert (row.state, row.error, row.attempts, row.token) == (state, told, 1, None)


def test_tries_wait_longer_each_time_keep_their_id_and_end_some_day(owner, web):
    web.answer = 500
    (row,) = written(subscribe(owner, channel=inside(web.url())))
    waits = []
    for _ in range(MAX_ATTEMPTS + 2):
        make_all_due()
        services.dispatch()
        row.refresh_from_db()
        waits.append(round((row.due_at - timezone.now()) / timedelta(minutes=1)))
    assert waits[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 0]
    assert (row.state, row.attempts) == ("failed", MAX_ATTEMPTS)
    assert len(web.requests) == MAX_ATTEMPTS
    assert {(r.headers["webhook-id"], r.body) for r in web.requests} == {
        (row.message_id.strip("<>"), web.requests[0].body)
    }


def test_a_channel_that_is_down_holds_up_no_other_and_is_asked_once_a_round(owner, web, monkeypatch):
    tried = []
    post = outgoing.CheckedConnection.connect

    def counted(connection):
        tried.append(connection.port)
        post(connection)

    monkeypatch.setattr(outgoing.CheckedConnection, "connect", counted)
    down, up = inside("http://127.0.0.1:1/", name="Down"), inside(web.url())
    written(subscribe(owner, channel=down, wants_digest=False), 5)
    written(subscribe(owner, channel=up), 3)
    assert services.dispatch() == 3
    assert sorted(tried) == [1] + 3 * [web.port]
    assert states() == 5 * ["open"] + 3 * ["sent"]
    assert Delivery.objects.filter(channel=down, due_at__gt=timezone.now()).count() == 5
    assert sorted(Delivery.objects.filter(channel=down).values_list("attempts", flat=True)) == [0, 0, 0, 0, 1]


def test_what_always_fails_does_not_keep_newer_messages_of_its_channel_waiting(owner, web):
    web.answer = lambda request: 500 if b"bad" in request.body else 200
    subscription = subscribe(owner, channel=inside(web.url()))
    (bad,) = written(subscription)
    Delivery.objects.filter(pk=bad.pk).update(data={"note": "bad"})
    services.dispatch()
    written(subscription, 2)
    make_all_due()
    assert services.dispatch() == 2
    assert states() == ["open", "sent", "sent"]


def test_a_mistake_of_ours_holds_up_one_message_and_says_what_it_was(owner, web):
    subscription = subscribe(owner, channel=inside(web.url(), kind=Channel.Kind.SLACK))
    broken, _whole = written(subscription, 2)
    Delivery.objects.filter(pk=broken.pk).update(data={})
    assert services.dispatch() == 1
    broken.refresh_from_db()
    assert broken.state == "open" and broken.error.startswith("KeyError: 'alerts'")


def test_a_channel_that_was_switched_off_says_so_and_send_again_gives_another_try(owner, web):
    channel = inside(web.url(), is_enabled=False)
    (row,) = written(subscribe(owner, channel=channel))
    services.dispatch()
    row.refresh_from_db()
    assert (row.state, row.error) == ("failed", "The channel Receiver is switched off.")
    Channel.objects.update(is_enabled=True)
    services.send_again(delivery=row, actor=owner)
    assert services.dispatch() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == ("sent", 1, "")
    assert web.requests[0].headers["webhook-id"] == row.message_id.strip("<>")
    services.send_again(delivery=row, actor=owner)
    assert services.dispatch() == 0, "what was sent is not sent twice"
    assert list(Audit.objects.values_list("action", flat=True)) == ["delivery.send_again"]


def test_who_unsubscribed_gets_nothing_more_not_even_what_was_written(owner, web):
    subscription = at_once(owner, channel=inside(web.url()))
    written(subscription, 2)
    services.announce(make_alerts())
    services.unsubscribe(subscription=subscription)
    assert services.dispatch() == 0
    assert states() == ["cancelled", "cancelled"] and web.requests == []
    services.subscribe_again(subscription=subscription)
    services.announce(make_alerts())
    assert services.dispatch() == 1
    assert list(Audit.objects.order_by("pk").values_list("action", flat=True)) == [
        "subscription.unsubscribe", "subscription.subscribe_again"
    ]  # fmt: skip


def test_a_message_written_before_its_reader_left_is_not_sent(owner, web):
    written(subscribe(owner, channel=inside(web.url())))
    owner.is_active = False
    owner.save()
    assert services.dispatch() == 0
    assert states() == ["cancelled"] and web.requests == []


def test_a_test_message_shows_the_way_of_a_subscription_and_of_a_channel(owner, web, post_office):
    subscription = subscribe(owner, is_active=False)
    services.send_test(subscription=subscription)
    services.send_channel_test(channel=inside(web.url()))
    assert services.dispatch() == 2
    assert post_office.mails[0]["Subject"] == "Corner shop: a test message"
    assert json.loads(web.requests[0].body)["kind"] == "test"


def test_a_mail_arrives_with_both_parts_and_its_headers(owner, post_office):
    make_alerts(2)
    subscribe(owner)
    assert services.send_digests(business_date=TODAY) == 1
    (message,) = post_office.mails
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert message["Message-ID"] == Delivery.objects.get().message_id
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_line_break_in_a_name_does_not_get_into_the_headers(owner, post_office):
    at_once(owner)
    terms = {"sku": "X\r\nBcc: all@example.com", "product": "Cup", "warehouse": "Riga", "daily_demand": 2.0}
    services.announce(make_alerts(terms=terms))
    assert services.dispatch() == 1
    assert post_office.mails[0]["Bcc"] is None
    assert post_office.mails[0]["Subject"].startswith("Corner shop: X Bcc: all@example.com Cup is out of stock")


@pytest.mark.parametrize(("answer", "state"), [("550 no such user", "failed"), ("450 come again", "open")])
def test_a_refused_recipient_is_given_up_or_tried_again_as_the_server_says(owner, post_office, answer, state):
    post_office.refuses_recipient = lambda: answer
    written(subscribe(owner), 2)
    services.dispatch()
    assert states() == [state, state], "the other mail is not held up"
    assert Delivery.objects.first().error == f"owner@example.com: {answer}"


def test_a_bad_good_bye_of_the_mail_server_does_not_send_it_again(owner, post_office):
    post_office.answers_quit = "500 what?"
    written(subscribe(owner))
    assert services.dispatch() == 1
    make_all_due()
    assert services.dispatch() == 0
    assert len(post_office.mails) == 1


def test_what_kills_its_sender_each_time_is_given_up(owner, web):
    (row,) = written(subscribe(owner, channel=inside(web.url())))
    Delivery.objects.update(state="claimed", attempts=MAX_ATTEMPTS, lease_until=timezone.now() - timedelta(seconds=1))
    assert services.dispatch() == 0
    row.refresh_from_db()
    assert (row.state, row.error, web.requests) == ("failed", "Its sender died each time.", [])


def test_who_lost_the_claim_does_not_mark_it(owner):
    (row,) = written(subscribe(owner))
    token = Delivery.objects.claim(row.pk)
    Delivery.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    other = Delivery.objects.claim(row.pk)
    assert not Delivery.objects.mark_sent(row.pk, token)
    assert Delivery.objects.mark_sent(row.pk, other)


def test_old_messages_are_forgotten_and_those_on_their_way_are_not(owner):
    _old, waiting, new = written(subscribe(owner), 3)
    long_ago = timezone.now() - services.sending.KEPT - timedelta(days=1)
    Delivery.objects.exclude(pk=waiting.pk).update(state="sent")
    Delivery.objects.exclude(pk=new.pk).update(due_at=long_ago)
    assert services.forget_old() == 1
    assert set(Delivery.objects.values_list("pk", flat=True)) == {waiting.pk, new.pk}


def test_messages_of_one_channel_are_sent_in_turn_with_those_of_others(owner):
    many, few = inside("http://127.0.0.1:1/", name="Many"), inside("http://127.0.0.1:2/", name="Few")
    written(subscribe(owner, channel=many, wants_digest=False), 4)
    written(subscribe(owner, channel=few), 2)
    turns = list(Delivery.objects.in_turn().values_list("channel__name", flat=True))
    assert sorted(turns[:2]) == sorted(turns[2:4]) == ["Few", "Many"] and turns[4:] == ["Many", "Many"]
