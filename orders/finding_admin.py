"""Wrong goods of deliveries in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from inventory_site.common.admin import ReadOnlyAdmin, ShopTimeFilter, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import Act
from inventory_site.common.photos import photo_cell
from orders import services
from orders.models import DeliveryFinding


def settle(request, findings: list[DeliveryFinding], data: dict) -> str:
    for finding in findings:
        services.settle_wrong_goods(finding=finding, actor=request.user)
    return _g("Settled.")


@admin.register(DeliveryFinding)
class DeliveryFindingAdmin(ReadOnlyAdmin):
    by_warehouse = True
    list_display = ("found_at", "order_number", "supplier", "what", "quantity", "note", "actor", "settled_at")
    list_select_related = ("order__supplier", "product", "actor")
    list_filter = (("found_at", ShopTimeFilter), ("order__warehouse", VisibleRelatedFilter))
    search_fields = ("order__number", "order__supplier__name", "code", "product__sku")
    fields = (("order_number", "supplier"), ("what", "quantity"), "note", ("actor", "found_at"),
              ("settled_by", "settled_at"), "picture")  # fmt: skip
    readonly_fields = ("order_number", "supplier", "what", "picture")
    acts = (
        Act("settle", _("Settled with the supplier"), "orders.change_deliveryfinding", settle, variant="primary",
            in_list=True, possible=lambda finding: finding.settled_at is None),
    )  # fmt: skip

    @display(description=_("purchase order"), ordering="order__number")
    def order_number(self, row: DeliveryFinding) -> str:
        return row.order.number

    @display(description=_("supplier"), ordering="order__supplier__name")
    def supplier(self, row: DeliveryFinding) -> str:
        return row.order.supplier.name

    @display(description=_("what came"))
    def what(self, row: DeliveryFinding) -> str:
        return product_cell(row.product) if row.product else row.code

    @display(description=_("photo"))
    def picture(self, row: DeliveryFinding) -> str:
        return photo_cell("delivery-findings-photo", row.pk) if row.photo else "–"
