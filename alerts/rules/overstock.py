"""Far more is there, or on its way, than the plan can use."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, PositionRule, Threshold, register


@register
class Overstock(PositionRule):
    code, label = "overstock", _("Overstock")
    severity, action = Severity.INFO, Action.REDUCE
    statuses = ("overstock",)
    thresholds = {"minimum_value": Threshold(20, _("money bound, at least"), _("Less surplus than this is not told."))}
    sentences = {
        "overstock": _(
            "%(sku)s %(product)s is overstocked in %(warehouse)s: %(available)s are available, enough for "
            "%(days)s days, and %(surplus_money)s are bound above what the plan needs."
        )
    }

    def finding(self, position):
        if position.overstock_value < Decimal(str(self.threshold("minimum_value", position.warehouse_id))):
            return None
        return self.about(
            position,
            position.overstock_value,
            days=round(position.days_of_cover) if position.days_of_cover is not None else "—",
            surplus_money=str(position.overstock_value),
        )
