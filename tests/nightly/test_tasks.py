"""Tasks through a real broker: messages wake, rows remember."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from types import SimpleNamespace

import pytest
import redis
from django.utils import timezone, translation
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from inventory_site import nightly, tasks
from inventory_site.celery import app
from inventory_site.common import job_words, jobs
from inventory_site.common.jobs import wake_workers
from inventory_site.common.models import Heartbeat, JobPartition, JobRun, OutboxDelivery, OutboxEvent
from inventory_site.health import read_health
from tests.nightly.shop import open_shop

pytestmark = pytest.mark.django_db


def messages(broker: str) -> dict[str, int]:
    with redis.Redis.from_url(broker) as client:
        return {queue: client.llen(queue) for queue in ("celery", "night")}


def do_all(broker: str) -> int:
    """Take every message off the queues and do it, as a worker would; returns how many."""
    done = 0
    with app.connection_for_read() as connection:
        for name in ("night", "celery"):
            queue = connection.SimpleQueue(name)
            with contextlib.suppress(queue.Empty):
                while message := queue.get(block=False):
                    message.ack()
                    app.tasks[message.headers["task"]](*message.decode()[0])
                    done += 1
            queue.close()
    return done


def test_every_task_that_beat_sends_exists():
    app.loader.import_default_modules()
    sent = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert sent <= set(app.tasks) and "inventory_site.tasks.wake_nightly" in sent


def test_parts_of_a_run_have_a_queue_of_their_own(broker):
    open_shop()
    tasks.wake_nightly()
    assert messages(broker) == {"celery": 0, "night": 1}
    assert JobRun.objects.get().step == "close_demand"


def test_messages_carry_a_run_from_step_to_step_and_doubled_ones_do_no_harm(broker):
    open_shop()
    tasks.wake_nightly()
    rounds = 0
    while JobRun.objects.get().state == "running":
        tasks.continue_nightly()  # as beat does, though those before are still there
        assert do_all(broker) >= 2
        rounds += 1
    assert rounds <= 8 and JobRun.objects.get().state == "published"
    assert set(JobPartition.objects.values_list("state", "attempts")) == {("done", 1)}


def test_all_messages_lost_is_half_a_minute_lost(broker):
    open_shop()
    tasks.wake_nightly()
    with redis.Redis.from_url(broker) as client:
        client.flushdb()
    assert do_all(broker) == 0
    tasks.continue_nightly()
    assert do_all(broker) > 0 and JobRun.objects.get().step != "close_demand"


@pytest.mark.long  # the client tries for six seconds
def test_a_button_without_a_broker_still_starts_the_run(django_capture_on_commit_callbacks):
    open_shop()
    with django_capture_on_commit_callbacks(execute=True):
        run = nightly.request_run(requested_by="anna")
        wake_workers()
    assert (run.state, run.requested_by) == ("running", "anna")


def test_a_button_wakes_a_worker(broker, django_capture_on_commit_callbacks):
    open_shop()
    with django_capture_on_commit_callbacks(execute=True):
        nightly.request_run(requested_by="anna")
        wake_workers()
    assert messages(broker) == {"celery": 1, "night": 0}
    assert do_all(broker) == 1 and messages(broker)["night"] == 1


def test_the_health_of_a_shop_where_nothing_runs():
    health = read_health()
    assert (health.beat_seen_at, health.is_beat_alive, health.has_worker) == (None, False, False)
    assert health.queue_length is None and "refused" in health.broker_error
    assert (health.events_waiting, health.events_failed, list(health.runs)) == (0, 0, [])


def test_the_health_of_a_shop_where_all_runs(broker, django_assert_num_queries, monkeypatch):
    now = timezone.now()
    every = IntervalSchedule.objects.create(every=2, period="seconds")
    PeriodicTask.objects.create(name="outbox", task="t", interval=every, last_run_at=now - timedelta(minutes=3))
    monkeypatch.setattr(tasks, "_last_beaten", -1000.0)
    monkeypatch.setattr(tasks.connection, "close", lambda: None)  # the test's own is needed further on
    tasks.note_heartbeat(SimpleNamespace(eventer=SimpleNamespace(hostname="celery@here")))
    Heartbeat.objects.create(worker="celery@gone", seen_at=now - timedelta(minutes=2))
    tasks.deliver_outbox.delay()
    event = OutboxEvent.objects.create(topic="t")
    OutboxDelivery.objects.create(event=event, consumer="deaf", state="failed")
    for day in range(3):
        run = JobRun.objects.create(kind="nightly", business_date=now - timedelta(days=day), state="published")
        JobPartition.objects.create(run=run, step="plan", number=0, state="done", failures=1, error="ValueError: no")
        JobPartition.objects.create(run=run, step="plan", number=1, state="done")
    with django_assert_num_queries(6):
        health = read_health()
    assert health.is_beat_alive and health.has_worker and health.queue_length == 1 and health.broker_error == ""
    assert [(w.name, w.is_alive) for w in health.workers] == [("celery@gone", False), ("celery@here", True)]
    assert (health.events_waiting, health.events_failed) == (0, 1)
    assert [[part.error for part in run.failed_parts] for run in health.runs] == [["ValueError: no"]] * 3


def test_housekeeping_forgets_workers_that_are_gone():
    for name, days in (("celery@gone", 2), ("celery@here", 0)):
        Heartbeat.objects.create(worker=name, seen_at=timezone.now() - timedelta(days=days))
    tasks.housekeeping()
    assert [beat.worker for beat in Heartbeat.objects.all()] == ["celery@here"]


def test_every_job_and_every_step_has_a_word_in_the_readers_language():
    tasks.know_steps()
    kinds = jobs._kinds
    assert set(kinds) <= set(job_words.KINDS)
    steps = {step.name for kind in kinds.values() for step in (*kind.steps, *kind.after)}
    assert steps <= set(job_words.STEPS)
    with translation.override("zh-hans"):
        assert str(JobRun(kind="nightly", business_date="2026-03-30")) == "夜间任务 2026-03-30"
        assert JobPartition(step="plan", number=2).step_word != "plan"
