"""Forecasts of a warehouse's category are too high or too low throughout, or got worse than they were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, AlertRule, Finding, Threshold, register
from forecasting.models import AccuracyByHorizon

RECENT, BEFORE = timedelta(days=28), timedelta(days=112)


@dataclass
class Sums:
    """Of the forecasts of some nights, against what was asked for in the week after each."""

    demand: float = 0.0
    error: float = 0.0
    absolute_error: float = 0.0

    def add(self, row: dict) -> None:
        self.demand += row["demand_sum"]
        self.error += row["error_sum"]
        self.absolute_error += row["absolute_sum"]

    @property
    def bias(self) -> float:
        return self.error / self.demand if self.demand else 0.0

    @property
    def wape(self) -> float:
        return self.absolute_error / self.demand if self.demand else 0.0


@register
class ForecastAccuracy(AlertRule):
    code, label = "forecast_accuracy", _("Forecast biased or less accurate than before")
    severity, action = Severity.INFO, Action.CHECK
    thresholds = {
        "bias_percent": Threshold(20, _("bias, % of demand, at least"), minimum=1),
        "worse_percent": Threshold(30, _("error more than before, %, at least"), minimum=1),
        "pieces": Threshold(100, _("pieces asked for, at least"), _("Of smaller groups one cannot tell."), 1),
    }
    sentences = {
        "forecast_too_high": _(
            "The forecasts of %(category)s in %(warehouse)s were %(percent)s %% too high in the last four weeks: "
            "%(expected)s pieces expected, %(seen)s asked for. Look at overrides, promotions and lost customers."
        ),
        "forecast_too_low": _(
            "The forecasts of %(category)s in %(warehouse)s were %(percent)s %% too low in the last four weeks: "
            "%(expected)s pieces expected, %(seen)s asked for. Look at new customers, prices and promotions."
        ),
        "forecast_lost_accuracy": _(
            "The forecasts of %(category)s in %(warehouse)s got worse: the error of the last four weeks is %(wape)s %% "
            "of what was asked for, before it was %(before)s %%. Buffers grow until it is understood."
        ),
    }

    def findings(self):
        for (place, category), (names, recent, before) in self._groups().items():
            if recent.demand < self.threshold("pieces", place):
                continue
            if finding := self._of_group(place, category, names, recent, before):
                yield finding

    def _of_group(self, place: int, category: int | None, names: dict, recent: Sums, before: Sums) -> Finding | None:
        subject = f"accuracy:{place}:{category or ''}"
        if abs(recent.bias) * 100 >= self.threshold("bias_percent", place):
            terms = {
                "percent": round(abs(recent.bias) * 100),
                "expected": round(recent.demand + recent.error),
                "seen": round(recent.demand),
            }
            code = "forecast_too_high" if recent.bias > 0 else "forecast_too_low"
            return Finding(subject, names | terms, code=code, warehouse_id=place)
        got_worse = 100 * (recent.wape - before.wape) >= self.threshold("worse_percent", place) * before.wape
        if got_worse and before.demand >= self.threshold("pieces", place):
            terms = {"wape": round(recent.wape * 100), "before": round(before.wape * 100)}
            return Finding(subject, names | terms, code="forecast_lost_accuracy", warehouse_id=place)
        return None

    def _groups(self) -> dict[tuple[int, int | None], tuple[dict, Sums, Sums]]:
        rows = list(self._rows())
        if not rows:
            return {}
        newest = max(row["run__business_date"] for row in rows)
        groups: dict[tuple[int, int | None], tuple[dict, Sums, Sums]] = defaultdict(lambda: ({}, Sums(), Sums()))
        for row in rows:
            names, recent, before = groups[row["warehouse"], row["category"]]
            names |= {"warehouse": row["warehouse__name"], "category": row["category__name"] or "–"}
            (recent if row["run__business_date"] > newest - RECENT else before).add(row)
        return groups

    def _rows(self) -> Iterable[dict]:
        since: date = self.today - RECENT - BEFORE
        kept = AccuracyByHorizon.objects.filter(source="issued", horizon="1-7", run__business_date__gte=since)
        group = kept.order_by().values(
            "run__business_date", "warehouse", "warehouse__name", "category", "category__name"
        )
        return group.annotate(
            demand_sum=Sum("demand"), error_sum=Sum("error"), absolute_sum=Sum("absolute_error")
        ).order_by("warehouse", "category")
