"""A supplier has not delivered by the expected date."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import DecimalField, ExpressionWrapper, F, Sum
from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, AlertRule, Finding, Threshold, register
from orders.models import PurchaseOrder


@register
class LateDelivery(AlertRule):
    code, label = "late_delivery", _("Delivery late")
    action = Action.CHASE
    thresholds = {
        "grace_days": Threshold(0, _("days of grace")),
        "critical_after_days": Threshold(7, _("critical after, days late")),
    }
    is_live = True
    sentences = {
        "late_delivery": _(
            "%(supplier)s is %(days)s days late with %(number)s for %(warehouse)s: %(pieces)s pieces were expected "
            "on %(expected_on)s."
        ),
        "late_delivery_one_day": _(
            "%(supplier)s is a day late with %(number)s for %(warehouse)s: %(pieces)s pieces were expected on "
            "%(expected_on)s."
        ),
    }

    def findings(self):
        outstanding = F("lines__quantity") - F("lines__received") - F("lines__cancelled")
        cost = ExpressionWrapper(outstanding * F("lines__unit_cost"), DecimalField(max_digits=16, decimal_places=2))
        late = PurchaseOrder.objects.late(self.today).select_related("supplier", "warehouse")
        for order in late.annotate(pieces=Sum(outstanding), cost=Sum(cost)).order_by("pk"):
            days = (self.today - order.expected_on).days
            if days > self.threshold("grace_days", order.warehouse_id) and order.pieces:
                yield self._finding(order, days)

    def _finding(self, order: PurchaseOrder, days: int) -> Finding:
        is_critical = days >= self.threshold("critical_after_days", order.warehouse_id)
        return Finding(
            subject=f"purchase_order:{order.pk}",
            code="late_delivery_one_day" if days == 1 else self.code,
            severity=Severity.CRITICAL if is_critical else 0,
            money=Decimal(order.cost or 0).quantize(Decimal("0.01")),
            warehouse_id=order.warehouse_id,
            supplier_id=order.supplier_id,
            terms={
                "supplier": order.supplier.name,
                "number": order.number,
                "order": order.pk,
                "warehouse": order.warehouse.name,
                "days": days,
                "pieces": order.pieces,
                "expected_on": order.expected_on.isoformat(),
            },
        )
