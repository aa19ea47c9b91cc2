"""The two charts of a product's page: what is asked for, and what there will be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inventory_site.common import charts

PAST_DAYS = 84
MEDIAN, NINE_OF_TEN = 0, 2  # places in Forecast.quantiles: 0.5, 0.8, 0.9, 0.95, 0.98


@dataclass(frozen=True)
class Demand:
    """Demand by day, the days without stock, and the forecast from the day after."""

    until: date
    asked: Mapping[date, int]
    without_stock: frozenset[date]
    known_from: date | None
    mean: Sequence[float]
    quantiles: Sequence[Sequence[float]]


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


def _days(until: date, ahead: int) -> list[date]:
    return [until + timedelta(days=n) for n in range(1 - PAST_DAYS, ahead + 1)]


def _labels(days: Sequence[date]) -> list[str]:
    return [date_format(day, "MONTH_DAY_FORMAT") for day in days]


def demand_chart(demand: Demand) -> str:
    """Chart.js data: bars of the past, red where the shelf was empty; mean and band of the future."""
    days = _days(demand.until, len(demand.mean))
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
    return json.dumps({"labels": _labels(days), "datasets": sets})


def _asked(demand: Demand, day: date, highest: int) -> float | None:
    """None before the item was sold; a day without stock is seen although nothing was asked for."""
    if demand.known_from is None or day < demand.known_from:
        return None
    asked = demand.asked.get(day, 0)
    return max(asked, highest * 0.03) if day in demand.without_stock else asked


def stock_chart(stock: Stock) -> str:
    """Chart.js data: on hand until now, then what the expected demand and the open orders leave of it."""
    days = _days(stock.until, len(stock.mean))
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
    return json.dumps({"labels": _labels(days), "datasets": sets})


def _steps(changes: Mapping[date, int], days: Sequence[date]) -> list[int | None]:
    """A level by day from the days on which it changed; None before the first is known."""
    known = [day for day in changes if day <= days[0]]
    level = changes[max(known)] if known else None
    steps = []
    for day in days:
        level = changes.get(day, level)
        steps.append(level)
    return steps
