"""Key figures over time, of the shop, a warehouse, a category or a supplier: tiles, charts, a table and its CSV."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from catalog.models import Category, Supplier
from forecasting.csv_files import csv_file
from forecasting.pages_charts import lines_chart, with_legend
from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import percent, whole_number
from replenishment.how import HOW
from replenishment.key_figures import AGES_DAYS, MONEY, SUMS, figures
from replenishment.models import InventoryPosition, KeyFigures, KpiSnapshot
from replenishment.value_charts import pareto
from stock.models import Warehouse

VIEW = "replenishment.view_keyfigures"
SPANS = {"28": 28, "91": 91, "364": 364, "all": 20_000}
GROUPS = {"warehouse": _lazy("By warehouse"), "category": _lazy("By category"), "supplier": _lazy("By supplier")}
#: Figures in the order of the page: name, label, how they are written.
SHOWN = (
    ("stock_value", _lazy("stock value"), "money"),
    ("turnover", _lazy("turnover a year"), "plain"),
    ("days_of_cover", _lazy("days of cover"), "plain"),
    ("stock_out_rate", _lazy("stock-out rate"), "rate"),
    ("lost_margin", _lazy("margin lost that day"), "money"),
    ("fill_rate", _lazy("fill rate"), "rate"),
    ("fulfilment_rate", _lazy("lines fulfilled"), "rate"),
    ("cancellation_rate", _lazy("cancelled"), "rate"),
    ("supply_cost_per_order", _lazy("supply cost an order"), "plain"),
    ("on_time_in_full", _lazy("on time in full"), "rate"),
    ("holding_cost", _lazy("holding cost a year"), "money"),
    ("overstock_value", _lazy("overstock value"), "money"),
    ("dead_value", _lazy("dead stock value"), "money"),
)
CHARTED = ("stock_out_rate", "fill_rate", "turnover", "days_of_cover", "on_time_in_full", "cancellation_rate")
#: Of the days before these tables were kept, by their names there.
EARLIER = {
    "stock_value": "stock_value", "overstock_value": "overstock_value", "stock_out_rate": "stocked_out_rate",
    "fill_rate": "fill_rate", "turnover": "turnover", "days_of_cover": "days_of_cover",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """The filters of the page; category or supplier, not both."""

    warehouse: str
    category: int | None
    supplier: int | None
    days: str
    by: str

    @classmethod
    def of(cls, told: QueryDict) -> Asked:
        category, supplier = (whole_number(told.get(name)) for name in ("category", "supplier"))
        days, by = told.get("days", "91"), told.get("by", "warehouse")
        return cls(
            told.get("warehouse", ""), category, None if category else supplier, days if days in SPANS else "91",
            by if by in GROUPS else "warehouse",
        )  # fmt: skip


def key_figures(request: HttpRequest) -> HttpResponse:
    """The page; ``?export=days`` is its history as CSV, ``?export=groups`` its table."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    asked, sees_costs = Asked.of(request.GET), request.user.has_perm(settings.COST_PERMISSION)
    rows = KeyFigures.objects.visible_to(request.user)
    if asked.warehouse:
        rows = rows.filter(warehouse__code=asked.warehouse)
    newest = rows.order_by("-on_date").values_list("on_date", flat=True).first()
    days = _history(request, rows, asked, newest)
    groups = _groups(rows, asked, newest, sees_costs=sees_costs)
    shown = [row for row in SHOWN if sees_costs or row[0] not in MONEY]
    if request.GET.get("export") in ("days", "groups"):
        told = days if request.GET["export"] == "days" else groups
        return csv_file(f"key-figures-{request.GET['export']}.csv", _csv_rows(told, shown))
    context = admin.site.each_context(request) | {
        "title": _("Key figures"), "asked": asked, "newest": newest, "choices": _choices(request, asked),
        "tiles": _tiles(days, shown), "charts": _charts(days, sees_costs), "chart_options": json.dumps(_options()),
        "pareto": pareto(_positions(request, asked)) if sees_costs else None,
        "sees_costs": sees_costs, "ages": _ages(rows, asked, newest) if sees_costs else [],
        "columns": [label for _name, label, _kind in shown], "group_tabs": list(GROUPS.items()),
        "lines": _lines(groups, shown),
    }  # fmt: skip
    return TemplateResponse(request, "replenishment/key_figures.html", context)


def _positions(request: HttpRequest, asked: Asked):
    """What the filters leave of the stock, as it is now."""
    found = InventoryPosition.objects.visible_to(request.user)
    named = {"warehouse__code": asked.warehouse, "product__category": asked.category, "supplier": asked.supplier}
    return found.filter(**{name: value for name, value in named.items() if value})


def _options() -> dict[str, Any]:
    """A rate that moves between 95 and 98 % would be a flat line from 0 on."""
    told = with_legend()
    scales = told["scales"]
    return told | {"scales": scales | {"y": scales["y"] | {"beginAtZero": False, "grace": "20%"}}}


def _lines(groups: Sequence[tuple], shown: Sequence[tuple]) -> list[dict[str, Any]]:
    return [{"name": name, "cells": [_text(told[key], kind) for key, _label, kind in shown]} for name, told in groups]


def _scoped(rows, asked: Asked):
    """Rows of the category or the supplier, or of all items."""
    return rows.filter(category=asked.category, supplier=asked.supplier)


def _history(
    request: HttpRequest, rows, asked: Asked, newest: date | None
) -> list[tuple[date, dict[str, float | None]]]:
    """Figures by day, the oldest first. Of all items there are some of the days before these tables were kept."""
    shop = ShopSettings.objects.load()
    rate, first = float(shop.holding_rate), (newest or shop.today()) - timedelta(days=SPANS[asked.days])
    sums: dict[date, dict[str, float]] = defaultdict(lambda: dict.fromkeys(SUMS, 0.0))
    for on_date, *values in _scoped(rows, asked).filter(on_date__gt=first).values_list("on_date", *SUMS):
        for name, value in zip(SUMS, values, strict=True):
            sums[on_date][name] += value
    found = {day: figures(told, rate) for day, told in sums.items()}
    if asked.category is None and asked.supplier is None:
        found = _earlier(request, asked, first) | found
    return sorted(found.items())


def _earlier(request: HttpRequest, asked: Asked, first: date) -> dict[date, dict[str, float | None]]:
    mine = Warehouse.objects.visible_to(request.user)
    if asked.warehouse:
        mine = mine.filter(code=asked.warehouse)
    by_day: dict[date, list[dict]] = defaultdict(list)
    kept = KpiSnapshot.objects.filter(warehouse__in=mine.values("pk"), on_date__gt=first)
    for row in kept.values("on_date", *EARLIER.values()):
        by_day[row["on_date"]].append(row)
    return {day: _of_snapshots(rows) for day, rows in by_day.items()}


def _of_snapshots(rows: Sequence[dict]) -> dict[str, float | None]:
    """Sums of money, and means of rates weighted by stock value, of a day's snapshots."""
    told: dict[str, float | None] = dict.fromkeys([name for name, _label, _kind in SHOWN])
    for name, theirs in EARLIER.items():
        known = [(float(row[theirs]), float(row["stock_value"])) for row in rows if row[theirs] is not None]
        weight = sum(value for _figure, value in known)
        if name in MONEY:
            told[name] = sum(figure for figure, _value in known)
        elif weight:
            told[name] = round(sum(figure * value for figure, value in known) / weight, 4)
    return told


def _groups(rows, asked: Asked, newest: date | None, *, sees_costs: bool) -> list[tuple[str, dict[str, float | None]]]:
    """Figures of the newest day by warehouse, category or supplier, the most stock first; that order tells costs."""
    rate = float(ShopSettings.objects.load().holding_rate)
    sums: dict[tuple[int, str], dict[str, float]] = defaultdict(lambda: dict.fromkeys(SUMS, 0.0))
    today = rows.filter(on_date=newest)
    today = today.filter(category=None, supplier=None) if asked.by == "warehouse" else today.exclude(**{asked.by: None})
    for pk, name, *values in today.values_list(f"{asked.by}_id", f"{asked.by}__name", *SUMS):
        for column, value in zip(SUMS, values, strict=True):
            sums[pk, name][column] += value
    found = [(name, figures(told, rate)) for (_pk, name), told in sums.items()]
    return sorted(found, key=lambda pair: (-(pair[1]["stock_value"] or 0) if sees_costs else 0, pair[0]))


def _tiles(days: Sequence[tuple[date, dict]], shown: Sequence[tuple]) -> list[dict[str, Any]]:
    """The newest figures and what they were four weeks before."""
    if not days:
        return []
    (_last_on, last), past = days[-1], [told for day, told in days if day <= days[-1][0] - timedelta(days=28)]
    return [
        {"label": str(label), "value": _text(last[name], kind), "how": HOW[name],
         "before": _("%(value)s four weeks before") % {"value": _text(past[-1][name], kind)}
         if past and past[-1][name] is not None else ""}
        for name, label, kind in shown
    ]  # fmt: skip


def _charts(days: Sequence[tuple[date, dict]], sees_costs: bool) -> list[dict[str, str]]:
    """One for money in stock, one for each rate that has two days at least."""
    if len(days) < 2:
        return []
    labels, told = [date_format(day, "MONTH_DAY_FORMAT") for day, _figures in days], []
    names = {name: str(label) for name, label, _kind in SHOWN}
    kinds = {name: kind for name, _label, kind in SHOWN}
    if sees_costs:
        lines = {
            names[name]: [row[name] for _day, row in days] for name in ("stock_value", "overstock_value", "dead_value")
        }
        told.append({"title": _("Money in stock"), "data": lines_chart(labels, lines)})
    for name in CHARTED:
        values = [row[name] if kinds[name] == "plain" or row[name] is None else 100 * row[name] for _day, row in days]
        if sum(value is not None for value in values) > 1:
            title = names[name] + (", %" if kinds[name] == "rate" else "")
            told.append({"title": title[0].upper() + title[1:], "data": lines_chart(labels, {names[name]: values})})
    return told


def _ages(rows, asked: Asked, newest: date | None) -> list[dict[str, Any]]:
    """Stock value by age with its share."""
    values = [row for row in _scoped(rows, asked).filter(on_date=newest).values_list("value_by_age", flat=True) if row]
    sums = [sum(column) for column in zip(*values, strict=True)]
    total = sum(sums)
    first = [0, *AGES_DAYS]
    names = [_("up to %(last)d days") % {"last": AGES_DAYS[0]}]
    names += [
        _("%(first)d to %(last)d days") % {"first": first[at] + 1, "last": AGES_DAYS[at]}
        for at in range(1, len(AGES_DAYS))
    ]
    names.append(_("older than %(last)d days") % {"last": AGES_DAYS[-1]})
    if not total:
        return []
    return [
        {"name": name, "value": _text(value, "money"), "share": round(100 * value / total, 1)}
        for name, value in zip(names, sums, strict=True)
    ]


def _text(value: float | None, kind: str) -> str:
    if value is None:
        return "–"
    if kind == "rate":
        return percent(value)
    return number_format(round(value) if kind == "money" else round(value, 1), force_grouping=True)


def _csv_rows(told: Sequence[tuple], shown: Sequence[tuple]) -> Iterator[Sequence[Any]]:
    names = [name for name, _label, _kind in shown]
    yield ["of", *names]
    for key, row in told:
        yield [str(key), *("" if row[name] is None else round(row[name], 4) for name in names)]


def _choices(request: HttpRequest, asked: Asked) -> list[dict[str, Any]]:
    warehouses = Warehouse.objects.visible_to(request.user).order_by("code").values_list("code", "name")
    categories, suppliers = (model.objects.order_by("name").values_list("pk", "name") for model in (Category, Supplier))
    everything = ("", _("all"))
    spans = {"28": _("4 weeks"), "91": _("13 weeks"), "364": _("a year"), "all": _("everything")}
    offered = {
        "warehouse": (_("Warehouse"), [everything, *warehouses], asked.warehouse),
        "category": (_("Category"), [everything, *categories], asked.category),
        "supplier": (_("Supplier"), [everything, *suppliers], asked.supplier),
        "days": (_("The last"), list(spans.items()), asked.days),
    }  # fmt: skip
    return [
        {"name": name, "label": label, "options": [(value, text, value == (chosen or "")) for value, text in options]}
        for name, (label, options, chosen) in offered.items()
    ]
