"""Events reach every consumer, after failures too."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from inventory_site.celery import app
from inventory_site.common import outbox
from inventory_site.common.models import OutboxDelivery, OutboxEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(monkeypatch):
    told: dict[str, list] = {"first": [], "second": []}
    monkeypatch.setattr(outbox, "_consumers", {})
    for name in told:
        outbox.register_consumer(name, ["moved"], told[name].extend)
    return told


def test_each_consumer_hears_each_event_once(heard):
    outbox.publish("moved", {"n": 1})
    outbox.publish("unheard of", {"n": 2})
    assert (outbox.deliver(), outbox.deliver()) == (2, 0)
    assert heard == {"first": [{"n": 1}], "second": [{"n": 1}]}
    assert OutboxEvent.objects.count() == 1


def test_an_event_of_a_transaction_that_failed_is_never_heard(heard):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.publish("moved", {"n": 1})
        raise ZeroDivisionError
    assert outbox.deliver() == 0


def test_a_consumer_that_fails_is_told_again_and_holds_nobody_up(heard, monkeypatch):
    def fail(payloads):
        raise OSError("disk full")

    outbox.register_consumer("first", ["moved"], fail)
    outbox.publish("moved", {"n": 1})
    outbox.deliver()
    waiting = OutboxDelivery.objects.get(consumer="first")
    assert (waiting.state, waiting.error, heard["second"]) == ("open", "disk full", [{"n": 1}])
    outbox.register_consumer("first", ["moved"], heard["first"].extend)
    outbox.deliver()
    assert heard["first"] == [{"n": 1}]


def test_a_consumer_that_always_fails_is_given_up_with_its_reason(heard):
    def fail(payloads):
        raise OSError("disk full")

    outbox.register_consumer("first", ["moved"], fail)
    outbox.publish("moved", {"n": 1})
    for _ in range(outbox.MAX_ATTEMPTS + 1):
        outbox.deliver()
    given_up = OutboxDelivery.objects.get(consumer="first")
    assert (given_up.state, given_up.attempts, given_up.error) == ("failed", outbox.MAX_ATTEMPTS, "disk full")


def test_a_delivery_whose_worker_died_is_taken_over(heard):
    outbox.publish("moved", {"n": 1})
    pk = OutboxDelivery.objects.get(consumer="first").pk
    assert OutboxDelivery.objects.claim(pk)
    assert OutboxDelivery.objects.claim(pk) is None
    outbox.deliver()
    assert heard["first"] == []
    OutboxDelivery.objects.filter(pk=pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    outbox.deliver()
    assert heard["first"] == [{"n": 1}]


def test_heard_events_are_forgotten_after_a_week(heard):
    outbox.publish("moved", {"n": 1})
    outbox.deliver()
    outbox.publish("moved", {"n": 2})
    OutboxEvent.objects.update(recorded_at=timezone.now() - timedelta(days=8))
    outbox.forget_old()
    assert OutboxEvent.objects.get().payload == {"n": 2}


def test_a_commit_nudges_a_worker_once_and_a_broker_that_never_answers_is_borne(
    heard, monkeypatch, django_capture_on_commit_callbacks
):
    """The broker takes the connection and stays silent, as a machine does that is overloaded."""
    monkeypatch.setattr(outbox, "_last_nudged", -outbox.NUDGED_EVERY_SECONDS)
    with socket.create_server(("127.0.0.1", 0)) as broker:
        monkeypatch.setattr(app.conf, "broker_url", f"redis://127.0.0.1:{broker.getsockname()[1]}/0")
        broker.settimeout(10)
        with django_capture_on_commit_callbacks(execute=True):
            outbox.publish("moved", {"n": 1})
            outbox.publish("moved", {"n": 2})
        broker.accept()[0].close()
        broker.settimeout(0.1)
        with pytest.raises(TimeoutError):
            broker.accept()
    assert outbox.deliver() == 4
