"""What kind of item it is, and what a new one is planned by."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from forecasting.querysets import LaunchQuerySet, SegmentQuerySet
from inventory_site.common.models import JobRun
from stock.models import Warehouse


class SeasonalShape(models.Model):
    """A usual year that several items share: 13 periods of four weeks, the last of which ends on ``ends_on``."""

    number = models.PositiveSmallIntegerField(_("shape"), unique=True)
    ends_on = models.DateField(_("last day of the year"))
    index = models.JSONField(_("index by four weeks"), help_text=_("1 is the mean; the oldest period first."))
    members = models.PositiveIntegerField(_("items"), default=0)

    class Meta:
        verbose_name = _("seasonal shape")
        verbose_name_plural = _("seasonal shapes")
        ordering = ["number"]

    def __str__(self) -> str:
        return str(self.number)


class Segment(models.Model):
    """The classes of an item in a warehouse, judged once a month; ``since_on`` is when the last of them changed."""

    class Pattern(models.TextChoices):
        SMOOTH = "smooth", _("smooth")
        ERRATIC = "erratic", _("erratic")
        INTERMITTENT = "intermittent", _("intermittent")
        LUMPY = "lumpy", _("lumpy")
        NONE = "none", _("no demand")

    product = models.ForeignKey(Product, models.CASCADE, related_name="segments", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="segments", verbose_name=_("warehouse"))
    abc = models.CharField(_("ABC"), max_length=1, blank=True, db_index=True)
    xyz = models.CharField(_("XYZ"), max_length=1, blank=True, db_index=True)
    pattern = models.CharField(
        _("demand pattern"), max_length=12, choices=Pattern, default=Pattern.NONE, db_index=True
    )  # fmt: skip
    shape = models.PositiveSmallIntegerField(_("seasonal shape"), null=True, blank=True, db_index=True)
    since_on = models.DateField(_("since"))
    judged_on = models.DateField(_("judged"), db_index=True)
    measures = models.JSONField(
        _("measures"), default=dict,
        help_text=_("Weeks between weeks with demand, squared variation, error, and value against the border of A."),
    )  # fmt: skip
    kept = models.JSONField(
        _("kept at a border"), default=dict, help_text=_("Classes that would be others without their margin.")
    )

    objects = SegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["product", "warehouse"], name="forecasting_segment_once")]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}: {self.abc}{self.xyz} {self.pattern}"


class Launch(models.Model):
    """An item that a run planned by those like it, since it has little or no demand of its own."""

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="launches", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="launches", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="launches", verbose_name=_("warehouse"))
    age_days = models.PositiveIntegerField(_("days on offer"), default=0)
    look_alikes = models.JSONField(_("look-alikes"), default=list, help_text=_("SKUs and their shares of the start."))
    daily_start = models.FloatField(_("by look-alikes alone, a day"))
    daily_now = models.FloatField(_("with its own demand, a day"))
    own_share = models.FloatField(_("share of its own demand"), default=0.0)

    objects = LaunchQuerySet.as_manager()

    class Meta:
        verbose_name = _("new item")
        verbose_name_plural = _("new items")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "product", "warehouse"], name="forecasting_launch_once")
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse} · {self.run}"
