"""Long work in steps and partitions that survives kill -9: its state is rows, and a wake-up may be lost or doubled.

A worker claims a partition, computes outside a transaction, then writes the outputs and the partition's end in one
transaction, provided the claim is still its own. A step starts when nothing of the step before is unfinished.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from celery import current_app
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from inventory_site.common.errors import DomainError
from inventory_site.common.models import JobPartition, JobRun
from inventory_site.common.querysets import MAX_FAILURES, RENEWED_EVERY, Claimable

log = logging.getLogger(__name__)

LONGEST_ERROR = 4000
LOOKED_AGAIN_SECONDS = 1.0

Write = Callable[[], object]
Progress = Callable[[JobRun, int, int], None]


@dataclass(frozen=True)
class Step:
    """``split`` gives the payloads of its partitions; it runs in a transaction and must be quick.

    ``work`` computes outside a transaction and returns what writes the outputs; both may be run again after a crash,
    so outputs are upserts, or deleted and inserted.
    """

    name: str
    split: Callable[[JobRun], list[dict]]
    work: Callable[[JobRun, dict], Write]


@dataclass(frozen=True)
class Kind:
    """``publish`` makes the outputs of ``steps`` current, in one short transaction; ``after`` follows upon it."""

    steps: tuple[Step, ...]
    publish: Callable[[JobRun], object]
    after: tuple[Step, ...]

    @property
    def all_steps(self) -> tuple[Step, ...]:
        return self.steps + self.after

    def step(self, name: str) -> Step:
        return next(step for step in self.all_steps if step.name == name)


class RunUnderWay(DomainError):
    """Another run of this kind has not finished."""

    code = "run_under_way"


class LeaseLost(Exception):
    """The partition was given to somebody else meanwhile: nothing of ours may be written."""


_kinds: dict[str, Kind] = {}


def register_kind(
    kind: str, steps: Sequence[Step], publish: Callable[[JobRun], object], after: Sequence[Step] = ()
) -> None:
    _kinds[kind] = Kind(tuple(steps), publish, tuple(after))


def steps_of(kind: str) -> list[str]:
    """The names of the steps in their order."""
    return [step.name for step in _kinds[kind].all_steps]


def start_run(*, kind: str, business_date: date, requested_by: str, force: bool = False) -> JobRun:
    """The run of that date: the one that is there, or a new one; ``force`` makes the next version of a finished one.

    Raises ``RunUnderWay`` while a run of another date is unfinished.
    """
    newest = JobRun.objects.filter(kind=kind, business_date=business_date).order_by("-version").first()
    if newest and (newest.state == JobRun.State.RUNNING or not force):
        return newest
    version = newest.version + 1 if newest else 1
    try:
        with transaction.atomic():
            return JobRun.objects.create(
                kind=kind, business_date=business_date, version=version, requested_by=requested_by
            )
    except IntegrityError as error:  # somebody else started one at this moment, or another date is being worked on
        other = JobRun.objects.running().filter(kind=kind).exclude(business_date=business_date).first()
        if other:
            raise RunUnderWay(_("The run of %(date)s is not finished yet.") % {"date": other.business_date}) from error
        return JobRun.objects.filter(kind=kind, business_date=business_date).latest("version")


def wake_workers() -> None:
    """Save the half minute until beat does it, once this transaction is committed; without a broker, beat will."""

    def wake() -> None:
        with contextlib.suppress(OperationalError):
            current_app.send_task("inventory_site.tasks.continue_nightly", retry=False)

    transaction.on_commit(wake)


def work_on(run: JobRun, progress: Progress | None = None) -> JobRun:
    """Work in this process until the run is finished, beside whoever else works on it."""
    while (run := advance(run.pk)).state == JobRun.State.RUNNING:
        if progress:
            parts = run.partitions.filter(step=run.step)
            progress(run, parts.exclude(pk__in=parts.unfinished()).count(), parts.count())
        waiting = run.partitions.claimable().order_by("pk").values_list("pk", flat=True).first()
        if waiting is None or not work_partition(waiting):
            time.sleep(LOOKED_AGAIN_SECONDS)  # others have what is left, and may die
    return run


def claimable_partitions() -> list[int]:
    """Bring every run to its next step where that can start; primary keys of what somebody should work on."""
    for pk in JobRun.objects.running().filter(kind__in=_kinds).values_list("pk", flat=True):
        advance(pk)
    waiting = JobPartition.objects.claimable().filter(run__in=JobRun.objects.running().filter(kind__in=_kinds))
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def is_step_over(pk: int) -> bool:
    """Whether nothing is unfinished in the step of this partition."""
    partition = JobPartition.objects.get(pk=pk)
    return not JobPartition.objects.unfinished().filter(run=partition.run_id, step=partition.step).exists()


def work_partition(pk: int) -> bool:
    """Claim and do one partition; False where it was not to be had, or was taken away before the end."""
    token = JobPartition.objects.claim(pk)
    if token is None:
        return False
    partition = JobPartition.objects.select_related("run").get(pk=pk)
    try:
        _compute_and_write(partition, token)
    except LeaseLost:
        log.warning("%s %s took too long: another worker has it", partition.run, partition)
        return False
    except Exception as error:
        log.exception("%s %s failed", partition.run, partition)
        JobPartition.objects.fail(pk, token, explain(error))
    except BaseException:  # told to stop
        JobPartition.objects.give_back(pk, token)
        raise
    return True


def _compute_and_write(partition: JobPartition, token: uuid.UUID) -> None:
    work = _kinds[partition.run.kind].step(partition.step).work
    with renewed(JobPartition.objects, partition.pk, token):
        write = work(partition.run, partition.payload)
        with transaction.atomic():
            if not JobPartition.objects.finish(partition.pk, token):
                raise LeaseLost
            write()


@contextlib.contextmanager
def renewed(rows: Claimable, pk: int, token: uuid.UUID) -> Iterator[None]:
    """Keep a lease alive from a thread with a connection of its own; it dies with the process, as the lease then."""
    done = threading.Event()

    def renew() -> None:
        is_ours = True
        while is_ours and not done.wait(RENEWED_EVERY.total_seconds()):
            try:
                is_ours = rows.renew(pk, token)
            except DatabaseError:
                log.warning("the lease of %s %s was not renewed", rows.model.__name__, pk, exc_info=True)
            finally:
                connection.close()

    thread = threading.Thread(target=renew, name=f"lease of {rows.model.__name__} {pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def advance(pk: int) -> JobRun:
    """Set aside what died too often, and take the run as many steps on as are ready; returns it as it is now."""
    try:
        while _advance_once(pk):
            pass
    except Exception as error:
        log.exception("run %s: its next step could not start", pk)
        _note_failure(pk, error)
    return JobRun.objects.get(pk=pk)


@transaction.atomic
def _advance_once(pk: int) -> bool:
    run = JobRun.objects.select_for_update().get(pk=pk)
    run.partitions.quarantine_exhausted()
    if run.state != JobRun.State.RUNNING or run.partitions.unfinished().exists():
        return False
    kind = _kinds[run.kind]
    names = steps_of(run.kind)
    next_place = names.index(run.step) + 1 if run.step else 0
    if next_place == len(kind.steps) and not run.published_at:
        kind.publish(run)
        run.published_at = timezone.now()
    elif next_place == len(names):
        run.state, run.finished_at = JobRun.State.PUBLISHED, timezone.now()
    else:
        run.step = names[next_place]
        _make_partitions(run, kind.all_steps[next_place])
    run.error = ""
    run.save(update_fields=["state", "step", "published_at", "finished_at", "error"])
    return True


def _make_partitions(run: JobRun, step: Step) -> None:
    JobPartition.objects.bulk_create(
        JobPartition(run=run, step=step.name, number=number, payload=payload)
        for number, payload in enumerate(step.split(run))
    )


@transaction.atomic
def _note_failure(pk: int, error: Exception) -> None:
    """A step that can't be split, or a run that can't be published, is tried again; the third time is the last."""
    run = JobRun.objects.select_for_update().get(pk=pk)
    if run.state != JobRun.State.RUNNING:
        return
    run.facts["failures"] = run.facts.get("failures", 0) + 1
    run.error = explain(error)
    if run.facts["failures"] >= MAX_FAILURES:
        run.state, run.finished_at = JobRun.State.FAILED, timezone.now()
    run.save(update_fields=["facts", "error", "state", "finished_at"])


def explain(error: Exception) -> str:
    """What went wrong in the first line, where in the rest; the middle of a long one is left out."""
    where = "".join(traceback.format_exception(error))
    return f"{type(error).__name__}: {error}"[: LONGEST_ERROR // 2] + "\n" + where[-LONGEST_ERROR // 2 :]
