"""The plan in the admin: where each item stands, what to order and why, and how to plan what."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import F
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    MultipleChoicesDropdownFilter,
    RangeDateFilter,
    RangeNumericFilter,
)
from unfold.decorators import display

from inventory_site.common.admin import ReadOnlyAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.admin_lists import FindsItems, ShowsSparks
from inventory_site.common.models import ShopSettings
from replenishment import (  # noqa: F401  they register themselves
    admin_lanes,
    admin_policies,
    admin_suggestions,
    admin_suppliers,
    chances,
    plan_notes,
)
from replenishment.admin_filters import AbcFilter, PercentRangeFilter, XyzFilter
from replenishment.models import (
    InventoryPosition,
    KpiSnapshot,
    LeadTime,
    ReorderPoint,
)
from replenishment.small_charts import stock_sparks
from stock.models import Warehouse

STATUS_COLOURS = {
    "out": "danger", "order": "warning", "runs_out": "warning", "ok": "success", "overstock": "info", "dead": "info",
    "unplanned": "",
}  # fmt: skip
SHORT_STATUS = {
    "out": _("out"), "order": _("order"), "runs_out": _("runs out"), "ok": _("fine"), "overstock": _("overstock"),
    "dead": _("dead"), "unplanned": _("not planned"),
}  # fmt: skip


class PositionSheet(Sheet):
    cost_fields = ("stock_value", "overstock_value", "margin_at_risk")

    class Meta:
        model = InventoryPosition
        fields = ("product__sku", "product__name", "warehouse__code", "supplier__name", "stock_status",
                  "level__on_hand", "level__allocated", "on_order", "in_transit", "backordered", "inventory_position",
                  "reorder_point", "order_up_to_level", "daily_demand", "days_of_cover", "runs_out_on",
                  "stock_out_chance", "next_receipt_on", "abc", "xyz", "demand_pattern", "wape", "stock_value",
                  "overstock_value", "margin_at_risk")  # fmt: skip


class ReorderPointSheet(Sheet):
    cost_fields = ("unit_cost",)

    class Meta:
        model = ReorderPoint
        fields = ("product__sku", "product__name", "warehouse__code", "supplier__name", "reorder_point", "safety_stock",
                  "order_quantity", "order_up_to_level", "lead_time_days", "review_period_days", "lead_time_demand",
                  "cycle_service_level", "fill_rate", "mode", "set_by_hand", "unit_cost",
                  "run__business_date")  # fmt: skip


@admin.register(InventoryPosition)
class InventoryPositionAdmin(FindsItems, ShowsSparks, ExportsList, ReadOnlyAdmin):
    """Ordering and filters use this table's own indexed columns only: the list opens at once with 100,000 rows."""

    resource_classes = [PositionSheet]
    list_fullwidth = True
    cost_fields = ("stock_value", "overstock_value", "margin_at_risk")
    list_display = ("item", "warehouse", "status", "spark", "available", "inventory_position", "reorder_point", "cover",
                    "chance", "out_on", "classes", "demand_pattern", "supplier", "stock_value",
                    "margin_at_risk")  # fmt: skip
    list_display_links = None
    list_select_related = ("product", "warehouse", "supplier", "level")
    list_filter = (
        ("stock_status", MultipleChoicesDropdownFilter),
        AbcFilter,
        XyzFilter,
        ("demand_pattern", MultipleChoicesDropdownFilter),
        ("warehouse", VisibleRelatedFilter),
        ("supplier", AutocompleteSelectFilter),
        ("days_of_cover", RangeNumericFilter),
        ("stock_out_chance", PercentRangeFilter),
        ("wape", RangeNumericFilter),
    )
    sortable_by = ("inventory_position", "cover", "out_on", "chance", "stock_value", "margin_at_risk", "status")
    ordering = ("-margin_at_risk", "-pk")
    search_fields = ("product__sku",)
    fields = ("item", "warehouse", "supplier", "stock_status", "inventory_position", "on_order", "in_transit",
              "backordered", "reorder_point", "order_up_to_level", "daily_demand", "days_of_cover", "runs_out_on",
              "stock_out_chance", "next_receipt_on", "last_demand_on", "abc", "xyz", "demand_pattern", "wape",
              "stock_value", "overstock_value", "margin_at_risk", "run", "refreshed_at")  # fmt: skip
    readonly_fields = ("item",)

    @display(description=_("product"))
    def item(self, position: InventoryPosition) -> str:
        return product_cell(position.product)

    def sparks_of(self, request, rows):
        found = stock_sparks(rows, ShopSettings.objects.load().today())
        return {row.pk: found[row.product_id, row.warehouse_id] for row in rows}

    @display(description=_("status"), ordering="stock_status", label=STATUS_COLOURS)
    def status(self, position: InventoryPosition) -> tuple[str, str]:
        return position.stock_status, SHORT_STATUS[position.stock_status]

    @display(description=_("available"))
    def available(self, position: InventoryPosition) -> int:
        return position.level.available

    @display(description=_("days of cover"), ordering="days_of_cover")
    def cover(self, position: InventoryPosition) -> str:
        return "–" if position.days_of_cover is None else f"{position.days_of_cover:.0f}"

    @display(description=_("runs out"), ordering="runs_out_on")
    def out_on(self, position: InventoryPosition) -> str:
        return date_format(position.runs_out_on, "SHORT_DATE_FORMAT") if position.runs_out_on else "–"

    @display(description=_("stock-out"), ordering=F("stock_out_chance").asc(nulls_first=True))
    def chance(self, position: InventoryPosition) -> str:
        return chances.percent(position.stock_out_chance)

    @display(description=_("class"))
    def classes(self, position: InventoryPosition) -> str:
        return " · ".join(filter(None, (position.abc, position.xyz))) or "–"


@admin.register(ReorderPoint)
class ReorderPointAdmin(FindsItems, ExportsList, ReadOnlyAdmin):
    resource_classes = [ReorderPointSheet]
    cost_fields = ("unit_cost",)
    list_display = ("item", "warehouse", "reorder_point", "safety_stock", "order_quantity", "order_up_to_level",
                    "lead_time_days", "target", "mode", "set_by_hand", "run")  # fmt: skip
    list_display_links = ("reorder_point",)
    list_select_related = ("product", "warehouse", "run")
    list_filter = (("warehouse", VisibleRelatedFilter), "set_by_hand", "mode", "target", "rule")
    search_fields = ("product__sku",)
    ordering = ("-run", "pk")
    readonly_fields = ("item", "said")
    exclude = ("product", "notes")

    @display(description=_("product"))
    def item(self, row: ReorderPoint) -> str:
        return product_cell(row.product)

    @display(description=_("notes"))
    def said(self, row: ReorderPoint) -> str:
        return " ".join(plan_notes.sentences(row.notes)) or "–"


@admin.register(LeadTime)
class LeadTimeAdmin(ReadOnlyAdmin):
    list_display = ("supplier", "product", "mean_days", "std_days", "receipts", "run")
    list_select_related = ("supplier", "product", "run")
    list_filter = (("supplier", AutocompleteSelectFilter),)
    search_fields = ("supplier__name", "product__sku")
    ordering = ("-run", "pk")


@admin.register(KpiSnapshot)
class KpiSnapshotAdmin(ReadOnlyAdmin):
    cost_fields = ("stock_value", "overstock_value")
    list_display = ("on_date", "warehouse", "stock_value", "overstock_value", "stocked_out_rate", "fill_rate",
                    "turnover", "days_of_cover")  # fmt: skip
    list_select_related = ("warehouse",)
    list_filter = (("warehouse", VisibleRelatedFilter), ("on_date", RangeDateFilter))
    ordering = ("-on_date", "warehouse")

    def get_queryset(self, request):
        """Snapshots have no verbs of their own; the rows of one's warehouses."""
        warehouses = Warehouse.objects.visible_to(request.user)
        return super().get_queryset(request).filter(warehouse__in=warehouses.values("pk"))
