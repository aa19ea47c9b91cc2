"""The inventory position has reached the reorder point: time to order."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alerts.rules.base import Action, PositionRule, register


@register
class BelowReorderPoint(PositionRule):
    code, label = "below_reorder_point", _("Inventory position at or below the reorder point")
    action = Action.ORDER
    statuses = ("order",)
    sentences = {
        "below_reorder_point": _(
            "%(sku)s %(product)s should be ordered for %(warehouse)s: the inventory position %(position)s is at or "
            "below the reorder point %(reorder_point)s, and what is available lasts until about %(runs_out_on)s."
        ),
        "below_reorder_point_lasts": _(
            "%(sku)s %(product)s should be ordered for %(warehouse)s: the inventory position %(position)s is at or "
            "below the reorder point %(reorder_point)s."
        ),
    }

    def finding(self, position):
        until = position.runs_out_on
        return self.about(
            position,
            position.margin_at_risk,
            code=self.code if until else f"{self.code}_lasts",
            position=position.inventory_position,
            reorder_point=position.reorder_point,
            runs_out_on=until.isoformat() if until else "",
        )
