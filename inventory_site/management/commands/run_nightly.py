"""Run the nightly job in the foreground, with a progress bar."""

from __future__ import annotations

import getpass
from datetime import date
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from alerts import services as alerts
from inventory_site import nightly, nightly_steps  # noqa: F401  the steps register themselves
from inventory_site.common.errors import DomainError
from inventory_site.common.jobs import steps_of, work_on
from inventory_site.common.models import JobRun


class Command(BaseCommand):
    help = _("Run the nightly job here and now; a day that was run already is not run again.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--date", type=date.fromisoformat, metavar="YYYY-MM-DD",
            help=_("The business day to close and plan from; without it the last one that is over."),
        )  # fmt: skip
        parser.add_argument("--force", action="store_true", help=_("Run a day again, as the next version."))

    def handle(self, *, date: date | None, force: bool, **options) -> None:
        try:
            run = nightly.request_run(requested_by=getpass.getuser(), business_date=date, force=force)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if run.state != JobRun.State.RUNNING:
            self.stdout.write(_("%(run)s was run already. With --force it is run again.") % {"run": run})
        else:
            run = self._work(run)
            while alerts.dispatch():  # where no worker runs, what is told at once waits for this
                pass
        self._tell(run)
        self._tell_where_mail_lies()

    def _work(self, run: JobRun) -> JobRun:
        columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns) as bars:
            tasks = {}

            def progress(run: JobRun, done: int, total: int) -> None:
                finish_before(run.step)
                if run.step not in tasks:
                    tasks[run.step] = bars.add_task(run.step, total=total)
                bars.update(tasks[run.step], completed=done, total=total)

            def finish_before(step: str | None) -> None:
                for name, task in tasks.items():
                    if name != step:
                        bars.update(task, completed=bars.tasks[task].total)
                        bars.stop_task(task)

            run = work_on(run, progress)
            finish_before(None)
        return run

    def _tell_where_mail_lies(self) -> None:
        folder = Path(settings.EMAIL_FILE_PATH)
        if settings.EMAIL_BACKEND.endswith(".filebased.EmailBackend") and folder.is_dir():
            told = _("E-mail lies in %(folder)s, and in the admin under Messages sent; nobody was sent any.")
            self.stdout.write(told % {"folder": folder})

    def _tell(self, run: JobRun) -> None:
        aside = run.partitions.filter(state="quarantined")
        for partition in aside:
            self.stderr.write(
                _("%(part)s set aside: %(reason)s") % {"part": partition, "reason": first_line(partition)}
            )
        if run.state == JobRun.State.FAILED:
            raise CommandError(_("%(run)s failed: %(reason)s") % {"run": run, "reason": first_line(run)})
        if run.finished_at:
            seconds = (run.finished_at - run.started_at).total_seconds()
            self.stdout.write(
                _("%(run)s is finished: %(steps)d steps, %(aside)d parts set aside, %(seconds)d s.")
                % {"run": run, "steps": len(steps_of(run.kind)), "aside": len(aside), "seconds": seconds}
            )


def first_line(failed) -> str:
    return failed.error.partition("\n")[0]
