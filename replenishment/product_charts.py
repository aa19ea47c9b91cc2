"""The chart of what there will be; that of what is asked for is a forecast's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from forecasting.pages_charts import day_labels, days_around
from inventory_site.common import charts


@dataclass(frozen=True)
class Stock:
    """What was on hand by day, what is available now, and what is to come."""

    until: date
    on_hand: Mapping[date, int]
    available: int
    inventory_position: int
    reorder_point: int | None
    due: Mapping[date, int]
    mean: Sequence[float]


def stock_chart(stock: Stock) -> str:
    """Chart.js data: on hand until now, then what the expected demand and the open orders leave of it."""
    days = days_around(stock.until, len(stock.mean))
    past = [day for day in days if day <= stock.until]
    gap = [None] * len(past)
    left, position, projected, positions = float(stock.available), float(stock.inventory_position), [], []
    for day, demand in zip(days[len(past) :], stock.mean, strict=True):
        left = max(left + stock.due.get(day, 0) - demand, 0.0)
        position -= demand
        projected.append(round(left, 1))
        positions.append(round(position, 1) if position >= 0 else None)
    sets = [
        charts.line(_("on hand"), _steps(stock.on_hand, past), charts.QUIET, stepped=True),
        charts.line(_("available, projected"), [*gap[:-1], stock.available, *projected]),
        charts.line(
            _("inventory position without new orders"), [*gap[:-1], stock.inventory_position, *positions],
            charts.PRIMARY, borderWidth=1, borderDash=[2, 3],
        ),
    ]  # fmt: skip
    if stock.reorder_point is not None:
        flat = [stock.reorder_point] * len(days)
        sets.append(charts.line(_("reorder point"), flat, charts.RED, borderWidth=1, borderDash=[6, 4]))
    return json.dumps({"labels": day_labels(days), "datasets": sets})


def _steps(changes: Mapping[date, int], days: Sequence[date]) -> list[int | None]:
    """A level by day from the days on which it changed; None before the first is known."""
    known = [day for day in changes if day <= days[0]]
    level = changes[max(known)] if known else None
    steps = []
    for day in days:
        level = changes.get(day, level)
        steps.append(level)
    return steps
