"""What a run says of each item."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Supplier
from inventory_site.common.models import JobRun
from replenishment.querysets import ReorderPointQuerySet
from stock.models import Warehouse


class Pattern(models.TextChoices):
    """How demand comes, by Syntetos, Boylan & Croston (2005)."""

    SMOOTH = "smooth", _("smooth")
    ERRATIC = "erratic", _("erratic")
    INTERMITTENT = "intermittent", _("intermittent")
    LUMPY = "lumpy", _("lumpy")
    NONE = "none", _("no demand")


class ReorderPoint(models.Model):
    """What one run says of one item in one warehouse."""

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="reorder_points", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="reorder_points", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="reorder_points", verbose_name=_("warehouse"))
    supplier = models.ForeignKey(
        Supplier, models.SET_NULL, null=True, related_name="reorder_points", verbose_name=_("supplier")
    )
    rule = models.CharField(_("ordering rule"), max_length=10)
    cycle_service_level = models.FloatField(_("cycle service level"))
    lead_time_days = models.FloatField(_("mean lead time, days"))
    review_period_days = models.PositiveIntegerField(_("review period, days"))
    lead_time_demand = models.FloatField(_("lead-time demand, mean"))
    quantile = models.BigIntegerField(
        _("quantile of lead-time demand"), help_text=_("The reorder point before its correction for undershoot.")
    )
    safety_stock = models.BigIntegerField(_("safety stock"))
    reorder_point = models.BigIntegerField(_("reorder point"))
    order_quantity = models.BigIntegerField(_("order quantity"))
    order_up_to_level = models.BigIntegerField(_("order-up-to level"))
    min_order_quantity = models.BigIntegerField(_("minimum order quantity"), default=1)
    pack_size = models.BigIntegerField(_("pack size"), default=1)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, default=0)
    unit_price = models.DecimalField(_("price"), max_digits=12, decimal_places=2, default=0)
    set_by_hand = models.BooleanField(_("set by hand"), default=False)
    is_stocked = models.BooleanField(
        _("bought for the shelf"), default=True, help_text=_("Off: bought only for what is back-ordered already.")
    )
    is_dormant = models.BooleanField(_("not asked for in 90 days"), default=False)
    last_demand_on = models.DateField(_("last asked for"), null=True, blank=True)
    demand_pattern = models.CharField(_("demand pattern"), max_length=12, choices=Pattern, default=Pattern.NONE)
    yearly_demand = models.BigIntegerField(_("demand of the last 365 days"), default=0)
    yearly_revenue = models.DecimalField(_("revenue of the last 365 days"), max_digits=16, decimal_places=2, default=0)

    objects = ReorderPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("reorder point")
        verbose_name_plural = _("reorder points")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "product", "warehouse"], name="replenishment_rop_once")]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}: {self.reorder_point}"
