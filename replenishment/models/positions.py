"""What the shop has, needs and risks, one row a stock level."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Supplier
from inventory_site.common.models import JobRun
from replenishment.models.plans import Pattern
from replenishment.querysets import InventoryPositionQuerySet
from stock.models import StockLevel, Warehouse


class InventoryPosition(models.Model):
    """One row per stock level, written when a run is published and refreshed after each movement."""

    Pattern = Pattern

    class StockStatus(models.TextChoices):
        OUT = "out", _("out of stock")
        ORDER = "order", _("at or below the reorder point")
        RUNS_OUT = "runs_out", _("runs out before the next receipt")
        OK = "ok", _("fine")
        OVERSTOCK = "overstock", _("overstocked")
        DEAD = "dead", _("dead stock")
        UNPLANNED = "unplanned", _("not planned yet")

    level = models.OneToOneField(StockLevel, models.CASCADE, related_name="position", verbose_name=_("stock level"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="positions", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="positions", verbose_name=_("warehouse"))
    supplier = models.ForeignKey(
        Supplier, models.SET_NULL, null=True, blank=True, related_name="positions", verbose_name=_("supplier")
    )
    run = models.ForeignKey(JobRun, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("run"))
    on_order = models.BigIntegerField(_("on order"), default=0)
    in_transit = models.BigIntegerField(_("in transit"), default=0)
    backordered = models.BigIntegerField(_("back-ordered"), default=0)
    inventory_position = models.BigIntegerField(_("inventory position"), default=0, db_index=True)
    reorder_point = models.BigIntegerField(_("reorder point"), default=0)
    order_up_to_level = models.BigIntegerField(_("order-up-to level"), default=0)
    order_quantity = models.BigIntegerField(_("order quantity"), null=True, blank=True)
    daily_demand = models.FloatField(_("forecast a day"), default=0.0, db_index=True)
    days_of_cover = models.FloatField(_("days of cover"), null=True, blank=True, db_index=True)
    runs_out_on = models.DateField(_("runs out on"), null=True, blank=True, db_index=True)
    stock_out_chance = models.FloatField(
        _("chance of a stock-out"), null=True, blank=True, db_index=True,
        help_text=_("That more is asked for than is available before the next possible receipt, from 0 to 1."),
    )  # fmt: skip
    next_receipt_on = models.DateField(_("next receipt"), null=True, blank=True)
    last_demand_on = models.DateField(_("last asked for"), null=True, blank=True)
    stock_status = models.CharField(
        _("stock status"), max_length=10, choices=StockStatus, default=StockStatus.UNPLANNED, db_index=True
    )
    abc = models.CharField(_("ABC"), max_length=1, blank=True, db_index=True)
    xyz = models.CharField(_("XYZ"), max_length=1, blank=True, db_index=True)
    demand_pattern = models.CharField(
        _("demand pattern"), max_length=12, choices=Pattern, default=Pattern.NONE, db_index=True
    )
    wape = models.FloatField(_("forecast error (WAPE)"), null=True, blank=True, db_index=True)
    stock_value = models.DecimalField(_("stock value"), max_digits=16, decimal_places=2, default=0, db_index=True)
    overstock_value = models.DecimalField(
        _("overstock value"), max_digits=16, decimal_places=2, default=0, db_index=True
    )
    margin_at_risk = models.DecimalField(
        _("margin at risk"), max_digits=16, decimal_places=2, default=0, db_index=True,
        help_text=_("Expected margin lost until the next possible receipt."),
    )  # fmt: skip
    refreshed_at = models.DateTimeField(_("refreshed"), auto_now=True)

    objects = InventoryPositionQuerySet.as_manager()

    class Meta:
        verbose_name = _("inventory position")
        verbose_name_plural = _("inventory positions")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["warehouse", "stock_status"], name="replenishment_pos_status"),
            models.Index(fields=["product", "warehouse"], name="replenishment_pos_item"),
        ]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}"
