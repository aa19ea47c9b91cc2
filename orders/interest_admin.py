"""Views and carts in the admin: single events and what each day came to, to look at and to export."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from inventory_site.common.admin import ReadOnlyAdmin, ShopTimeFilter, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.numbers import percent
from orders.models import CartEvent, DailyInterest


class EventSheet(Sheet):
    class Meta:
        model = CartEvent
        fields = ("product__sku", "warehouse__code", "kind", "quantity", "session", "at", "external_id")


class InterestSheet(Sheet):
    class Meta:
        model = DailyInterest
        fields = ("product__sku", "warehouse__code", "on_date", "views", "adds", "abandoned")


@admin.register(CartEvent)
class CartEventAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [EventSheet]
    by_warehouse = True
    list_display = ("at", "item", "kind", "quantity", "warehouse", "session")
    list_select_related = ("product", "warehouse")
    list_filter = (("kind", ChoicesDropdownFilter), ("warehouse", VisibleRelatedFilter), ("at", ShopTimeFilter))
    search_fields = ("=product__sku", "=external_id")
    search_help_text = _("The whole SKU or number")
    fields = ("item", "warehouse", "kind", "quantity", "session", "at", "external_id", "recorded_at")
    readonly_fields = ("item",)

    @display(description=_("product"))
    def item(self, event: CartEvent) -> str:
        return product_cell(event.product)


@admin.register(DailyInterest)
class DailyInterestAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [InterestSheet]
    by_warehouse = True
    list_display = ("on_date", "item", "warehouse", "views", "adds", "abandoned", "rate")
    list_select_related = ("product", "warehouse")
    list_filter = (("on_date", RangeDateFilter), ("warehouse", VisibleRelatedFilter))
    search_fields = ("=product__sku",)
    search_help_text = _("The whole SKU")
    fields = ("on_date", "item", "warehouse", "views", "adds", "abandoned", "rate")
    readonly_fields = ("item", "rate")

    @display(description=_("product"))
    def item(self, day: DailyInterest) -> str:
        return product_cell(day.product)

    @display(description=_("abandonment rate"))
    def rate(self, day: DailyInterest) -> str:
        return percent(day.abandoned / day.adds if day.adds else None, 0)
