"""Which models are in use and why, and what is forecast for more than one item."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product
from forecasting.querysets import AggregateForecastQuerySet, ModelVersionQuerySet
from inventory_site.common.models import JobRun
from stock.models import Warehouse


class ModelVersion(models.Model):
    """What a night did with the trained models; kept for ever, while the models themselves are pruned."""

    class Kind(models.TextChoices):
        RETRAIN = "retrain", _("trained anew")
        REFRESH = "refresh", _("used again")
        KEPT = "kept", _("trained anew, but the older ones were better")

    run = models.OneToOneField(JobRun, models.PROTECT, related_name="model_version", verbose_name=_("run"))
    kind = models.CharField(_("what was done"), max_length=8, choices=Kind)
    trained_on = models.DateField(_("models trained on"), help_text=_("The last day whose demand they have seen."))
    reason = models.CharField(_("why"), max_length=20)
    score = models.FloatField(
        _("loss of the models in use"), null=True, help_text=_("Pinball loss a piece on origins held out from both.")
    )
    other_score = models.FloatField(_("loss of the models not used"), null=True)
    loss = models.FloatField(_("loss of the last week's forecasts"), null=True, help_text=_("Pinball loss a piece."))
    bias = models.FloatField(_("their bias"), null=True, help_text=_("(Forecast − demand) / demand."))
    drift = models.FloatField(_("drift"), default=0.0, help_text=_("From 5 on the models are trained anew."))
    pinned_by = models.CharField(_("pinned by"), max_length=150, blank=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ["-run__business_date", "-pk"]

    def __str__(self) -> str:
        return f"{self.run}: {self.get_kind_display()}"


class StockOutRegression(models.Model):
    """What past forecasts taught one run about the chance of a stock-out; used only where it judged better."""

    run = models.OneToOneField(JobRun, models.CASCADE, related_name="stock_out_regression", verbose_name=_("run"))
    coefficients = models.JSONField(_("coefficients"), help_text=_("Of the standardised inputs; the intercept first."))
    examples = models.PositiveIntegerField(_("windows learned from"))
    own_brier = models.FloatField(
        _("Brier score of the forecasts alone"), null=True,
        help_text=_("On the newest windows; empty where there were too few to tell."),
    )  # fmt: skip
    brier = models.FloatField(_("Brier score of the regression"), null=True)
    is_used = models.BooleanField(_("used"), default=False)

    class Meta:
        verbose_name = _("regression of stock-outs")
        verbose_name_plural = _("regressions of stock-outs")

    def __str__(self) -> str:
        return str(self.run)


class LevelModel(models.Model):
    """The models of one level of the hierarchy; used for a week."""

    level = models.CharField(_("level"), max_length=20, unique=True)
    trained_on = models.DateField(_("trained on"))
    data = models.BinaryField()

    class Meta:
        verbose_name = _("models of a level")
        verbose_name_plural = _("models of levels")

    def __str__(self) -> str:
        return self.level


class AggregateForecast(models.Model):
    """The forecast of several items together. Means add up from the items; quantiles are calibrated level by level."""

    class Level(models.TextChoices):
        PRODUCT = "product", _("product in all warehouses")
        CATEGORY = "category", _("category in all warehouses")
        CATEGORY_HERE = "category_here", _("category in a warehouse")
        WAREHOUSE = "warehouse", _("warehouse")
        ALL = "all", _("everything")

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="aggregate_forecasts", verbose_name=_("run"))
    level = models.CharField(_("level"), max_length=20, choices=Level)
    key = models.CharField(_("key"), max_length=200)
    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("product")
    )  # fmt: skip
    category = models.ForeignKey(
        Category, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("warehouse")
    )
    items = models.PositiveIntegerField(_("items"))
    method = models.CharField(_("method of the quantiles"), max_length=40)
    first_on = models.DateField(_("first day"))
    mean = models.JSONField(_("mean by day"), help_text=_("The sum of the items' means."))
    quantiles = models.JSONField(
        _("quantiles by day"), help_text=_("A list of 0.5, 0.8, 0.9, 0.95 and 0.98 for each day.")
    )
    total_mean = models.FloatField(_("demand of all days, mean"))
    total_quantiles = models.JSONField(
        _("demand of all days, quantiles"), help_text=_("0.5, 0.8, 0.9, 0.95, 0.98 and 0.99.")
    )
    own_total_mean = models.FloatField(_("mean before it was made to add up"))

    objects = AggregateForecastQuerySet.as_manager()

    class Meta:
        verbose_name = _("forecast of several items")
        verbose_name_plural = _("forecasts of several items")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "level", "key"], name="forecasting_aggregate_once"),
        ]
        indexes = [models.Index(fields=["run", "level"], name="forecasting_aggregate_level")]

    def __str__(self) -> str:
        return f"{self.get_level_display()} {self.key}"
