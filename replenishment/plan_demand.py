"""DEMAND.csv: one row per sale or bucket becomes a matrix of buckets that ends with --as-of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecasting.engine.panel import Freq, Panel
from replenishment.csv_table import BadRow, Table, UnreadableFileError, between, number, whole

REQUIRED = ("sku", "date", "quantity")
OPTIONAL = ("warehouse", "price", "promotion", "stocked_out")

#: Buckets of history that are read; what is older tells nothing of tomorrow.
HISTORY: dict[Freq, int] = {"D": 4 * 365 + 1, "W": 10 * 52, "M": 20 * 12}

MOST = 1e12
DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


@dataclass(frozen=True)
class Calendar:
    """Buckets numbered from 0, the last one that is over at ``as_of``; those after it are ahead."""

    freq: Freq
    as_of: date

    @property
    def last_on(self) -> date:
        """First day of bucket 0: of ``as_of`` itself, of the seven days it ends, of the last whole month."""
        if self.freq == "D":
            return self.as_of
        if self.freq == "W":
            return self.as_of - timedelta(days=6)
        following = self.as_of + timedelta(days=1)
        return (following.replace(day=1) - timedelta(days=1)).replace(day=1)

    def bucket(self, days: np.ndarray) -> np.ndarray:
        """The bucket of each datetime64[D]; below 0 the past, above 0 ahead."""
        if self.freq == "M":
            return days.astype("datetime64[M]").astype(int) - np.datetime64(self.last_on, "M").astype(int)
        length = 1 if self.freq == "D" else 7
        return (days - np.datetime64(self.last_on)).astype(int) // length

    def first_days(self, buckets: Iterable[int]) -> list[date]:
        """The first day of each bucket."""
        buckets = np.asarray(list(buckets))
        if self.freq == "M":
            return (np.datetime64(self.last_on, "M") + buckets).astype("datetime64[D]").tolist()
        return (np.datetime64(self.last_on) + buckets * (1 if self.freq == "D" else 7)).tolist()


@dataclass(frozen=True)
class Demand:
    """The good rows: which series each belongs to, its bucket, and what it says.

    ``keys`` has the sku and warehouse of each series; ``waiting`` those with rows after --as-of only.
    """

    calendar: Calendar
    keys: pd.DataFrame
    waiting: pd.DataFrame
    series: np.ndarray
    bucket: np.ndarray
    quantity: np.ndarray
    known: dict[str, np.ndarray]
    stocked_out: np.ndarray | None
    has_warehouses: bool
    bad: list[BadRow]
    notes: list[str]

    def panel(self, ahead: int, category: np.ndarray | None = None) -> Panel:
        """The matrix of all series, with what is known of the next ``ahead`` buckets."""
        past = self.bucket <= 0
        first = np.full(len(self.keys), 1)
        np.minimum.at(first, self.series[past], self.bucket[past])
        buckets = min(1 - int(first.min()), HISTORY[self.calendar.freq])
        column = self.bucket + buckets - 1
        shape = (len(self.keys), buckets)
        used = past & (column >= 0)
        demand = _sum(shape, self.series[used], column[used], self.quantity[used])
        demand[np.arange(buckets) < (first + buckets - 1)[:, None]] = np.nan
        inside = (column >= 0) & (column < buckets + ahead)
        wide = (len(self.keys), buckets + ahead)
        known = {
            name: _mean(wide, self.series[inside], column[inside], values[inside])
            for name, values in self.known.items()
        }
        if "promotion" in known:
            known["promotion"] = self._without_gaps(known["promotion"], buckets)
        stocked_out = self.stocked_out
        if stocked_out is not None:
            stocked_out = _mean(shape, self.series[used], column[used], stocked_out[used])
        product = self.keys.sku.to_numpy(str)
        return Panel(demand, self.calendar.freq, self.calendar.last_on, known, stocked_out, category, product)

    def _without_gaps(self, promotion: np.ndarray, buckets: int) -> np.ndarray:
        """A bucket without a row has no promotion, as far as the file tells of any; beyond that it is not known."""
        told = np.flatnonzero(~np.isnan(promotion).all(axis=0))
        until = max(buckets, told[-1] + 1 if len(told) else 0)
        promotion[:, :until] = np.nan_to_num(promotion[:, :until])
        return promotion


def read_demand(path: Path, calendar: Calendar) -> Demand:
    """Read and check the whole file; ``bad`` names each row that was left out. Raises UnreadableFileError."""
    table = Table(path, required=REQUIRED, optional=OPTIONAL)
    day = table.parse("date", _day(calendar), filler=np.datetime64("NaT", "D"), required=True).astype("datetime64[D]")
    quantity = table.parse("quantity", between(whole, 0, MOST), filler=-1)
    known = {
        name: table.parse(name, parser, filler=np.nan)
        for name, parser in (("price", between(number, 0, MOST)), ("promotion", between(number, 0, 1)))
        if name in table
    }
    stocked_out = table.parse("stocked_out", between(number, 0, 1), filler=np.nan) if "stocked_out" in table else None
    codes, skus = table.texts("sku")
    for row in np.flatnonzero(skus[codes] == ""):
        table.reject(int(row), "sku", "", _("is empty"))
    past = day <= np.datetime64(calendar.as_of)
    for row in np.flatnonzero(past & (quantity == -1) & table.good):
        table.reject(int(row), "quantity", "", _("is empty; write 0 where nothing was asked for"))
    good = table.good
    bucket = calendar.bucket(day)
    if not (good & (bucket <= 0)).any():
        _refuse(table)
    series, keys = _series(table, good)
    started = np.bincount(series, weights=bucket[good] <= 0) > 0
    used = np.flatnonzero(good)[started[series]]
    return Demand(
        calendar=calendar,
        keys=keys[started].reset_index(drop=True),
        waiting=keys[~started],
        series=(np.cumsum(started) - 1)[series[started[series]]],
        bucket=bucket[used],
        quantity=np.maximum(quantity[used], 0),
        known={name: values[used] for name, values in known.items()},
        stocked_out=None if stocked_out is None else stocked_out[used],
        has_warehouses="warehouse" in table,
        bad=table.bad,
        notes=_notes(table, calendar, day[good], bucket[good], quantity[good]),
    )


def _refuse(table: Table) -> None:
    """No row is left: say that, after the bad rows if there are any."""
    lines = [str(row) for row in table.bad]
    raise UnreadableFileError("\n".join([*lines, _("%s has no row up to --as-of that can be used.") % table.path]))


def _day(calendar: Calendar) -> Callable[[str], np.datetime64]:
    """A parser of ISO dates; the time of day, if there is one, is left out."""
    earliest, latest = calendar.as_of - timedelta(days=365 * 40), calendar.as_of + timedelta(days=365 * 3)

    def parse(text: str) -> np.datetime64:
        try:
            found = date.fromisoformat(text[:10] if DATE.fullmatch(text) else "")
        except ValueError:
            raise ValueError(_("is not a date (write it as YYYY-MM-DD)")) from None
        if not earliest <= found <= latest:
            raise ValueError(_("lies more than 40 years before or 3 years after --as-of"))
        return np.datetime64(found, "D")

    return parse


def _series(table: Table, good: np.ndarray) -> tuple[np.ndarray, pd.DataFrame]:
    """The series of each good row, and the sku and warehouse of each series, in their order."""
    sku, skus = table.texts("sku")
    warehouse, warehouses = table.texts("warehouse")
    pairs, series = np.unique(sku[good] * len(warehouses) + warehouse[good], return_inverse=True)
    names = {"sku": skus[pairs // len(warehouses)], "warehouse": warehouses[pairs % len(warehouses)]}
    return series, pd.DataFrame(names, dtype=object)


def _notes(table: Table, calendar: Calendar, day: np.ndarray, bucket: np.ndarray, quantity: np.ndarray) -> list[str]:
    """What a reader of the plan should know of the file."""
    notes = []
    if table.unused:
        notes.append(
            _("%(path)s: columns not used: %(names)s.") % {"path": table.path, "names": ", ".join(table.unused)}
        )
    ahead = int(((bucket > 0) & (quantity > 0)).sum())
    if ahead:
        sentence = ngettext(
            "%(count)s row after %(until)s carries a quantity, which is not used.",
            "%(count)s rows after %(until)s carry a quantity, which is not used.",
            ahead,
        )
        notes.append(sentence % {"count": ahead, "until": _last_day(calendar)})
    if _last_day(calendar) != calendar.as_of:
        notes.append(_("The month of %s is not over: the last bucket is the month before.") % calendar.as_of)
    past = day[bucket <= 0]
    if len(past) and int((bucket[bucket <= 0]).max()) < -1:
        notes.append(
            _("The last row up to --as-of is of %s: the buckets since then count as zero.") % past.max().astype(date)
        )
    weekdays = np.unique((day.astype(int) - np.datetime64(calendar.last_on).astype(int)) % 7)
    if calendar.freq == "W" and len(weekdays) == 1 and weekdays[0]:
        notes.append(
            _("All rows are dated on the same weekday, but the weeks that end with --as-of begin on another (%s).")
            % calendar.last_on
        )
    return notes


def _last_day(calendar: Calendar) -> date:
    """The last day of bucket 0."""
    return calendar.first_days([1])[0] - timedelta(days=1)


def _sum(shape: tuple[int, int], series: np.ndarray, column: np.ndarray, values: np.ndarray) -> np.ndarray:
    flat = np.bincount(series * shape[1] + column, weights=values, minlength=shape[0] * shape[1])
    return flat.reshape(shape)


def _mean(shape: tuple[int, int], series: np.ndarray, column: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The mean of the rows of each bucket that say something, NaN where none does."""
    told = ~np.isnan(values)
    place = series[told], column[told]
    count = _sum(shape, *place, np.ones(int(told.sum())))
    return np.divide(_sum(shape, *place, values[told]), count, out=np.full(shape, np.nan), where=count > 0)
