"""What the buttons of orders do: quantities by line, only where the person's role reaches, then the services."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from inventory_site.common.admin_acts import Act
from orders import services
from orders.errors import NothingToDo
from orders.models import PurchaseOrder, SalesOrder, SalesOrderLine

SELL, BUY, RECEIVE = "orders.change_salesorder", "orders.change_purchaseorder", "orders.receive_purchaseorder"


class LinesForm(forms.Form):
    """One quantity for each line; empty is none."""

    def __init__(self, data, lines: Iterable[tuple[int, str, int]]):
        super().__init__(data)
        for pk, label, most in lines:
            self.fields[f"line_{pk}"] = forms.IntegerField(
                label=label, required=False, min_value=0, max_value=most, initial=most,
                help_text=_g("At most %(most)d.") % {"most": most},
                widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            )  # fmt: skip


def quantities_in(data: dict) -> dict[int, int]:
    """What a LinesForm asks for: {line: pieces}."""
    return {int(name.removeprefix("line_")): n for name, n in data.items() if name.startswith("line_") and n}


class ConfirmForm(forms.Form):
    expected_on = forms.DateField(
        label=_("expected on"),
        required=False,
        help_text=_("Empty: after the supplier's declared lead time."),
        widget=UnfoldAdminSingleDateWidget,
    )


def my_lines(request, order: SalesOrder):
    """The order's lines where the person may sell, with what is allocated now."""
    lines = SalesOrderLine.objects.visible_to(request.user, SELL).filter(order=order)
    return lines.with_allocated().select_related("product", "warehouse").order_by("pk")


def _sales_form(field: str):
    def form(request, order: SalesOrder) -> LinesForm:
        lines = [(line.pk, f"{line.product} · {line.warehouse}", getattr(line, field)) for line in
                 my_lines(request, order)]  # fmt: skip
        return LinesForm(request.POST or None, [line for line in lines if line[2] > 0])

    return form


def _wanted(request, order: SalesOrder, data: dict, field: str) -> dict[int, int]:
    wanted = quantities_in(data) if data else {line.pk: getattr(line, field) for line in my_lines(request, order)}
    wanted = {pk: n for pk, n in wanted.items() if n > 0}
    if not wanted:
        raise NothingToDo(_g("%(number)s: no quantity was chosen, or none is possible.") % {"number": order.number})
    return wanted


def ship(request, orders: list[SalesOrder], data: dict) -> str:
    for order in orders:
        services.ship_sales_order(
            order=order, actor=request.user, quantities=_wanted(request, order, data, "allocated_now")
        )
    return ngettext("%(n)d order shipped.", "%(n)d orders shipped.", len(orders)) % {"n": len(orders)}


def cancel_sales(request, orders: list[SalesOrder], data: dict) -> str:
    for order in orders:
        services.cancel_sales_order(
            order=order, actor=request.user, quantities=_wanted(request, order, data, "outstanding")
        )
    return ngettext("%(n)d order cancelled.", "%(n)d orders cancelled.", len(orders)) % {"n": len(orders)}


def allocate(request, orders: list[SalesOrder], data: dict) -> str:
    pieces = sum(services.allocate_sales_order(order=order, actor=request.user) for order in orders)
    return ngettext("%(n)d piece allocated.", "%(n)d pieces allocated.", pieces) % {"n": pieces}


def confirm(request, orders: list[PurchaseOrder], data: dict) -> str:
    for order in orders:
        services.confirm_purchase_order(order=order, actor=request.user, expected_on=data.get("expected_on"))
    done = len(orders)
    return ngettext("%(n)d purchase order confirmed.", "%(n)d purchase orders confirmed.", done) % {"n": done}


def receive(request, orders: list[PurchaseOrder], data: dict) -> str:
    order = orders[0]
    wanted = quantities_in(data)
    if not wanted:
        raise NothingToDo(_g("%(number)s: write how much arrived of at least one line.") % {"number": order.number})
    services.receive_purchase_order(order=order, actor=request.user, quantities=wanted)
    pieces = sum(wanted.values())
    return ngettext("%(n)d piece received.", "%(n)d pieces received.", pieces) % {"n": pieces}


def cancel_purchase(request, orders: list[PurchaseOrder], data: dict) -> str:
    for order in orders:
        services.cancel_purchase_order(order=order, actor=request.user)
    done = len(orders)
    return ngettext("%(n)d purchase order cancelled.", "%(n)d purchase orders cancelled.", done) % {"n": done}


def receive_form(request, order: PurchaseOrder) -> LinesForm:
    lines = order.lines.select_related("product").order_by("pk")
    return LinesForm(
        request.POST or None, [(line.pk, str(line.product), line.outstanding) for line in lines if line.outstanding]
    )


def _is_open(order: SalesOrder) -> bool:
    return order.state == SalesOrder.State.OPEN


def _is_draft(order: PurchaseOrder) -> bool:
    return order.state == PurchaseOrder.State.DRAFT


def _is_on_order(order: PurchaseOrder) -> bool:
    return order.state in services.purchases.ON_ORDER


SALES_ACTS = (
    Act("ship", _("Ship"), SELL, ship, possible=_is_open, form=_sales_form("allocated_now"), variant="primary",
        in_list=True),
    Act("allocate", _("Allocate"), SELL, allocate, possible=_is_open, in_list=True),
    Act("cancel", _("Cancel"), SELL, cancel_sales, possible=_is_open, form=_sales_form("outstanding"),
        variant="danger"),
)  # fmt: skip
PURCHASE_ACTS = (
    Act("confirm", _("Confirm"), BUY, confirm, possible=_is_draft, variant="primary", in_list=True,
        form=lambda request, order: ConfirmForm(request.POST or None)),
    Act("receive", _("Receive"), RECEIVE, receive, possible=_is_on_order, form=receive_form, variant="primary"),
    Act("cancel", _("Cancel"), BUY, cancel_purchase, variant="danger", in_list=True,
        possible=lambda order: _is_draft(order) or _is_on_order(order)),
)  # fmt: skip
