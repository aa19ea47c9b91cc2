"""“Had you followed our advice”: the table in money, its charts, its CSV, and the button that starts a back-test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalog.models import Category
from forecasting.csv_files import csv_file
from forecasting.pages_charts import with_legend
from inventory_site.common import charts
from inventory_site.common.admin_acts import new_key, run_once
from inventory_site.common.errors import DomainError
from inventory_site.common.jobs import wake_workers
from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import percent, whole_number
from replenishment.backtest_table import MONEY, comparisons, notes, verdicts
from replenishment.models import Backtest, BacktestResult
from replenishment.services import backtests
from stock.models import Warehouse

VIEW, START = "replenishment.view_backtest", "replenishment.add_backtest"
Rule = BacktestResult.Rule
COLOURS = {
    Rule.ADVICE.value: charts.PRIMARY, Rule.DONE.value: charts.QUIET, Rule.FIXED.value: "#d97706",
    Rule.Z_FORMULA.value: "#2563eb",
}  # fmt: skip
CSV_COLUMNS = (
    "lost_margin", "lost_low", "lost_high", "holding_cost", "order_cost", "total", "stock_value", "lines", "orders",
    "fill_rate", "cycle_service_level", "lost", "demand",
)  # fmt: skip
LISTED = 20


def backtest(request: HttpRequest) -> HttpResponse:
    """The newest back-test, or ``?id=``; ``?warehouse=`` and ``?category=`` narrow its tables, ``?export=1`` is CSV."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    shown = Backtest.objects.visible_to(request.user).select_related("run").order_by("-pk")
    asked = whole_number(request.GET.get("id"))
    row = shown.first() if asked is None else get_object_or_404(shown, pk=asked)
    if request.GET.get("progress"):
        return _progress(request, row)
    sees_costs = request.user.has_perm(settings.COST_PERMISSION)
    context = admin.site.each_context(request) | {
        "title": _("Had you followed our advice"), "backtest": row, "others": shown[:LISTED], "once_key": new_key(),
        "may_start": request.user.has_perm(START), "sees_costs": sees_costs,
    }  # fmt: skip
    if row:
        results = _narrowed(request, row)
        tables = comparisons(results)
        if request.GET.get("export"):
            return csv_file(f"backtest-{row.last_on}.csv", _csv_rows(tables, sees_costs))
        context |= {"tables": _shown(tables), "notes": notes(row), "progress": progress_of(row), **_filters(request)}
        context |= _charts(request, row) if sees_costs else {}
        context["verdicts"] = verdicts(tables, ShopSettings.objects.load().currency) if sees_costs else []
    return TemplateResponse(request, "replenishment/backtest.html", context)


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Start one; while another runs this is that one."""
    if not request.user.has_perm(START):
        raise PermissionDenied
    name = request.user.get_username()
    try:
        said = run_once(request, "backtest-start", lambda: _started(name))
        messages.success(request, said)
    except DomainError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("backtest"))


def _started(name: str) -> str:
    backtests.request_backtest(requested_by=name)
    wake_workers()
    return _("The back-test has started. It takes some minutes; this page shows how far it is.")


def progress_of(row: Backtest) -> dict[str, Any]:
    """Parts done of all, as far as they are known; ``done`` 100 when it is over."""
    run = row.run
    total = backtests.parts_of(row)
    done = run.partitions.filter(state__in=["done", "quarantined"]).count()
    failed = run.partitions.filter(state="quarantined").order_by("pk").first()
    return {
        "is_running": run.state == "running", "is_failed": run.state == "failed",
        "percent": 100 if run.state != "running" else min(99, round(100 * done / max(total, 1))),
        "error": (run.error or (failed.error if failed else "")).partition("\n")[0],
    }  # fmt: skip


def _progress(request: HttpRequest, row: Backtest | None) -> HttpResponse:
    """The bar alone, for htmx; when all is done the page is asked for again."""
    told = progress_of(row) if row else {"is_running": False}
    answer = render(request, "replenishment/backtest_progress.html", {"progress": told, "backtest": row})
    if not told["is_running"]:
        answer["HX-Refresh"] = "true"
    return answer


def _narrowed(request: HttpRequest, row: Backtest):
    results = BacktestResult.objects.visible_to(request.user).filter(backtest=row)
    if code := request.GET.get("warehouse"):
        results = results.filter(warehouse__code=code)
    if category := request.GET.get("category"):
        results = results.filter(category=whole_number(category) or 0)
    return results


def _filters(request: HttpRequest) -> dict[str, Any]:
    warehouses = Warehouse.objects.visible_to(request.user).order_by("code").values_list("code", "name")
    categories = [(str(pk), name) for pk, name in Category.objects.order_by("name").values_list("pk", "name")]
    told = (("warehouse", _("Warehouse"), list(warehouses)), ("category", _("Category"), categories))
    return {
        "choices": [
            {"name": name, "label": label, "options": [
                (value, text, value == request.GET.get(name, "")) for value, text in [("", _("all")), *options]
            ]}
            for name, label, options in told
        ]
    }  # fmt: skip


def _shown(tables: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tables with rates as text."""
    for table in tables:
        for line in table["lines"]:
            line.figures["fill_rate_text"] = percent(line.figures["fill_rate"])
            line.figures["in_time_text"] = percent(line.figures["cycle_service_level"])
    return list(tables)


def _csv_rows(tables: Sequence[dict[str, Any]], sees_costs: bool) -> Iterator[Sequence[Any]]:
    columns = [name for name in CSV_COLUMNS if sees_costs or name not in MONEY]
    yield ["compared", "rule", *columns]
    for table in tables:
        for line in table["lines"]:
            values = [line.figures[name] for name in columns]
            yield [table["basis"], line.rule, *("" if value is None else round(value, 4) for value in values)]


def _charts(request: HttpRequest, row: Backtest) -> dict[str, Any]:
    """Curve and weeks over the warehouses that the person may enter (and chose)."""
    mine = Warehouse.objects.visible_to(request.user)
    if code := request.GET.get("warehouse"):
        mine = mine.filter(code=code)
    keys = {str(pk) for pk in mine.values_list("pk", flat=True)}
    facts = row.facts
    if not facts.get("weeks"):
        return {}
    weeks = [told for key, told in facts["weeks"].items() if key in keys]
    days = [date_format(date.fromisoformat(day), "MONTH_DAY_FORMAT") for day in facts["weeks"]["days"]]
    return {
        "curve_chart": _curve([told for key, told in facts["curves"].items() if key in keys], weeks),
        "curve_options": json.dumps(charts.scatter_options(_("mean stock value"), _("lost margin"))),
        "stock_chart": _weekly(days, weeks, "stock"), "lost_chart": _weekly(days, weeks, "lost", running=True),
        "chart_options": json.dumps(with_legend()),
    }  # fmt: skip


def _weekly(days: list[str], weeks: Sequence[dict], what: str, *, running: bool = False) -> str:
    sets = []
    for rule, name in Rule.choices:
        parts = [told[rule][what] for told in weeks if rule in told]
        if parts:
            values = [sum(column) for column in zip(*parts, strict=True)]
            values = [round(sum(values[: at + 1]), 2) for at in range(len(values))] if running else values
            sets.append(charts.line(str(name), values, COLOURS[rule]))
    return json.dumps({"labels": days, "datasets": sets})


def _curve(curves: Sequence[dict], weeks: Sequence[dict]) -> str:
    """Lost margin by stock value: a line for each rule, and the point where each one stands."""
    sets = []
    for rule, name in Rule.choices:
        parts = [told[rule] for told in curves if rule in told]
        points = [[sum(p[0] for p in column), sum(p[1] for p in column)] for column in zip(*parts, strict=True)]
        style = {"showLine": True, "borderColor": COLOURS[rule], "backgroundColor": COLOURS[rule], "borderWidth": 2}
        if points:
            dots = [{"x": round(x), "y": round(y)} for x, y in sorted(points)]
            sets.append({"label": str(name), "data": dots, "pointRadius": 0, "tension": 0} | style)
        own = [told[rule] for told in weeks if rule in told]
        if own:
            at = {"x": round(sum(sum(w["stock"]) / len(w["stock"]) for w in own)),
                  "y": round(sum(sum(w["lost"]) for w in own))}  # fmt: skip
            label = str(name) if not points else _("%(rule)s, as it is") % {"rule": name}
            sets.append({"label": label, "data": [at], "pointRadius": 5, **style, "showLine": False})
    return json.dumps({"datasets": sets})
