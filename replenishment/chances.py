"""The chance of a stock-out in words: how large, until when, and what it is taken from."""

from __future__ import annotations

from math import ceil

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecasting.models import StockOutRegression
from inventory_site.common import numbers
from replenishment.models import InventoryPosition, ReorderPoint


def percent(chance: float | None) -> str:
    """In whole per cent; what is not quite sure does not look so.

    >>> [percent(chance) for chance in (None, 0.0025, 0.126, 0.998, 1.0)]
    ['–', '< 1 %', '13 %', '> 99 %', '100 %']
    """
    if chance is not None and chance < 0.005:
        return _("< 1 %")
    if chance is not None and 0.995 < chance < 1:
        return _("> 99 %")
    return numbers.percent(chance, 0)


def sentences(
    position: InventoryPosition, plan: ReorderPoint | None, regression: StockOutRegression | None
) -> list[str]:
    """Until when it is, and how it is computed; none where there is no chance to tell of."""
    if position.stock_out_chance is None or plan is None:
        return []
    return [_until(position, plan), _taken_from(regression)]


def _until(position: InventoryPosition, plan: ReorderPoint) -> str:
    if position.next_receipt_on:
        day = date_format(position.next_receipt_on, "DATE_FORMAT")
        return _(
            "The chance that more is asked for than is available before the goods on their way are here, about "
            "%(day)s; back-orders count as asked for."
        ) % {"day": day}
    days = ceil(plan.lead_time_days)
    return ngettext(
        "The chance that more is asked for than is available before an order placed now is here, in about %(days)d "
        "day; back-orders count as asked for.",
        "The chance that more is asked for than is available before an order placed now is here, in about %(days)d "
        "days; back-orders count as asked for.",
        days,
    ) % {"days": days}


def _taken_from(regression: StockOutRegression | None) -> str:
    if regression and regression.is_used:
        return ngettext(
            "It is what the forecast says, corrected by a logistic regression on %(n)d earlier forecast and what "
            "came; on the newest of them it was nearer than the forecast alone.",
            "It is what the forecast says, corrected by a logistic regression on %(n)d earlier forecasts and what "
            "came; on the newest of them it was nearer than the forecast alone.",
            regression.examples,
        ) % {"n": regression.examples}
    if regression and regression.brier is not None:
        return _("It is what the forecast says; correcting it by earlier forecasts and what came was no nearer.")
    return _("It is what the forecast says; too few earlier forecasts are over to correct it by what came.")
