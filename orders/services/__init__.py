"""What can be done with orders. Each call is atomic, re-reads its document under lock, then enters stock."""

from orders.services.backorders import allocate_waiting, fulfil_backorders, lock_waiting
from orders.services.customers import forget_customer
from orders.services.drafts import change_sales_draft
from orders.services.findings import report_wrong_goods, settle_wrong_goods
from orders.services.picking import (
    pick_sales_order,
    put_back_sales_order,
    report_found,
    report_missing,
    ship_picked,
)
from orders.services.promises import promise_dates, remind_supplier
from orders.services.purchases import (
    NewPurchaseLine,
    add_purchase_lines,
    cancel_purchase_order,
    change_purchase_lines,
    confirm_purchase_order,
    create_purchase_order,
    take_off_purchase_lines,
)
from orders.services.receipts import Damaged, receive_purchase_order, undo_receipt
from orders.services.reservations import expire_reservations, hold_sales_order
from orders.services.reshaping import merge_sales_orders, newest_reshaping, split_sales_order, undo_reshaping
from orders.services.returns import Outcome, cancel_return, inspect_return, register_return, undo_return
from orders.services.sales import (
    NewLine,
    allocate_sales_order,
    cancel_sales_order,
    confirm_sales_order,
    place_sales_order,
    ship_sales_order,
)

__all__ = [
    "Damaged",
    "NewLine",
    "NewPurchaseLine",
    "Outcome",
    "add_purchase_lines",
    "allocate_sales_order",
    "allocate_waiting",
    "cancel_purchase_order",
    "cancel_return",
    "cancel_sales_order",
    "change_purchase_lines",
    "change_sales_draft",
    "confirm_purchase_order",
    "confirm_sales_order",
    "create_purchase_order",
    "expire_reservations",
    "forget_customer",
    "fulfil_backorders",
    "hold_sales_order",
    "inspect_return",
    "lock_waiting",
    "merge_sales_orders",
    "newest_reshaping",
    "pick_sales_order",
    "place_sales_order",
    "promise_dates",
    "put_back_sales_order",
    "receive_purchase_order",
    "register_return",
    "remind_supplier",
    "report_found",
    "report_missing",
    "report_wrong_goods",
    "settle_wrong_goods",
    "ship_picked",
    "ship_sales_order",
    "split_sales_order",
    "take_off_purchase_lines",
    "undo_receipt",
    "undo_reshaping",
    "undo_return",
]
