"""What is known of items in the hall: where they lie, how many there are, and what is coming."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from catalog.models import Product
from orders.models import PurchaseOrderLine
from stock.models import Allocation, Bin, StockLevel, TransferLine, Warehouse


def levels_of(products: Sequence[Product], halls: Sequence[Warehouse]) -> dict[int, list[dict]]:
    """By product its stock in each of these warehouses that ever had it."""
    rows = list(
        StockLevel.objects.filter(product__in=products, warehouse__in=halls).select_related("warehouse")
        .order_by("warehouse__priority", "warehouse__code")
    )  # fmt: skip
    on_tables = Allocation.objects.open().picked().filter(level__in=rows).pieces_by_level()
    places = Bin.objects.by_level(rows)
    found = defaultdict(list)
    for level in rows:
        found[level.product_id].append(
            {
                "warehouse": level.warehouse.code, "on_hand": level.on_hand, "available": level.available,
                "allocated": level.allocated, "unsellable": level.unsellable, "picked": on_tables.get(level.pk, 0),
                "bins": [{"bin": place.code, "area": place.area} for place in places[level.pk]],
            }
        )  # fmt: skip
    return found


def coming_of(products: Sequence[Product], halls: Sequence[Warehouse]) -> dict[int, list[dict]]:
    """By product what was bought or is on its way to these warehouses, the soonest first, unknown days last."""
    found = defaultdict(list)
    bought = PurchaseOrderLine.objects.on_order().filter(product__in=products, order__warehouse__in=halls)
    for line in bought.select_related("order__warehouse"):
        found[line.product_id].append(
            {
                "kind": "purchase", "number": line.order.number, "warehouse": line.order.warehouse.code,
                "quantity": line.outstanding, "on": line.promised_on or line.order.expected_on,
            }
        )  # fmt: skip
    sent = TransferLine.objects.on_the_way().filter(product__in=products, transfer__destination__in=halls)
    for line in sent.select_related("transfer__destination"):
        found[line.product_id].append(
            {
                "kind": "transfer", "number": line.transfer.number, "warehouse": line.transfer.destination.code,
                "quantity": line.in_transit, "on": line.transfer.expected_on,
            }
        )  # fmt: skip
    for rows in found.values():
        rows.sort(key=lambda row: (row["on"] or date.max, row["number"]))
    return found
