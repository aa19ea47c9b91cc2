"""Forecast accuracy: what was forecast against what happened, and the back-test, by horizon, method, segment, time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from catalog.models import Category
from forecasting import words
from forecasting.accuracy import LEVELS, SUMS, figures
from forecasting.csv_files import accuracy_rows, csv_file, nearer
from forecasting.models import AccuracyByHorizon, ForecastValueAdded, Segment, TrainedModel
from forecasting.pages_charts import bars_chart, lines_chart, with_legend
from forecasting.panels import known_since
from inventory_site.common.models import JobRun
from inventory_site.common.numbers import percent, whole_number
from stock.models import Warehouse

VIEW = "forecasting.view_accuracybyhorizon"
Source, Horizon = AccuracyByHorizon.Source, AccuracyByHorizon.Horizon
#: What the table goes by: title and name of the column.
GROUPS = {
    "horizon": (_("By horizon"), "horizon"),
    "method": (_("By method"), "method"),
    "pattern": (_("By demand pattern"), "pattern"),
    "abc": (_("By ABC"), "abc"),
    "xyz": (_("By XYZ"), "xyz"),
    "warehouse": (_("By warehouse"), "warehouse__name"),
    "category": (_("By category"), "category__name"),
    "day": (_("Over time"), "run__business_date"),
}
SPANS = {"28": 28, "91": 91, "364": 364, "all": None}
COLUMNS = ("wape", "bias", "mae", "mse", "rmse", "mase", "r2", "pinball", "naive_wape", "value_added")
RUNS_SHOWN, OVERRIDES_READ = 60, 5000


@dataclass(frozen=True)
class Asked:
    """The filters of the page."""

    source: str
    horizon: str
    warehouse: str
    category: int | None
    method: str
    days: str
    by: str

    @classmethod
    def of(cls, told: QueryDict, *, has_issued: bool) -> Asked:
        category = told.get("category", "")
        source = told.get("source", "")
        if source not in Source.values:
            source = Source.ISSUED if has_issued else Source.BACKTEST
        horizon = told.get("horizon", "")
        if source == Source.BACKTEST or horizon not in Horizon.values:
            horizon = Horizon.LEAD_TIME if source == Source.BACKTEST else Horizon.WEEK
        return cls(
            source,
            horizon,
            told.get("warehouse", ""),
            whole_number(category, 9),
            told.get("method", "")[:40],
            told.get("days") if told.get("days") in SPANS else "91",
            told.get("by") if told.get("by") in GROUPS else "horizon",
        )

    def narrow(self, rows):
        rows = rows.of_source(self.source)
        chosen = {"warehouse__code": self.warehouse, "category": self.category, "method": self.method}
        return rows.filter(**{name: value for name, value in chosen.items() if value})


def accuracy(request: HttpRequest) -> HttpResponse:
    """The page; ``?export=horizon`` (or another group) is its table as CSV."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    visible = AccuracyByHorizon.objects.visible_to(request.user)
    asked = Asked.of(request.GET, has_issued=visible.of_source(Source.ISSUED).exists())
    rows = _recent(asked.narrow(visible), asked.days)
    group = request.GET.get("export")
    if group in GROUPS:
        groups = [([_named(group, key)], sums) for key, sums in _groups(rows, asked, group)]
        return csv_file(f"accuracy-by-{group}.csv", accuracy_rows(groups, [group]))
    return TemplateResponse(
        request, "forecasting/accuracy.html", admin.site.each_context(request) | _context(request, asked, rows)
    )


def _recent(rows, days: str):
    """Rows of the last days before the newest run; a calendar that stands still ages nothing."""
    newest = JobRun.objects.latest_published()
    if SPANS[days] is None or newest is None:
        return rows
    return rows.filter(run__business_date__gt=newest.business_date - timedelta(days=SPANS[days]))


def _groups(rows, asked: Asked, group: str) -> Iterator[tuple[Any, dict[str, float]]]:
    """Sums of the chosen horizon by group; horizons stand beside each other, whichever is chosen."""
    name = GROUPS[group][1]
    chosen = rows if group == "horizon" else rows.filter(horizon=asked.horizon)
    for row in chosen.summed(name):
        yield row[name], {key: row[f"total_{key}"] for key in SUMS}


def _context(request: HttpRequest, asked: Asked, rows) -> dict[str, Any]:
    tables = {group: list(_groups(rows, asked, group)) for group in {"day", "horizon", asked.by}}
    whole = {name: sum(sums[name] for _key, sums in tables["day"]) for name in SUMS}
    coverage = _coverage()
    return {
        "title": _g("Forecast accuracy"),
        "asked": asked,
        "tiles": _tiles(figures(whole)),
        "observations": whole["n"],
        "table": _table(asked.by, tables[asked.by]),
        "groups": [(group, title) for group, (title, _name) in GROUPS.items()],
        "over_time_chart": _over_time(tables["day"]),
        "horizon_chart": _by_horizon(tables["horizon"]),
        "coverage_chart": _reached(figures(whole)) if whole["quantile_n"] else "",
        "origins": coverage,
        "chart_options": json.dumps(with_legend()),
        "value_added": _value_added(request.user),
        "choices": _choices(request, asked),
    }


def _tiles(found: Mapping[str, float | None]) -> list[dict[str, str]]:
    def number(name: str) -> str:
        return "–" if found[name] is None else f"{found[name]:.2f}"

    gain = found["value_added"]
    return [
        {"value": percent(found["wape"]), "label": _g("WAPE: error per piece asked for")},
        {"value": percent(found["bias"]), "label": _g("bias: forecast too high (+) or too low (−)")},
        {"value": number("mase"), "label": _g("MASE: mean over items, 1 is as wrong as repeating the past")},
        {"value": number("pinball"), "label": _g("pinball loss per piece asked for")},
        {
            "value": "–" if gain is None else f"{100 * gain:+.1f}",
            "label": _g("value added: points of WAPE against naive"),
        },
        {"value": percent(found["coverage_90"]), "label": _g("coverage of 90 %")},
    ]


def _named(group: str, key: Any) -> str:
    """The name of a group for people."""
    if key in ("", None):
        return _g("not classed yet") if group in ("pattern", "abc", "xyz") else _g("none")
    if group == "method":
        return words.method(key)
    if group == "horizon":
        return str(Horizon(key).label)
    if group == "pattern":
        return str(dict(Segment.Pattern.choices).get(key, key))
    return date_format(key, "SHORT_DATE_FORMAT") if isinstance(key, date) else str(key)


def _table(group: str, groups: Sequence[tuple[Any, dict[str, float]]]) -> dict[str, Any]:
    shown = groups[-RUNS_SHOWN:] if group == "day" else sorted(groups, key=_place(group))
    lines = []
    for key, sums in shown:
        found = figures(sums)
        lines.append(
            {
                "name": _named(group, key),
                "n": sums["n"],
                "figures": [_figure(name, found[name]) for name in COLUMNS],
                "coverage": [_figure("coverage", found[f"coverage_{level}"]) for level in LEVELS],
            }
        )
    return {"group": group, "lines": lines[::-1] if group == "day" else lines}


def _place(group: str):
    order = {value: at for at, value in enumerate(Horizon.values)}
    return (lambda pair: order[pair[0]]) if group == "horizon" else (lambda pair: -pair[1]["demand"])


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name in ("wape", "bias", "naive_wape", "coverage"):
        return percent(value)
    return f"{100 * value:+.1f}" if name == "value_added" else f"{value:.2f}"


def _over_time(days: Sequence[tuple[date, dict[str, float]]]) -> str:
    days = days[-RUNS_SHOWN:]
    found = [figures(sums) for _day, sums in days]
    has_overrides = any(sums["final_absolute_error"] != sums["absolute_error"] for _day, sums in days)
    lines = {_g("model"): [_percent(row["wape"]) for row in found]}
    lines[_g("naive")] = [_percent(row["naive_wape"]) for row in found]
    if has_overrides:
        lines[_g("with overrides")] = [_percent(row["final_wape"]) for row in found]
    return lines_chart([date_format(day, "MONTH_DAY_FORMAT") for day, _sums in days], lines)


def _by_horizon(groups: Sequence[tuple[str, dict[str, float]]]) -> str:
    ordered = sorted(groups, key=_place("horizon"))
    found = [figures(sums) for _key, sums in ordered]
    sets = {_g("model"): [_percent(row["wape"]) for row in found]}
    sets[_g("naive")] = [_percent(row["naive_wape"]) for row in found]
    return bars_chart([_named("horizon", key) for key, _sums in ordered], sets)


def _reached(found: Mapping[str, float | None]) -> str:
    sets = {
        _g("reached"): [_percent(found[f"coverage_{level}"]) for level in LEVELS],
        _g("promised"): [float(level) for level in LEVELS],
    }
    return bars_chart([percent(int(level) / 100, 0) for level in LEVELS], sets)


def _percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 2)


def _coverage() -> dict[str, Any] | None:
    """How often held-out lead-time demand stayed below its quantiles, for each origin of the newest training."""
    trained = TrainedModel.objects.exclude(coverage={}).defer("data").select_related("run")
    trained = trained.filter(run__in=JobRun.objects.published()).order_by("-run__business_date", "-pk").first()
    if trained is None or not trained.coverage.get("origins"):
        return None
    told = trained.coverage
    since = known_since(trained.run.business_date)
    days = [since + timedelta(days=origin - 1) for origin in told["origins"]]
    rows = [
        {"day": day, "n": n, "share": [_figure("coverage", value) for value in share]}
        for day, n, share in zip(days, told["n"], told["share"], strict=True)
    ]
    labels = [date_format(day, "MONTH_DAY_FORMAT") for day in days]
    levels = [percent(level, None) for level in told["levels"]]
    lines = {level: [_percent(share[at]) for share in told["share"]] for at, level in enumerate(levels)}
    return {"levels": levels, "rows": rows, "chart": lines_chart(labels, lines)}


def _value_added(user) -> dict[str, Any]:
    """How often overrides came nearer to demand than the model, and by how many pieces, in all and by person."""
    rows = ForecastValueAdded.objects.visible_to(user).evaluated().filter(actual__isnull=False)
    rows = rows.order_by("-last_on", "-pk").select_related("override__made_by")[:OVERRIDES_READ]
    added: dict[str, list[float]] = {}
    for row in rows:
        added.setdefault(row.override.made_by.get_username(), []).append(nearer(row))
    people = [{"name": name} | _gain(gains) for name, gains in sorted(added.items())]
    return _gain([gain for gains in added.values() for gain in gains]) | {"people": people}


def _gain(gains: Sequence[float]) -> dict[str, Any]:
    return {"n": len(gains), "better": sum(1 for gain in gains if gain > 0), "pieces": sum(gains)}


def _choices(request: HttpRequest, asked: Asked) -> list[dict[str, Any]]:
    """The filters: name, label, options as (value, label, chosen)."""
    visible = AccuracyByHorizon.objects.visible_to(request.user)
    methods = visible.of_source(asked.source).order_by("method").values_list("method", flat=True).distinct()
    warehouses = Warehouse.objects.visible_to(request.user).order_by("code").values_list("code", "name")
    everything = ("", _g("all"))
    spans = {"28": _g("4 weeks"), "91": _g("13 weeks"), "364": _g("a year"), "all": _g("everything")}
    offered = {
        "source": (_g("What"), list(Source.choices), asked.source),
        "days": (_g("Runs of the last"), list(spans.items()), asked.days),
        "horizon": (_g("Horizon"), list(Horizon.choices), asked.horizon),
        "warehouse": (_g("Warehouse"), [everything, *warehouses], asked.warehouse),
        "category": (_g("Category"), [everything, *Category.objects.values_list("pk", "name")], asked.category),
        "method": (_g("Method"), [everything, *((name, words.method(name)) for name in methods)], asked.method),
    }
    return [
        {"name": name, "label": label, "options": [(value, text, value == (chosen or "")) for value, text in options]}
        for name, (label, options, chosen) in offered.items()
    ]
