"""A purchase order as the supplier gets it: what both the PDF and the CSV say."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from catalog.models import SupplierProduct
from inventory_site.common.admin_export import harmless
from inventory_site.common.models import ShopSettings
from orders.models import PurchaseOrder, PurchaseOrderLine
from orders.money import line_amount

CSV_COLUMNS = ("order", "supplier_sku", "sku", "product", "quantity", "pack_size", "packs")
CSV_COSTS = ("unit_cost", "amount", "currency")


@dataclass(frozen=True)
class Row:
    """``quantity`` pieces without what was cancelled; ``packs`` None where they are broken."""

    supplier_sku: str
    sku: str
    name: str
    unit: str
    quantity: int
    pack_size: int
    unit_cost: Decimal
    promised_on: date | None

    @property
    def packs(self) -> int | None:
        return None if self.quantity % self.pack_size else self.quantity // self.pack_size

    @property
    def amount(self) -> Decimal:
        return line_amount(self.quantity, self.unit_cost)


@dataclass(frozen=True)
class Document:
    """Amounts are in ``currency``; ``freight`` is what the supplier's terms ask for goods of this value.

    An order of which all was cancelled has no rows, and no freight.
    """

    order: PurchaseOrder
    shop: str
    currency: str
    ordered_on: date
    rows: tuple[Row, ...]

    @property
    def goods(self) -> Decimal:
        return sum((row.amount for row in self.rows), Decimal(0))

    @property
    def freight(self) -> Decimal:
        supplier = self.order.supplier
        is_free = supplier.free_freight_from is not None and self.goods >= supplier.free_freight_from
        return Decimal(0) if is_free or not self.rows else supplier.freight_cost


def document_of(order: PurchaseOrder) -> Document:
    """Three queries; what was cancelled is not on it."""
    shop = ShopSettings.objects.load()
    lines = PurchaseOrderLine.objects.filter(order=order).select_related("product").order_by("pk")
    names = dict(
        SupplierProduct.objects.filter(supplier=order.supplier_id, product__purchase_lines__order=order)
        .values_list("product_id", "supplier_sku")
    )  # fmt: skip
    zone = ZoneInfo(order.warehouse.time_zone)
    rows = tuple(_row(line, names.get(line.product_id, "")) for line in lines if line.quantity > line.cancelled)
    ordered_at = (order.confirmed_at or order.created_at).astimezone(zone)
    return Document(order, shop.name, shop.currency, ordered_at.date(), rows)


def _row(line: PurchaseOrderLine, supplier_sku: str) -> Row:
    product = line.product
    return Row(
        supplier_sku, product.sku, product.name, product.unit, line.quantity - line.cancelled, line.pack_size,
        line.unit_cost, line.promised_on,
    )  # fmt: skip


def csv_of(document: Document, *, with_costs: bool) -> str:
    """One line a product; a supplier's program reads it, so that the names of the columns are never translated."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerows(harmless_rows(document, with_costs))
    return out.getvalue()


def harmless_rows(document: Document, with_costs: bool) -> Iterator[list[object]]:
    yield [*CSV_COLUMNS, *(CSV_COSTS if with_costs else ())]
    for row in document.rows:
        cells = [document.order.number, row.supplier_sku, row.sku, row.name, row.quantity, row.pack_size, row.packs]
        costs = [row.unit_cost, row.amount, document.currency] if with_costs else []
        yield [harmless(cell) if isinstance(cell, str) else cell for cell in (*cells, *costs)]


def title(document: Document) -> str:
    is_draft = document.order.state == PurchaseOrder.State.DRAFT
    return (_("Draft of a purchase order") if is_draft else _("Purchase order")) + f" {document.order.number}"
