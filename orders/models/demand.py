"""The daily demand that is made of orders."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from orders.querysets import DailyDemandQuerySet, DemandSeriesQuerySet
from stock.models import Warehouse


class DemandSeries(models.Model):
    """Where zeros are real: from ``first_on`` up to ``closed_on`` a day without a row had no demand."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="demand_series", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="demand_series", verbose_name=_("warehouse"))
    first_on = models.DateField(_("first day"))
    closed_on = models.DateField(_("closed up to"), null=True, blank=True)

    objects = DemandSeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("demand series")
        verbose_name_plural = _("demand series")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["product", "warehouse"], name="orders_series_once")]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}"


class DailyDemand(models.Model):
    """Demand of one business day; a row only where something was asked for, returned or not in stock."""

    series = models.ForeignKey(DemandSeries, models.CASCADE, related_name="days", verbose_name=_("series"))
    on_date = models.DateField(_("date"))
    demand = models.BigIntegerField(
        _("demand"), default=0, help_text=_("What was asked for, cancellations not yet taken off.")
    )
    sales = models.BigIntegerField(_("sales"), default=0, help_text=_("What was shipped."))
    price = models.DecimalField(_("mean unit price"), max_digits=12, decimal_places=4, null=True, blank=True)
    stocked_out_rate = models.FloatField(_("share of the day without stock"), null=True, blank=True)

    objects = DailyDemandQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily demand")
        verbose_name_plural = _("daily demand")
        ordering = ["series", "on_date"]
        constraints = [
            models.UniqueConstraint(fields=["series", "on_date"], name="orders_dailydemand_once"),
            models.CheckConstraint(condition=Q(demand__gte=0, sales__gte=0), name="orders_dailydemand_not_negative"),
        ]
        indexes = [models.Index(fields=["on_date"], name="orders_dailydemand_when")]

    def __str__(self) -> str:
        return f"{self.on_date} {self.demand}"


class DemandCorrection(models.Model):
    """A cancellation or return, taken off the day of its sale but known only from ``known_on`` on."""

    series = models.ForeignKey(DemandSeries, models.CASCADE, related_name="corrections", verbose_name=_("series"))
    on_date = models.DateField(_("day of the sale"))
    known_on = models.DateField(_("known since"))
    quantity = models.BigIntegerField(_("quantity taken off"))
    source_key = models.CharField(max_length=64, unique=True, editable=False)

    class Meta:
        verbose_name = _("demand correction")
        verbose_name_plural = _("demand corrections")
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_correction_positive")]
        indexes = [models.Index(fields=["series", "on_date"], name="orders_correction_day")]

    def __str__(self) -> str:
        return f"{self.on_date} -{self.quantity}"


class DirtyDay(models.Model):
    """A closed day that was written to afterwards, a row for each writing; the next close computes just these again."""

    series = models.ForeignKey(DemandSeries, models.CASCADE, related_name="dirty_days", verbose_name=_("series"))
    on_date = models.DateField(_("date"))

    class Meta:
        verbose_name = _("day to close again")
        verbose_name_plural = _("days to close again")

    def __str__(self) -> str:
        return f"{self.on_date}"


class DayRevision(models.Model):
    """What ``DailyDemand`` said of a closed day before the close of ``known_on`` wrote something else there.

    A late order or a receipt that is dated back changes days that forecasts were made from; back-tests read this.
    """

    series = models.ForeignKey(DemandSeries, models.CASCADE, related_name="revisions", verbose_name=_("series"))
    on_date = models.DateField(_("date"))
    known_on = models.DateField(_("changed by the close of"))
    demand = models.BigIntegerField(_("demand"), default=0)
    price = models.DecimalField(_("mean unit price"), max_digits=12, decimal_places=4, null=True, blank=True)
    stocked_out_rate = models.FloatField(_("share of the day without stock"), null=True, blank=True)

    class Meta:
        verbose_name = _("revision of a day")
        verbose_name_plural = _("revisions of days")
        constraints = [
            models.UniqueConstraint(fields=["series", "on_date", "known_on"], name="orders_dayrevision_once")
        ]
        indexes = [models.Index(fields=["known_on"], name="orders_dayrevision_known")]

    def __str__(self) -> str:
        return f"{self.on_date} ← {self.known_on}"
