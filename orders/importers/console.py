"""What the import commands print: a bar on the terminal, the report, the bad rows."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from orders.importers.formats import Fault
from orders.importers.options import Progress


def listing_path(file: Path, asked: str | None, kind: str) -> Path:
    """Where the whole listing goes: as asked, or beside the data under the file's name."""
    return Path(asked) if asked else Path(settings.VAR_DIR) / "import_reports" / f"{file.stem}-{kind}.csv"


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """A bar for each step on stderr; silent where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    labels = {"check": _("Checking"), "lines": _("Writing sales"), "days": _("Daily demand"), "levels": _("Posting")}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(file=sys.stderr)
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(labels[step])
            bars.update(tasks[step], completed=done, total=total)

        yield show


def fault_lines(faults: Iterable[Fault], count: int, listing: Path) -> Iterator[str]:
    """The bad rows to print: the first ones, and where the others stand."""
    shown = 0
    for fault in faults:
        shown += 1
        yield _("line %(line)d, %(column)s “%(value)s”: %(reason)s") % {
            "line": fault.line, "column": fault.column or "-", "value": fault.value, "reason": fault.reason,
        }  # fmt: skip
    if count > shown:
        yield _("… and %(more)d more; all of them: %(file)s") % {"more": count - shown, "file": listing}
