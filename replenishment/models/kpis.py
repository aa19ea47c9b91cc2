"""The shop's figures by day."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Supplier
from stock.models import Warehouse
from stock.querysets import InWarehouse


class KpiSnapshot(models.Model):
    """The shop's figures of one day in one warehouse; kept for ever, for trends."""

    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="kpis", verbose_name=_("warehouse"))
    on_date = models.DateField(_("date"))
    stock_value = models.DecimalField(_("stock value"), max_digits=16, decimal_places=2, default=0)
    overstock_value = models.DecimalField(_("overstock value"), max_digits=16, decimal_places=2, default=0)
    stocked_out_rate = models.FloatField(_("stock-out rate"), default=0.0, help_text=_("Share of items without stock."))
    fill_rate = models.FloatField(_("fill rate"), null=True, help_text=_("Of the last 28 days."))
    turnover = models.FloatField(
        _("turnover"), null=True, help_text=_("Cost of what was sold in a year / stock value.")
    )
    days_of_cover = models.FloatField(_("days of cover"), null=True)
    a_from = models.DecimalField(
        _("A items from"), max_digits=16, decimal_places=2, null=True,
        help_text=_("Revenue of the last 365 days from which an item is among those that make up 80 %."),
    )  # fmt: skip
    b_from = models.DecimalField(
        _("B items from"), max_digits=16, decimal_places=2, null=True, help_text=_("The same for 95 %.")
    )

    class Meta:
        verbose_name = _("KPI snapshot")
        verbose_name_plural = _("KPI snapshots")
        ordering = ["warehouse", "on_date"]
        constraints = [models.UniqueConstraint(fields=["warehouse", "on_date"], name="replenishment_kpi_once")]

    def __str__(self) -> str:
        return f"{self.warehouse} {self.on_date}"


class KeyFigures(models.Model):
    """Sums of one evening over items that are alike, of which all key figures are made; they add up over warehouses.

    A row names its warehouse, and a category, or a supplier, or neither: then it is of all items. Kept for ever.
    Windows end on the day: 28 days for demand and orders; a year for what was sold.
    """

    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="key_figures", verbose_name=_("warehouse"))
    on_date = models.DateField(_("date"))
    category = models.ForeignKey(
        Category, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    supplier = models.ForeignKey(
        Supplier, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("supplier")
    )
    items = models.PositiveIntegerField(_("items"), default=0)
    stock_value = models.FloatField(_("stock value"), default=0)
    overstock_value = models.FloatField(_("overstock value"), default=0)
    dead_value = models.FloatField(_("dead stock value"), default=0)
    yearly_cost = models.FloatField(_("cost of what was asked for in a year"), default=0)
    daily_cost = models.FloatField(_("cost of what is expected a day"), default=0)
    expected = models.FloatField(_("pieces expected that day"), default=0)
    expected_out = models.FloatField(_("of these, at times without stock"), default=0)
    lost_margin = models.FloatField(_("margin of sales lost that day, estimated"), default=0)
    asked = models.FloatField(_("asked for in 28 days"), default=0)
    shipped = models.FloatField(_("shipped in 28 days"), default=0)
    sales_lines = models.FloatField(_("sales lines in 28 days"), default=0)
    lines_fulfilled = models.FloatField(_("of these, shipped whole"), default=0)
    ordered = models.FloatField(_("ordered in 28 days"), default=0)
    cancelled = models.FloatField(_("of these, cancelled"), default=0)
    purchase_orders = models.FloatField(_("purchase orders in 28 days"), default=0)
    supply_cost = models.FloatField(_("what ordering cost in 28 days"), default=0)
    lines_due = models.FloatField(_("purchase lines due in 28 days"), default=0)
    lines_on_time = models.FloatField(_("of these, on time and in full"), default=0)
    value_by_age = models.JSONField(
        _("stock value by age"), default=list,
        help_text=_("Up to 30, 90, 180 and 365 days, and older; first in, first out."),
    )  # fmt: skip

    objects = InWarehouse.as_manager()

    class Meta:
        verbose_name = _("key figures")
        verbose_name_plural = _("key figures")
        ordering = ["warehouse", "on_date", "pk"]
        constraints = [
            models.UniqueConstraint(
                "on_date",
                "warehouse",
                Coalesce("category", 0),
                Coalesce("supplier", 0),
                name="replenishment_keyfig_once",
            )
        ]
        indexes = [models.Index(fields=["category", "supplier", "on_date"], name="replenishment_keyfig_shown")]

    def __str__(self) -> str:
        parts = [self.warehouse, self.category or self.supplier, self.on_date]
        return " ".join(str(part) for part in parts if part)
