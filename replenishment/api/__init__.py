"""Reorder points, suggestions and the shop's first integration over the API."""

from replenishment.api.backtests import BacktestViewSet
from replenishment.api.inventory import InventoryView, InventoryWarningView
from replenishment.api.kpis import KpiViewSet
from replenishment.api.plan import ReorderPointViewSet, SuggestionViewSet
from replenishment.api.policies import PolicyViewSet
from replenishment.api.suppliers import SupplierScorecardViewSet
from replenishment.api.what_if import WhatIfView

ROUTES = {
    "backtests": BacktestViewSet,
    "kpis": KpiViewSet,
    "policies": PolicyViewSet,
    "reorder-points": ReorderPointViewSet,
    "suggestions": SuggestionViewSet,
    "supplier-scorecards": SupplierScorecardViewSet,
}
VIEWS = {"inventory": InventoryView, "inventory/warning": InventoryWarningView, "v1/what-if": WhatIfView}
