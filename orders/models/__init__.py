"""Sales, purchases, returns, and the daily demand that is made of them."""

from orders.models.demand import DailyDemand, DayRevision, DemandCorrection, DemandSeries, DirtyDay
from orders.models.findings import DeliveryFinding
from orders.models.interest import CartEvent, DailyInterest
from orders.models.promises import PromisedDate, Reminder
from orders.models.purchases import PurchaseOrder, PurchaseOrderLine, Receipt
from orders.models.returns import Return, ReturnLine
from orders.models.sales import Customer, Reshaping, SalesChannel, SalesOrder, SalesOrderLine, Source

__all__ = [
    "CartEvent",
    "Customer",
    "DailyDemand",
    "DailyInterest",
    "DayRevision",
    "DeliveryFinding",
    "DemandCorrection",
    "DemandSeries",
    "DirtyDay",
    "PromisedDate",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "Receipt",
    "Reminder",
    "Reshaping",
    "Return",
    "ReturnLine",
    "SalesChannel",
    "SalesOrder",
    "SalesOrderLine",
    "Source",
]
