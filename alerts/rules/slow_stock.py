"""Stock that is asked for, but lasts far longer than anybody would buy it for."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, PositionRule, Threshold, register


@register
class SlowStock(PositionRule):
    code, label = "slow_stock", _("Slow stock")
    severity, action = Severity.INFO, Action.REDUCE
    statuses = ("ok",)  # what is overstocked or dead is told as that
    thresholds = {
        "days_of_cover": Threshold(365, _("days of cover, at least"), minimum=1),
        "minimum_value": Threshold(50, _("stock value, at least")),
    }
    sentences = {
        "slow_stock": _(
            "%(sku)s %(product)s moves slowly in %(warehouse)s: %(available)s are available, enough for %(days)s days, "
            "and %(stock_money)s are bound."
        )
    }

    def positions(self):
        return super().positions().filter(days_of_cover__isnull=False)

    def finding(self, position):
        place = position.warehouse_id
        if position.days_of_cover < self.threshold("days_of_cover", place):
            return None
        if position.stock_value < Decimal(str(self.threshold("minimum_value", place))):
            return None
        return self.about(
            position, position.stock_value, days=round(position.days_of_cover), stock_money=str(position.stock_value)
        )
