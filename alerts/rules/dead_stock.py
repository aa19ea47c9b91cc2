"""Stock that nobody has asked for in a long time."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, PositionRule, register


@register
class DeadStock(PositionRule):
    code, label = "dead_stock", _("Dead stock")
    severity, action = Severity.INFO, Action.REDUCE
    statuses = ("dead",)
    sentences = {
        "dead_stock": _(
            "%(sku)s %(product)s lies dead in %(warehouse)s: %(available)s pieces worth %(stock_money)s, last asked "
            "for on %(last_demand_on)s."
        ),
        "dead_stock_never_asked_for": _(
            "%(sku)s %(product)s lies dead in %(warehouse)s: %(available)s pieces worth %(stock_money)s, "
            "never asked for."
        ),
    }

    def finding(self, position):
        last = position.last_demand_on
        return self.about(
            position,
            position.stock_value,
            code=self.code if last else f"{self.code}_never_asked_for",
            stock_money=str(position.stock_value),
            last_demand_on=last.isoformat() if last else "",
        )
