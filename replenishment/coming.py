"""What is on its way to one shelf: bought and not received, shipped by another warehouse and not here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from orders.models import PurchaseOrderLine
from stock.models import StockLevel, TransferLine


@dataclass(frozen=True)
class Coming:
    """Pieces of one document; ``page`` is the admin's address of its kind, ``source`` who sends them."""

    number: str
    page: str
    pk: int
    source: str
    quantity: int
    expected_on: date | None


def coming_to(level: StockLevel) -> list[Coming]:
    """The earliest first, those without a date last."""
    bought = PurchaseOrderLine.objects.on_order().filter(order__warehouse=level.warehouse_id, product=level.product_id)
    sent = TransferLine.objects.on_the_way().filter(transfer__destination=level.warehouse_id, product=level.product_id)
    found = [_bought(line) for line in bought.select_related("order__supplier")]
    found += [_sent(line) for line in sent.select_related("transfer__source")]
    return sorted(found, key=lambda row: (row.expected_on is None, row.expected_on or date.max, row.number))


def _bought(line: PurchaseOrderLine) -> Coming:
    order = line.order
    page = "admin:orders_purchaseorder_change"
    due_on = line.promised_on or order.expected_on
    return Coming(order.number, page, order.pk, str(order.supplier), line.outstanding, due_on)


def _sent(line: TransferLine) -> Coming:
    transfer = line.transfer
    page = "admin:stock_transfer_change"
    return Coming(transfer.number, page, transfer.pk, str(transfer.source), line.in_transit, transfer.expected_on)
