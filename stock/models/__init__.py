"""Warehouses, who may enter them, and the ledger of what is in them."""

from stock.models.ledger import Allocation, StockLevel, StockMovement, StockSnapshot
from stock.models.set_asides import SetAside
from stock.models.transfers import Transfer, TransferLine
from stock.models.warehouses import ClosedDay, Warehouse, WarehouseAccess

__all__ = [
    "Allocation",
    "ClosedDay",
    "SetAside",
    "StockLevel",
    "StockMovement",
    "StockSnapshot",
    "Transfer",
    "TransferLine",
    "Warehouse",
    "WarehouseAccess",
]
