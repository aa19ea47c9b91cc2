"""Demand that is not what its forecast let expect, until somebody says why."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from alerts.rules.base import Action, AlertRule, Finding, Threshold, register
from forecasting.models import Anomaly

CENT = Decimal("0.01")


def open_anomalies(rule: AlertRule, about: str) -> Iterable[Anomaly]:
    """Those that are sure enough for the warehouse's setting of the rule; one query."""
    rows = Anomaly.objects.open().filter(about=about).select_related("product", "warehouse").order_by("pk")
    return (row for row in rows if row.score >= rule.threshold("deviations", row.warehouse_id))


def finding_of(rule: AlertRule, row: Anomaly, money: Decimal) -> Finding:
    """A finding with what every sentence about an anomaly is made of."""
    return Finding(
        subject=f"anomaly:{row.about}:{row.product_id}:{row.warehouse_id}",
        code=f"{rule.code}_{row.kind}",
        money=money.quantize(CENT),
        warehouse_id=row.warehouse_id,
        product_id=row.product_id,
        terms=row.terms
        | {
            "sku": row.product.sku,
            "product": row.product.name,
            "warehouse": row.warehouse.name,
            "expected": pieces(row.expected),
            "seen": pieces(row.seen),
            "first_on": row.first_on.isoformat(),
            "anomaly": row.pk,
        },
    )


def pieces(value: float) -> float | int:
    """Whole from ten on, else with a decimal."""
    return round(value) if value >= 10 or value == round(value) else round(value, 1)


@register
class DemandAnomaly(AlertRule):
    code, label = "demand_anomaly", _("Demand anomaly")
    action = Action.CHECK
    is_live = True
    thresholds = {
        "deviations": Threshold(
            4.5, _("standard deviations"), _("The night finds anomalies from 4.5 on; more here tells of fewer of them.")
        )
    }
    sentences = {
        "demand_anomaly_spike": _(
            "%(sku)s %(product)s: %(seen)s pieces were asked for on %(first_on)s in %(warehouse)s, where %(expected)s "
            "were expected. Say whether it was a one-off."
        ),
        "demand_anomaly_drop": _(
            "%(sku)s %(product)s: nothing has been asked for in %(warehouse)s since %(first_on)s, where %(expected)s "
            "pieces were expected. Look into it."
        ),
        "demand_anomaly_level_up": _(
            "%(sku)s %(product)s: a higher level in %(warehouse)s since %(first_on)s, %(seen)s pieces where "
            "%(expected)s were expected. Say whether it stays."
        ),
        "demand_anomaly_level_down": _(
            "%(sku)s %(product)s: a lower level in %(warehouse)s since %(first_on)s, %(seen)s pieces where "
            "%(expected)s were expected. Say whether it stays."
        ),
        "demand_anomaly_drift_up": _(
            "%(sku)s %(product)s: demand creeps up in %(warehouse)s since %(first_on)s, %(seen)s pieces where "
            "%(expected)s were expected. Say whether it stays."
        ),
        "demand_anomaly_drift_down": _(
            "%(sku)s %(product)s: demand dwindles in %(warehouse)s since %(first_on)s, %(seen)s pieces where "
            "%(expected)s were expected. Say whether it stays."
        ),
    }

    def findings(self) -> Iterable[Finding]:
        for row in open_anomalies(self, Anomaly.About.DEMAND):
            margin = max(row.product.price - row.product.unit_cost, Decimal(0))
            yield finding_of(self, row, Decimal(str(abs(row.seen - row.expected))) * margin)
