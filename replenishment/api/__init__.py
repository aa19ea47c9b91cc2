"""Reorder points, suggestions and the shop's first integration over the API."""

from replenishment.api.backtests import BacktestViewSet
from replenishment.api.inventory import InventoryView, InventoryWarningView
from replenishment.api.plan import ReorderPointViewSet, SuggestionViewSet

ROUTES = {"backtests": BacktestViewSet, "reorder-points": ReorderPointViewSet, "suggestions": SuggestionViewSet}
VIEWS = {"inventory": InventoryView, "inventory/warning": InventoryWarningView}
