"""Tell other apps what happened: written in the business transaction, delivered at least once.

A consumer registers in its app's ``apps.ready``; it gets a list of payloads and must bear hearing twice.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from inventory_site.common.models import OutboxDelivery, OutboxEvent

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
BATCH = 200
MAX_ATTEMPTS = 10
NUDGED_EVERY_SECONDS = 0.5  # by one process: beat looks every two seconds in any case
LONGEST_NUDGE_SECONDS = 0.3

_last_nudged = 0.0

_consumers: dict[str, tuple[frozenset[str], Callable[[list[Any]], None]]] = {}


def register_consumer(name: str, topics: Iterable[str], consume: Callable[[list[Any]], None]) -> None:
    _consumers[name] = (frozenset(topics), consume)


def publish(topic: str, payload: Any) -> None:
    """Write the event with one delivery per consumer; call it inside the business transaction."""
    listening = [name for name, (topics, _) in _consumers.items() if topic in topics]
    if listening:
        event = OutboxEvent.objects.create(topic=topic, payload=payload)
        OutboxDelivery.objects.bulk_create(OutboxDelivery(event=event, consumer=name) for name in listening)
        transaction.on_commit(nudge)


def nudge() -> None:
    """Let a worker look at once. A broker that is away or slow costs a moment, and beat's next look brings the rest."""
    global _last_nudged
    if time.monotonic() - _last_nudged < NUDGED_EVERY_SECONDS:
        return
    _last_nudged = time.monotonic()
    limits = {"socket_connect_timeout": LONGEST_NUDGE_SECONDS, "socket_timeout": LONGEST_NUDGE_SECONDS}
    with (
        contextlib.suppress(OperationalError),
        current_app.connection_for_write(transport_options=limits | {"max_retries": 0}) as broker,
    ):
        current_app.send_task("inventory_site.tasks.deliver_outbox", connection=broker, retry=False, expires=10)


def deliver(limit: int = BATCH) -> int:
    """Hand waiting events to their consumers; returns how many were handled."""
    return sum(_deliver_to(name, limit) for name in _consumers)


def _deliver_to(name: str, limit: int) -> int:
    waiting = OutboxDelivery.objects.claimable().filter(consumer=name).order_by("pk")[:limit]
    claimed = {
        pk: token for pk in list(waiting.values_list("pk", flat=True)) if (token := OutboxDelivery.objects.claim(pk))
    }
    if not claimed:
        return 0
    mine = OutboxDelivery.objects.filter(pk__in=claimed, token__in=claimed.values(), state="claimed")
    payloads = list(mine.order_by("pk").values_list("event__payload", flat=True))
    try:
        with transaction.atomic():
            _consumers[name][1](payloads)
            mine.update(state="done", lease_until=None)
    except Exception as error:
        log.exception("consumer %s failed", name)
        mine.filter(attempts__gte=MAX_ATTEMPTS).update(state="failed", error=str(error)[:2000], lease_until=None)
        mine.update(state="open", error=str(error)[:2000], lease_until=None)
    return len(claimed)


def forget_old() -> int:
    """Drop events that everybody has heard, after a week."""
    done = OutboxEvent.objects.filter(recorded_at__lt=timezone.now() - KEPT)
    return done.exclude(deliveries__state__in=["open", "claimed", "failed"]).delete()[0]
