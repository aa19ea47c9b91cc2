"""Import historical sales from CSV or XLSX."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from inventory_site.common.tables import ENCODINGS, ImportRefused
from orders.importers.cells import DATE_ORDERS
from orders.importers.checking import check_sales
from orders.importers.console import fault_lines, listing_path, progress_bars
from orders.importers.options import SalesOptions
from orders.importers.report import listing_at, rows_of
from orders.importers.sales_file import FORMATS, SalesFile
from orders.importers.writing import write_sales


class Command(BaseCommand):
    help = "Import historical sales: checks the whole file first, then writes closed orders and daily demand."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=sorted(FORMATS), default="generic")
        parser.add_argument("--dry-run", action="store_true", help="check and report; write nothing")
        parser.add_argument("--skip-bad-rows", action="store_true", help="write the good rows although others are bad")
        parser.add_argument("--channel", default="import", help="sales channel of rows that name none")
        parser.add_argument("--warehouse", default="", help="code of the warehouse of rows that name none")
        parser.add_argument("--create-warehouses", action="store_true", help="make warehouses that the file names")
        parser.add_argument("--date-order", choices=sorted(DATE_ORDERS), default="", help="how to read 03/04/2024")
        parser.add_argument("--encoding", choices=ENCODINGS, default="", help="of a CSV; found out where not given")
        parser.add_argument("--report", help="where to list all bad and left-out rows (CSV)")

    def handle(self, *args, **told) -> None:
        if not told["file"].is_file():
            raise CommandError(_("There is no file %(file)s.") % {"file": told["file"]})
        names = ("format", "channel", "warehouse", "create_warehouses", "date_order", "encoding")
        try:
            self._import(told, SalesOptions(**{name: told[name] for name in names}))
        except ImportRefused as refusal:
            raise CommandError(str(refusal)) from refusal

    def _import(self, told: dict, options: SalesOptions) -> None:
        path = listing_path(told["file"], told["report"], "sales")
        with progress_bars() as progress:
            with listing_at(path) as listing:
                file = check_sales(path=told["file"], options=options, listing=listing, progress=progress)
            may_write = not told["dry_run"] and (told["skip_bad_rows"] or not file.report.bad_rows)
            if may_write:
                write_sales(file=file, skip_bad_rows=told["skip_bad_rows"], progress=progress)
        self._print(file, path)
        if told["dry_run"]:
            self.stdout.write(_("Nothing was written: this was a dry run."))
        elif not may_write:
            raise CommandError(
                _("Nothing was written: %(count)d rows are bad. Mend them, or add --skip-bad-rows.")
                % {"count": file.report.bad_rows}
            )

    def _print(self, file: SalesFile, listing: Path) -> None:
        for label, value in rows_of(file.report.as_json()):
            self.stdout.write(f"{label}: {value}")
        for line in fault_lines(file.report.first_faults, file.report.faults, listing):
            self.stderr.write(line)
        self.stdout.write(_("All rows that were left out, with the reason: %(file)s") % {"file": listing})
