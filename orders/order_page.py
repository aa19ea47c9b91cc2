"""What a sales order's page shows beside its fields: where each piece comes from, and what blocks the rest."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import PurchaseOrderLine, Reshaping, Return, SalesOrder, SalesOrderLine
from orders.sources import Source, elsewhere_of, sources_of
from stock.models import StockLevel, Transfer, TransferLine

State = SalesOrder.State
STAGE_COLOURS = {
    "draft": "warning", "placed": "warning", "allocated": "info", "partly_shipped": "primary", "shipped": "success",
    "cancelled": "danger",
}  # fmt: skip

#: Colour and words of what a warehouse did for a line; promises that it broke are history.
LOOKS = {
    "open": ("info", gettext_lazy("%(n)d allocated · %(where)s")),
    "picked": ("primary", gettext_lazy("%(n)d picked · %(where)s")),
    "shipped": ("success", gettext_lazy("%(n)d shipped · %(where)s")),
}


@dataclass(frozen=True)
class Chip:
    """``kind`` gives the colour; the text says it all without."""

    kind: str
    text: str


@dataclass(frozen=True)
class Reason:
    text: str
    url: str = ""


@dataclass(frozen=True)
class LineView:
    line: SalesOrderLine
    chips: list[Chip]
    reasons: list[Reason] = field(default_factory=list)


def order_page(order: SalesOrder, user) -> dict:
    """The context of the page; as many queries for a hundred lines as for one."""
    lines = SalesOrderLine.objects.visible_to(user).filter(order=order).with_allocated()
    lines = list(lines.select_related("product", "warehouse").order_by("pk"))
    sources, elsewhere = sources_of(lines, user), elsewhere_of(lines, user)
    waiting = [line for line in lines if order.state == State.OPEN and line.backordered > 0]
    reasons = _reasons(waiting, user)
    return {
        "order": order,
        "stage_text": SalesOrder.Stage(order.stage).label,
        "stage_colour": STAGE_COLOURS.get(order.stage, "default"),
        "order_lines": [
            LineView(
                line,
                _chips(order, line, sources.get(line.holder, ()), elsewhere.get(line.holder, 0)),
                reasons.get(line.holder, []),
            )
            for line in lines
        ],
        "order_returns": Return.objects.visible_to(user).filter(order=order).prefetch_related("lines"),
        "order_reshapings": Reshaping.objects.filter(orders=order)
        .select_related("actor")
        .prefetch_related(Prefetch("orders", SalesOrder.objects.visible_to(user).order_by("pk"))),
        "merged_orders": SalesOrder.objects.visible_to(user).filter(merged_into=order),
    }


def _chips(order: SalesOrder, line: SalesOrderLine, sources: Sequence[Source], elsewhere: int) -> list[Chip]:
    chips = []
    for source in sources:
        if source.state in LOOKS:
            kind, text = LOOKS[source.state]
            chips.append(Chip(kind, text % {"n": source.quantity, "where": source.name}))
    if elsewhere:
        chips.append(Chip("default", _("%(n)d elsewhere") % {"n": elsewhere}))
    elif not sources and line.shipped:  # imported history has no promises
        chips.append(Chip("success", _("%(n)d shipped") % {"n": line.shipped}))
    if order.state == State.OPEN and line.backordered > 0:
        chips.append(Chip("warning", _("%(n)d back-ordered") % {"n": line.backordered}))
    if line.returned:
        chips.append(Chip("default", _("%(n)d returned") % {"n": line.returned}))
    if line.cancelled:
        chips.append(Chip("danger", _("%(n)d cancelled") % {"n": line.cancelled}))
    return chips


def _reasons(lines: Sequence[SalesOrderLine], user) -> Mapping[uuid.UUID, list[Reason]]:
    """Why these lines wait, by holder: what there is here and elsewhere, and what is coming."""
    products = {line.product_id for line in lines}
    if not products:
        return {}
    there: dict[int, list[StockLevel]] = defaultdict(list)
    levels = StockLevel.objects.visible_to(user).filter(product__in=products).select_related("warehouse")
    for level in levels.order_by("warehouse__priority", "warehouse__code"):
        if level.available > 0:
            there[level.product_id].append(level)
    coming = _coming(products, user)
    found = {}
    for line in lines:
        reasons = [_available(level, line) for level in there[line.product_id]] + coming[line.product_id]
        found[line.holder] = reasons or [Reason(_("No stock anywhere, nothing on order."))]
    return found


def _available(level: StockLevel, line: SalesOrderLine) -> Reason:
    is_here = level.warehouse_id == line.warehouse_id
    text = _("%(n)d available here, in %(where)s: allocate.") if is_here else _("%(n)d available in %(where)s.")
    return Reason(text % {"n": level.available, "where": level.warehouse.name})


def _coming(products: set[int], user) -> dict[int, list[Reason]]:
    found: dict[int, list[Reason]] = defaultdict(list)
    bought = PurchaseOrderLine.objects.visible_to(user).on_order().filter(product__in=products)
    for line in bought.select_related("order__warehouse").order_by("order__expected_on", "pk"):
        due = date_format(line.order.expected_on, "SHORT_DATE_FORMAT") if line.order.expected_on else "–"
        told = {"n": line.outstanding, "number": line.order.number, "where": line.order.warehouse.name, "day": due}
        text = _("%(n)d on order for %(where)s, %(number)s, expected on %(day)s.") % told
        found[line.product_id].append(Reason(text, reverse("admin:orders_purchaseorder_change", args=[line.order_id])))
    moved = TransferLine.objects.filter(
        transfer__in=Transfer.objects.visible_to(user).on_the_way(), product__in=products
    )
    for line in moved.select_related("transfer__destination").order_by("pk"):
        if line.in_transit:
            told = {
                "n": line.in_transit, "where": line.transfer.destination.name, "number": line.transfer.number,
            }  # fmt: skip
            text = _("%(n)d in transit to %(where)s, %(number)s.") % told
            found[line.product_id].append(Reason(text, reverse("admin:stock_transfer_change", args=[line.transfer_id])))
    return found
