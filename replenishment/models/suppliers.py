"""How suppliers keep their word, as the newest run found it."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import Supplier
from replenishment.querysets import SupplierScoreQuerySet
from stock.models import Warehouse

RATE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class SupplierScore(models.Model):
    """Over the year up to ``until_on``: one row a supplier and warehouse, and one of all warehouses (None) together.

    Written by the nightly job.
    """

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="scores", verbose_name=_("supplier"))
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("warehouse"),
        help_text=_("Empty: all warehouses together."),
    )  # fmt: skip
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

    objects = SupplierScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("supplier scorecard")
        verbose_name_plural = _("supplier scorecards")
        ordering = ["supplier__name"]
        constraints = [
            models.UniqueConstraint("supplier", Coalesce("warehouse", 0), name="replenishment_score_once"),
        ]

    def __str__(self) -> str:
        return str(self.supplier)
