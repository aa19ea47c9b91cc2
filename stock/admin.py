"""Warehouses and their ledger in the admin: levels and movements are looked at, and changed through services."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter, RangeNumericFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from inventory_site.common.admin import (
    NeverDeleted,
    ReadOnlyAdmin,
    ShelfAdmin,
    ShopTimeFilter,
    VisibleRelatedFilter,
    product_cell,
)
from inventory_site.common.admin_acts import Act
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.admin_lists import FindsItems
from stock import services, transfer_admin  # noqa: F401  transfers register themselves
from stock.count_admin import COUNT_ACTS
from stock.models import Allocation, ClosedDay, StockLevel, StockMovement, Warehouse, WarehouseAccess
from stock.services.ledger import OF_DOCUMENTS
from stock.set_aside_admin import SET_ASIDE_ACTS

Reason = StockMovement.Reason


class AdjustForm(forms.Form):
    quantity = forms.IntegerField(
        label=_("change"), widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "text", "autocomplete": "off"})
    )
    reason = forms.ChoiceField(
        label=_("reason"),
        choices=[(r.value, r.label) for r in (Reason.ADJUSTMENT, Reason.WRITE_OFF)],
        widget=UnfoldAdminSelectWidget,
    )
    reference = forms.CharField(
        label=_("why"), max_length=120, help_text=_("Found, broken, stolen, …"), widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, data, level: StockLevel):
        super().__init__(data)
        told = _g("-3 takes three off, 3 adds three. On hand now: %(number)d.") % {"number": level.on_hand}
        self.fields["quantity"].help_text = told


class CountForm(forms.Form):
    counted = forms.IntegerField(
        label=_("counted just now"),
        min_value=0,
        help_text=_("All that is in the building, promised pieces too. The difference is posted."),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


def adjust(request, levels: list[StockLevel], data: dict) -> str:
    level = levels[0]
    services.adjust(
        product=level.product, warehouse=level.warehouse, quantity=data["quantity"], reason=data["reason"],
        reference=data["reference"], actor=request.user,
    )  # fmt: skip
    return _now(level)


def count(request, levels: list[StockLevel], data: dict) -> str:
    level = levels[0]
    services.set_on_hand(product=level.product, warehouse=level.warehouse, counted=data["counted"], actor=request.user)
    return _now(level)


def _now(level: StockLevel) -> str:
    level.refresh_from_db(fields=["on_hand"])
    return _g("%(item)s: %(number)d on hand now.") % {"item": level, "number": level.on_hand}


def reverse(request, movements: list[StockMovement], data: dict) -> str:
    for movement in movements:
        services.reverse_movement(movement=movement, actor=request.user)
    done = len(movements)
    return ngettext("%(n)d movement reversed.", "%(n)d movements reversed.", done) % {"n": done}


class LevelSheet(Sheet):
    class Meta:
        model = StockLevel
        fields = ("product__sku", "product__name", "warehouse__code", "on_hand", "allocated", "unsellable")


class MovementSheet(Sheet):
    class Meta:
        model = StockMovement
        fields = ("level__product__sku", "level__warehouse__code", "quantity", "reason", "reference",
                  "actor__username", "effective_at", "recorded_at")  # fmt: skip


@admin.register(Warehouse)
class WarehouseAdmin(NeverDeleted, ShelfAdmin):
    list_display = ("name", "code", "country", "time_zone", "priority", "is_active")
    search_fields = ("name", "code")

    def allowed_among(self, request, permission, rows):
        allowed = set(Warehouse.objects.visible_to(request.user, permission).values_list("pk", flat=True))
        return [row for row in rows if row.pk in allowed]


class ClosedDaySheet(Sheet):
    class Meta:
        model = ClosedDay
        fields = ("warehouse__code", "on_date", "announced_on", "reason")


@admin.register(ClosedDay)
class ClosedDayAdmin(ExportsList, ShelfAdmin):
    resource_classes = [ClosedDaySheet]
    by_warehouse = True
    list_display = ("on_date", "warehouse", "reason", "announced_on")
    list_select_related = ("warehouse",)
    list_filter = (("warehouse", VisibleRelatedFilter), ("on_date", RangeDateFilter))
    search_fields = ("reason",)


@admin.register(WarehouseAccess)
class WarehouseAccessAdmin(ShelfAdmin):
    list_display = ("user", "warehouse", "role")
    list_select_related = ("user", "warehouse")
    list_filter = ("role", ("warehouse", VisibleRelatedFilter))
    search_fields = ("user__username",)
    autocomplete_fields = ("user",)


@admin.register(StockLevel)
class StockLevelAdmin(FindsItems, ExportsList, ReadOnlyAdmin):
    resource_classes = [LevelSheet]
    by_warehouse = True
    list_display = ("item", "warehouse", "on_hand", "allocated", "unsellable", "available")
    list_display_links = ("warehouse",)
    list_select_related = ("product", "warehouse")
    list_filter = (("warehouse", VisibleRelatedFilter), ("on_hand", RangeNumericFilter))
    search_fields = ("product__sku", "product__name")
    fields = ("item", "warehouse", "on_hand", "allocated", "unsellable", "available")
    readonly_fields = ("item", "available")
    acts = (
        Act("adjust", _("Adjust stock"), "stock.add_stockmovement", adjust,
            form=lambda request, level: AdjustForm(request.POST or None, level), variant="primary"),
        Act("count", _("Enter a count"), "stock.add_stockmovement", count,
            form=lambda request, level: CountForm(request.POST or None)),
        *SET_ASIDE_ACTS,
        *COUNT_ACTS,
    )  # fmt: skip

    @display(description=_("product"), ordering="product__sku")
    def item(self, level: StockLevel) -> str:
        return product_cell(level.product)

    @display(description=_("available"))
    def available(self, level: StockLevel) -> int:
        return level.available


def _is_reversible(movement: StockMovement) -> bool:
    is_free = movement.reason not in OF_DOCUMENTS
    return is_free and movement.reverses_id is None and not hasattr(movement, "reversed_by")


@admin.register(StockMovement)
class StockMovementAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [MovementSheet]
    by_warehouse = True
    list_display = ("effective_at", "item", "where", "signed", "reason", "reference", "actor")
    list_select_related = ("level__product", "level__warehouse", "actor")
    list_filter = (
        ("reason", ChoicesDropdownFilter),
        ("level__warehouse", VisibleRelatedFilter),
        ("effective_at", ShopTimeFilter),
    )
    search_fields = ("reference", "level__product__sku")
    fields = ("item", "where", "quantity", "reason", "reference", "actor", "effective_at", "recorded_at", "reverses")
    readonly_fields = ("item", "where")
    acts = (
        Act("reverse", _("Reverse"), "stock.add_stockmovement", reverse, variant="danger", in_list=True,
            possible=_is_reversible),
    )  # fmt: skip

    @display(description=_("product"), ordering="level__product__sku")
    def item(self, movement: StockMovement) -> str:
        return product_cell(movement.level.product)

    @display(description=_("warehouse"))
    def where(self, movement: StockMovement) -> str:
        return movement.level.warehouse.name

    @display(description=_("quantity"), ordering="quantity")
    def signed(self, movement: StockMovement) -> str:
        return f"{movement.quantity:+d}"


@admin.register(Allocation)
class AllocationAdmin(ReadOnlyAdmin):
    by_warehouse = True
    list_display = ("item", "where", "quantity", "state", "created_at", "closed_at")
    list_select_related = ("level__product", "level__warehouse")
    list_filter = (("state", ChoicesDropdownFilter), ("level__warehouse", VisibleRelatedFilter))
    search_fields = ("level__product__sku",)
    fields = ("item", "where", "quantity", "state", "holder", "expires_at", "picked_at", "created_at", "closed_at")
    readonly_fields = ("item", "where")

    @display(description=_("product"))
    def item(self, allocation: Allocation) -> str:
        return product_cell(allocation.level.product)

    @display(description=_("warehouse"))
    def where(self, allocation: Allocation) -> str:
        return allocation.level.warehouse.name
