"""Compare what orders and ledger say of some days with the rows that are there; collect the differences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from django.db.models import DecimalField, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from orders.models import DailyDemand, DayRevision, DemandSeries, SalesOrderLine, Source
from orders.stock_days import StockDays
from stock.models import StockLevel, StockSnapshot

PRICE = Decimal("0.0001")

Cell = tuple[int, date]  # series or level, day


class Asked(NamedTuple):
    """The order lines of one cell; ``live`` is the part that was not imported."""

    quantity: int = 0
    live: int = 0
    imported_shipped: int = 0
    revenue: Decimal = Decimal(0)


class Day(NamedTuple):
    """What ``DailyDemand`` says of one cell; ``stocked_out_rate`` is None where nothing is known of the stock."""

    demand: int = 0
    sales: int = 0
    price: Decimal | None = None
    stocked_out_rate: float | None = None

    @property
    def is_worth_a_row(self) -> bool:
        return bool(self.demand or self.sales or self.stocked_out_rate)

    def revision(self, series: int, day: date, *, known_on: date) -> DayRevision:
        return DayRevision(
            series_id=series, on_date=day, known_on=known_on, demand=self.demand, price=self.price,
            stocked_out_rate=self.stocked_out_rate,
        )  # fmt: skip


@dataclass
class Changes:
    """Rows to write, and primary keys of those to remove."""

    days: list[DailyDemand] = field(default_factory=list)
    gone_days: list[int] = field(default_factory=list)
    revisions: list[DayRevision] = field(default_factory=list)
    snapshots: list[StockSnapshot] = field(default_factory=list)
    gone_snapshots: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Ledger:
    """The stock of some days by series; series without a level, and days before its ledger, are unknown."""

    stock: StockDays | None
    row_of: Mapping[int, int]  # series to level row
    first_on: date

    def cells(self) -> Iterator[Cell]:
        """Where a shelf was empty or something was shipped."""
        if self.stock is None:
            return
        series_of = {row: series for series, row in self.row_of.items()}
        with np.errstate(invalid="ignore"):
            rows, days = np.nonzero((self.stock.stocked_out_rate > 0) | (self.stock.shipped != 0))
        for row, day in zip(rows.tolist(), days.tolist(), strict=True):
            yield series_of[row], self.first_on + timedelta(days=day)

    def of(self, cell: Cell) -> tuple[int, float | None]:
        """Pieces shipped, and the stocked-out rate or None."""
        series, day = cell
        if self.stock is None or series not in self.row_of:
            return 0, None
        place = self.row_of[series], (day - self.first_on).days
        rate = float(self.stock.stocked_out_rate[place])
        return int(self.stock.shipped[place]), None if math.isnan(rate) else rate


def compare_days(starts: Mapping[DemandSeries, date], until: date, ledger: Ledger, changes: Changes) -> None:
    """Daily demand of each series from its own start on."""
    start_of = {series.pk: day for series, day in starts.items()}
    closed_on = {series.pk: series.closed_on for series in starts}
    asked = _asked(list(starts), ledger.first_on, until)
    there = _days_there(list(start_of), ledger.first_on, until)
    for cell in sorted({*asked, *there, *ledger.cells()}):
        series, day = cell
        if day < start_of[series]:
            continue
        pk, old = there.get(cell, (None, Day()))
        new = _new_day(old, asked.get(cell), *ledger.of(cell))
        if new.is_worth_a_row and new != old:
            changes.days.append(DailyDemand(series_id=series, on_date=day, **new._asdict()))
        elif pk and not new.is_worth_a_row:
            changes.gone_days.append(pk)
        else:
            continue
        if closed_on[series] and day <= closed_on[series] < until:
            changes.revisions.append(old.revision(series, day, known_on=until))


def _new_day(old: Day, asked: Asked | None, shipped: int, rate: float | None) -> Day:
    """An imported day, with which no order of our own was mixed, keeps what the import said."""
    rate = old.stocked_out_rate if rate is None else rate
    if old.demand and not (asked and asked.live):
        return old._replace(stocked_out_rate=rate)
    asked = asked or Asked()
    price = (asked.revenue / asked.quantity).quantize(PRICE) if asked.quantity else None
    return Day(asked.quantity, asked.imported_shipped + shipped, price, rate)


def _asked(series: list[DemandSeries], first_on: date, until: date) -> dict[Cell, Asked]:
    pk_of = {(row.product_id, row.warehouse_id): row.pk for row in series}
    lines = SalesOrderLine.objects.filter(
        product__in={row.product_id for row in series}, demand_on__gte=first_on, demand_on__lte=until,
        order__is_placed=True,
    ).order_by()  # fmt: skip
    is_import = Q(order__source=Source.IMPORT)
    found = lines.values_list("product", "warehouse", "demand_on").annotate(
        asked=Sum("quantity"),
        live=Coalesce(Sum("quantity", filter=~is_import), 0),
        imported_shipped=Coalesce(Sum("shipped", filter=is_import), 0),
        revenue=Sum(F("quantity") * F("unit_price"), output_field=DecimalField(max_digits=24, decimal_places=4)),
    )
    return {
        (pk_of[product, warehouse], day): Asked(*sums)
        for product, warehouse, day, *sums in found
        if (product, warehouse) in pk_of
    }


def _days_there(series_ids: list[int], first_on: date, until: date) -> dict[Cell, tuple[int, Day]]:
    rows = DailyDemand.objects.filter(series__in=series_ids, on_date__gte=first_on, on_date__lte=until).order_by()
    columns = ("series", "on_date", "pk", "demand", "sales", "price", "stocked_out_rate")
    return {(series, day): (pk, Day(*values)) for series, day, pk, *values in rows.values_list(*columns)}


def compare_snapshots(stock: StockDays, first_on: date, until: date, changes: Changes) -> None:
    """A snapshot stands for the days up to the next one, so there is one wherever it says something new."""
    known_before, on_hand_before, rate_before = _before(stock, first_on)
    is_new = stock.known & (
        ~known_before | (stock.on_hand != on_hand_before) | (np.nan_to_num(stock.stocked_out_rate) != rate_before)
    )
    there = _snapshots_there(stock, first_on, until)
    for row, day in np.argwhere(is_new).tolist():
        cell = int(stock.level_ids[row]), first_on + timedelta(days=day)
        new = int(stock.on_hand[row, day]), float(stock.stocked_out_rate[row, day])
        _pk, old = there.pop(cell, (None, None))
        if new != old:
            changes.snapshots.append(
                StockSnapshot(level_id=cell[0], on_date=cell[1], on_hand=new[0], stocked_out_rate=new[1])
            )
    changes.gone_snapshots += [pk for pk, _ in there.values()]


def _before(stock: StockDays, first_on: date) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What was known at the end of the day before each day [level, day]: whether anything, on hand, rate."""
    last = (
        StockSnapshot.objects.filter(level=OuterRef("pk"), on_date__lt=first_on).order_by("-on_date").values("pk")[:1]
    )
    latest = StockLevel.objects.filter(pk__in=stock.level_ids.tolist()).annotate(last=Subquery(last)).values("last")
    found = StockSnapshot.objects.filter(pk__in=latest).values_list("level", "on_hand", "stocked_out_rate")
    first = {level: (True, on_hand, rate) for level, on_hand, rate in found}
    columns = list(zip(*(first.get(pk, (False, 0, 0.0)) for pk in stock.level_ids.tolist()), strict=True))
    arrays = (stock.known, stock.on_hand, np.nan_to_num(stock.stocked_out_rate))
    return tuple(
        np.concatenate([np.array(column)[:, None], array[:, :-1]], axis=1)
        for column, array in zip(columns, arrays, strict=True)
    )


def _snapshots_there(stock: StockDays, first_on: date, until: date) -> dict[Cell, tuple[int, tuple[int, float]]]:
    rows = StockSnapshot.objects.filter(level__in=stock.level_ids.tolist(), on_date__gte=first_on, on_date__lte=until)
    columns = ("level", "on_date", "pk", "on_hand", "stocked_out_rate")
    return {(level, day): (pk, (on_hand, rate)) for level, day, pk, on_hand, rate in rows.values_list(*columns)}
