"""Orders and daily demand in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, F, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
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
    ShelfInline,
    VisibleRelatedFilter,
    product_cell,
)
from inventory_site.common.admin_export import ExportsList, Sheet
from orders import import_admin  # noqa: F401  registers the imports
from orders.admin_acts import PURCHASE_ACTS, SALES_ACTS
from orders.admin_new import NewOrderPage, PurchaseHead, PurchaseLine, SalesHead, SalesLine, make_purchase, make_sale
from orders.errors import WrongState
from orders.models import (
    Customer,
    DailyDemand,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    SalesChannel,
    SalesOrder,
    SalesOrderLine,
)

STATE_COLOURS = {
    "open": "info", "draft": "warning", "confirmed": "info", "partly_received": "info", "closed": "success",
    "received": "success", "cancelled": "danger",
}  # fmt: skip


class PurchaseSheet(Sheet):
    class Meta:
        model = PurchaseOrder
        fields = ("number", "supplier__name", "warehouse__code", "state", "created_at", "confirmed_at", "expected_on",
                  "closed_at", "reference")  # fmt: skip


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


class PurchaseLineInline(ShelfInline):
    """Lines of a draft can still be changed; afterwards the supplier has them."""

    model = PurchaseOrderLine
    cost_fields = ("unit_cost",)
    fields = ("product", "quantity", "received", "cancelled", "unit_cost", "pack_size")
    autocomplete_fields = ("product",)
    readonly_fields = ("received", "cancelled")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("product", "order")

    def _is_open(self, order) -> bool:
        return order is not None and order.state == PurchaseOrder.State.DRAFT

    def has_add_permission(self, request, obj=None) -> bool:
        return self._is_open(obj) and request.user.has_perm("orders.change_purchaseorder")

    def has_change_permission(self, request, obj=None) -> bool:
        return self._is_open(obj) and request.user.has_perm("orders.change_purchaseorder")

    def has_delete_permission(self, request, obj=None) -> bool:
        return self._is_open(obj) and request.user.has_perm("orders.change_purchaseorder")


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


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(NewOrderPage, ExportsList, NeverDeleted, ShelfAdmin):
    resource_classes = [PurchaseSheet]
    by_warehouse = True
    new_head, new_line = PurchaseHead, PurchaseLine
    acts = PURCHASE_ACTS
    cost_fields = ("cost",)
    list_display = ("number", "supplier", "warehouse", "state_label", "lines_count", "cost", "created_on",
                    "due_on")  # fmt: skip
    list_select_related = ("supplier", "warehouse")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("warehouse", VisibleRelatedFilter),
        ("supplier", AutocompleteSelectFilter),
        ("expected_on", RangeDateFilter),
    )
    search_fields = ("number", "reference", "supplier__name")
    fields = ("number", "supplier", "warehouse", "state", "reference", "created_at", "confirmed_at", "expected_on",
              "closed_at", "source")  # fmt: skip
    inlines = (PurchaseLineInline,)

    make = staticmethod(make_purchase)

    def get_readonly_fields(self, request, obj=None):
        return [name for name in self.fields if name != "reference"]

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name.endswith("_changelist"):
            queryset = queryset.annotate(count=Count("lines"), total=Sum(F("lines__quantity") * F("lines__unit_cost")))
        return queryset

    def save_formset(self, request, form, formset, change) -> None:
        """Lines change on a draft only; a confirmation that came in between wins."""
        order = PurchaseOrder.objects.locked().get(pk=form.instance.pk)
        if formset.has_changed() and order.state != PurchaseOrder.State.DRAFT:
            raise WrongState.of(order, _("changed"))
        super().save_formset(request, form, formset, change)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, order: PurchaseOrder) -> tuple[str, str]:
        return order.state, order.get_state_display()

    @display(description=_("created"), ordering="created_at")
    def created_on(self, order: PurchaseOrder) -> str:
        return date_format(order.created_at, "SHORT_DATE_FORMAT")

    @display(description=_("expected"), ordering="expected_on")
    def due_on(self, order: PurchaseOrder) -> str:
        return date_format(order.expected_on, "SHORT_DATE_FORMAT") if order.expected_on else "–"

    @display(description=_("lines"))
    def lines_count(self, order: PurchaseOrder) -> int:
        return order.count

    @display(description=_("cost"))
    def cost(self, order: PurchaseOrder) -> str:
        return f"{order.total or 0:,.2f}"


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "item", "quantity", "order")
    list_select_related = ("line__product", "line__order")
    list_filter = (("received_at", RangeDateTimeFilter), ("line__order__warehouse", VisibleRelatedFilter))
    search_fields = ("line__order__number", "line__product__sku")
    fields = ("item", "order", "quantity", "received_at")
    readonly_fields = ("item", "order")

    @display(description=_("product"))
    def item(self, receipt: Receipt) -> str:
        return product_cell(receipt.line.product)

    @display(description=_("purchase order"))
    def order(self, receipt: Receipt) -> str:
        return receipt.line.order.number


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
