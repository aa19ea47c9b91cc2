"""What a run says of each item."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Supplier
from inventory_site.common.models import JobRun
from replenishment.models.policies import Policy, PolicyMode
from replenishment.querysets import ReorderPointQuerySet
from stock.models import Warehouse


class Pattern(models.TextChoices):
    """How demand comes, by Syntetos, Boylan & Croston (2005)."""

    SMOOTH = "smooth", _("smooth")
    ERRATIC = "erratic", _("erratic")
    INTERMITTENT = "intermittent", _("intermittent")
    LUMPY = "lumpy", _("lumpy")
    NONE = "none", _("no demand")


#: Notes of a level that least or most stock set.
LIMITED = ("least", "most", "least_above_most", "lot_above_most")


class ReorderPoint(models.Model):
    """What one run says of one item in one warehouse."""

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="reorder_points", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="reorder_points", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="reorder_points", verbose_name=_("warehouse"))
    supplier = models.ForeignKey(
        Supplier, models.SET_NULL, null=True, related_name="reorder_points", verbose_name=_("supplier")
    )
    policy = models.ForeignKey(
        Policy, models.SET_NULL, null=True, related_name="reorder_points", verbose_name=_("policy"), db_index=False
    )
    mode = models.CharField(_("mode"), max_length=10, choices=PolicyMode, default=PolicyMode.SUGGEST)
    rule = models.CharField(_("ordering rule"), max_length=10)
    target = models.CharField(_("planned by"), max_length=20, choices=Policy.Target, default=Policy.Target.CYCLE)
    cycle_service_level = models.FloatField(_("cycle service level"))
    fill_rate = models.FloatField(_("fill rate"), null=True, help_text=_("Empty where planned by another target."))
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
    maximum_stock = models.BigIntegerField(_("maximum stock"), null=True)
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
    notes = models.JSONField(
        _("notes"), default=list, help_text=_("What the plan had to take instead, or could not keep: code and terms.")
    )

    objects = ReorderPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("reorder point")
        verbose_name_plural = _("reorder points")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "product", "warehouse"], name="replenishment_rop_once")]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}: {self.reorder_point}"

    @property
    def height(self) -> int:
        """What the ordering rule looks at: the order-up-to level under (R,S), else the reorder point."""
        return self.order_up_to_level if self.rule == Policy.Rule.R_S else self.reorder_point

    @property
    def undershoot(self) -> int:
        """Pieces of the level that the correction for undershoot brought; 0 where a limit or a person set the level."""
        is_set = self.set_by_hand or any(code in LIMITED for code, _terms in self.notes)
        return 0 if is_set else max(self.height - self.quantile, 0)

    @property
    def target_rate(self) -> float:
        """The fill rate or the cycle service level that it is planned for."""
        return self.cycle_service_level if self.fill_rate is None else self.fill_rate
