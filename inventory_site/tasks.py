"""What beat and the workers do. A message is only a wake-up: lost or doubled, it does no harm.

Tasks that come again in a moment expire, so that they don't pile up while no worker takes them.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from celery.signals import heartbeat_sent
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.utils import timezone

from inventory_site import nightly
from inventory_site.celery import app
from inventory_site.common import audit, idempotency, jobs, outbox
from inventory_site.common.models import Heartbeat

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15
HEARTBEATS_KEPT = timedelta(days=1)

_last_beaten = 0.0


@app.task(expires=600)
def wake_nightly() -> None:
    """Start the run that is due, whatever was missed before."""
    nightly.start_if_due()
    send_partitions()


@app.task(expires=25)
def continue_nightly() -> None:
    send_partitions()


def send_partitions() -> None:
    """A message for each partition that somebody could work on; who finds it taken does nothing."""
    know_steps()
    for pk in jobs.claimable_partitions():
        work_partition.apply_async([pk], retry=False)


@app.task(expires=3600)
def work_partition(pk: int) -> None:
    know_steps()
    if jobs.work_partition(pk):
        wake_next_step(pk)


def wake_next_step(pk: int) -> None:
    """Whoever ends a step wakes the next one; a failed partition waits for beat, which gives it a moment."""
    if jobs.is_step_over(pk):
        send_partitions()


def know_steps() -> None:
    """They bring numpy and scipy, which beat and the worker's main process can do without."""
    from inventory_site import backtest_steps, nightly_steps  # noqa: F401  they register them


@app.task(expires=10)
def deliver_outbox() -> None:
    outbox.deliver()


@app.task(expires=30)
def seal_audit() -> None:
    audit.seal()


@app.task(expires=3600)
def housekeeping() -> None:
    """Forget what nobody asks for any more."""
    from alerts.services import forget_old as forget_messages

    outbox.forget_old()
    idempotency.forget_old()
    forget_messages()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    Heartbeat.objects.filter(seen_at__lt=timezone.now() - HEARTBEATS_KEPT).delete()


@heartbeat_sent.connect
def note_heartbeat(sender, **kwargs) -> None:
    """Write down now and then that this worker lives; it runs in the worker's main process, beside its tasks."""
    global _last_beaten
    if time.monotonic() - _last_beaten < HEARTBEAT_SECONDS:
        return
    _last_beaten = time.monotonic()
    try:
        Heartbeat.objects.update_or_create(worker=sender.eventer.hostname, defaults={"seen_at": timezone.now()})
    except DatabaseError:
        log.warning("the heartbeat was not written", exc_info=True)
    finally:
        connection.close()  # the worker forks, and a connection must not be shared
