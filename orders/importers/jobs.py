"""Imports that people start in the admin: checked and applied by a worker, bit by bit visible.

The row is the truth and a message only wakes a worker. Whoever claims the row works on it; a worker that dies
lets its lease run out, and the next one starts again, which is harmless.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.models import Heartbeat, ImportJob, ShopSettings
from inventory_site.common.tables import ImportRefused
from orders.importers.options import SalesOptions
from orders.importers.report import Report, listing_at

KIND = "sales"
LEASE = timedelta(minutes=2)
WORKER_LATE_AFTER = timedelta(minutes=1)
MAX_ATTEMPTS = 5
TOLD_EVERY_SECONDS = 1.0

State = ImportJob.State


@transaction.atomic
def upload_sales(*, file: UploadedFile, options: SalesOptions, actor: Any) -> ImportJob:
    """Keep the file and let a worker check it; nothing else is written until somebody applies it."""
    job = ImportJob(
        kind=KIND, format=options.format, options=vars(options), file_name=Path(file.name).name[:300],
        fingerprint=_fingerprint(file), requested_by=actor,
    )  # fmt: skip
    job.file.save(job.file_name, file, save=True)
    audit.record(actor=actor, action="import.upload", subject=job, changes={"file": job.file_name})
    return job


@transaction.atomic
def apply_sales(*, job: ImportJob, skip_bad_rows: bool, actor: Any) -> None:
    """Let a worker write what was checked; refuses unless the file was checked and can be written."""
    if job.report.get("kinds", {}).get("bad") and not skip_bad_rows:
        raise ImportRefused(_("There are bad rows: mend the file, or leave them out."))
    changed = ImportJob.objects.filter(pk=job.pk, state=State.PREVIEWED).update(
        state=State.APPLYING, skip_bad_rows=skip_bad_rows, attempts=0, rows_done=0, lease_until=None
    )
    if changed != 1:
        raise ImportRefused(_("This file is not waiting to be applied."))
    audit.record(actor=actor, action="import.apply", subject=job, changes={"skip_bad_rows": skip_bad_rows})


def has_worker() -> bool:
    """Whether a worker was seen within the last minute."""
    return Heartbeat.objects.filter(seen_at__gt=timezone.now() - WORKER_LATE_AFTER).exists()


def waiting() -> QuerySet[ImportJob]:
    """Imports that somebody should check or apply."""
    is_free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    return ImportJob.objects.filter(is_free, kind=KIND, state__in=[State.UPLOADED, State.APPLYING])


def work(pk: int) -> bool:
    """Check or apply the import, if nobody else does; False where there was nothing to do."""
    if waiting().filter(pk=pk).update(lease_until=timezone.now() + LEASE, attempts=F("attempts") + 1) != 1:
        return False
    job = ImportJob.objects.select_related("requested_by").get(pk=pk)
    with translation.override(_language(job)):
        try:
            if job.attempts > MAX_ATTEMPTS:
                raise ImportRefused(_("The worker died %(times)d times over this file.") % {"times": MAX_ATTEMPTS})
            _work(job)
        except ImportRefused as refusal:
            _refuse(job, str(refusal))
        except Exception as error:
            if job.attempts >= MAX_ATTEMPTS:
                _refuse(job, f"{type(error).__name__}: {error}")
            raise
    return True


def _work(job: ImportJob) -> None:
    from orders.importers.checking import check_sales  # these bring numpy, which the admin and beat do without
    from orders.importers.writing import write_sales

    is_applying = job.state == State.APPLYING
    progress = _Visible(job)
    with _kept_listing(job) as path, listing_at(path) as listing:
        file = check_sales(
            path=Path(job.file.path), options=SalesOptions(**job.options), actor=job.requested_by, listing=listing,
            progress=progress,
        )  # fmt: skip
        if is_applying:
            write_sales(file=file, skip_bad_rows=job.skip_bad_rows, actor=job.requested_by, progress=progress)
    _finish(job, file.report, State.APPLIED if is_applying else State.PREVIEWED)


def _finish(job: ImportJob, report: Report, state: str) -> None:
    job.state, job.report, job.rows_read = state, report.as_json(), report.rows
    job.rows_done = job.rows_read if state == State.APPLIED else 0
    job.lease_until = None
    job.finished_at = timezone.now() if state == State.APPLIED else None
    job.save()


def _refuse(job: ImportJob, why: str) -> None:
    job.state, job.lease_until, job.finished_at = State.REFUSED, None, timezone.now()
    job.report = job.report | {"refusal": why[:2000]}
    job.save(update_fields=["state", "lease_until", "finished_at", "report"])


@contextmanager
def _kept_listing(job: ImportJob) -> Iterator[Path]:
    """A file to list rows in, kept with the job when the block ends well."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{job.pk}-left-out.csv"
        yield path
        if job.listing:
            job.listing.delete(save=False)
        with open(path, "rb") as file:
            job.listing.save(path.name, File(file), save=False)


class _Visible:
    """Writes progress to the row, and lengthens the lease, once a second at most."""

    def __init__(self, job: ImportJob):
        self.job, self.told_at = job, 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.told_at < TOLD_EVERY_SECONDS and done < total:
            return
        self.told_at = now
        ImportJob.objects.filter(pk=self.job.pk).update(
            report=self.job.report | {"step": step}, rows_done=done, rows_read=total, lease_until=timezone.now() + LEASE
        )


def _language(job: ImportJob) -> str:
    return (job.requested_by and job.requested_by.language) or ShopSettings.objects.load().language


def _fingerprint(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def same_file_before(job: ImportJob) -> ImportJob | None:
    """An earlier import of the very same file, whatever its name was then."""
    others = ImportJob.objects.filter(kind=job.kind, fingerprint=job.fingerprint, state=State.APPLIED)
    return others.filter(pk__lt=job.pk).order_by("-pk").first()
