"""Invoice lines where an invoice number starting with C cancels earlier ones."""

from __future__ import annotations

from django.utils.translation import gettext as _

from orders.importers.cells import BadCell
from orders.importers.formats import Kind, Row, SalesFormat

#: Postage, carriage, manual entries, discounts, samples, bad debt, fees and donations: nothing that lies on a shelf.
NOT_GOODS = frozenset({"POST", "DOT", "C2", "M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"})
GIFT_VOUCHERS = "GIFT_0001_"


class Invoices(SalesFormat):
    """Sales, cancellations (C…), and negative lines at price 0, which were write-offs."""

    name = "online_retail"
    columns = {
        "sku": ("stockcode",),
        "at": ("invoicedate",),
        "quantity": ("quantity",),
        "price": ("unitprice", "price"),
        "order": ("invoiceno", "invoice"),
        "customer": ("customerid",),
        "name": ("description",),
    }
    required = frozenset({"sku", "at", "quantity", "price", "order", "customer"})
    filled = frozenset({"order"})
    drops_duplicates = True
    nets_anonymous = False
    default_date_order = "mdy"

    def is_goods(self, sku: str) -> bool:
        code = sku.upper()
        return code not in NOT_GOODS and not code.startswith(GIFT_VOUCHERS)

    def kind_of(self, row: Row) -> Kind:
        if row.order[:1] in ("C", "c"):
            if row.quantity > 0:
                raise BadCell(_("a cancellation's quantity is negative"))
            return Kind.CANCELLATION
        if row.quantity > 0:
            return Kind.SALE
        if row.price:
            raise BadCell(_("negative, but neither a cancellation (C…) nor a write-off at price 0"))
        return Kind.WRITE_OFF
