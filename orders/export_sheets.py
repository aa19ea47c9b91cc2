"""Downloads of orders: one row for each order, or one for each line that the person may see."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from import_export.fields import Field

from inventory_site.common.admin_export import Sheet
from orders.models import DailyDemand, PurchaseOrder, PurchaseOrderLine, SalesOrder, SalesOrderLine
from orders.money import CENT


class Money(Field):
    """To the cent: SQLite computes in floats."""

    def get_value(self, instance):
        value = super().get_value(instance)
        return None if value is None else Decimal(value).quantize(CENT)


class SalesSheet(Sheet):
    hidden_fields = {"orders.view_customer": ("customer", "ship_to")}
    customer = Field("customer", "customer")
    stage = Field("stage", "stage")
    total = Money("total", "total")
    due = Money("due", "due")
    waits_for = Field("pieces_backordered", "waits_for")

    class Meta:
        model = SalesOrder
        name = _("sales orders")
        fields = ("number", "channel__code", "external_id", "customer", "ship_to", "state", "stage", "waits_for",
                  "currency", "shipping_charge", "discount", "total", "due", "source", "placed_at")  # fmt: skip
        export_order = fields


class SalesLineSheet(Sheet):
    """The lines of the orders that are exported."""

    hidden_fields = {"orders.view_customer": ("order__customer",)}
    order__customer = Field("order__customer", "order__customer")
    allocated = Field("allocated_now", "allocated")
    backordered = Field("backordered", "backordered")

    class Meta:
        model = SalesOrderLine
        name = _("lines of sales orders")
        fields = ("order__number", "order__channel__code", "order__external_id", "order__customer", "order__state",
                  "order__placed_at", "product__sku", "product__name", "warehouse__code", "quantity", "allocated",
                  "backordered", "shipped", "cancelled", "returned", "unit_price", "amount",
                  "order__currency")  # fmt: skip
        export_order = fields

    def filter_export(self, queryset, **kwargs):
        lines = SalesOrderLine.objects.visible_to(self.user).filter(order__in=queryset.order_by().values("pk"))
        lines = lines.select_related("order__channel", "order__customer", "product", "warehouse")
        return lines.with_allocated().order_by("-order", "pk")


class PurchaseSheet(Sheet):
    cost_fields = ("total_cost",)
    lines_count = Field("count", "lines")
    pieces = Field("pieces", "pieces")
    pieces_received = Field("pieces_received", "pieces_received")
    total_cost = Money("total", "total_cost")

    class Meta:
        model = PurchaseOrder
        name = _("purchase orders")
        fields = ("number", "supplier__name", "warehouse__code", "state", "created_at", "confirmed_at", "expected_on",
                  "closed_at", "reference", "lines_count", "pieces", "pieces_received", "total_cost")  # fmt: skip
        export_order = fields

    def filter_export(self, queryset, **kwargs):
        return (
            PurchaseOrder.objects.filter(pk__in=queryset.order_by().values("pk"))
            .with_sums()
            .select_related("supplier", "warehouse")
        )


class PurchaseLineSheet(Sheet):
    """The lines of the orders that are exported."""

    cost_fields = ("unit_cost",)

    class Meta:
        model = PurchaseOrderLine
        name = _("lines of purchase orders")
        fields = ("order__number", "order__supplier__name", "order__warehouse__code", "order__state",
                  "order__confirmed_at", "order__expected_on", "product__sku", "product__name", "quantity", "received",
                  "over_received", "cancelled", "unit_cost", "pack_size", "promised_on")  # fmt: skip
        export_order = fields

    def filter_export(self, queryset, **kwargs):
        lines = PurchaseOrderLine.objects.visible_to(self.user).filter(order__in=queryset.order_by().values("pk"))
        return lines.select_related("order__supplier", "order__warehouse", "product").order_by("-order", "pk")


class DemandSheet(Sheet):
    class Meta:
        model = DailyDemand
        fields = ("series__product__sku", "series__warehouse__code", "on_date", "demand", "sales", "price",
                  "stocked_out_rate")  # fmt: skip
