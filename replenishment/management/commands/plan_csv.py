"""Plan from a spreadsheet: demand and item terms in, reorder points and suggestions out, without a database."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecasting import engine
from forecasting.engine.panel import Forecast, ProtectionInterval
from inventory_site.common.numbers import whole_number
from replenishment.csv_table import BadRow, UnreadableFileError
from replenishment.plan_demand import Calendar, Demand, read_demand
from replenishment.plan_file import forecast_frame, plan_frame, with_idle, write_all
from replenishment.plan_items import Items, read_items, usual_values
from replenishment.plan_rows import ItemTerms, plan


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(_("“%s” is not a date (write it as YYYY-MM-DD)") % text) from error


def _count(text: str) -> int:
    found = whole_number(text)
    if found is None or not 1 <= found <= 730:
        raise ArgumentTypeError(_("“%s” is not a number of buckets from 1 to 730") % text)
    return found


class Command(BaseCommand):
    help = _("Forecast and plan from CSV files; needs no database. The columns: docs/plan_csv.md")
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("demand", type=Path, metavar="DEMAND.csv", help=_("one row per sale or bucket"))
        parser.add_argument("--items", type=Path, metavar="ITEMS.csv", help=_("terms and stock of each item"))
        parser.add_argument("--freq", required=True, choices=("D", "W", "M"), help=_("the bucket: day, week, month"))
        parser.add_argument("--as-of", required=True, type=_date, metavar="YYYY-MM-DD", help=_("the last known day"))
        parser.add_argument("--plan", required=True, type=Path, metavar="PLAN.csv", help=_("written: one row an item"))
        parser.add_argument("--forecast", type=Path, metavar="FORECAST.csv", help=_("written: one row a bucket ahead"))
        parser.add_argument("--horizon", type=_count, metavar="N", help=_("buckets in FORECAST.csv"))
        parser.add_argument("--skip-bad-rows", action="store_true", help=_("name them, but plan from the others"))

    def handle(self, *args: Any, **options: Any) -> None:
        self.started = time.monotonic()
        _check_paths([options["demand"], options["items"]], [options["plan"], options["forecast"]])
        try:
            demand, items = self._read(options)
        except UnreadableFileError as error:
            raise CommandError(str(error)) from error
        self._refuse_or_skip(demand.bad + items.bad, skip=options["skip_bad_rows"])
        for note in (*demand.notes, *items.notes, usual_values(items, options["freq"])):
            if note:
                self.say(note)
        self._write(demand, items, options)

    def say(self, text: str) -> None:
        """A line on stderr: stdout stays free, and neither is an error."""
        self.stderr.write(text, style_func=str)

    def _read(self, options: dict[str, Any]) -> tuple[Demand, Items]:
        demand = read_demand(options["demand"], Calendar(options["freq"], options["as_of"]))
        self.say(
            _("Read %(rows)s rows of %(series)s series in %(seconds)s s.")
            % {"rows": len(demand.series), "series": len(demand.keys), "seconds": self._seconds()}
        )
        keys = pd.concat([demand.keys, demand.waiting], ignore_index=True)
        return demand, read_items(options["items"], keys, options["freq"], has_warehouses=demand.has_warehouses)

    def _refuse_or_skip(self, bad: list[BadRow], *, skip: bool) -> None:
        for row in bad:
            self.say(str(row))
        if not bad:
            return
        count = ngettext("%(count)s bad field", "%(count)s bad fields", len(bad)) % {"count": len(bad)}
        if not skip:
            advice = _("%s: nothing is written. Mend the rows above, or leave them out with --skip-bad-rows.")
            raise CommandError(advice % count)
        self.say(_("%s: the rows above are left out.") % count)

    def _write(self, demand: Demand, items: Items, options: dict[str, Any]) -> None:
        terms = items.terms(options["freq"])
        forecast = self._forecast(demand, items, terms, options["horizon"] or 0)
        self.say(_("Planning (%s s so far) …") % self._seconds())
        whole = with_idle(forecast, len(items.frame) - len(demand.keys))
        frames = {options["plan"]: plan_frame(items.frame, whole, terms, plan(whole, terms))}
        if options["forecast"]:
            steps = options["horizon"] or forecast.mean.shape[1]
            frames[options["forecast"]] = forecast_frame(items.frame, forecast, demand.calendar, steps)
        write_all(frames)
        done = {"series": len(items.frame), "seconds": self._seconds()}
        self.say(_("Planned %(series)s items in %(seconds)s s.") % done)

    def _forecast(self, demand: Demand, items: Items, terms: ItemTerms, horizon: int) -> Forecast:
        """Of the series of the demand, at least as far ahead as the longest protection interval."""
        series = len(demand.keys)
        interval = ProtectionInterval(terms.interval.lengths[:series], terms.interval.weights[:series])
        horizon = max(int(interval.lengths.max()), horizon)
        panel = demand.panel(horizon, None if items.category is None else items.category[:series])
        size = {"series": series, "buckets": panel.demand.shape[1]}
        self.say(_("Training on %(series)s series × %(buckets)s buckets …") % size)
        trained = engine.train(panel, interval=interval, seed=0)
        self.say(_("Forecasting (%s s so far) …") % self._seconds())
        return engine.forecast(panel, trained, interval, horizon=horizon)

    def _seconds(self) -> str:
        return f"{time.monotonic() - self.started:.1f}"


def _check_paths(read: list[Path | None], written: list[Path | None]) -> None:
    """Before the work, not after it: what is written has a folder and is none of what is read."""
    inputs = {path.resolve() for path in read if path}
    outputs = [path.resolve() for path in written if path]
    for path in outputs:
        if path in inputs:
            raise CommandError(_("%s is read: write to another file.") % path)
        if not path.parent.is_dir():
            raise CommandError(_("%s does not exist: make the folder first.") % path.parent)
        if path.is_dir():
            raise CommandError(_("%s is a folder: name a file in it.") % path)
    if len(set(outputs)) < len(outputs):
        raise CommandError(_("--plan and --forecast name the same file."))
