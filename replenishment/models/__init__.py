"""How much to order, when, and why."""

from replenishment.models.backtests import Backtest, BacktestPart, BacktestResult
from replenishment.models.kpis import KeyFigures, KpiSnapshot
from replenishment.models.lanes import TransferLane
from replenishment.models.lead_times import LeadTime
from replenishment.models.plans import Pattern, ReorderPoint
from replenishment.models.policies import Policy, PolicyMeasure, PolicyMode, PolicyModeChange
from replenishment.models.positions import InventoryPosition
from replenishment.models.suggestions import Suggestion
from replenishment.models.suppliers import SupplierScore

__all__ = [
    "Backtest",
    "BacktestPart",
    "BacktestResult",
    "InventoryPosition",
    "KeyFigures",
    "KpiSnapshot",
    "LeadTime",
    "Pattern",
    "Policy",
    "PolicyMeasure",
    "PolicyMode",
    "PolicyModeChange",
    "ReorderPoint",
    "Suggestion",
    "SupplierScore",
    "TransferLane",
]
