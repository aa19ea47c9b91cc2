"""The grid of weeks: what is forecast, what people said of each week, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict

from catalog.models import Product
from forecasting.models import Forecast, Override
from forecasting.overrides import WEEK, extended, spoken
from forecasting.services.issuing import word_of
from forecasting.services.overrides import Cell
from inventory_site.common.models import JobRun
from inventory_site.common.numbers import whole_number
from stock.models import Warehouse

WEEKS, ROWS, ROWS_AT_ONCE = 8, 25, 500
SUNDAY = timedelta(days=6)
CELL = re.compile(r"cell:(\d{1,18}):(\d{4}-\d\d-\d\d):(\d{1,18})")


@dataclass(frozen=True)
class Wanted:
    """What the grid is narrowed to."""

    warehouse: Warehouse
    text: str = ""
    category: int | None = None
    is_overridden: bool = False
    page: int = 1

    @classmethod
    def of(cls, told: QueryDict, warehouse: Warehouse) -> Wanted:
        def number(name: str) -> int | None:
            return whole_number(told.get(name), 9)

        return cls(
            warehouse, told.get("q", "").strip()[:500], number("category"), told.get("overridden") == "1",
            max(number("page") or 1, 1),
        )  # fmt: skip


@dataclass(frozen=True)
class Week:
    """A week of one item: what the model says, what was said for exactly this week, and what comes of all words."""

    name: str
    baseline: float
    total: float
    override: Override | None
    typed: str | None = None

    @property
    def text(self) -> str:
        return self.override.said if self.override else ""

    @property
    def shown(self) -> str:
        """What stands in the cell: what was typed and refused, else what was said."""
        return self.text if self.typed is None else self.typed

    @property
    def is_changed(self) -> bool:
        return abs(self.total - self.baseline) > 0.05


@dataclass(frozen=True)
class Row:
    product: Product
    forecast: int
    weeks: list[Week]


def weeks_of(run: JobRun) -> list[date]:
    """Mondays of the weeks ahead, the first that begins after the run's day."""
    first_on = run.business_date + timedelta(days=1)
    monday = first_on + timedelta(days=-first_on.weekday() % WEEK)
    return [monday + timedelta(days=WEEK * n) for n in range(WEEKS)]


def matching(run: JobRun, wanted: Wanted):
    """Forecasts of the run that the grid is about, by SKU."""
    rows = Forecast.objects.filter(run=run, warehouse=wanted.warehouse)
    names = [name for part in wanted.text.split(",") if (name := part.strip())]
    if len(names) > 1:
        rows = rows.filter(Q(product__sku__in=names) | Q(product__barcode__in=names))
    elif names:
        find = Q(product__sku__icontains=names[0]) | Q(product__name__icontains=names[0])
        rows = rows.filter(find | Q(product__barcode=names[0]))
    if wanted.category:
        rows = rows.filter(product__category=wanted.category)
    if wanted.is_overridden:
        standing = Override.objects.standing().filter(last_on__gt=run.business_date, warehouse=wanted.warehouse)
        rows = rows.filter(Exists(standing.filter(product=OuterRef("product"))))
    return rows.order_by("product__sku", "pk")


def page_of(run: JobRun, wanted: Wanted, typed: Mapping[str, str] | None = None) -> tuple[list[Row], bool]:
    """The rows of one page, and whether there is a next one; ``typed`` keeps what was refused in its cells."""
    start = (wanted.page - 1) * ROWS
    keys = list(matching(run, wanted).values_list("pk", flat=True)[start : start + ROWS + 1])
    return rows_of(run, keys[:ROWS], typed), len(keys) > ROWS


def every_row(run: JobRun, wanted: Wanted) -> Iterator[Row]:
    """All rows, read in parts."""
    keys = list(matching(run, wanted).values_list("pk", flat=True))
    for at in range(0, len(keys), ROWS_AT_ONCE):
        yield from rows_of(run, keys[at : at + ROWS_AT_ONCE])


def rows_of(run: JobRun, keys: Sequence[int], typed: Mapping[str, str] | None = None) -> list[Row]:
    """Three queries, whatever is asked for."""
    found = Forecast.objects.select_related("product").only("mean", "baseline_mean", "product", "warehouse_id")
    forecasts = list(found.filter(pk__in=keys).order_by("product__sku", "pk"))
    if not forecasts:
        return []
    mondays, first_on = weeks_of(run), run.business_date + timedelta(days=1)
    days = (mondays[-1] + SUNDAY - first_on).days + 1
    mean = np.array([row.baseline_mean or row.mean for row in forecasts], float)
    row_of = {(row.product_id, row.warehouse_id): at for at, row in enumerate(forecasts)}
    standing = Override.objects.standing().between(first_on, mondays[-1] + SUNDAY)
    standing = standing.filter(product__in={row.product_id for row in forecasts}).order_by("made_at", "pk")
    known = [row for row in standing if (row.product_id, row.warehouse_id) in row_of]
    words = [word_of(row, row_of[row.product_id, row.warehouse_id], first_on) for row in known]
    baseline, said = extended(mean, days), spoken(mean, words, days).mean
    own = {(row_of[row.product_id, row.warehouse_id], row.first_on, row.last_on): row for row in known}
    return [
        Row(
            row.product,
            row.pk,
            [
                Week(
                    name,
                    float(baseline[at, start : start + WEEK].sum()),
                    float(said[at, start : start + WEEK].sum()),
                    own.get((at, monday, monday + SUNDAY)),
                    (typed or {}).get(name),
                )
                for monday in mondays
                for start, name in [((monday - first_on).days, f"{row.product_id}:{monday}")]
            ],
        )
        for at, row in enumerate(forecasts)
    ]


def typed_in(told: QueryDict) -> dict[str, str]:
    """What was typed, by the name of the cell's week."""
    return {f"{match[1]}:{match[2]}": told[name] for name in told if (match := CELL.fullmatch(name))}


def cells_in(told: QueryDict, run: JobRun) -> list[Cell]:
    """The posted cells that were changed: ``cell:PRODUCT:MONDAY:SEEN`` is what was typed, SEEN the override shown."""
    mondays = {monday.isoformat(): monday for monday in weeks_of(run)}
    found = [(match, told[name].strip()) for name in told if (match := CELL.fullmatch(name)) and match[2] in mondays]
    typed = [(int(match[1]), mondays[match[2]], int(match[3]) or None, text) for match, text in found]
    seen = Override.objects.in_bulk([pk for _product, _monday, pk, _text in typed if pk])
    products = Product.objects.in_bulk({product for product, *_rest in typed})
    return [
        Cell(products[product], monday, monday + SUNDAY, text, pk)
        for product, monday, pk, text in typed
        if product in products and text != (seen[pk].said if pk in seen else "")
    ]
