"""Nothing is available of an item that is asked for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, PositionRule, register


@register
class OutOfStock(PositionRule):
    code, label = "out_of_stock", _("Out of stock")
    severity, action = Severity.CRITICAL, Action.ORDER
    statuses = ("out",)
    sentences = {
        "out_of_stock": _(
            "%(sku)s %(product)s is out of stock in %(warehouse)s: %(daily_demand)s are asked for a day, "
            "%(on_order)s are on order, the first due on %(receipt_on)s."
        ),
        "out_of_stock_nothing_on_order": _(
            "%(sku)s %(product)s is out of stock in %(warehouse)s: %(daily_demand)s are asked for a day and "
            "nothing is on order."
        ),
    }

    def finding(self, position):
        due = position.next_receipt_on
        return self.about(
            position,
            position.margin_at_risk,
            code=self.code if position.on_order and due else f"{self.code}_nothing_on_order",
            daily_demand=round(position.daily_demand, 1),
            receipt_on=due.isoformat() if due else "",
        )
