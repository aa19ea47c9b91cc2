"""What the buttons of sales orders do: quantities by line, only where the person's role reaches, then the services."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from inventory_site.common.admin_acts import Act, version_seen
from inventory_site.common.admin_lines import LinesForm, quantities_in
from inventory_site.common.models.shop import AllocationStrategy
from orders import services
from orders.access import require_everywhere, require_for_return
from orders.errors import NothingToDo
from orders.models import Customer, Reshaping, SalesOrder, SalesOrderLine
from orders.services.lines import allocated_in
from stock.access import within

SELL, RETURN = "orders.change_salesorder", "orders.add_return"
State = SalesOrder.State
MOST_MINUTES = 60 * 24 * 90
SPLITS = (
    ("availability", _("what waits for stock becomes an order of its own")),
    ("warehouse", _("one order for each warehouse that serves it")),
    ("lines", _("the pieces written below")),
)


def my_lines(request, order: SalesOrder) -> list[SalesOrderLine]:
    """The order's lines where the person may sell, with what is allocated now."""
    lines = SalesOrderLine.objects.visible_to(request.user, SELL).filter(order=order)
    return list(lines.with_allocated().select_related("product", "warehouse").order_by("pk"))


def label_of(line: SalesOrderLine) -> str:
    return f"{line.product} · {line.warehouse}"


def _held(request, lines: list[SalesOrderLine]) -> dict[int, int]:
    """Pieces of each line that the person's warehouses have promised."""
    held = allocated_in(lines, within(request.user, SELL))
    return {line.pk: held.get(line.holder, 0) for line in lines}


def ship_form(request, order: SalesOrder) -> LinesForm:
    lines = my_lines(request, order)
    held = _held(request, lines)
    return LinesForm(
        request.POST or None, [(line.pk, label_of(line), held[line.pk]) for line in lines if held[line.pk]]
    )


def cancel_form(request, order: SalesOrder) -> forms.Form:
    """A draft is cancelled as a whole; of an order, what waits in the person's warehouses and what they promised."""
    if order.state == State.DRAFT:
        return forms.Form(request.POST or None)
    lines, places = my_lines(request, order), within(request.user, SELL)
    held = _held(request, lines)
    most = {
        line.pk: held[line.pk] + (line.backordered if places is None or line.warehouse_id in places else 0)
        for line in lines
    }
    return LinesForm(
        request.POST or None, [(line.pk, label_of(line), most[line.pk]) for line in lines if most[line.pk]]
    )


class AllocateForm(forms.Form):
    strategy = forms.ChoiceField(
        label=_("allocate from"), required=False, widget=UnfoldAdminSelectWidget,
        choices=[("", _("as the order says")), *AllocationStrategy.choices],
    )  # fmt: skip


class HoldForm(forms.Form):
    minutes = forms.IntegerField(
        label=_("minutes from now"), required=False, min_value=1, max_value=MOST_MINUTES,
        help_text=_("Empty: no end; a draft gives its stock back."),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip


class SplitForm(LinesForm):
    by = forms.ChoiceField(label=_("how"), choices=SPLITS, widget=UnfoldAdminSelectWidget)
    field_order = ("by",)

    def clean(self):
        data = super().clean()
        if quantities_in(data) and data.get("by") != "lines":
            self.add_error("by", _("Pieces are written below. Choose “the pieces written below”, or empty them."))
        return data


class ReturnForm(LinesForm):
    reason = forms.CharField(label=_("reason"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget)


def split_form(request, order: SalesOrder) -> SplitForm:
    lines = [(line.pk, label_of(line), line.outstanding) for line in my_lines(request, order) if line.outstanding]
    return SplitForm(request.POST or None, lines, is_filled=False)


def return_form(request, order: SalesOrder) -> ReturnForm:
    lines = SalesOrderLine.objects.visible_to(request.user, RETURN).filter(order=order)
    lines = lines.select_related("product", "warehouse").order_by("pk")
    back = [(line.pk, label_of(line), line.shipped - line.returned) for line in lines if line.shipped > line.returned]
    return ReturnForm(request.POST or None, back, is_filled=False)


def place(request, orders: list[SalesOrder], data: dict) -> str:
    require_everywhere(request.user, SELL, orders)
    wish = {"within": within(request.user, SELL), "version": version_seen(request)}
    for order in orders:
        services.confirm_sales_order(order=order, actor=request.user, **wish)
    return ngettext("%(n)d order placed.", "%(n)d orders placed.", len(orders)) % {"n": len(orders)}


def ship(request, orders: list[SalesOrder], data: dict) -> str:
    """Of one order what its form says; of a selection all that the person's warehouses have promised."""
    places = within(request.user, SELL)
    for order in orders:
        services.ship_sales_order(
            order=order, actor=request.user, quantities=_wanted(order, data), within=places,
            version=version_seen(request),
        )  # fmt: skip
    return ngettext("%(n)d order shipped.", "%(n)d orders shipped.", len(orders)) % {"n": len(orders)}


def _wanted(order: SalesOrder, data: dict) -> dict[int, int] | None:
    if not data:
        return None
    wanted = quantities_in(data)
    if not wanted:
        raise NothingToDo(_g("%(number)s: no quantity was chosen, or none is possible.") % {"number": order.number})
    return wanted


def cancel_sales(request, orders: list[SalesOrder], data: dict) -> str:
    (order,) = orders
    quantities = None if order.state == State.DRAFT else _wanted(order, data)
    services.cancel_sales_order(
        order=order, actor=request.user, quantities=quantities, within=within(request.user, SELL),
        version=version_seen(request),
    )  # fmt: skip
    return _g("%(number)s: cancelled.") % {"number": order.number}


def allocate(request, orders: list[SalesOrder], data: dict) -> str:
    places = within(request.user, SELL)
    pieces = sum(
        services.allocate_sales_order(
            order=order, actor=request.user, within=places, strategy=data.get("strategy", ""),
            version=version_seen(request),
        )
        for order in orders
    )  # fmt: skip
    return ngettext("%(n)d piece allocated.", "%(n)d pieces allocated.", pieces) % {"n": pieces}


def hold(request, orders: list[SalesOrder], data: dict) -> str:
    (order,), minutes = orders, data.get("minutes")
    require_everywhere(request.user, SELL, orders)
    until = timezone.now() + timedelta(minutes=minutes) if minutes else None
    wish = {"within": within(request.user, SELL), "version": version_seen(request)}
    services.hold_sales_order(order=order, actor=request.user, until=until, **wish)
    if until is None:
        return _g("%(number)s: its reservation has no end now.") % {"number": order.number}
    return _g("%(number)s: reserved for %(minutes)d minutes.") % {"number": order.number, "minutes": minutes}


def split(request, orders: list[SalesOrder], data: dict) -> str:
    (order,), by = orders, data["by"]
    require_everywhere(request.user, SELL, orders)
    made = services.split_sales_order(
        order=order, actor=request.user, by=by, quantities=_wanted(order, data) if by == "lines" else None,
        version=version_seen(request),
    )  # fmt: skip
    numbers = ", ".join(new.number for new in made)
    return _g("%(number)s was split; new: %(numbers)s.") % {"number": order.number, "numbers": numbers}


def merge(request, orders: list[SalesOrder], data: dict) -> str:
    require_everywhere(request.user, SELL, orders)
    kept = services.merge_sales_orders(orders=orders, actor=request.user)
    return _g("%(n)d orders are one now: %(number)s.") % {"n": len(orders), "number": kept.number}


def undo(request, orders: list[SalesOrder], data: dict) -> str:
    (order,) = orders
    newest = services.newest_reshaping(order)
    require_everywhere(request.user, SELL, newest.orders.all())
    services.undo_reshaping(reshaping=newest, actor=request.user, versions={order.pk: version_seen(request)})
    return _g("%(what)s undone.") % {"what": newest}


def _was_reshaped(order: SalesOrder) -> bool:
    return Reshaping.objects.filter(orders=order, undone_at=None).exists()


def announce_return(request, orders: list[SalesOrder], data: dict) -> str:
    (order,) = orders
    made = services.register_return(
        order=order, quantities=_wanted(order, data), actor=request.user, reason=data["reason"],
        version=version_seen(request),
    )  # fmt: skip
    require_for_return(request.user, RETURN, made)
    return _g("Return %(number)s is announced. Inspect it when it is here.") % {"number": made.number}


def forget(request, customers: list[Customer], data: dict) -> str:
    for customer in customers:
        services.forget_customer(customer=customer, actor=request.user)
    return _g("Name, e-mail and addresses are erased; the orders stay.")


def _is_open(order: SalesOrder) -> bool:
    return order.state == State.OPEN


def _is_unfinished(order: SalesOrder) -> bool:
    return order.state in (State.OPEN, State.DRAFT)


def _has_shipped(order: SalesOrder) -> bool:
    return getattr(order, "pieces_shipped", 0) > getattr(order, "pieces_returned", 0)


SALES_ACTS = (
    Act("place", _("Place"), SELL, place, possible=lambda order: order.state == State.DRAFT, variant="primary",
        in_list=True),
    Act("ship", _("Ship"), SELL, ship, possible=_is_open, form=ship_form, variant="primary", in_list=True),
    Act("allocate", _("Allocate"), SELL, allocate, possible=_is_open, in_list=True,
        form=lambda request, order: AllocateForm(request.POST or None)),
    Act("split", _("Split"), SELL, split, possible=_is_open, form=split_form),
    Act("merge", _("Merge into the oldest"), SELL, merge, possible=lambda order: False, in_list=True),
    Act("hold", _("Hold until"), SELL, hold, possible=_is_unfinished,
        form=lambda request, order: HoldForm(request.POST or None),
        note=_("Then its stock is free again: a draft stays a draft, a placed order is cancelled.")),
    Act("return", _("Return"), RETURN, announce_return, possible=_has_shipped, form=return_form),
    Act("undo", _("Undo the last split or merge"), SELL, undo, possible=_was_reshaped),
    Act("cancel", _("Cancel"), SELL, cancel_sales, possible=_is_unfinished, form=cancel_form, variant="danger"),
)  # fmt: skip
CUSTOMER_ACTS = (
    Act("forget", _("Erase personal data"), "orders.change_customer", forget, variant="danger",
        form=lambda request, customer: forms.Form(request.POST or None),
        possible=lambda customer: bool(customer.name or customer.email),
        note=_("The name, the e-mail and the addresses of all orders are erased for good; the orders stay.")),
)  # fmt: skip
