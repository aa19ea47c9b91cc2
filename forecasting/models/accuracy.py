"""How wrong forecasts were, summed over series that are alike."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Category
from forecasting.querysets import AccuracyByHorizonQuerySet
from inventory_site.common.models import JobRun
from stock.models import Warehouse


class AccuracyByHorizon(models.Model):
    """Sums of errors of one run over the series that are alike, from which every figure of accuracy is computed.

    An observation is the demand of one series summed over the days of ``horizon`` on which it could be bought. The
    sums of ``final_…`` are of the forecast with overrides. ``pinball`` and ``below`` are of single days, of lead-time
    demand where the horizon is that; ``quantile_n`` counts them. Kept for ever.
    """

    class Source(models.TextChoices):
        ISSUED = "issued", _("what was forecast")
        BACKTEST = "backtest", _("back-test")

    class Horizon(models.TextChoices):
        WEEK = "1-7", _("days 1–7")
        SECOND_WEEK = "8-14", _("days 8–14")
        LATER = "15-28", _("days 15–28")
        LEAD_TIME = "lead_time", _("lead-time demand")

    run = models.ForeignKey(JobRun, models.PROTECT, related_name="accuracies_by_horizon", verbose_name=_("run"))
    source = models.CharField(_("source"), max_length=8, choices=Source)
    horizon = models.CharField(_("horizon"), max_length=9, choices=Horizon)
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, related_name="accuracies_by_horizon", verbose_name=_("warehouse")
    )
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, related_name="accuracies_by_horizon", verbose_name=_("category")
    )
    method = models.CharField(_("method"), max_length=40)
    pattern = models.CharField(_("demand pattern"), max_length=12, blank=True)
    abc = models.CharField(max_length=1, blank=True)
    xyz = models.CharField(max_length=1, blank=True)
    n = models.PositiveIntegerField(_("observations"))
    demand = models.FloatField(_("demand"))
    squared_demand = models.FloatField()
    error = models.FloatField(help_text=_("Forecast - demand."))
    absolute_error = models.FloatField()
    squared_error = models.FloatField()
    scaled_error = models.FloatField(default=0.0)
    scaled_n = models.PositiveIntegerField(default=0)
    naive_absolute_error = models.FloatField(default=0.0)
    final_error = models.FloatField(default=0.0)
    final_absolute_error = models.FloatField(default=0.0)
    quantile_n = models.PositiveIntegerField(default=0)
    pinball = models.FloatField(default=0.0)
    below_50 = models.PositiveIntegerField(default=0)
    below_80 = models.PositiveIntegerField(default=0)
    below_90 = models.PositiveIntegerField(default=0)
    below_95 = models.PositiveIntegerField(default=0)
    below_98 = models.PositiveIntegerField(default=0)

    objects = AccuracyByHorizonQuerySet.as_manager()

    class Meta:
        verbose_name = _("accuracy by horizon")
        verbose_name_plural = _("accuracies by horizon")
        indexes = [models.Index(fields=["run", "source", "horizon"], name="forecasting_horizon_run")]

    def __str__(self) -> str:
        return f"{self.run} · {self.horizon} · {self.method}"
