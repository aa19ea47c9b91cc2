"""From recorded days to what the engine may take at its word: days as they were known, closed days, missing days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import Q

from catalog.models import Product
from forecasting.models import DataRule
from inventory_site.common.public_holidays import holidays_between
from orders.models import DailyDemand, DayRevision
from stock.models import ClosedDay, Warehouse

if TYPE_CHECKING:
    from forecasting.panels import Calendar, Keys

Missing, Gap = DataRule.Missing, DataRule.Gap
#: Weeks whose same weekday stands for a missing day.
WEEKS = 8


@dataclass(frozen=True)
class Rules:
    """What a missing day means for each series, str [series]: a ``DataRule.Missing`` and a ``DataRule.Gap``."""

    missing: np.ndarray
    gap: np.ndarray


def as_known_then(keys: Keys, calendar: Calendar, demand: np.ndarray, price: np.ndarray, rate: np.ndarray) -> None:
    """Put back, in place, what days said at the end of the calendar's last day and was changed after it.

    Late orders and receipts that are dated back move closed days; a back-test must not see that.
    """
    changed = DayRevision.objects.filter(
        known_on__gt=calendar.until, on_date__gte=calendar.since, on_date__lte=calendar.until
    ).order_by("-known_on")  # the first change after that day has the last word here
    row_of = {pk: row for row, pk in enumerate(keys.series.tolist())}
    columns = ("series_id", "on_date", "demand", "price", "stocked_out_rate")
    for series, day, asked, paid, empty in changed.values_list(*columns):
        if series in row_of:
            at = row, column = row_of[series], calendar.index(day)
            demand[at] = asked
            price[at] = np.nan if paid is None else float(paid)
            has_ledger = not np.isnan(rate[row, :column]).all()  # then a day without a row had stock
            rate[at] = (0.0 if has_ledger else np.nan) if empty is None else empty


def closed_days(keys: Keys, calendar: Calendar, places: Sequence[Warehouse]) -> np.ndarray | None:
    """1 where nobody could or will be able to order, float32 [series, days + ahead]; None where all are always open.

    ``places`` in the order of their keys.
    """
    last_on = calendar.until + timedelta(days=calendar.ahead)
    weekday = (np.arange(calendar.days + calendar.ahead) + calendar.since.weekday()) % 7
    table = np.array([np.isin(weekday, place.closed_weekdays) for place in places], bool).reshape(-1, len(weekday))
    known = Q(announced_on=None) | Q(announced_on__lte=calendar.until)
    told = ClosedDay.objects.filter(known, on_date__gte=calendar.since, on_date__lte=last_on)
    row_of = {place.pk: row for row, place in enumerate(places)}
    for place, day in told.values_list("warehouse_id", "on_date"):
        table[row_of[place], calendar.index(day)] = True
    for row, place in enumerate(places):
        if place.is_closed_on_holidays:
            days = holidays_between(place.country, calendar.since, last_on)
            table[row, [calendar.index(day) for day in days]] = True
    if not table.any():
        return None
    return table[np.searchsorted(list(row_of), keys.warehouse)].astype(np.float32)


def rules_of(keys: Keys) -> Rules | None:
    """The narrowest rule of each series; None where a missing day is a zero for all of them."""
    rules = list(DataRule.objects.order_by("pk"))
    if not any(rule.missing != Missing.ZERO for rule in rules):
        return None
    category_of = dict(Product.objects.filter(pk__in=set(keys.product.tolist())).values_list("pk", "category_id"))
    usual = DataRule()
    found = [
        _narrowest(rules, product, category_of.get(product), place) or usual
        for product, place in zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True)
    ]
    return Rules(np.array([rule.missing for rule in found], str), np.array([rule.gap for rule in found], str))


def _narrowest(rules: Sequence[DataRule], product: int, category: int | None, place: int) -> DataRule | None:
    fitting = [
        rule
        for rule in rules
        if rule.product_id in (None, product)
        and rule.category_id in (None, category)
        and rule.warehouse_id in (None, place)
    ]
    return max(
        fitting,
        key=lambda rule: (rule.product_id is not None, rule.category_id is not None, rule.warehouse_id is not None),
        default=None,
    )


def missing_days(keys: Keys, calendar: Calendar, rules: Rules, silent: np.ndarray) -> np.ndarray:
    """Which of the ``silent`` days (nothing recorded of the item) are missing by the rules, bool [series, days]."""
    missing = silent & (rules.missing != Missing.ZERO)[:, None]
    by_place = rules.gap == Gap.WAREHOUSE
    for place in np.unique(keys.warehouse[by_place]).tolist():
        mine = by_place & (keys.warehouse == place)
        days = np.flatnonzero(missing[mine].any(axis=0) & silent[keys.warehouse == place].all(axis=0))
        asked = [calendar.since + timedelta(days=int(day)) for day in days]
        recorded = DailyDemand.objects.filter(series__warehouse=place, on_date__in=asked).order_by()
        busy = [calendar.index(day) for day in recorded.values_list("on_date", flat=True).distinct()]
        gap = np.zeros(missing.shape[1], bool)
        gap[days] = True
        gap[busy] = False
        missing[mine] &= gap
    return missing


def filled(demand: np.ndarray, missing: np.ndarray, rules: Rules) -> np.ndarray:
    """Demand with its missing days as the rules say, in whole pieces; NaN where that is unknown."""
    out = np.where(missing, np.nan, demand)
    for row in np.flatnonzero(missing.any(axis=1)):
        if rules.missing[row] in (Missing.INTERPOLATE, Missing.NEAREST):
            _between(out[row], missing[row], nearest=rules.missing[row] == Missing.NEAREST)
    by_mean = rules.missing == Missing.MEAN
    for day in np.flatnonzero(missing[by_mean].any(axis=0)) if by_mean.any() else ():
        before = out[:, day % 7 : day : 7][:, -WEEKS:]
        number = (~np.isnan(before)).sum(axis=1)
        mean = np.where(number > 0, np.nansum(before, axis=1) / np.maximum(number, 1), np.nan)
        rows = by_mean & missing[:, day]
        out[rows, day] = np.rint(mean[rows])
    return out


def _between(demand: np.ndarray, missing: np.ndarray, *, nearest: bool) -> None:
    """Fill one series in place from the known days around each gap; of two equally near days the earlier counts."""
    known, gaps = np.flatnonzero(~np.isnan(demand)), np.flatnonzero(missing)
    if not len(known):
        return
    if not nearest:
        demand[gaps] = np.rint(np.interp(gaps, known, demand[known]))
        return
    after = np.clip(np.searchsorted(known, gaps), 0, len(known) - 1)
    before = np.maximum(after - 1, 0)
    is_later = np.abs(known[after] - gaps) < np.abs(gaps - known[before])
    demand[gaps] = demand[known[np.where(is_later, after, before)]]


def prepared(
    keys: Keys, calendar: Calendar, demand: np.ndarray, recorded: np.ndarray, closed: np.ndarray | None
) -> np.ndarray:
    """Demand [series, days] with closed days unknown and missing days as the rules say; what was recorded stays."""
    silent = ~recorded & ~np.isnan(demand)
    if closed is not None:
        shut = silent & (closed[:, : calendar.days] > 0)
        demand, silent = np.where(shut, np.nan, demand), silent & ~shut
    rules = rules_of(keys)
    if rules is None:
        return demand
    return filled(demand, missing_days(keys, calendar, rules, silent), rules)
