"""What the nightly job thinks will be asked for, and how right it was."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from forecasting.querysets import AccuracyQuerySet, ForecastQuerySet
from inventory_site.common.models import JobRun
from stock.models import Warehouse


class TrainedModel(models.Model):
    """What one run learned over all series: pooled models, the methods chosen, the calibration."""

    run = models.OneToOneField(JobRun, models.CASCADE, related_name="trained_model", verbose_name=_("run"))
    data = models.BinaryField()
    coverage = models.JSONField(
        _("coverage of the back-test"), default=dict,
        help_text=_("For each past day: which share of the demands stayed below each level."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("trained model")
        verbose_name_plural = _("trained models")

    def __str__(self) -> str:
        return str(self.run)


class Forecast(models.Model):
    """One series of one run; arrays are by day from ``first_on``.

    ``mean``, ``quantiles`` and lead-time demand are what was planned with: people's overrides are in them. What the
    model said by itself is in ``baseline_mean`` and ``baseline_lead_time_demand_mean`` where it is not the same.
    """

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="forecasts", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="forecasts", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="forecasts", verbose_name=_("warehouse"))
    method = models.CharField(_("method"), max_length=40)
    first_on = models.DateField(_("first day"))
    mean = models.JSONField(_("mean by day"))
    quantiles = models.JSONField(
        _("quantiles by day"), help_text=_("A list of 0.5, 0.8, 0.9, 0.95 and 0.98 for each day.")
    )
    lead_time_demand_mean = models.FloatField(_("lead-time demand, mean"))
    lead_time_demand_q50 = models.FloatField(_("lead-time demand, 50 %"))
    lead_time_demand_q80 = models.FloatField(_("lead-time demand, 80 %"))
    lead_time_demand_q90 = models.FloatField(_("lead-time demand, 90 %"))
    lead_time_demand_q95 = models.FloatField(_("lead-time demand, 95 %"))
    lead_time_demand_q98 = models.FloatField(_("lead-time demand, 98 %"))
    lead_time_demand_q99 = models.FloatField(_("lead-time demand, 99 %"))
    lead_time_demand_grid = models.JSONField(_("lead-time demand, whole distribution"))
    lead_time_demand_excess = models.FloatField(_("expected demand above the grid"), default=0.0)
    interval_days = models.FloatField(_("days that lead-time demand spans, mean"), null=True)
    naive = models.JSONField(_("demand of the last seven days"), default=list, help_text=_("As it was known then."))
    drivers = models.JSONField(_("drivers"), default=dict, help_text=_("Pieces a day that each driver adds."))
    baseline_mean = models.JSONField(_("mean by day without overrides"), null=True)
    baseline_lead_time_demand_mean = models.FloatField(_("lead-time demand without overrides, mean"), null=True)

    objects = ForecastQuerySet.as_manager()

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "product", "warehouse"], name="forecasting_forecast_once")
        ]
        indexes = [
            models.Index(fields=["product", "warehouse", "run"], name="forecasting_forecast_item"),
            models.Index(
                fields=["run"], condition=models.Q(baseline_lead_time_demand_mean__isnull=False),
                name="forecasting_overridden",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse} · {self.run}"


class Accuracy(models.Model):
    """The back-test of one series in one run; kept for ever."""

    run = models.ForeignKey(JobRun, models.PROTECT, related_name="accuracies", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="accuracies", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="accuracies", verbose_name=_("warehouse"))
    method = models.CharField(_("method"), max_length=40)
    wape = models.FloatField(_("WAPE"), null=True, help_text=_("Sum of absolute errors / sum of demand."))
    bias = models.FloatField(_("bias"), null=True, help_text=_("Forecast - demand, pieces a day."))
    pinball = models.FloatField(_("pinball loss"), null=True, help_text=_("Per piece asked for."))
    naive_pinball = models.FloatField(_("pinball loss of the naive forecast"), null=True)

    objects = AccuracyQuerySet.as_manager()

    class Meta:
        verbose_name = _("accuracy")
        verbose_name_plural = _("accuracies")
        constraints = [
            models.UniqueConstraint(fields=["run", "product", "warehouse"], name="forecasting_accuracy_once")
        ]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}"
