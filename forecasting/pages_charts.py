"""Charts of forecasts: demand with its forecast, what drives it, and how right it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from forecasting import words
from inventory_site.common import charts

PAST_DAYS = 84
MEDIAN, NINE_OF_TEN = 0, 2  # places in Forecast.quantiles: 0.5, 0.8, 0.9, 0.95, 0.98
#: One colour for each driver, told apart in the light and in the dark.
DRIVER_COLOURS = {
    "level": charts.QUIET, "trend": "#2563eb", "weekday": "#0891b2", "season": "#16a34a", "promotion": "#d97706",
    "holiday": "#db2777", "price": "#7c3aed", "override": "#dc2626", "rest": "#94a3b8",
}  # fmt: skip


@dataclass(frozen=True)
class Demand:
    """Demand by day, the days without stock, and the forecast from the day after; ``baseline`` is the model's own."""

    until: date
    asked: Mapping[date, int]
    without_stock: frozenset[date]
    known_from: date | None
    mean: Sequence[float]
    quantiles: Sequence[Sequence[float]]
    baseline: Sequence[float] | None = None


def days_around(until: date, ahead: int) -> list[date]:
    return [until + timedelta(days=n) for n in range(1 - PAST_DAYS, ahead + 1)]


def day_labels(days: Sequence[date]) -> list[str]:
    return [date_format(day, "MONTH_DAY_FORMAT") for day in days]


def demand_chart(demand: Demand) -> str:
    """Chart.js data: bars of the past, red where the shelf was empty; mean and band of the future."""
    days = days_around(demand.until, len(demand.mean))
    past = [day for day in days if day <= demand.until]
    highest = max(demand.asked.values(), default=0)
    asked = [_asked(demand, day, highest) for day in past]
    colours = [charts.RED if day in demand.without_stock else charts.QUIET for day in past]
    gap = [None] * len(past)
    low = gap + [row[MEDIAN] for row in demand.quantiles]
    high = gap + [row[NINE_OF_TEN] for row in demand.quantiles]
    sets = [
        charts.bars(_("asked for"), asked) | {"backgroundColor": colours},
        charts.line(_("forecast, mean"), gap + list(demand.mean)),
        charts.line(_("half of the days stay below"), low, "transparent", borderWidth=0),
        charts.line(_("nine of ten days stay below"), high, "transparent", borderWidth=0)
        | {"fill": "-1", "backgroundColor": charts.BAND},
    ]
    if demand.baseline:
        own = gap + list(demand.baseline)
        sets.append(charts.line(_("the model by itself"), own, charts.RED, borderWidth=1, borderDash=[6, 4]))
    return json.dumps({"labels": day_labels(days), "datasets": sets})


def _asked(demand: Demand, day: date, highest: int) -> float | None:
    """None before the item was sold; a day without stock is seen although nothing was asked for."""
    if demand.known_from is None or day < demand.known_from:
        return None
    asked = demand.asked.get(day, 0)
    return max(asked, highest * 0.03) if day in demand.without_stock else asked


def drivers_chart(first_on: date, terms: Mapping[str, Sequence[float]]) -> str:
    """Chart.js data: what each driver adds on each day, stacked; what takes away hangs below zero."""
    days = [first_on + timedelta(days=n) for n in range(len(terms["level"]))]
    sets = [
        charts.bars(str(words.DRIVERS[name]), [round(float(value), 2) for value in values], DRIVER_COLOURS[name])
        | {"stack": "drivers"}
        for name, values in terms.items()
        if any(abs(value) > 0.005 for value in values)
    ]
    return json.dumps({"labels": day_labels(days), "datasets": sets})


def stacked_options() -> dict[str, Any]:
    scales = charts.SERIES_OPTIONS["scales"]
    return charts.SERIES_OPTIONS | {
        "plugins": {"legend": {"display": True, "position": "bottom", "labels": {"boxWidth": 12, "color": "#9ca3af"}}},
        "scales": {"x": scales["x"] | {"stacked": True}, "y": scales["y"] | {"stacked": True}},
    }


def lines_chart(labels: Sequence[str], lines: Mapping[str, Sequence[float | None]]) -> str:
    """Chart.js data of some lines by time; the first is the strong one."""
    colours = (charts.PRIMARY, charts.QUIET, "#d97706", "#2563eb", "#dc2626", "#16a34a")
    sets = [
        charts.line(label, values, colour, spanGaps=True)
        for (label, values), colour in zip(lines.items(), colours, strict=False)
    ]
    return json.dumps({"labels": list(labels), "datasets": sets})


def bars_chart(labels: Sequence[str], sets: Mapping[str, Sequence[float | None]]) -> str:
    colours = (charts.PRIMARY, charts.QUIET, "#d97706")
    drawn = [
        charts.bars(label, values, colour) | {"categoryPercentage": 0.7}
        for (label, values), colour in zip(sets.items(), colours, strict=False)
    ]
    return json.dumps({"labels": list(labels), "datasets": drawn})


def with_legend(options: Mapping[str, Any] = charts.SERIES_OPTIONS) -> dict[str, Any]:
    legend = {"display": True, "position": "bottom", "labels": {"boxWidth": 12, "color": "#9ca3af"}}
    return {**options, "plugins": {"legend": legend}}
