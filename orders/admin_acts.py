"""What the buttons of orders do: quantities by line, only where the person's role reaches, then the services."""

from __future__ import annotations

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from inventory_site.common.admin_acts import Act
from inventory_site.common.admin_lines import LinesForm, quantities_in
from orders import services
from orders.errors import NothingToDo
from orders.models import SalesOrder, SalesOrderLine

SELL = "orders.change_salesorder"


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


def _is_open(order: SalesOrder) -> bool:
    return order.state == SalesOrder.State.OPEN


SALES_ACTS = (
    Act("ship", _("Ship"), SELL, ship, possible=_is_open, form=_sales_form("allocated_now"), variant="primary",
        in_list=True),
    Act("allocate", _("Allocate"), SELL, allocate, possible=_is_open, in_list=True),
    Act("cancel", _("Cancel"), SELL, cancel_sales, possible=_is_open, form=_sales_form("outstanding"),
        variant="danger"),
)  # fmt: skip
