"""Orders and daily demand in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RangeDateFilter,
    RangeDateTimeFilter,
)
from unfold.decorators import display

from inventory_site.common.admin import (
    NeverDeleted,
    ReadOnlyAdmin,
    ReadOnlyInline,
    ShelfAdmin,
    VisibleRelatedFilter,
    product_cell,
)
from inventory_site.common.admin_export import ExportsList, Sheet
from orders import import_admin, purchase_admin  # noqa: F401  they register themselves
from orders.admin_acts import SALES_ACTS
from orders.admin_new import NewOrderPage, SalesHead, SalesLine, make_sale
from orders.models import (
    Customer,
    DailyDemand,
    SalesChannel,
    SalesOrder,
    SalesOrderLine,
)

STATE_COLOURS = {
    "open": "info", "draft": "warning", "confirmed": "info", "partly_received": "info", "closed": "success",
    "received": "success", "cancelled": "danger",
}  # fmt: skip


class SalesSheet(Sheet):
    class Meta:
        model = SalesOrder
        fields = ("number", "channel__code", "external_id", "state", "source", "placed_at")


class DemandSheet(Sheet):
    class Meta:
        model = DailyDemand
        fields = ("series__product__sku", "series__warehouse__code", "on_date", "demand", "sales", "price",
                  "stocked_out_rate")  # fmt: skip


class SalesLineInline(ReadOnlyInline):
    model = SalesOrderLine
    fields = ("item", "warehouse", "quantity", "shipped", "cancelled", "promised", "waiting", "unit_price")
    readonly_fields = ("item", "promised", "waiting")

    def get_queryset(self, request):
        return super().get_queryset(request).with_allocated().select_related("product", "warehouse", "order")

    @display(description=_("product"))
    def item(self, line: SalesOrderLine) -> str:
        return product_cell(line.product)

    @display(description=_("allocated"))
    def promised(self, line: SalesOrderLine) -> int:
        return line.allocated_now

    @display(description=_("back-ordered"))
    def waiting(self, line: SalesOrderLine) -> int:
        return line.backordered if line.order.state == SalesOrder.State.OPEN else 0


@admin.register(Customer)
class CustomerAdmin(NeverDeleted, ShelfAdmin):
    list_display = ("name", "external_id", "email")
    list_display_links = ("name", "external_id")
    search_fields = ("name", "external_id", "email")


@admin.register(SalesChannel)
class SalesChannelAdmin(NeverDeleted, ShelfAdmin):
    list_display = ("name", "code")


@admin.register(SalesOrder)
class SalesOrderAdmin(NewOrderPage, ExportsList, NeverDeleted, ShelfAdmin):
    resource_classes = [SalesSheet]
    by_warehouse = True
    new_head, new_line = SalesHead, SalesLine
    acts = SALES_ACTS
    list_display = ("number", "channel", "external_id", "customer", "state_label", "source", "placed_at")
    list_select_related = ("channel", "customer")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("source", ChoicesDropdownFilter),
        ("channel", VisibleRelatedFilter),
        ("placed_at", RangeDateTimeFilter),
    )
    search_fields = ("number", "external_id")
    autocomplete_fields = ("customer",)
    fields = ("number", "channel", "external_id", "customer", "state", "source", "currency", "placed_at")
    inlines = (SalesLineInline,)

    make = staticmethod(make_sale)

    def get_readonly_fields(self, request, obj=None):
        return [name for name in self.fields if name != "customer"]

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, order: SalesOrder) -> tuple[str, str]:
        return order.state, order.get_state_display()


@admin.register(DailyDemand)
class DailyDemandAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [DemandSheet]
    list_display = ("on_date", "item", "where", "demand", "sales", "price", "stocked_out_rate")
    list_select_related = ("series__product", "series__warehouse")
    list_filter = (("on_date", RangeDateFilter), ("series__warehouse", VisibleRelatedFilter))
    search_fields = ("=series__product__sku",)
    search_help_text = _("The whole SKU")
    ordering = ("-on_date", "pk")
    fields = ("on_date", "item", "where", "demand", "sales", "price", "stocked_out_rate")
    readonly_fields = ("item", "where")

    @display(description=_("product"))
    def item(self, day: DailyDemand) -> str:
        return product_cell(day.series.product)

    @display(description=_("warehouse"))
    def where(self, day: DailyDemand) -> str:
        return day.series.warehouse.name
