"""What people say instead of the model, and which of the two was right."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from forecasting.querysets import OverrideQuerySet, ValueAddedQuerySet
from inventory_site.common.models import JobRun
from stock.models import Warehouse


class Override(models.Model):
    """A person's word on some days of one series. On each day the newest that is not withdrawn holds.

    Never changed: another word is another row. ``made_at`` and ``withdrawn_at`` are times of the shop's calendar.
    """

    class Kind(models.TextChoices):
        VALUE = "value", _("pieces in the whole period")
        PERCENT = "percent", _("per cent more or less than the forecast")

    product = models.ForeignKey(Product, models.CASCADE, related_name="overrides", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="overrides", verbose_name=_("warehouse"))
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.PERCENT)
    amount = models.FloatField(_("amount"), help_text=_("120 pieces in the period, or 20 for 20 % more."))
    reason = models.CharField(_("reason"), max_length=200)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="overrides", verbose_name=_("who")
    )
    made_at = models.DateTimeField(_("made"))
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("withdrawn by"),
    )  # fmt: skip
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = OverrideQuerySet.as_manager()

    class Meta:
        verbose_name = _("forecast override")
        verbose_name_plural = _("forecast overrides")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on"))
                & (Q(kind="value", amount__gte=0) | Q(kind="percent", amount__gte=-100)),
                name="forecasting_override_sane",
            )
        ]
        indexes = [models.Index(fields=["product", "warehouse", "last_on"], name="forecasting_override_item")]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse} · {self.said}"

    @property
    def said(self) -> str:
        """As people write it: “120” or “+20 %”."""
        return f"{self.amount:g}" if self.kind == self.Kind.VALUE else f"{self.amount:+g} %"


class ForecastValueAdded(models.Model):
    """One override against the model and the naive forecast, all three frozen when the forecast was made.

    ``days`` has a row for each day on which the override held: days after ``first_on``, naive, model, with override.
    The sums are of all these days; once the last of them is over, of those on which the item could be bought.
    """

    override = models.OneToOneField(
        Override, models.CASCADE, related_name="value_added", verbose_name=_("forecast override")
    )
    run = models.ForeignKey(JobRun, models.PROTECT, related_name="value_added", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="value_added", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="value_added", verbose_name=_("warehouse"))
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    days = models.JSONField(_("by day"), default=list)
    naive = models.FloatField(_("naive forecast"), null=True)
    model = models.FloatField(_("model"), null=True)
    overridden = models.FloatField(_("with override"), null=True)
    actual = models.FloatField(_("demand"), null=True)
    evaluated_on = models.DateField(_("compared on"), null=True)

    objects = ValueAddedQuerySet.as_manager()

    class Meta:
        verbose_name = _("value added by an override")
        verbose_name_plural = _("value added by overrides")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["evaluated_on", "last_on"], name="forecasting_value_due")]

    def __str__(self) -> str:
        return str(self.override)
