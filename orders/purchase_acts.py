"""What the buttons of purchase orders and receipts do. Receiving has a page of its own."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldBooleanWidget

from inventory_site.common.admin_acts import Act, version_seen
from inventory_site.common.admin_lines import LinesForm, quantities_in
from inventory_site.common.models import ShopSettings
from orders import services
from orders.errors import NothingToDo
from orders.models import PurchaseOrder, Receipt
from orders.receive_page import OVER, RECEIVE, receive_form
from orders.services.purchase_terms import Problem, problems_of
from orders.services.receipts import surplus_of

BUY = "orders.change_purchaseorder"


class ConfirmForm(forms.Form):
    expected_on = forms.DateField(
        label=_("expected on"),
        required=False,
        help_text=_("Empty: the supplier's next order day and its declared lead time."),
        widget=UnfoldAdminSingleDateWidget,
    )

    def __init__(self, data, order: PurchaseOrder):
        super().__init__(data)
        if blocking := [str(problem) for problem in problems_of(order) if problem.is_blocking]:
            self.fields["despite_terms"] = forms.BooleanField(
                label=_("Confirm although the supplier's terms are not met"), required=False,
                help_text=" ".join(blocking), widget=UnfoldBooleanWidget,
            )  # fmt: skip


def problems_seen(request, order: PurchaseOrder) -> list[Problem]:
    """What speaks against confirming a draft, without costs for who may not see them."""
    if not _is_draft(order):
        return []
    sees_costs = request.user.has_perm(settings.COST_PERMISSION)
    return [problem for problem in problems_of(order) if sees_costs or not problem.tells_cost]


def confirm(request, orders: list[PurchaseOrder], data: dict) -> str:
    for order in orders:
        services.confirm_purchase_order(
            order=order, actor=request.user, expected_on=data.get("expected_on"),
            despite_terms=data.get("despite_terms", False), version=version_seen(request),
        )  # fmt: skip
    done = len(orders)
    return ngettext("%(n)d purchase order confirmed.", "%(n)d purchase orders confirmed.", done) % {"n": done}


def receive(request, orders: list[PurchaseOrder], data: dict) -> str:
    (order,) = orders
    wanted = quantities_in(data)
    if not wanted:
        raise NothingToDo(_g("%(number)s: write how much arrived of at least one line.") % {"number": order.number})
    may_exceed = PurchaseOrder.objects.visible_to(request.user, OVER).filter(pk=order.pk).exists()
    services.receive_purchase_order(
        order=order, actor=request.user, quantities=wanted, version=version_seen(request), may_exceed=may_exceed
    )
    pieces = sum(wanted.values())
    return ngettext("%(n)d piece received.", "%(n)d pieces received.", pieces) % {"n": pieces}


def cancel_purchase(request, orders: list[PurchaseOrder], data: dict) -> str:
    for order in orders:
        services.cancel_purchase_order(order=order, actor=request.user, version=version_seen(request))
    done = len(orders)
    return ngettext("%(n)d purchase order cancelled.", "%(n)d purchase orders cancelled.", done) % {"n": done}


def undo(request, receipts: list[Receipt], data: dict) -> str:
    pieces = sum(services.undo_receipt(receipt=receipt, actor=request.user).quantity for receipt in receipts)
    return ngettext("%(n)d piece taken back.", "%(n)d pieces taken back.", pieces) % {"n": pieces}


def _is_draft(order: PurchaseOrder) -> bool:
    return order.state == PurchaseOrder.State.DRAFT


def _is_on_order(order: PurchaseOrder) -> bool:
    return order.state in services.purchases.ON_ORDER


def _may_have_more(order: PurchaseOrder) -> bool:
    """All was received, and the shop tolerates that more is found."""
    if order.state != PurchaseOrder.State.RECEIVED:
        return False
    rate = Decimal(ShopSettings.objects.load().over_receipt_rate)
    return bool(rate) and any(surplus_of(line, rate) for line in order.lines.all())


def surplus_form(request, order: PurchaseOrder) -> LinesForm:
    rate = Decimal(ShopSettings.objects.load().over_receipt_rate)
    lines = order.lines.select_related("product").order_by("pk")
    tolerated = [(line.pk, str(line.product), surplus_of(line, rate)) for line in lines]
    return LinesForm(request.POST or None, [line for line in tolerated if line[2]], is_filled=False)


PURCHASE_ACTS = (
    Act("confirm", _("Confirm"), BUY, confirm, possible=_is_draft, variant="primary", in_list=True,
        form=lambda request, order: ConfirmForm(request.POST or None, order)),
    Act("receive", _("Receive"), RECEIVE, receive, possible=_is_on_order, form=receive_form, variant="primary"),
    Act("surplus", _("More was found"), OVER, receive, possible=_may_have_more, form=surplus_form,
        note=_("All was received before. Write what was found beyond it, within the shop's tolerance.")),
    Act("cancel", _("Cancel"), BUY, cancel_purchase, variant="danger", in_list=True,
        possible=lambda order: _is_draft(order) or _is_on_order(order)),
)  # fmt: skip
RECEIPT_ACTS = (
    Act("undo", _("Take back"), RECEIVE, undo, possible=lambda receipt: receipt.undone_at is None, variant="danger",
        form=lambda request, receipt: forms.Form(request.POST or None),
        note=_("These goods leave the stock and are on order again. Orders that were promised them wait once more.")),
)  # fmt: skip
