"""A stock level is not the sum of its movements: something wrote behind the ledger."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, AlertRule, Finding, register
from stock import triggers
from stock.models import StockLevel


@register
class LedgerOutOfBalance(AlertRule):
    code, label = "ledger_out_of_balance", _("Ledger out of balance")
    severity, action = Severity.CRITICAL, Action.CHECK
    doubts_stock = True
    sentences = {
        "ledger_out_of_balance": _(
            "%(sku)s in %(warehouse)s: the level says %(on_hand)s on hand and %(allocated)s allocated, the ledger "
            "%(moved)s and %(promised)s. Run “manage.py verify_ledger” and tell whoever writes to the database."
        ),
        "level_differs": _(
            "%(sku)s in %(warehouse)s: the level says %(on_hand)s on hand, %(allocated)s allocated and %(unsellable)s "
            "unsellable, the ledger %(moved)s, %(promised)s and %(aside)s. Run “manage.py verify_ledger” and tell "
            "whoever writes to the database."
        ),
        "ledger_trigger_missing": _(
            "The database trigger %(trigger)s is missing, so the ledger could be changed in silence. "
            "Run “manage.py migrate”."
        ),
    }

    def findings(self):
        for level in StockLevel.objects.differing_from_ledger().select_related("product", "warehouse").order_by("pk"):
            yield Finding(
                subject=f"level:{level.pk}",
                warehouse_id=level.warehouse_id,
                product_id=level.product_id,
                terms={
                    "sku": level.product.sku,
                    "warehouse": level.warehouse.name,
                    "on_hand": level.on_hand,
                    "moved": level.moved,
                    "allocated": level.allocated,
                    "promised": level.promised,
                    "unsellable": level.unsellable,
                    "aside": level.aside,
                },
                code="level_differs",
            )
        for name in sorted(triggers.missing()):
            yield Finding(f"trigger:{name}", {"trigger": name}, code="ledger_trigger_missing")
