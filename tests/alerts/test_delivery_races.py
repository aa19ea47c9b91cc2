"""Several dispatchers at once, and dispatchers that are killed; beside controls with the guard off."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.db.models import F
from django.utils import timezone

from alerts import services
from alerts.models import Delivery
from alerts.querysets_delivery import DeliveryQuerySet, SubscriptionQuerySet
from alerts.services import sending
from inventory_site.common import jobs, querysets
from tests.alerts.messages import at_once, inside, make_alerts, open_shop, states, subscribe, written
from tests.alerts.receivers import http_receiver, mail_receiver

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
#: Tries that a control has to show the bug.
ROUNDS = 10


@pytest.fixture
def owner(make_user):
    open_shop()
    return make_user("owner", email="owner@example.com")


@pytest.fixture
def post_office(settings):
    with mail_receiver() as receiver:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", receiver.port
        yield receiver


def both(work: Callable[[], object]) -> None:
    """Twice at once, in threads with connections of their own."""
    start = Barrier(2)

    def guarded() -> None:
        try:
            start.wait()
            work()
        finally:
            connection.close()

    threads = [Thread(target=guarded) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_dispatchers_send_each_message_once(owner):
    with http_receiver() as web:
        written(subscribe(owner, channel=inside(web.url())), 30)
        both(services.dispatch)
        received = Counter(request.headers["webhook-id"] for request in web.requests)
    assert len(received) == 30 and set(received.values()) == {1}
    assert states() == 30 * ["sent"]
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def test_without_the_conditional_claim_some_are_sent_twice(owner, monkeypatch):
    """To look whether somebody has it, and then to take it, is not enough."""

    def claim(rows: DeliveryQuerySet, pk: int) -> uuid.UUID | None:
        if not rows.claimable().filter(pk=pk).exists():
            return None
        token, until = uuid.uuid4(), timezone.now() + querysets.LEASE
        rows.filter(pk=pk).update(state="claimed", token=token, lease_until=until, attempts=F("attempts") + 1)
        return token

    monkeypatch.setattr(DeliveryQuerySet, "claim", claim)
    with http_receiver() as web:
        subscription = subscribe(owner, channel=inside(web.url()))

        def sends_twice(_round: int) -> bool:
            written(subscription, 10)
            web.requests.clear()
            both(services.dispatch)
            return len(web.requests) > 10

        assert any(map(sends_twice, range(ROUNDS)))


def messages_of_five_moments(owner) -> int:
    """How many messages two dispatchers make of alerts of one subscription."""
    for _ in range(5):
        services.announce(make_alerts())
    before = Delivery.objects.count()
    both(services.write_due)
    return Delivery.objects.count() - before


def test_two_dispatchers_make_one_message_of_what_waits(owner):
    at_once(owner)
    assert [messages_of_five_moments(owner) for _ in range(5)] == [1] * 5
    assert set(Delivery.objects.values_list("data__count", flat=True)) == {5}


def test_without_the_lock_the_same_alerts_are_told_in_two_messages(owner, monkeypatch):
    monkeypatch.setattr(SubscriptionQuerySet, "locked", lambda self: self.order_by("pk"))
    at_once(owner)
    assert any(messages_of_five_moments(owner) > 1 for _ in range(ROUNDS))


def started(work: Callable[[], object]) -> int:
    """A process of its own that does this; returns its id."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def test_a_dispatcher_killed_after_the_mail_was_accepted_sends_it_once_more_under_the_same_id(owner, post_office):
    (row,) = written(subscribe(owner))
    sender = []
    may_kill = threading.Event()

    def kill() -> None:
        may_kill.wait()
        os.kill(sender[0], signal.SIGKILL)

    post_office.after_accepting = kill
    sender.append(started(services.dispatch))
    may_kill.set()
    assert os.waitpid(sender[0], 0)[1] == signal.SIGKILL
    assert states() == ["claimed"] and len(post_office.mails) == 1

    post_office.after_accepting = lambda: None
    assert services.dispatch() == 0, "it is somebody's until the lease ends"
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert (services.dispatch(), services.dispatch()) == (1, 0)
    assert [mail["Message-ID"] for mail in post_office.mails] == [row.message_id] * 2
    assert states() == ["sent"]


def dispatch_until_done() -> None:
    while Delivery.objects.filter(state__in=["open", "claimed"]).exists():
        services.dispatch()
        time.sleep(0.02)


@pytest.mark.parametrize(("messages", "kills"), [(30, 3), pytest.param(400, 40, marks=pytest.mark.long)])
def test_with_two_dispatchers_retries_and_kills_no_mail_is_lost(owner, post_office, monkeypatch, messages, kills):
    """At most one duplicate for each kill, and always under the same id."""
    monkeypatch.setattr(querysets, "LEASE", timedelta(seconds=2))
    monkeypatch.setattr(querysets, "MAX_ATTEMPTS", 1000)
    monkeypatch.setattr(sending, "MAX_ATTEMPTS", 1000)
    monkeypatch.setattr(sending, "FIRST_WAIT", timedelta(milliseconds=50))
    monkeypatch.setattr(sending, "LONGEST_WAIT", timedelta(milliseconds=200))
    monkeypatch.setattr(jobs, "RENEWED_EVERY", timedelta(seconds=0.3))
    ids = {row.message_id for row in written(subscribe(owner), messages)}
    chance, asked, living, killed = random.Random(), [], [], []
    guard = threading.Lock()

    def busy_now_and_then() -> str:
        asked.append(1)
        return "450 come again" if len(asked) % 5 == 0 else ""

    def kill_somebody() -> None:
        with guard:
            if len(killed) < kills and living and len(post_office.mails) > len(killed) * messages / (kills + 1):
                victim = living.pop(chance.randrange(len(living)))
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

    post_office.refuses_recipient, post_office.after_accepting = busy_now_and_then, kill_somebody
    deadline = time.monotonic() + 300
    while Delivery.objects.exclude(state="sent").exists() and time.monotonic() < deadline:
        with guard:
            while len(living) < 2:
                living.append(started(dispatch_until_done))
        time.sleep(0.05)
        for pid in [*living, *killed]:
            if _is_over(pid):
                living[:] = [other for other in living if other != pid]
    for pid in living:
        os.waitpid(pid, 0)
    received = Counter(mail["Message-ID"] for mail in post_office.mails)
    assert set(received) == ids
    assert states() == messages * ["sent"]
    assert len(killed) == kills
    assert sum(received.values()) - messages <= kills


def _is_over(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # seen before
        return True
