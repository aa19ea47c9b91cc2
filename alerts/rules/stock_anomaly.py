"""Stock that is not as its ledger says: losses beyond what is usual, and shelves that nothing leaves."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from alerts.rules.base import Action, AlertRule, Finding, Threshold, register
from alerts.rules.demand_anomaly import finding_of, open_anomalies
from forecasting.models import Anomaly


@register
class StockAnomaly(AlertRule):
    code, label = "stock_anomaly", _("Stock anomaly")
    action = Action.COUNT
    doubts_stock = True
    is_live = True
    thresholds = {
        "deviations": Threshold(
            2.5, _("standard deviations"), _("The night finds losses from 3 on, frozen stock from 4, drifts from 2.5.")
        )
    }
    sentences = {
        "stock_anomaly_shrinkage": _(
            "%(sku)s %(product)s shrinks in %(warehouse)s: %(losses)s of %(corrections)s corrections since "
            "%(first_on)s took away %(seen)s pieces, where %(expected)s would be usual. Count it."
        ),
        "stock_anomaly_losses": _(
            "%(sku)s %(product)s: %(losses)s of %(corrections)s corrections in %(warehouse)s since %(first_on)s went "
            "down, %(seen)s pieces in all, where %(expected)s would be usual. Count it."
        ),
        "stock_anomaly_frozen": _(
            "%(sku)s %(product)s has not moved in %(warehouse)s since %(first_on)s, where %(expected)s pieces were "
            "expected to leave: are the %(on_hand)s on hand really there? Count it."
        ),
    }

    def findings(self) -> Iterable[Finding]:
        for row in open_anomalies(self, Anomaly.About.STOCK):
            in_doubt = row.terms.get("on_hand", 0) if row.kind == Anomaly.Kind.FROZEN else row.seen
            yield finding_of(self, row, Decimal(str(in_doubt)) * row.product.unit_cost)
