"""The shop's figures by day."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from stock.models import Warehouse


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
