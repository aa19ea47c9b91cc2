"""Runs, steps and partitions: done once, in their order, whoever dies."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from inventory_site.common import jobs, querysets
from inventory_site.common.jobs import RunUnderWay, Step, register_kind, start_run, work_on
from inventory_site.common.models import JobPartition, JobRun, OutboxEvent
from inventory_site.common.querysets import JobPartitionQuerySet

TODAY = date(2026, 3, 29)
PARTS = 6


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    monkeypatch.setattr(jobs, "_kinds", {})
    monkeypatch.setattr(jobs, "LOOKED_AGAIN_SECONDS", 0.02)


def told(topic: str) -> None:
    """Outputs of these tests: rows that would be there twice if they were written twice."""
    OutboxEvent.objects.create(topic=topic)


def topics() -> list[str]:
    return list(OutboxEvent.objects.order_by("pk").values_list("topic", flat=True))


def step(name: str, parts: int = 1, work: Callable | None = None) -> Step:
    def tell(run, payload):
        return lambda: told(f"{name} {payload['part']}")

    return Step(name, lambda run: [{"part": part} for part in range(parts)], work or tell)


def start(**fields) -> JobRun:
    return start_run(**({"kind": "test", "business_date": TODAY, "requested_by": "test"} | fields))


@pytest.mark.django_db
def test_steps_go_in_their_order_and_the_run_is_published_between_its_steps_and_those_after():
    def publish(run):
        assert run.published_at is None
        told("publish")

    register_kind("test", [step("close", 2), step("empty", 0), step("plan", 1)], publish, after=[step("alerts")])
    run = work_on(start())
    assert topics() == ["close 0", "close 1", "plan 0", "publish", "alerts 0"]
    assert (run.state, run.step, run.error) == ("published", "alerts", "")
    assert run.published_at <= run.finished_at


@pytest.mark.django_db
def test_what_people_see_changes_when_the_outputs_are_published_not_when_the_alerts_are_out():
    seen = []

    def alerts(run, payload):
        seen.append((JobRun.objects.latest_published("test"), run.state))
        return lambda: None

    register_kind("test", [step("plan")], lambda run: None, after=[step("alerts", work=alerts)])
    run = start()
    assert JobRun.objects.latest_published("test") is None
    work_on(run)
    assert seen == [(run, "running")]


@pytest.mark.django_db
def test_the_same_date_twice_is_one_run_and_force_makes_the_next_version():
    register_kind("test", [step("plan")], lambda run: None)
    first = work_on(start())
    assert start() == first and work_on(start()) == first and topics() == ["plan 0"]
    second = start(force=True)
    assert (second.version, start(force=True)) == (2, second)
    work_on(second)
    assert JobRun.objects.count() == 2 and JobRun.objects.latest_published("test") == second


@pytest.mark.django_db
def test_another_date_waits_for_the_unfinished_run():
    register_kind("test", [step("plan")], lambda run: None)
    start()
    with pytest.raises(RunUnderWay, match="The run of 2026-03-29 is not finished yet"):
        start(business_date=TODAY + timedelta(days=1))
    assert JobRun.objects.count() == 1


@pytest.mark.django_db
def test_a_partition_that_fails_three_times_is_set_aside_with_its_reason_and_the_run_goes_on():
    def work(run, payload):
        if payload["part"] == 1:
            raise ValueError("bottles don't divide")
        return lambda: told(f"plan {payload['part']}")

    register_kind("test", [step("plan", 3, work)], lambda run: told("publish"))
    run = work_on(start())
    assert run.state == "published" and topics() == ["plan 0", "plan 2", "publish"]
    bad = run.partitions.get(state="quarantined")
    assert (bad.number, bad.failures, bad.attempts) == (1, 3, 3)
    assert bad.error.startswith("ValueError: bottles don't divide\nTraceback")


@pytest.mark.django_db
def test_outputs_of_a_write_that_fails_halfway_are_not_there():
    def work(run, payload):
        def write():
            told("half")
            if run.partitions.get().failures < 2:
                raise ValueError("no")

        return write

    register_kind("test", [step("plan", 1, work)], lambda run: None)
    run = work_on(start())
    assert topics() == ["half"] and run.partitions.get().state == "done"


@pytest.mark.django_db
def test_a_partition_that_kills_its_worker_each_time_is_set_aside():
    register_kind("test", [step("plan", 2)], lambda run: None)
    run = jobs.advance(start().pk)
    run.partitions.filter(number=0).update(
        state="claimed", attempts=10, lease_until=timezone.now() - timedelta(seconds=1)
    )
    run = work_on(run)
    assert run.state == "published" and topics() == ["plan 1"]
    assert run.partitions.get(number=0).state == "quarantined"


@pytest.mark.django_db
def test_a_run_that_cannot_be_published_is_tried_three_times_and_says_why():
    tries = []

    def publish(run):
        told("half published")
        tries.append(run.pk)
        raise ValueError("no such table")

    register_kind("test", [step("plan")], publish, after=[step("alerts")])
    run = work_on(start())
    assert (run.state, run.published_at, len(tries)) == ("failed", None, 3)
    assert run.error.startswith("ValueError: no such table") and topics() == ["plan 0"]
    assert start() == run and start(force=True).version == 2


@pytest.mark.django_db
def test_being_told_to_stop_gives_the_partition_back_at_once():
    def work(run, payload):
        raise KeyboardInterrupt

    register_kind("test", [step("plan", 1, work)], lambda run: None)
    run = start()
    with pytest.raises(KeyboardInterrupt):
        work_on(run)
    part = run.partitions.get()
    assert (part.state, part.failures, part.lease_until) == ("open", 0, None)


@pytest.mark.django_db
def test_a_doubled_message_finds_nothing_to_claim():
    register_kind("test", [step("plan", 2)], lambda run: None)
    start()
    first, second = jobs.claimable_partitions()
    assert jobs.work_partition(first) and not jobs.work_partition(first)
    assert jobs.claimable_partitions() == [second]
    assert topics() == ["plan 0"]


def overtaken(run, payload):
    """Computing took so long that the lease ran out and somebody else did the partition meanwhile."""
    part = run.partitions.get()
    if part.attempts == 1:
        run.partitions.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert jobs.work_partition(part.pk)
    return lambda: told("written")


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_writes_nothing():
    register_kind("test", [step("plan", 1, overtaken)], lambda run: None)
    run = work_on(start())
    assert topics() == ["written"] and run.partitions.get().attempts == 2


@pytest.mark.django_db
def test_without_the_token_it_would_write_twice(monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(JobPartitionQuerySet, "finish", lambda self, pk, token: self.filter(pk=pk).update(state="done"))
    register_kind("test", [step("plan", 1, overtaken)], lambda run: None)
    work_on(start())
    assert topics() == ["written", "written"]


@pytest.mark.django_db(transaction=True)
def test_the_lease_is_renewed_while_the_work_goes_on(monkeypatch):
    monkeypatch.setattr(jobs, "RENEWED_EVERY", timedelta(seconds=0.02))
    leases = []

    def work(run, payload):
        part, deadline = run.partitions.get(), time.monotonic() + 20
        while len(set(leases)) < 3 and time.monotonic() < deadline:
            leases.append(JobPartition.objects.get(pk=part.pk).lease_until)
        return lambda: told("written")

    register_kind("test", [step("plan", 1, work)], lambda run: None)
    work_on(start())
    assert len(set(leases)) == 3 and leases == sorted(leases) and topics() == ["written"]


def slow_kind(parts: int) -> None:
    """Two steps whose parts take a moment to compute and to write, so that a kill finds them anywhere."""

    def work(run, payload):
        time.sleep(0.01)

        def write():
            for piece in range(5):
                told(f"{payload['part']} {piece}")
                time.sleep(0.002)

        return write

    def publish(run):
        told("published")
        time.sleep(0.01)

    register_kind("test", [step("first", parts, work), step("second", parts, work)], publish, after=[step("alerts")])


def worker(run: JobRun) -> int:
    """A real process of its own that works on the run; returns its id."""
    connections.close_all()
    if pid := os.fork():
        return pid
    try:
        work_on(run)
        os._exit(0)
    finally:
        os._exit(1)


def expected(parts: int) -> list[str]:
    pieces = [f"{part} {piece}" for part in range(parts) for piece in range(5)]
    return sorted(pieces + pieces + ["published", "alerts 0"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("workers", "kills"),
    [(1, 5), (2, 5), pytest.param(1, 15, marks=pytest.mark.race), pytest.param(4, 30, marks=pytest.mark.race)],
)
def test_a_run_whose_workers_are_killed_at_random_moments_ends_as_an_undisturbed_one(monkeypatch, workers, kills):
    monkeypatch.setattr(querysets, "LEASE", timedelta(seconds=0.3))
    monkeypatch.setattr(querysets, "MAX_ATTEMPTS", 1000)
    monkeypatch.setattr(jobs, "RENEWED_EVERY", timedelta(seconds=0.05))
    slow_kind(PARTS)
    run, chance = start(), random.Random(7)
    pids = [worker(run) for _ in range(workers)]
    for _ in range(kills):
        time.sleep(chance.uniform(0.01, 0.15))
        victim = pids.pop(0)
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        pids.append(worker(run))
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * workers
    run.refresh_from_db()
    assert (run.state, run.facts) == ("published", {})
    assert sorted(topics()) == expected(PARTS)
    assert not run.partitions.exclude(state="done").exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_do_no_work_twice():
    slow_kind(30)
    run = start()
    pids = [worker(run) for _ in range(4)]
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0, 0]
    assert sorted(topics()) == expected(30)
    assert set(run.partitions.values_list("attempts", flat=True)) == {1}


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_without_the_conditional_claim_workers_would_do_work_twice(monkeypatch):
    """The negative control of the test above; all have looked before one of them claims."""

    def claim(self, pk):
        time.sleep(0.02)
        token = querysets.uuid.uuid4()
        self.filter(pk=pk).update(state="claimed", token=token, attempts=querysets.F("attempts") + 1)
        return token

    monkeypatch.setattr(querysets.Claimable, "claim", claim)
    monkeypatch.setattr(JobPartitionQuerySet, "finish", lambda self, pk, token: self.filter(pk=pk).update(state="done"))
    slow_kind(30)
    run = start()
    for pid in [worker(run) for _ in range(4)]:
        os.waitpid(pid, 0)
    assert len(topics()) > len(expected(30))
