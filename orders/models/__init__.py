"""Sales, purchases, returns, and the daily demand that is made of them."""

from orders.models.demand import DailyDemand, DemandCorrection, DemandSeries, DirtyDay
from orders.models.purchases import PurchaseOrder, PurchaseOrderLine, Receipt
from orders.models.returns import Return, ReturnLine
from orders.models.sales import Customer, Reshaping, SalesChannel, SalesOrder, SalesOrderLine, Source

__all__ = [
    "Customer",
    "DailyDemand",
    "DemandCorrection",
    "DemandSeries",
    "DirtyDay",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "Receipt",
    "Reshaping",
    "Return",
    "ReturnLine",
    "SalesChannel",
    "SalesOrder",
    "SalesOrderLine",
    "Source",
]
