"""The daily demand of what a file sold: computed again from the lines, never added to, so that twice is once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Count, DecimalField, F, Min, Q, Sum

from inventory_site.common.bulk import insert_rows, update_rows
from inventory_site.common.models import ShopSettings
from orders.importers.formats import Kind
from orders.importers.options import Progress
from orders.importers.sales_file import Correction, SalesFile
from orders.models import DailyDemand, DemandCorrection, DemandSeries, DirtyDay, SalesOrderLine
from stock.models import StockMovement, Warehouse

Pair = tuple[int, int]  # product, warehouse

DAYS_AT_ONCE = 2000
WORTH = DecimalField(max_digits=30, decimal_places=4)


class Day(NamedTuple):
    """What ``DailyDemand`` says of one day's lines."""

    demand: int
    sales: int
    price: Decimal | None


class Asked(NamedTuple):
    """One day's lines, and whether orders of our own are among them."""

    day: Day
    is_live: bool


@dataclass
class Item:
    """What a file says of one series: days with sales, and what was taken back."""

    days: list[date] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)


def twice_if_beaten(write: Callable[[], Counter]) -> Counter:
    """Run ``write`` in a transaction of its own; once more where another import inserted the same rows meanwhile."""
    try:
        with transaction.atomic():
            return write()
    except IntegrityError:
        with transaction.atomic():
            return write()


def write_days(file: SalesFile, products: dict[str, int], written: Counter, progress: Progress) -> None:
    """Bring series, daily demand and corrections of every item in the file up to date, a few series at a time."""
    items = _items(file, products)
    last_on = date.fromordinal(int(file.columns["day"].max())) if items else date.min
    done = 0
    for part in _parts(items):
        written.update(twice_if_beaten(lambda part=part: _Writer(part, last_on).write()))
        done += len(part)
        progress("days", done, len(items))


def _items(file: SalesFile, products: dict[str, int]) -> dict[Pair, Item]:
    columns, sales = file.columns, file.places(Kind.SALE)
    asked = np.unique(np.stack([columns[name][sales] for name in ("sku", "warehouse", "day")]), axis=1)
    pks = [products.get(sku.upper(), 0) for sku in file.skus.things]
    items: dict[Pair, Item] = defaultdict(Item)
    for sku, warehouse, day in asked.T.tolist():
        items[pks[sku], file.warehouses.chosen[warehouse].pk].days.append(date.fromordinal(day))
    codes = dict(Warehouse.objects.values_list("code", "pk"))
    for correction in file.corrections:
        items[products[correction.sku], codes[correction.warehouse]].corrections.append(correction)
    return items


def _parts(items: dict[Pair, Item]) -> Iterator[dict[Pair, Item]]:
    """Some series with together about ``DAYS_AT_ONCE`` days; one warehouse after the other."""
    part: dict[Pair, Item] = {}
    size = 0
    for pair in sorted(items, key=lambda pair: (pair[1], pair[0])):
        part[pair] = items[pair]
        size += len(items[pair].days) + len(items[pair].corrections)
        if size >= DAYS_AT_ONCE:
            yield part
            part, size = {}, 0
    if part:
        yield part


class _Writer:
    """Writes one part, inside the caller's transaction."""

    def __init__(self, items: dict[Pair, Item], last_on: date):
        self.items = items
        self.products = {product for product, _warehouse in items}
        self.warehouses = Warehouse.objects.in_bulk({warehouse for _product, warehouse in items})
        self.series = self._series()
        self.closing = self._closing(last_on)

    def write(self) -> Counter:
        lines, stored = self._lines(), self._stored()
        new, changed = [], []
        for pair, series in self.series.items():
            for day in self.items[pair].days:
                now = lines[pair][day].day
                pk, before = stored.get((series.pk, day), (None, None))
                if pk is None:
                    new.append((series.pk, day, *now))
                elif before != now:
                    changed.append((*now, pk))
        insert_rows(DailyDemand, ("series_id", "on_date", *Day._fields), new)
        update_rows(DailyDemand, Day._fields, changed)
        corrections = self._write_corrections()
        self._leave_mixed_days_to_the_night(lines)
        self._close()
        return Counter(days=len(new) + len(changed), corrections=corrections)

    def _series(self) -> dict[Pair, DemandSeries]:
        """The series of every item, starting no later than its first day in the file."""
        found = self._find_series()
        new = [
            DemandSeries(product_id=pair[0], warehouse_id=pair[1], first_on=item.days[0])
            for pair, item in self.items.items()
            if pair not in found
        ]
        if new:
            DemandSeries.objects.bulk_create(new, ignore_conflicts=True)
            found = self._find_series()
        late = [s for pair, s in found.items() if self.items[pair].days and self.items[pair].days[0] < s.first_on]
        for series in late:
            series.first_on = self.items[series.product_id, series.warehouse_id].days[0]
        DemandSeries.objects.bulk_update(late, ["first_on"])
        return found

    def _find_series(self) -> dict[Pair, DemandSeries]:
        rows = DemandSeries.objects.filter(product__in=self.products, warehouse__in=self.warehouses)
        return {pair: row for row in rows if (pair := (row.product_id, row.warehouse_id)) in self.items}

    def _closing(self, last_on: date) -> dict[Pair, date]:
        """Up to where each series is closed by this file: its last day, but no day that is not over or has a ledger."""
        now = ShopSettings.objects.load().now()
        zones = {pk: ZoneInfo(warehouse.time_zone) for pk, warehouse in self.warehouses.items()}
        moved = StockMovement.objects.filter(level__product__in=self.products, level__warehouse__in=self.warehouses)
        firsts = moved.order_by().values_list("level__product", "level__warehouse").annotate(Min("effective_at"))
        starts = {(product, warehouse): at for product, warehouse, at in firsts}
        return {
            pair: min(last_on, starts.get(pair, now).astimezone(zones[pair[1]]).date() - timedelta(days=1))
            for pair in self.items
        }

    def _lines(self) -> dict[Pair, dict[date, Asked]]:
        starts = [item.days[0] for item in self.items.values() if item.days]
        starts += [series.closed_on for series in self.series.values() if series.closed_on]
        rows = (
            SalesOrderLine.objects.filter(
                product__in=self.products, warehouse__in=self.warehouses, demand_on__gte=min(starts, default=date.max)
            )
            .order_by()
            .values_list("product_id", "warehouse_id", "demand_on")
            .annotate(
                asked=Sum("quantity"),
                went=Sum("shipped"),
                live=Count("pk", filter=Q(import_key=None)),
                priced=Sum("quantity", filter=Q(unit_price__gt=0)),
                worth=Sum(F("quantity") * F("unit_price"), output_field=WORTH),
            )
        )
        found: dict[Pair, dict[date, Asked]] = defaultdict(dict)
        for product, warehouse, day, asked, went, live, priced, worth in rows:
            found[product, warehouse][day] = Asked(Day(asked, went, _mean(worth, priced)), bool(live))
        return found

    def _stored(self) -> dict[tuple[int, date], tuple[int, Day]]:
        rows = DailyDemand.objects.filter(series__in=[series.pk for series in self.series.values()])
        told = rows.values_list("series_id", "on_date", "pk", *Day._fields)
        return {(series, day): (pk, Day(*values)) for series, day, pk, *values in told}

    def _write_corrections(self) -> int:
        rows = [
            DemandCorrection(
                series=self.series[pair], on_date=correction.on_date, known_on=correction.known_on,
                quantity=correction.quantity, source_key=correction.source_key,
            )
            for pair, item in self.items.items()
            for correction in item.corrections
        ]  # fmt: skip
        DemandCorrection.objects.bulk_create(rows, ignore_conflicts=True)
        return len(rows)

    def _leave_mixed_days_to_the_night(self, lines: dict[Pair, dict[date, Asked]]) -> None:
        """Days with orders of our own too: closing them takes the ledger, so the next night does it from there on."""
        dirty = []
        for pair, series in self.series.items():
            days, closed_on = set(self.items[pair].days), series.closed_on or date.max
            mixed = [day for day, asked in lines[pair].items() if asked.is_live and (day in days or day > closed_on)]
            if mixed:
                dirty.append(DirtyDay(series=series, on_date=min(mixed)))
        DirtyDay.objects.bulk_create(dirty)

    def _close(self) -> None:
        closed = []
        for pair, series in self.series.items():
            day = self.closing[pair]
            if day >= series.first_on and (series.closed_on is None or day > series.closed_on):
                series.closed_on = day
                closed.append(series)
        DemandSeries.objects.bulk_update(closed, ["closed_on"])


def _mean(worth: Decimal, pieces: int | None) -> Decimal | None:
    """The mean price of the pieces that had one."""
    return (worth / pieces).quantize(Decimal("0.0001")) if pieces else None
