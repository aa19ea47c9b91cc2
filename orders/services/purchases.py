"""Purchases: draft, confirm, cancel. Receiving has a file of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product, Supplier, SupplierProduct
from inventory_site.common import audit
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings, User
from orders.errors import InvalidLines, TermsNotMet, WrongState
from orders.models import PurchaseOrder, PurchaseOrderLine
from orders.order_days import order_days_of
from orders.services.common import check_quantity, chosen, reread, tell_positions, temporary_number
from orders.services.purchase_terms import Terms, problems_of, terms_of
from stock.models import Warehouse

State = PurchaseOrder.State
ON_ORDER = (State.CONFIRMED, State.PARTLY_RECEIVED)


@dataclass(frozen=True)
class NewPurchaseLine:
    """What to buy, in stock units; ``pack_size`` is only how the supplier packs it.

    Cost and pack that are None are the supplier's: the cost at the quantity that stands on the order in the end.
    """

    product: Product
    quantity: int
    unit_cost: Decimal | None = None
    pack_size: int | None = None


def locked_purchase(order: PurchaseOrder, version: int | None, states: Sequence[str], verb: str) -> PurchaseOrder:
    """The order as it is now, locked; refused in another state or where the caller saw an older version."""
    order = reread(order)
    StaleVersion.check(order, version)
    if order.state not in states:
        raise WrongState.of(order, verb)
    return order


def save_purchase(order: PurchaseOrder, *names: str) -> None:
    """Write these fields as the next version."""
    order.version += 1
    order.save(update_fields=[*names, "version"])


@transaction.atomic
def create_purchase_order(
    *,
    supplier: Supplier,
    warehouse: Warehouse,
    lines: Sequence[NewPurchaseLine],
    actor: User | None,
    reference: str = "",
) -> PurchaseOrder:
    """Write a draft; nothing is on order before it is confirmed."""
    if not lines:
        raise InvalidLines(_("A purchase order needs at least one line."))
    order = PurchaseOrder.objects.create(
        number=temporary_number(), supplier=supplier, warehouse=warehouse, reference=reference,
        created_at=ShopSettings.objects.load().now(),
    )  # fmt: skip
    order.number = f"P{order.pk:06d}"
    order.save(update_fields=["number"])
    _add(order, lines)
    audit.record(actor=actor, action="purchase_order.create", subject=order, changes={"lines": len(lines)})
    return order


@transaction.atomic
def add_purchase_lines(
    *, order: PurchaseOrder, lines: Sequence[NewPurchaseLine], actor: User | None, version: int | None = None
) -> PurchaseOrder:
    """Add to a draft; a product that is on it already gets the sum."""
    order = locked_purchase(order, version, [State.DRAFT], _("changed"))
    _add(order, lines)
    save_purchase(order)
    audit.record(actor=actor, action="purchase_order.add", subject=order, changes={"lines": len(lines)})
    return order


@transaction.atomic
def change_purchase_lines(
    *, order: PurchaseOrder, lines: Sequence[NewPurchaseLine], actor: User | None, version: int | None = None
) -> PurchaseOrder:
    """Set the quantities of these products on a draft: 0 takes one off, the others stay as they are."""
    order = locked_purchase(order, version, [State.DRAFT], _("changed"))
    wanted: dict[int, int] = {}
    for new in lines:
        if new.quantity != 0 or isinstance(new.quantity, bool):
            check_quantity(new.quantity, new.product.sku)
        wanted[new.product.pk] = wanted.get(new.product.pk, 0) + new.quantity
    old = {line.product_id: line for line in order.lines.select_related("product")}
    if not any(wanted.get(pk, 1) for pk in {*old, *wanted}):
        raise InvalidLines(_("%(number)s would have no line left: cancel it instead.") % {"number": order.number})
    terms = terms_of(order.supplier, [new.product for new in lines])
    for new in lines:
        line = old.setdefault(new.product.pk, _new_line(order, new, terms[new.product.pk]))
        _set(line, wanted[new.product.pk], new, terms[new.product.pk])
    _write(old.values())
    save_purchase(order)
    told = {new.product.sku: wanted[new.product.pk] for new in lines}
    audit.record(actor=actor, action="purchase_order.change", subject=order, changes={"lines": told})
    return order


@transaction.atomic
def take_off_purchase_lines(*, order: PurchaseOrder, quantities: Mapping[int, int], actor: User | None) -> None:
    """Take pieces off the lines of a draft; an empty line goes, and with the last one the draft."""
    order = locked_purchase(order, None, [State.DRAFT], _("changed"))
    lines = list(order.lines.select_related("product"))
    parts = chosen(lines, quantities, {line.pk: line.quantity for line in lines}, _("take off"))
    audit.record(actor=actor, action="purchase_order.take_off", subject=order, changes={"lines": parts})
    for line in lines:
        line.quantity -= parts.get(line.pk, 0)
    _write(lines)
    if any(line.quantity for line in lines):
        save_purchase(order)
    else:
        order.delete()


def _add(order: PurchaseOrder, lines: Sequence[NewPurchaseLine]) -> None:
    known = {line.product_id: line for line in order.lines.select_related("product")}
    terms = terms_of(order.supplier, [new.product for new in lines])
    for new in lines:
        check_quantity(new.quantity, new.product.sku)
        line = known.setdefault(new.product.pk, _new_line(order, new, terms[new.product.pk]))
        _set(line, line.quantity + new.quantity, new, terms[new.product.pk])
        check_quantity(line.quantity, new.product.sku)
    _write(known.values())


def _new_line(order: PurchaseOrder, new: NewPurchaseLine, terms: Terms) -> PurchaseOrderLine:
    cost = terms.unit_cost if new.unit_cost is None else new.unit_cost
    pack_size = new.pack_size or terms.pack_size
    return PurchaseOrderLine(order=order, product=new.product, quantity=0, unit_cost=cost, pack_size=pack_size)


def _set(line: PurchaseOrderLine, quantity: int, new: NewPurchaseLine, terms: Terms) -> None:
    """A cost that was the supplier's follows the quantity; one that somebody agreed by hand stays."""
    if new.unit_cost is None and line.unit_cost == terms.unit_cost_at(line.quantity):
        line.unit_cost = terms.unit_cost_at(quantity)
    line.quantity = quantity


def _write(lines) -> None:
    kept = [line for line in lines if line.quantity]
    PurchaseOrderLine.objects.filter(pk__in=[line.pk for line in lines if line.pk and not line.quantity]).delete()
    PurchaseOrderLine.objects.bulk_update([line for line in kept if line.pk], ["quantity", "unit_cost"])
    PurchaseOrderLine.objects.bulk_create([line for line in kept if line.pk is None])


@transaction.atomic
def confirm_purchase_order(
    *,
    order: PurchaseOrder,
    actor: User | None,
    expected_on: date | None = None,
    confirmed_at: datetime | None = None,
    despite_terms: bool = False,
    version: int | None = None,
) -> PurchaseOrder:
    """The supplier has the order: from now on it counts as on order, and the lead time runs.

    Without ``despite_terms`` an order below a minimum quantity or in broken packs is refused.
    """
    order = locked_purchase(order, version, [State.DRAFT], _("confirmed"))
    order.confirmed_at = confirmed_at or ShopSettings.objects.load().now()
    local = order.confirmed_at.astimezone(ZoneInfo(order.warehouse.time_zone)).date()
    problems = problems_of(order, on=local)
    if not despite_terms and any(problem.is_blocking for problem in problems):
        why = " ".join(str(problem) for problem in problems if problem.is_blocking)
        raise TermsNotMet(_("%(number)s is not confirmed. %(why)s") % {"number": order.number, "why": why})
    order.state = State.CONFIRMED
    order.expected_on = expected_on or expected_day(order, local)
    save_purchase(order, "state", "confirmed_at", "expected_on")
    _tell(order)
    told = {"expected_on": order.expected_on, "despite": [problem.code for problem in problems]}
    audit.record(actor=actor, action="purchase_order.confirm", subject=order, changes=told)
    return order


def expected_day(order: PurchaseOrder, day: date) -> date:
    """When all goods ordered on that day should be there: the next order day and the longest declared lead time."""
    ordered = order.lines.values("product")
    own = SupplierProduct.objects.filter(supplier=order.supplier, product__in=ordered).exclude(lead_time_days=None)
    declared = dict(own.values_list("product", "lead_time_days"))
    usual = order.supplier.lead_time_days
    longest = max((declared.get(row["product"], usual) for row in ordered), default=usual)
    return order_days_of([order.supplier])[order.supplier_id].next(day) + timedelta(days=longest)


@transaction.atomic
def cancel_purchase_order(*, order: PurchaseOrder, actor: User | None, version: int | None = None) -> PurchaseOrder:
    """Give up what has not arrived; what was received stays."""
    order = reread(order)
    StaleVersion.check(order, version)
    if order.state not in (State.DRAFT, *ON_ORDER):
        raise WrongState.of_lines(order, _("cancelled"))
    lines = list(order.lines.all())
    for line in lines:
        line.cancelled += line.outstanding
    PurchaseOrderLine.objects.bulk_update(lines, ["cancelled"])
    order.state = State.RECEIVED if any(line.received for line in lines) else State.CANCELLED
    order.closed_at = ShopSettings.objects.load().now()
    save_purchase(order, "state", "closed_at")
    _tell(order)
    audit.record(actor=actor, action="purchase_order.cancel", subject=order)
    return order


def _tell(order: PurchaseOrder) -> None:
    tell_positions((line.product_id, order.warehouse_id) for line in order.lines.all())
