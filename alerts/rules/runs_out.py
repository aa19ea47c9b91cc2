"""What is available will not last to the next receipt, although enough is on order."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alerts.rules.base import Action, PositionRule, register


@register
class RunsOut(PositionRule):
    code, label = "runs_out", _("Runs out before the next receipt")
    action = Action.CHASE
    statuses = ("runs_out",)
    sentences = {
        "runs_out": _(
            "%(sku)s %(product)s runs out in %(warehouse)s on %(runs_out_on)s: %(available)s are available, and the "
            "first of the %(on_order)s on order are expected on %(receipt_on)s."
        )
    }

    def finding(self, position):
        if not position.runs_out_on or not position.next_receipt_on:
            return None
        return self.about(
            position,
            position.margin_at_risk,
            runs_out_on=position.runs_out_on.isoformat(),
            receipt_on=position.next_receipt_on.isoformat(),
        )
