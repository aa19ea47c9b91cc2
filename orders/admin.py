"""Orders and daily demand in the admin."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RangeDateFilter,
)
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from inventory_site.common.admin import (
    NeverDeleted,
    ReadOnlyAdmin,
    ShelfAdmin,
    ShopTimeFilter,
    VisibleRelatedFilter,
    product_cell,
)
from inventory_site.common.admin_export import ExportsList
from inventory_site.common.numbers import amount
from orders import finding_admin, import_admin, interest_admin, purchase_admin, return_admin  # noqa: F401  they register themselves
from orders.admin_acts import CUSTOMER_ACTS, SALES_ACTS
from orders.admin_new import NewSalesPage, make_sale
from orders.export_sheets import DemandSheet, SalesLineSheet, SalesSheet
from orders.models import Customer, DailyDemand, SalesChannel, SalesOrder
from orders.order_page import STAGE_COLOURS, order_page
from orders.sales_lines_page import CHANGE_LINES, ChangesSalesLines

State, Stage = SalesOrder.State, SalesOrder.Stage


class StageFilter(admin.SimpleListFilter):
    """By what people see of an order; narrowed by state first, so that only those rows are looked at closely."""

    title = _("stage")
    parameter_name = "stage"
    states: ClassVar[dict[str, str]] = {
        Stage.PLACED: State.OPEN, Stage.ALLOCATED: State.OPEN, Stage.PARTLY_SHIPPED: State.OPEN,
        Stage.SHIPPED: State.CLOSED, Stage.RETURNED: State.CLOSED,
    }  # fmt: skip

    def lookups(self, request, model_admin):
        return Stage.choices

    def queryset(self, request, queryset):
        stage = self.value()
        if stage not in Stage.values:
            return queryset
        return queryset.filter(state=self.states.get(stage, stage)).filter(stage=stage)


class WaitingFilter(admin.SimpleListFilter):
    """Open orders with pieces that no warehouse has promised."""

    title = _("waits for stock")
    parameter_name = "waits"

    def lookups(self, request, model_admin):
        return [("yes", _("yes"))]

    def queryset(self, request, queryset):
        return queryset.open().filter(pieces_backordered__gt=0) if self.value() == "yes" else queryset


@admin.register(Customer)
class CustomerAdmin(NeverDeleted, ShelfAdmin):
    list_display = ("name", "external_id", "email")
    list_display_links = ("name", "external_id")
    search_fields = ("name", "external_id", "email")
    acts = CUSTOMER_ACTS


@admin.register(SalesChannel)
class SalesChannelAdmin(NeverDeleted, ShelfAdmin):
    list_display = ("name", "code")


@admin.register(SalesOrder)
class SalesOrderAdmin(ChangesSalesLines, NewSalesPage, ExportsList, NeverDeleted, ShelfAdmin):
    resource_classes = [SalesSheet, SalesLineSheet]
    by_warehouse = True
    acts = (CHANGE_LINES, *SALES_ACTS)
    change_form_outer_before_template = "orders/order.html"
    list_display = ("number", "channel", "external_id", "customer", "stage_label", "waits_for", "money",
                    "placed_on")  # fmt: skip
    list_select_related = ("channel", "customer")
    list_filter = (
        StageFilter,
        WaitingFilter,
        ("source", ChoicesDropdownFilter),
        ("channel", VisibleRelatedFilter),
        ("placed_at", ShopTimeFilter),
    )
    search_fields = ("number", "external_id", "lines__product__sku")
    search_help_text = _("Number, number in the channel, or SKU")
    autocomplete_fields = ("customer",)
    fields = (("channel", "external_id"), ("customer", "ship_to"), ("placed_at", "source"),
              ("strategy", "reserved_until"), ("shipping_charge", "discount"))  # fmt: skip
    readonly_fields = ("channel", "external_id", "placed_at", "source", "strategy", "reserved_until",
                       "shipping_charge", "discount")  # fmt: skip

    make = staticmethod(make_sale)

    def get_queryset(self, request):
        return super().get_queryset(request).with_stage().with_total()

    def get_fields(self, request, obj=None):
        """The address is for who may see customers."""
        fields = super().get_fields(request, obj)
        if request.user.has_perm("orders.view_customer"):
            return fields
        return ["customer" if names == ("customer", "ship_to") else names for names in fields]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "ship_to":
            kwargs["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 3})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        order = self.get_object(request, object_id) if object_id else None
        page = order_page(order, request.user) if order else {}
        return super().changeform_view(request, object_id, form_url, page | (extra_context or {}))

    def save_model(self, request, obj, form, change) -> None:
        """Only what the form asks for: the order may have been shipped since it was shown."""
        order = SalesOrder.objects.locked().get(pk=obj.pk)
        for name in form.changed_data:
            setattr(order, name, form.cleaned_data[name])
        order.version += 1
        order.save(update_fields=[*form.changed_data, "version"])
        self.audit_form(request, order, form, "change")

    @display(description=_("stage"), label=STAGE_COLOURS)
    def stage_label(self, order: SalesOrder) -> tuple[str, str]:
        return order.stage, Stage(order.stage).label

    @display(description=_("waits for"), label={"waits": "warning"})
    def waits_for(self, order: SalesOrder) -> tuple[str, str] | str:
        """Only of open orders: a draft asks for nothing yet."""
        if order.state != State.OPEN or order.pieces_backordered <= 0:
            return ""
        return "waits", _g("%(n)d back-ordered") % {"n": order.pieces_backordered}

    @display(description=_("to pay"))
    def money(self, order: SalesOrder) -> str:
        if order.due == order.total:
            return f"{amount(order.due)} {order.currency}"
        told = {"due": f"{amount(order.due)} {order.currency}", "total": amount(order.total)}
        return _g("%(due)s (ordered: %(total)s)") % told

    @display(description=_("placed"), ordering="placed_at")
    def placed_on(self, order: SalesOrder) -> str:
        return date_format(localtime(order.placed_at), "SHORT_DATETIME_FORMAT")


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
