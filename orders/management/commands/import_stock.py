"""Set today's stock from CSV or XLSX: sku, warehouse, on_hand."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from inventory_site.common.tables import ENCODINGS, ImportRefused
from orders.importers.console import fault_lines, listing_path, progress_bars
from orders.importers.report import listing_at
from orders.importers.stock_levels import check_stock, write_stock


class Command(BaseCommand):
    help = "Set the stock on hand to what a file says; posts the differences to the ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check and report; write nothing")
        parser.add_argument("--skip-bad-rows", action="store_true", help="write the good rows although others are bad")
        parser.add_argument("--warehouse", default="", help="code of the warehouse of rows that name none")
        parser.add_argument("--encoding", choices=ENCODINGS, default="", help="of a CSV; found out where not given")
        parser.add_argument("--report", help="where to list all bad rows (CSV)")

    def handle(self, *args, **told) -> None:
        if not told["file"].is_file():
            raise CommandError(_("There is no file %(file)s.") % {"file": told["file"]})
        try:
            self._import(told)
        except ImportRefused as refusal:
            raise CommandError(str(refusal)) from refusal

    def _import(self, told: dict) -> None:
        path = listing_path(told["file"], told["report"], "stock")
        with progress_bars() as progress:
            with listing_at(path) as listing:
                file = check_stock(
                    path=told["file"], warehouse=told["warehouse"], encoding=told["encoding"], listing=listing,
                    progress=progress,
                )  # fmt: skip
            self.stdout.write(
                _("%(rows)d rows read, %(bad)d bad, %(levels)d levels.")
                % {"rows": file.rows, "bad": file.bad_rows, "levels": len(file.on_hand)}
            )
            for line in fault_lines(file.first_faults, file.faults, path):
                self.stderr.write(line)
            if told["dry_run"]:
                self.stdout.write(_("Nothing was written: this was a dry run."))
                return
            reference = told["file"].name[:100]
            posted = write_stock(file=file, skip_bad_rows=told["skip_bad_rows"], reference=reference, progress=progress)
        self.stdout.write(_("%(count)d differences posted.") % {"count": posted})
