"""Forecasts, overrides and accuracies as lines of CSV, read bit by bit."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.http import StreamingHttpResponse

from forecasting.accuracy import figures
from forecasting.models import ForecastValueAdded
from inventory_site.common.admin_export import harmless

AT_ONCE = 500
FORECAST_COLUMNS = ("sku", "warehouse", "date", "mean", "q50", "q80", "q90", "q95", "q98", "baseline_mean")
VALUE_COLUMNS = (
    "sku", "warehouse", "first_on", "last_on", "override", "reason", "made_by", "naive", "model", "with_override",
    "demand", "pieces_nearer",
)  # fmt: skip


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Lines with cells that no spreadsheet takes for formulas; the byte order mark tells Excel that it is UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])


def csv_file(name: str, rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def forecast_rows(forecasts) -> Iterator[Sequence[Any]]:
    """A row for each day of each forecast."""
    yield FORECAST_COLUMNS
    names = ("product__sku", "warehouse__code", "first_on", "mean", "quantiles", "baseline_mean")
    for sku, warehouse, first_on, mean, quantiles, baseline in forecasts.values_list(*names).iterator(AT_ONCE):
        for day, value in enumerate(mean):
            own = baseline[day] if baseline else value
            yield sku, warehouse, (first_on + timedelta(days=day)).isoformat(), value, *quantiles[day], own


def value_rows(rows) -> Iterator[Sequence[Any]]:
    """A row for each override that was compared."""
    yield VALUE_COLUMNS
    for row in rows.select_related("override__made_by", "product", "warehouse").iterator(AT_ONCE):
        yield (
            row.product.sku, row.warehouse.code, row.first_on, row.last_on, row.override.said, row.override.reason,
            row.override.made_by.get_username(), row.naive, row.model, row.overridden, row.actual, nearer(row),
        )  # fmt: skip


def nearer(row: ForecastValueAdded) -> float | None:
    """By how many pieces the override came nearer to demand than the model; less than 0 where it made it worse."""
    if row.actual is None or row.model is None or row.overridden is None:
        return None
    return round(abs(row.model - row.actual) - abs(row.overridden - row.actual), 2)


def accuracy_rows(groups: Iterable[tuple[Sequence[Any], dict]], by: Sequence[str]) -> Iterator[Sequence[Any]]:
    """A row for each group: its names, observations, demand and every figure."""
    names = list(figures({}))
    yield (*by, "observations", "demand", *names)
    for key, sums in groups:
        found = figures(sums)
        yield (
            *key,
            sums["n"],
            sums["demand"],
            *("" if found[name] is None else round(found[name], 5) for name in names),
        )
