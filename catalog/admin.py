"""The catalogue in the admin."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter, RangeDateFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from catalog.models import Category, PriceBreak, Product, Promotion, Supplier, SupplierClosure, SupplierProduct
from inventory_site.common.admin import NeverDeleted, ShelfAdmin, ShelfInline, linked
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.admin_lists import FindsItems, ShowsSparks
from inventory_site.common.sparks import provided


class ProductSheet(Sheet):
    cost_fields = ("unit_cost",)

    class Meta:
        model = Product
        fields = ("sku", "name", "category__name", "barcode", "unit", "price", "unit_cost", "is_active", "volume_ml",
                  "shelf_life_days")  # fmt: skip


class SupplierSheet(Sheet):
    cost_fields = ("minimum_order_cost", "freight_cost", "free_freight_from")

    class Meta:
        model = Supplier
        fields = ("code", "name", "email", "phone", "address", "country", "lead_time_days", "review_period_days",
                  "weekly_capacity", "payment_days", "minimum_order_cost", "freight_cost", "free_freight_from",
                  "is_active")  # fmt: skip


class TermsInline(ShelfInline):
    model = SupplierProduct
    autocomplete_fields = ("supplier",)
    cost_fields = ("unit_cost",)
    fields = ("supplier", "supplier_sku", "unit_cost", "min_order_quantity", "pack_size", "lead_time_days",
              "is_preferred", "accepts_returns", "return_rate")  # fmt: skip
    show_change_link = True  # price breaks are entered there
    tab = True
    verbose_name_plural = _("suppliers")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("supplier", "product")


class PriceBreakInline(ShelfInline):
    model = PriceBreak
    cost_fields = ("unit_cost",)
    fields = ("min_quantity", "unit_cost")


class SupplierForm(forms.ModelForm):
    order_weekdays = forms.TypedMultipleChoiceField(
        label=_("order weekdays"), coerce=int, choices=list(WEEKDAYS.items()), required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Days on which the supplier takes orders; none: every day."),
    )  # fmt: skip


class ClosureInline(ShelfInline):
    model = SupplierClosure
    fields = ("first_on", "last_on", "reason")


class PromotionInline(ShelfInline):
    model = Promotion
    fields = ("name", "warehouse_code", "starts_on", "ends_on", "price", "announced_on")
    tab = True


@admin.register(Category)
class CategoryAdmin(ShelfAdmin):
    list_display = ("name",)
    search_fields = ("name",)


class MissingFilter(DropdownFilter):
    """Active products of which something is not known, and was assumed instead."""

    title, parameter_name = _("missing"), "missing"

    def lookups(self, request, model_admin):
        return [("cost", _("unit cost")), ("price", _("price")), ("supplier", _("supplier")), ("barcode", _("barcode"))]

    def queryset(self, request, queryset):
        asked = self.value()
        if asked == "supplier":
            sold = SupplierProduct.objects.filter(product=OuterRef("pk"), supplier__is_active=True)
            return queryset.filter(~Exists(sold), is_active=True)
        lacking = {"cost": {"unit_cost": 0}, "price": {"price": 0}, "barcode": {"barcode": ""}}.get(asked)
        return queryset.filter(is_active=True, **lacking) if lacking else queryset


@admin.register(Product)
class ProductAdmin(FindsItems, ShowsSparks, ExportsList, NeverDeleted, ShelfAdmin):
    resource_classes = [ProductSheet]
    list_display = ("sku", "name", "spark", "plan", "category", "price", "unit_cost", "is_active")
    list_display_links = ("sku",)
    list_select_related = ("category",)
    list_filter = ("is_active", ("category", AutocompleteSelectFilter), MissingFilter)
    item_path = ""
    search_fields = ("sku", "name", "barcode")
    autocomplete_fields = ("category", "replaced_by")
    cost_fields = ("unit_cost",)
    inlines = (TermsInline, PromotionInline)
    change_form_before_template = "catalog/product_links.html"
    fieldsets = (
        (None, {"fields": (("sku", "barcode"), "name", ("category", "unit"))}),
        (_("Money"), {"fields": (("price", "unit_cost"),)}),
        (_("Selling and buying"), {"fields": (("is_active", "accepts_backorders"), ("ends_on", "replaced_by"))}),
        (_("Keeping"), {"fields": (("volume_ml", "shelf_life_days"),)}),
    )

    def sparks_of(self, request, rows):
        return provided(self.list_page, request.user, [row.pk for row in rows])

    @display(description=_("plan"))
    def plan(self, product: Product) -> str:
        return linked(product, _("Plan"))


@admin.register(Supplier)
class SupplierAdmin(ExportsList, NeverDeleted, ShelfAdmin):
    resource_classes = [SupplierSheet]
    form = SupplierForm
    list_display = ("code", "name", "lead_time_days", "review_period_days", "minimum_order_cost", "is_active")
    list_display_links = ("code", "name")
    list_filter = ("is_active",)
    search_fields = ("code", "name")
    cost_fields = ("minimum_order_cost", "freight_cost", "free_freight_from")
    inlines = (ClosureInline,)
    fieldsets = (
        (None, {"fields": (("code", "name"), ("email", "phone"), "address", "is_active")}),
        (
            _("Ordering"),
            {"fields": (("lead_time_days", "review_period_days"), "order_weekdays", ("country", "weekly_capacity"))},
        ),
        (_("Money"), {"fields": (("minimum_order_cost", "payment_days"), ("freight_cost", "free_freight_from"))}),
    )


@admin.register(SupplierProduct)
class SupplierProductAdmin(FindsItems, ShelfAdmin):
    list_display = ("product", "supplier", "unit_cost", "min_order_quantity", "pack_size", "lead_time_days",
                    "is_preferred", "accepts_returns")  # fmt: skip
    list_select_related = ("product", "supplier")
    list_filter = (("supplier", AutocompleteSelectFilter), "is_preferred", "accepts_returns")
    search_fields = ("product__sku", "product__name", "supplier_sku")
    autocomplete_fields = ("product", "supplier")
    cost_fields = ("unit_cost",)
    inlines = (PriceBreakInline,)


@admin.register(Promotion)
class PromotionAdmin(ShelfAdmin):
    list_display = ("product", "name", "warehouse_code", "starts_on", "ends_on", "price", "announced_on")
    list_select_related = ("product",)
    list_filter = (("starts_on", RangeDateFilter),)
    search_fields = ("product__sku", "product__name", "name")
    autocomplete_fields = ("product",)
