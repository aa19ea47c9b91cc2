"""Charts of where the money is and when things sell: few items hold most of the value, few days most of the sales."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from inventory_site.common import charts

#: Points of the curve: every twentieth of the items.
POINTS = 20
LEAST_ITEMS = 5


@dataclass(frozen=True)
class Pareto:
    """The curve as Chart.js data, and what it says of the first fifth of the items."""

    data: str
    sentence: str


def pareto(positions: QuerySet) -> Pareto | None:
    """Share of the stock value by share of the items, the dearest first; one query, None where there is too little."""
    worth = positions.filter(stock_value__gt=0).order_by("-stock_value").values_list("stock_value", flat=True)
    values = [float(value) for value in worth]
    if len(values) < LEAST_ITEMS:
        return None
    shares = shares_of(values)
    labels = [f"{100 * n // POINTS} %" for n in range(POINTS + 1)]
    even = [round(100 * n / POINTS, 1) for n in range(POINTS + 1)]
    sets = [
        charts.line(_("share of the value, %"), shares, fill=True, backgroundColor=charts.BAND),
        charts.line(_("if all were worth the same"), even, charts.QUIET, borderWidth=1, borderDash=[4, 4]),
    ]
    told = {"share": number_format(round(shares[POINTS // 5])), "n": number_format(len(values), force_grouping=True)}
    sentence = _("The dearest fifth of %(n)s items holds %(share)s %% of the value.") % told
    return Pareto(json.dumps({"labels": labels, "datasets": sets}), sentence)


def shares_of(values: Sequence[float]) -> list[float]:
    """Per cent of the sum that the first n twentieths hold, n = 0 … 20, of values from large to small.

    >>> shares_of([8.0, 1.0, 1.0, 0.0])[::5]
    [0.0, 80.0, 90.0, 100.0, 100.0]
    """
    total, sums = sum(values), [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    return [round(100 * sums[round(len(values) * n / POINTS)] / total, 1) for n in range(POINTS + 1)]


def weekday_chart(asked: Mapping[date, int], without_stock: frozenset[date], until: date, weeks: int = 12) -> str:
    """Mean demand of each weekday over the last weeks, days without stock left out; "" where nothing was asked for."""
    days = [until - timedelta(days=n) for n in range(7 * weeks)]
    seen: dict[int, list[int]] = {weekday: [] for weekday in range(7)}
    for day in days:
        if day not in without_stock:
            seen[day.weekday()].append(asked.get(day, 0))
    if not any(sum(values) for values in seen.values()):
        return ""
    means = [round(sum(values) / len(values), 2) if values else None for values in seen.values()]
    drawn = charts.bars(_("mean a day"), means, charts.PRIMARY) | {"categoryPercentage": 0.7}
    return json.dumps({"labels": [str(WEEKDAYS_ABBR[n]) for n in range(7)], "datasets": [drawn]})
