"""How suppliers keep their word, as the newest run found it."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Supplier
from catalog.querysets import CatalogQuerySet

RATE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class SupplierScore(models.Model):
    """One row a supplier, over the year up to ``until_on`` and all warehouses; written by the nightly job."""

    supplier = models.OneToOneField(Supplier, models.CASCADE, related_name="score", verbose_name=_("supplier"))
    until_on = models.DateField(_("until"))
    window_days = models.PositiveIntegerField(_("over days"))
    orders = models.PositiveIntegerField(_("orders"), default=0)
    lines = models.PositiveIntegerField(_("lines due"), default=0)
    on_time_rate = models.FloatField(_("on time"), null=True, blank=True, db_index=True, validators=RATE)
    in_full_rate = models.FloatField(_("in full"), null=True, blank=True, db_index=True, validators=RATE)
    on_time_in_full_rate = models.FloatField(_("on time, in full"), null=True, blank=True, validators=RATE)
    lead_time_low = models.PositiveIntegerField(_("lead time: one in ten is quicker, days"), null=True, blank=True)
    lead_time_median = models.PositiveIntegerField(_("lead time: median, days"), null=True, blank=True)
    lead_time_high = models.PositiveIntegerField(_("lead time: one in ten is slower, days"), null=True, blank=True)
    price_rate = models.FloatField(
        _("price against the year before"), null=True, blank=True, help_text=_("1.05: five per cent dearer.")
    )
    late_lines = models.PositiveIntegerField(_("lines late now"), default=0, db_index=True)
    late_pieces = models.PositiveBigIntegerField(_("pieces late now"), default=0)
    late_by_days = models.FloatField(
        _("late by, days"), null=True, blank=True,
        help_text=_("Median of the last three orders, where all three came later than is usual for the supplier."),
    )  # fmt: skip
    drift_days = models.FloatField(
        _("drift, days"), null=True, blank=True, help_text=_("What the newest orders took more than those before.")
    )
    drift_chance = models.FloatField(_("chance of seeing such a drift where there is none"), null=True, blank=True)
    weekly_capacity = models.FloatField(
        _("pieces a week"),
        null=True,
        blank=True,
        help_text=_("Learned from what was due and received; empty: no limit."),
    )

    objects = CatalogQuerySet.as_manager()

    class Meta:
        verbose_name = _("supplier scorecard")
        verbose_name_plural = _("supplier scorecards")
        ordering = ["supplier__name"]

    def __str__(self) -> str:
        return str(self.supplier)
