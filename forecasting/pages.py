"""One forecast: history and band, why this number, what people said, and how right it was before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalog.models import Promotion
from forecasting import drivers, words
from forecasting.data_facts import data_facts
from forecasting.models import Accuracy, Forecast, Launch, Override
from forecasting.pages_anomalies import open_anomalies
from forecasting.pages_charts import PAST_DAYS, Demand, demand_chart, drivers_chart, stacked_options
from forecasting.services.overrides import ADD, CHANGE
from inventory_site.common import charts
from inventory_site.common.admin_acts import new_key
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandSeries

WEEK = timedelta(days=7)
EARLIER_RUNS, OVERRIDES_SHOWN = 12, 20


@dataclass(frozen=True)
class History:
    """What is known of one item's demand in the days before a forecast."""

    series: DemandSeries | None
    until: date
    asked: dict[date, int]
    without_stock: frozenset[date]


def history(item: dict[str, int], until: date, *, ahead: int = 0) -> History:
    """Demand of the last weeks, and of ``ahead`` days after ``until`` as far as they are closed."""
    series = DemandSeries.objects.filter(**item).first()
    first, last = until - timedelta(days=PAST_DAYS), until + timedelta(days=ahead)
    days = DailyDemand.objects.filter(series=series, on_date__gt=first, on_date__lte=last)
    rows = list(days.values_list("on_date", "demand", "stocked_out_rate"))
    return History(
        series, until, {on: demand for on, demand, _rate in rows}, frozenset(on for on, _demand, rate in rows if rate)
    )


def chart_of(known: History, forecast: Forecast | None) -> str:
    return demand_chart(
        Demand(
            until=known.until,
            asked={on: demand for on, demand in known.asked.items() if on <= known.until},
            without_stock=known.without_stock,
            known_from=known.series.first_on if known.series else None,
            mean=forecast.mean if forecast else [],
            quantiles=forecast.quantiles if forecast else [],
            baseline=forecast.baseline_mean if forecast else None,
        )
    )


def forecast_context(request: HttpRequest, forecast: Forecast) -> dict[str, Any]:
    """All that the page shows; as many queries for a busy item as for a new one."""
    item = {"product": forecast.product_id, "warehouse": forecast.warehouse_id}
    known = history(item, forecast.first_on - timedelta(days=1))
    terms = drivers.terms(forecast.drivers, forecast.mean, forecast.baseline_mean)
    newest = JobRun.objects.latest_published()
    return {
        "title": f"{forecast.product.sku} · {forecast.warehouse}",
        "forecast": forecast,
        "is_old": newest is not None and newest.pk != forecast.run_id,
        "method": words.method(forecast.method),
        "accuracy": words.accuracy(Accuracy.objects.filter(run=forecast.run_id, **item).first()),
        "why": words.why(forecast),
        "demand_chart": chart_of(known, forecast),
        "drivers_chart": drivers_chart(forecast.first_on, terms),
        "chart_options": json.dumps(charts.SERIES_OPTIONS),
        "stacked_options": json.dumps(stacked_options()),
        "overrides": list(_overrides(item, forecast).select_related("made_by")[:OVERRIDES_SHOWN]),
        "earlier": earlier(item, forecast.run),
        "notes": notes(forecast),
        "may_override": request.user.has_perm(ADD),
        "may_withdraw": request.user.has_perm(CHANGE),
        "once_key": new_key(),
    }


def _overrides(item: dict[str, int], forecast: Forecast):
    """What people said of these days, standing or withdrawn, the newest first."""
    last_on = forecast.first_on + timedelta(days=len(forecast.mean) - 1)
    return Override.objects.between(forecast.first_on, last_on).filter(**item).order_by("-made_at", "-pk")


@dataclass(frozen=True)
class Earlier:
    """What an earlier run had said of the seven days after it, and what was asked for."""

    day: date
    naive: float
    model: float
    final: float
    actual: int
    is_partial: bool


def earlier(item: dict[str, int], run: JobRun) -> list[Earlier]:
    """Earlier runs that still have their forecasts and whose first week is closed, the newest first."""
    series = DemandSeries.objects.filter(**item).first()
    if series is None or series.closed_on is None:
        return []
    past = Forecast.objects.filter(**item, run__in=JobRun.objects.published().filter(kind=run.kind))
    past = past.filter(first_on__lte=series.closed_on - WEEK + timedelta(days=1))
    rows = past.order_by("-run__business_date", "-run__version").values_list(
        "first_on", "naive", "mean", "baseline_mean"
    )[:EARLIER_RUNS]
    rows = list({row[0]: row for row in reversed(rows)}.values())[::-1]  # the newest version of each day
    if not rows:
        return []
    days = DailyDemand.objects.filter(series=series, on_date__gte=rows[-1][0], on_date__lt=rows[0][0] + WEEK)
    asked = {on: (demand, rate) for on, demand, rate in days.values_list("on_date", "demand", "stocked_out_rate")}
    return [_earlier(row, asked) for row in rows]


def _earlier(row: tuple, asked: dict[date, tuple[int, float | None]]) -> Earlier:
    first_on, naive, mean, baseline = row
    days = [asked.get(first_on + timedelta(days=n), (0, None)) for n in range(7)]
    return Earlier(
        day=first_on, naive=sum(naive), model=sum((baseline or mean)[:7]), final=sum(mean[:7]),
        actual=sum(demand for demand, _rate in days), is_partial=any(rate for _demand, rate in days),
    )  # fmt: skip


def notes(forecast: Forecast) -> list[str]:
    """What the forecast read of its days, and the promotions ahead of it."""
    until = forecast.first_on - timedelta(days=1)
    item = {"product": forecast.product_id, "warehouse": forecast.warehouse_id}
    launch = Launch.objects.filter(run=forecast.run_id, **item).first()
    told = [words.launch(launch)] if launch else []
    told += open_anomalies(product_id=forecast.product_id, warehouse_id=forecast.warehouse_id)
    told += data_facts(product_id=forecast.product_id, warehouse_id=forecast.warehouse_id, until=until)
    last_on = forecast.first_on + timedelta(days=len(forecast.mean) - 1)
    for promotion in _promotions(forecast, last_on):
        told.append(
            _("Promotion from %(first)s to %(last)s.")
            % {
                "first": date_format(promotion.starts_on, "SHORT_DATE_FORMAT"),
                "last": date_format(promotion.ends_on, "SHORT_DATE_FORMAT"),
            }
        )
    return told or [_("Nobody has asked for it here yet.")]


def _promotions(forecast: Forecast, last_on: date):
    known = Promotion.objects.known_on(forecast.first_on - timedelta(days=1)).between(forecast.first_on, last_on)
    here = known.filter(product=forecast.product_id, warehouse_code__in=["", forecast.warehouse.code])
    return here.order_by("starts_on")[:5]
