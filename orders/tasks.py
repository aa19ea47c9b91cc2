"""What the workers do for orders. A message is only a wake-up: lost or doubled, it does no harm."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from orders import services
from orders.importers import jobs

log = logging.getLogger(__name__)


@shared_task(expires=25)
def continue_imports() -> None:
    """Wake somebody for each import that waits, whatever became of the first message."""
    for pk in jobs.waiting().values_list("pk", flat=True):
        work_import.apply_async([pk], retry=False)


@shared_task(expires=55)
def expire_reservations() -> None:
    """By the clock, not by the shop's calendar: in the demo that stands still, and a reservation must end there too."""
    services.expire_reservations(now=timezone.now())


@shared_task(expires=3600)
def work_import(pk: int) -> None:
    jobs.work(pk)


def wake_import(pk: int) -> None:
    """Ask at once where a worker was seen lately; else beat asks, and no page waits for a broker that is away."""
    if not jobs.has_worker():
        return
    try:
        work_import.apply_async([pk], retry=False)
    except (OperationalError, RedisError, OSError):
        log.warning("the broker does not answer; import %s waits for beat", pk)
