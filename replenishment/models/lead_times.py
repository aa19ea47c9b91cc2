"""How long suppliers take."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Supplier
from inventory_site.common.models import JobRun


class LeadTime(models.Model):
    """Learned from confirmation to receipt; one row per run, supplier and product (empty: the supplier as a whole)."""

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="lead_times", verbose_name=_("run"))
    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="lead_times", verbose_name=_("supplier"))
    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="lead_times", verbose_name=_("product")
    )
    mean_days = models.FloatField(_("mean, days"))
    std_days = models.FloatField(_("standard deviation, days"))
    receipts = models.PositiveIntegerField(_("receipts"), default=0)
    distribution = models.JSONField(_("distribution"), help_text=_("Days and their probabilities."))

    class Meta:
        verbose_name = _("lead time")
        verbose_name_plural = _("lead times")
        constraints = [
            models.UniqueConstraint("run", "supplier", Coalesce("product", 0), name="replenishment_leadtime_once")
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.mean_days:.1f} d"
