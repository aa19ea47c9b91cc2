"""Does the machinery run? Beat, broker, workers, the last runs and what failed in them, for the Jobs page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Prefetch
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from inventory_site.celery import app
from inventory_site.common.models import Heartbeat, JobPartition, JobRun, OutboxDelivery

RUNS_SHOWN = 20
BROKER_ANSWERS_WITHIN_SECONDS = 1
#: Beat writes down what it sent every three minutes, a worker every quarter of a minute.
BEAT_LATE_AFTER = timedelta(minutes=10)
WORKER_LATE_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Worker:
    name: str
    seen_at: datetime
    is_alive: bool


@dataclass(frozen=True)
class Health:
    """``queue_length`` is None where the broker does not answer; ``broker_error`` then says why.

    Each run carries ``failed_parts``: its partitions that failed at least once, with their ``error``.
    """

    beat_seen_at: datetime | None
    is_beat_alive: bool
    workers: Sequence[Worker]
    queue_length: int | None
    broker_error: str
    events_waiting: int
    events_failed: int
    runs: Sequence[JobRun]

    @property
    def has_worker(self) -> bool:
        return any(worker.is_alive for worker in self.workers)


def read_health() -> Health:
    now = timezone.now()
    beat_seen_at = PeriodicTask.objects.aggregate(last=Max("last_run_at"))["last"]
    beats = Heartbeat.objects.order_by("worker").values_list("worker", "seen_at")
    length, error = queue_length()
    deliveries = OutboxDelivery.objects
    return Health(
        beat_seen_at=beat_seen_at,
        is_beat_alive=beat_seen_at is not None and now - beat_seen_at < BEAT_LATE_AFTER,
        workers=[Worker(name, seen_at, now - seen_at < WORKER_LATE_AFTER) for name, seen_at in beats],
        queue_length=length,
        broker_error=error,
        events_waiting=deliveries.filter(state__in=["open", "claimed"]).count(),
        events_failed=deliveries.filter(state="failed").count(),
        runs=last_runs(),
    )


def last_runs() -> list[JobRun]:
    failed = JobPartition.objects.filter(failures__gt=0) | JobPartition.objects.filter(state="quarantined")
    parts = Prefetch("partitions", failed.order_by("pk"), to_attr="failed_parts")
    return list(JobRun.objects.order_by("-started_at", "-pk").prefetch_related(parts)[:RUNS_SHOWN])


def queue_length() -> tuple[int | None, str]:
    """Messages that no worker has taken yet, or why the broker can't be asked."""
    options = {"socket_connect_timeout": BROKER_ANSWERS_WITHIN_SECONDS, "socket_timeout": BROKER_ANSWERS_WITHIN_SECONDS}
    try:
        with app.connection_for_read(transport_options=app.conf.broker_transport_options | options) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_ANSWERS_WITHIN_SECONDS)
            client = connection.default_channel.client
            return sum(client.llen(queue.name) for queue in app.conf.task_queues), ""
    except (OperationalError, RedisError, OSError) as error:
        return None, str(error)
