"""Purchase orders and receipts in the admin."""

from __future__ import annotations

from functools import partial

from django.contrib import admin, messages
from django.db.models import Sum
from django.http import Http404
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateFilter,
)
from unfold.decorators import display

from inventory_site.common.admin import (
    NeverDeleted,
    ReadOnlyAdmin,
    ShelfAdmin,
    ShelfInline,
    ShopTimeFilter,
    VisibleRelatedFilter,
    product_cell,
)
from inventory_site.common.admin_export import ExportsList
from inventory_site.common.numbers import amount
from orders.admin_new import NewOrderPage
from orders.errors import WrongState
from orders.export_sheets import PurchaseLineSheet, PurchaseSheet
from orders.models import PurchaseOrder, PurchaseOrderLine, Receipt
from orders.purchase_acts import PURCHASE_ACTS, RECEIPT_ACTS, problems_seen
from orders.purchase_files import TYPES, file_answer, files_answer
from orders.purchase_new import PurchaseHead, PurchaseLine, make_purchase
from orders.receive_page import RECEIVE, find_view, receive_view
from orders.services.purchases import save_purchase
from stock.label_admin import ask
from stock.label_items import PRODUCTS

State = PurchaseOrder.State
MOST_FILES = 50
STATE_COLOURS = {
    "draft": "warning", "confirmed": "info", "partly_received": "info", "received": "success", "cancelled": "danger",
}  # fmt: skip


class PurchaseLineInline(ShelfInline):
    """Lines of a draft can still be changed; afterwards the supplier has them."""

    model = PurchaseOrderLine
    cost_fields = ("unit_cost",)
    fields = ("product", "quantity", "arrived", "cancelled", "missing", "line_state", "unit_cost", "pack_size",
              "promised_on")  # fmt: skip
    autocomplete_fields = ("product",)
    readonly_fields = ("arrived", "cancelled", "missing", "line_state", "promised_on")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("product", "order")

    @display(description=_("received"))
    def arrived(self, line: PurchaseOrderLine) -> str:
        return f"{line.received} + {line.over_received}" if line.over_received else str(line.received)

    @display(description=_("outstanding"))
    def missing(self, line: PurchaseOrderLine) -> int:
        return line.outstanding if line.pk else 0

    @display(description=_("state"))
    def line_state(self, line: PurchaseOrderLine) -> str:
        """How far this line has come, in the words of its order's state."""
        if line.pk is None or line.order.state == State.DRAFT:
            return State.DRAFT.label
        if line.outstanding:
            return State.PARTLY_RECEIVED.label if line.received else State.CONFIRMED.label
        return State.RECEIVED.label if line.received else State.CANCELLED.label

    def _is_open(self, order) -> bool:
        return order is not None and order.state == PurchaseOrder.State.DRAFT

    def has_add_permission(self, request, obj=None) -> bool:
        return self._is_open(obj) and request.user.has_perm("orders.change_purchaseorder")

    def has_change_permission(self, request, obj=None) -> bool:
        return self._is_open(obj) and request.user.has_perm("orders.change_purchaseorder")

    def has_delete_permission(self, request, obj=None) -> bool:
        return self._is_open(obj) and request.user.has_perm("orders.change_purchaseorder")


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(NewOrderPage, ExportsList, NeverDeleted, ShelfAdmin):
    resource_classes = [PurchaseSheet, PurchaseLineSheet]
    by_warehouse = True
    new_head, new_line = PurchaseHead, PurchaseLine
    acts = PURCHASE_ACTS
    actions = ("as_pdf", "as_csv")
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
    change_form_before_template = "orders/purchase_before.html"
    change_form_after_template = "orders/purchase_receipts.html"

    def get_urls(self):
        find = self.admin_site.admin_view(partial(find_view, self))
        return [
            path("receive/", find, name="orders_purchaseorder_receive"),
            *(
                path(
                    f"<path:object_id>/{kind}/",
                    self.admin_site.admin_view(partial(self.file_view, kind=kind)),
                    name=f"orders_purchaseorder_{kind}",
                )
                for kind in TYPES
            ),
            path(
                "<path:object_id>/labels/",
                self.admin_site.admin_view(self.labels_view),
                name="orders_purchaseorder_labels",
            ),
            *super().get_urls(),
        ]

    def file_view(self, request, object_id: str, kind: str):
        """The order as PDF or CSV."""
        order = self.get_object(request, object_id)
        if order is None or not self.has_view_permission(request, order):
            raise Http404
        return file_answer(order, kind, request.user)

    def labels_view(self, request, object_id: str):
        """A label for each piece that was received and not taken back."""
        order = self.get_object(request, object_id)
        if order is None or not self.has_view_permission(request, order):
            raise Http404
        received = (
            Receipt.objects.filter(line__order=order, undone_at=None).order_by("line_id").values("line__product_id")
        )
        pieces = dict(received.annotate(pieces=Sum("quantity")).values_list("line__product_id", "pieces"))
        return ask(request, PRODUCTS, list(pieces), each=list(pieces.values()))

    @admin.action(description=_("PDF for the supplier"), permissions=["view"])
    def as_pdf(self, request, queryset):
        return self._files(request, queryset, "pdf")

    @admin.action(description=_("CSV for the supplier"), permissions=["view"])
    def as_csv(self, request, queryset):
        return self._files(request, queryset, "csv")

    def _files(self, request, queryset, kind: str):
        orders = list(queryset.select_related("supplier", "warehouse")[: MOST_FILES + 1])
        if len(orders) > MOST_FILES:
            messages.error(request, _("At most %(number)d files at once.") % {"number": MOST_FILES})
            return None
        return files_answer(orders, kind, request.user)

    def do_view(self, request, object_id: str, act: str):
        if act == "receive":
            return receive_view(self, request, object_id, next(one for one in self.acts if one.name == act))
        return super().do_view(request, object_id, act)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        order = self.get_object(request, object_id)
        extra = {}
        if order is not None:
            receipts = Receipt.objects.filter(line__order=order).select_related(
                "line__product", "line__order__warehouse"
            )
            findings = order.findings.select_related("product", "actor").order_by("pk")
            extra = {"problems": problems_seen(request, order), "receipts": receipts.order_by("pk"),
                     "findings": findings, "may_undo": self.may(request, RECEIVE, order)}  # fmt: skip
        return super().change_view(request, object_id, form_url, extra | (extra_context or {}))

    def get_readonly_fields(self, request, obj=None):
        return [name for name in self.fields if name != "reference"]

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name.endswith("_changelist"):
            queryset = queryset.with_sums()
        return queryset

    def save_formset(self, request, form, formset, change) -> None:
        """Lines change on a draft only; a confirmation that came in between wins."""
        order = PurchaseOrder.objects.locked().get(pk=form.instance.pk)
        if formset.has_changed():
            if order.state != State.DRAFT:
                raise WrongState.of(order, _("changed"))
            save_purchase(order)
        super().save_formset(request, form, formset, change)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, order: PurchaseOrder) -> tuple[str, str]:
        return order.state, order.get_state_display()

    @display(description=_("created"), ordering="created_at")
    def created_on(self, order: PurchaseOrder) -> str:
        return date_format(localtime(order.created_at), "SHORT_DATE_FORMAT")

    @display(description=_("expected"), ordering="expected_on")
    def due_on(self, order: PurchaseOrder) -> str:
        return date_format(order.expected_on, "SHORT_DATE_FORMAT") if order.expected_on else "–"

    @display(description=_("lines"))
    def lines_count(self, order: PurchaseOrder) -> int:
        return order.count

    @display(description=_("cost"))
    def cost(self, order: PurchaseOrder) -> str:
        return amount(order.total or 0)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    by_warehouse = True
    acts = RECEIPT_ACTS
    list_display = ("received_at", "item", "quantity", "order", "waited", "undone_at")
    list_select_related = ("line__product", "line__order__warehouse")
    list_filter = (("received_at", ShopTimeFilter), ("line__order__warehouse", VisibleRelatedFilter))
    search_fields = ("line__order__number", "line__product__sku")
    fields = ("item", "order", "quantity", "received_at", "waited", "undone_at")
    readonly_fields = ("item", "order", "waited")

    def page_of(self, receipt: Receipt) -> str:
        return reverse("admin:orders_purchaseorder_change", args=[receipt.line.order_id])

    @display(description=_("product"))
    def item(self, receipt: Receipt) -> str:
        return product_cell(receipt.line.product)

    @display(description=_("purchase order"))
    def order(self, receipt: Receipt) -> str:
        return receipt.line.order.number

    @display(description=_("lead time, days"))
    def waited(self, receipt: Receipt) -> int | None:
        return receipt.lead_time_days
