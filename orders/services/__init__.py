"""What can be done with orders. Each call is atomic, re-reads its document under lock, then enters stock."""

from orders.services.purchases import (
    NewPurchaseLine,
    add_purchase_lines,
    cancel_purchase_order,
    confirm_purchase_order,
    create_purchase_order,
    receive_purchase_order,
    take_off_purchase_lines,
)
from orders.services.sales import (
    NewLine,
    allocate_sales_order,
    cancel_sales_order,
    place_sales_order,
    ship_sales_order,
)

__all__ = [
    "NewLine",
    "NewPurchaseLine",
    "add_purchase_lines",
    "allocate_sales_order",
    "cancel_purchase_order",
    "cancel_sales_order",
    "confirm_purchase_order",
    "create_purchase_order",
    "place_sales_order",
    "receive_purchase_order",
    "ship_sales_order",
    "take_off_purchase_lines",
]
