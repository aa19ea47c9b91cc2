"""A supplier takes longer than it used to: its last orders were late, or its lead time has drifted."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from alerts.rules.base import Action, AlertRule, Finding, Threshold, register
from replenishment.models import InventoryPosition, SupplierScore


@register
class SupplierDrift(AlertRule):
    code, label = "supplier_drift", _("Supplier late or slower than before")
    action = Action.CHASE
    thresholds = {"days": Threshold(1, _("days slower, at least"), minimum=1)}
    sentences = {
        "supplier_drift": _(
            "%(supplier)s takes %(days)s days longer to deliver to %(warehouse)s than before. The next plan counts "
            "with it; the scorecard shows since when."
        ),
        "supplier_drift_late": _(
            "The last three orders from %(supplier)s for %(warehouse)s were late, by %(days)s days in the middle. Ask "
            "whether the agreed lead time still holds."
        ),
    }

    def findings(self):
        at_risk = _margin_at_risk()
        scores = SupplierScore.objects.filter(warehouse__isnull=False, supplier__is_active=True)
        for score in scores.select_related("supplier", "warehouse").order_by("pk"):
            if finding := self._finding(score, at_risk):
                yield finding

    def _finding(self, score: SupplierScore, at_risk: dict[tuple[int, int], Decimal]) -> Finding | None:
        least = self.threshold("days", score.warehouse_id)
        late, drift = score.late_by_days or 0.0, score.drift_days or 0.0
        if max(late, drift) < least:
            return None
        return Finding(
            subject=f"supplier:{score.supplier_id}:{score.warehouse_id}",
            code=self.code if drift >= least else f"{self.code}_late",
            money=at_risk.get((score.supplier_id, score.warehouse_id), Decimal(0)),
            warehouse_id=score.warehouse_id,
            supplier_id=score.supplier_id,
            terms={
                "supplier": score.supplier.name,
                "warehouse": score.warehouse.name,
                "days": round(drift if drift >= least else late, 1),
            },
        )


def _margin_at_risk() -> dict[tuple[int, int], Decimal]:
    rows = InventoryPosition.objects.filter(supplier__isnull=False).order_by().values_list("supplier", "warehouse")
    return {(supplier, place): money for supplier, place, money in rows.annotate(Sum("margin_at_risk"))}
