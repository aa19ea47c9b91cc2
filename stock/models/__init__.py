"""Warehouses, who may enter them, the ledger of what is in them, and how it is counted."""

from stock.models.count_plans import CountNeed
from stock.models.counts import Bin, CountEntry, CountLine, PlaceChange, StockCount
from stock.models.ledger import Allocation, StockLevel, StockMovement, StockSnapshot
from stock.models.set_asides import DamagePhoto, SetAside
from stock.models.transfers import Transfer, TransferLine
from stock.models.warehouses import ClosedDay, Warehouse, WarehouseAccess

__all__ = [
    "Allocation",
    "Bin",
    "ClosedDay",
    "CountEntry",
    "CountLine",
    "CountNeed",
    "DamagePhoto",
    "PlaceChange",
    "SetAside",
    "StockCount",
    "StockLevel",
    "StockMovement",
    "StockSnapshot",
    "Transfer",
    "TransferLine",
    "Warehouse",
    "WarehouseAccess",
]
