"""Replay the shop's past under our advice and under simpler rules, and print the table in money."""

from __future__ import annotations

import getpass
from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from inventory_site import backtest_steps  # noqa: F401  the steps register themselves
from inventory_site.common.errors import DomainError
from inventory_site.common.jobs import work_on
from inventory_site.common.models import JobRun
from replenishment.backtest_table import table_of
from replenishment.models import Backtest
from replenishment.services import backtests


class Command(BaseCommand):
    help = _("Had you followed our advice: replay the past without look-ahead and compare in money.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--days", type=int, default=backtests.MOST_DAYS, help=_("How many days to judge, at most %(default)s.")
        )
        parser.add_argument(
            "--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help=_("The last day; else the last closed one.")
        )
        parser.add_argument(
            "--series", type=int, default=backtests.MOST_SERIES,
            help=_("Items to replay (%(default)s); of more a sample is taken."),
        )  # fmt: skip

        parser.add_argument(
            "--ask", action="store_true",
            help=_("Leave the work to the workers of the served shop; asks for nothing where there is one already."),
        )  # fmt: skip

    def handle(self, *, days: int, until: date | None, series: int, ask: bool, **options) -> None:
        if days < 1 or series < 1:
            raise CommandError(_("--days and --series are at least 1."))
        if ask and Backtest.objects.exists():
            return
        try:
            backtest = backtests.request_backtest(
                requested_by=getpass.getuser(), days=days, most_series=series, last_on=until
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        if ask:
            self.stdout.write(_("A back-test of %(days)s waits for the workers.") % {"days": backtest})
            return
        run = self._work(backtest.run)
        for part in run.partitions.filter(state="quarantined"):
            self.stderr.write(
                _("%(part)s set aside: %(reason)s") % {"part": part, "reason": part.error.partition("\n")[0]}
            )
        if run.state == JobRun.State.FAILED:
            raise CommandError(_("%(run)s failed: %(reason)s") % {"run": run, "reason": run.error.partition("\n")[0]})
        self.stdout.write(table_of(Backtest.objects.get(pk=backtest.pk)))

    def _work(self, run: JobRun) -> JobRun:
        columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns) as bars:
            tasks = {}

            def progress(run: JobRun, done: int, total: int) -> None:
                for name, task in tasks.items():
                    if name != run.step:
                        bars.update(task, completed=bars.tasks[task].total)
                if run.step not in tasks:
                    tasks[run.step] = bars.add_task(run.step, total=total)
                bars.update(tasks[run.step], completed=done, total=total)

            run = work_on(run, progress)
            for task in tasks.values():
                bars.update(task, completed=bars.tasks[task].total)
        return run
