"""Returns in the admin: announced on an order, inspected here."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import Sum
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from inventory_site.common.admin import ReadOnlyAdmin, ReadOnlyInline, product_cell
from inventory_site.common.admin_acts import Act, version_seen
from inventory_site.common.admin_export import ExportsList, Sheet
from orders import services
from orders.access import require_for_return
from orders.models import Return, ReturnLine

ANNOUNCE, INSPECT = "orders.add_return", "orders.change_return"
State = Return.State
COLOURS = {"announced": "warning", "inspected": "success", "cancelled": "danger"}
FOUND = (("sellable", _("sellable")), ("unsellable", _("not fit for sale")), ("scrapped", _("scrapped")))


class InspectForm(forms.Form):
    """For each line what was found of it; all is taken for sellable until somebody says otherwise."""

    def __init__(self, data, lines: list[ReturnLine]):
        super().__init__(data)
        for line in lines:
            for name, label in FOUND:
                self.fields[f"{name}_{line.pk}"] = forms.IntegerField(
                    label=f"{line.line.product} · {line.warehouse}: {label}", required=False, min_value=0,
                    max_value=line.quantity, initial=line.quantity if name == "sellable" else None,
                    help_text=_g("%(n)d announced.") % {"n": line.quantity} if name == "sellable" else "",
                    widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
                )  # fmt: skip
            self.fields[f"note_{line.pk}"] = forms.CharField(
                label=_g("Note"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget
            )


def outcomes_in(data: dict) -> dict[int, services.Outcome]:
    """What an InspectForm says of each line of the return."""
    keys = {int(name.rpartition("_")[2]) for name in data}
    return {
        pk: services.Outcome(**{name: data[f"{name}_{pk}"] or 0 for name, _label in FOUND}, note=data[f"note_{pk}"])
        for pk in keys
    }


def _lines(document: Return) -> list[ReturnLine]:
    return list(document.lines.select_related("line__product", "warehouse").order_by("pk"))


def inspect_form(request, document: Return) -> InspectForm:
    return InspectForm(request.POST or None, _lines(document))


def inspect(request, documents: list[Return], data: dict) -> str:
    (document,) = documents
    require_for_return(request.user, INSPECT, document)
    services.inspect_return(
        document=document, outcomes=outcomes_in(data), actor=request.user, version=version_seen(request)
    )
    return _g("%(number)s is inspected.") % {"number": document.number}


def undo(request, documents: list[Return], data: dict) -> str:
    (document,) = documents
    require_for_return(request.user, INSPECT, document)
    services.undo_return(document=document, actor=request.user, version=version_seen(request))
    return _g("%(number)s is as it was announced; its pieces left the stock again.") % {"number": document.number}


def cancel(request, documents: list[Return], data: dict) -> str:
    (document,) = documents
    require_for_return(request.user, ANNOUNCE, document)
    services.cancel_return(document=document, actor=request.user, version=version_seen(request))
    return _g("%(number)s: cancelled.") % {"number": document.number}


class ReturnSheet(Sheet):
    class Meta:
        model = Return
        fields = ("number", "order__number", "state", "reason", "created_at", "inspected_at")


class ReturnLineInline(ReadOnlyInline):
    model = ReturnLine
    fields = ("item", "warehouse", "quantity", "sellable", "unsellable", "scrapped", "note")
    readonly_fields = ("item",)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("line__product", "warehouse")

    @display(description=_("product"))
    def item(self, line: ReturnLine) -> str:
        return product_cell(line.line.product)


@admin.register(Return)
class ReturnAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [ReturnSheet]
    by_warehouse = True
    list_display = ("number", "sale", "state_label", "pieces", "reason", "announced_on")
    list_select_related = ("order",)
    list_filter = (("state", ChoicesDropdownFilter), ("created_at", RangeDateFilter))
    search_fields = ("number", "order__number", "order__external_id", "lines__line__product__sku")
    fields = (("number", "sale"), ("state", "reason"), ("created_at", "inspected_at"))
    readonly_fields = ("sale",)
    inlines = (ReturnLineInline,)
    acts = (
        Act("inspect", _("Inspect"), INSPECT, inspect, form=inspect_form, variant="primary",
            possible=lambda document: document.state == State.ANNOUNCED,
            note=_("Sellable pieces go on sale again, the others are set aside or written off, where they came from.")),
        Act("undo", _("Undo the inspection"), INSPECT, undo,
            possible=lambda document: document.state == State.INSPECTED),
        Act("cancel", _("Cancel"), ANNOUNCE, cancel, variant="danger",
            possible=lambda document: document.state == State.ANNOUNCED),
    )  # fmt: skip

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name.endswith("_changelist"):
            queryset = queryset.annotate(total=Sum("lines__quantity"))
        return queryset

    @display(description=_("order"))
    def sale(self, document: Return) -> str:
        return format_html(
            '<a class="sw-link" href="{}">{}</a>',
            reverse("admin:orders_salesorder_change", args=[document.order_id]), document.order.number,
        )  # fmt: skip

    @display(description=_("state"), ordering="state", label=COLOURS)
    def state_label(self, document: Return) -> tuple[str, str]:
        return document.state, document.get_state_display()

    @display(description=_("pieces"))
    def pieces(self, document: Return) -> int:
        return document.total or 0

    @display(description=_("announced"), ordering="created_at")
    def announced_on(self, document: Return) -> str:
        return date_format(localtime(document.created_at), "SHORT_DATE_FORMAT")
