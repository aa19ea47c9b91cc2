"""What the buttons of purchase orders do."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSingleDateWidget

from inventory_site.common.admin_acts import Act
from orders import services
from orders.admin_acts import LinesForm, quantities_in
from orders.errors import NothingToDo
from orders.models import PurchaseOrder

BUY, RECEIVE = "orders.change_purchaseorder", "orders.receive_purchaseorder"


class ConfirmForm(forms.Form):
    expected_on = forms.DateField(
        label=_("expected on"),
        required=False,
        help_text=_("Empty: after the supplier's declared lead time."),
        widget=UnfoldAdminSingleDateWidget,
    )


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


def _is_draft(order: PurchaseOrder) -> bool:
    return order.state == PurchaseOrder.State.DRAFT


def _is_on_order(order: PurchaseOrder) -> bool:
    return order.state in services.purchases.ON_ORDER


PURCHASE_ACTS = (
    Act("confirm", _("Confirm"), BUY, confirm, possible=_is_draft, variant="primary", in_list=True,
        form=lambda request, order: ConfirmForm(request.POST or None)),
    Act("receive", _("Receive"), RECEIVE, receive, possible=_is_on_order, form=receive_form, variant="primary"),
    Act("cancel", _("Cancel"), BUY, cancel_purchase, variant="danger", in_list=True,
        possible=lambda order: _is_draft(order) or _is_on_order(order)),
)  # fmt: skip
