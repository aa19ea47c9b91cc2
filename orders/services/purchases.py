"""Purchases: draft, confirm, receive, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product, Supplier
from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User
from orders.errors import InvalidLines, NothingToDo, WrongState
from orders.models import PurchaseOrder, PurchaseOrderLine, Receipt
from orders.services.common import check_quantity, chosen, reread, tell_positions, temporary_number
from stock.models import StockMovement, Warehouse
from stock.services import Entry, post_movements

State = PurchaseOrder.State
ON_ORDER = (State.CONFIRMED, State.PARTLY_RECEIVED)


@dataclass(frozen=True)
class NewPurchaseLine:
    """What to buy, in stock units; ``pack_size`` is only how the supplier packs it."""

    product: Product
    quantity: int
    unit_cost: Decimal = Decimal(0)
    pack_size: int = 1


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
def add_purchase_lines(*, order: PurchaseOrder, lines: Sequence[NewPurchaseLine], actor: User | None) -> PurchaseOrder:
    """Add to a draft; a product that is on it already gets the sum."""
    order = reread(order)
    if order.state != State.DRAFT:
        raise WrongState.of(order, _("changed"))
    _add(order, lines)
    audit.record(actor=actor, action="purchase_order.add", subject=order, changes={"lines": len(lines)})
    return order


@transaction.atomic
def take_off_purchase_lines(*, order: PurchaseOrder, quantities: Mapping[int, int], actor: User | None) -> None:
    """Take pieces off the lines of a draft; an empty line goes, and with the last one the draft."""
    order = reread(order)
    if order.state != State.DRAFT:
        raise WrongState.of(order, _("changed"))
    lines = list(order.lines.select_related("product"))
    parts = chosen(lines, quantities, {line.pk: line.quantity for line in lines}, _("take off"))
    audit.record(actor=actor, action="purchase_order.take_off", subject=order, changes={"lines": parts})
    for line in lines:
        line.quantity -= parts.get(line.pk, 0)
    PurchaseOrderLine.objects.bulk_update([line for line in lines if line.quantity], ["quantity"])
    order.lines.filter(pk__in=[line.pk for line in lines if not line.quantity]).delete()
    if not any(line.quantity for line in lines):
        order.delete()


def _add(order: PurchaseOrder, lines: Sequence[NewPurchaseLine]) -> None:
    known = {line.product_id: line for line in order.lines.all()}
    for new in lines:
        check_quantity(new.quantity, new.product.sku)
        line = known.setdefault(
            new.product.pk,
            PurchaseOrderLine(
                order=order, product=new.product, quantity=0, unit_cost=new.unit_cost, pack_size=new.pack_size
            ),
        )
        line.quantity += new.quantity
    PurchaseOrderLine.objects.bulk_create([line for line in known.values() if line.pk is None])
    PurchaseOrderLine.objects.bulk_update([line for line in known.values() if line.pk], ["quantity"])


@transaction.atomic
def confirm_purchase_order(
    *, order: PurchaseOrder, actor: User | None, expected_on: date | None = None, confirmed_at: datetime | None = None
) -> PurchaseOrder:
    """The supplier has the order: from now on it counts as on order, and the lead time runs."""
    order = reread(order)
    if order.state != State.DRAFT:
        raise WrongState.of(order, _("confirmed"))
    order.state = State.CONFIRMED
    order.confirmed_at = confirmed_at or ShopSettings.objects.load().now()
    local = order.confirmed_at.astimezone(ZoneInfo(order.warehouse.time_zone)).date()
    order.expected_on = expected_on or local + timedelta(days=order.supplier.lead_time_days)
    order.save(update_fields=["state", "confirmed_at", "expected_on"])
    _tell(order)
    audit.record(
        actor=actor, action="purchase_order.confirm", subject=order, changes={"expected_on": order.expected_on}
    )
    return order


@transaction.atomic
def receive_purchase_order(
    *,
    order: PurchaseOrder,
    actor: User | None,
    quantities: Mapping[int, int] | None = None,
    received_at: datetime | None = None,
) -> PurchaseOrder:
    """Take goods into stock: by line, or all that is still to come."""
    order = reread(order)
    if order.state not in ON_ORDER:
        raise WrongState.of(order, _("received"))
    lines = list(order.lines.select_related("product").order_by("pk"))
    parts = chosen(lines, quantities, {line.pk: line.outstanding for line in lines}, _("receive"))
    if not parts:
        raise NothingToDo(_("%(number)s: nothing is left to receive.") % {"number": order.number})
    at = received_at or ShopSettings.objects.load().now()
    by_pk = {line.pk: line for line in lines}
    Receipt.objects.bulk_create(Receipt(line=by_pk[pk], quantity=n, received_at=at) for pk, n in parts.items())
    for pk, quantity in parts.items():
        by_pk[pk].received += quantity
    PurchaseOrderLine.objects.bulk_update([by_pk[pk] for pk in parts], ["received"])
    entries = [
        Entry(by_pk[pk].product_id, order.warehouse_id, n, StockMovement.Reason.RECEIPT, order.number, at)
        for pk, n in parts.items()
    ]
    post_movements(entries=entries, actor=actor)
    _settle(order, lines, at)
    audit.record(actor=actor, action="purchase_order.receive", subject=order, changes={"lines": parts})
    return order


def _settle(order: PurchaseOrder, lines: Sequence[PurchaseOrderLine], at: datetime) -> None:
    is_complete = not any(line.outstanding for line in lines)
    order.state = State.RECEIVED if is_complete else State.PARTLY_RECEIVED
    order.closed_at = at if is_complete else None
    order.save(update_fields=["state", "closed_at"])


@transaction.atomic
def cancel_purchase_order(*, order: PurchaseOrder, actor: User | None) -> PurchaseOrder:
    """Give up what has not arrived; what was received stays."""
    order = reread(order)
    if order.state not in (State.DRAFT, *ON_ORDER):
        raise WrongState.of(order, _("cancelled"))
    lines = list(order.lines.all())
    for line in lines:
        line.cancelled += line.outstanding
    PurchaseOrderLine.objects.bulk_update(lines, ["cancelled"])
    order.state = State.RECEIVED if any(line.received for line in lines) else State.CANCELLED
    order.closed_at = ShopSettings.objects.load().now()
    order.save(update_fields=["state", "closed_at"])
    _tell(order)
    audit.record(actor=actor, action="purchase_order.cancel", subject=order)
    return order


def _tell(order: PurchaseOrder) -> None:
    tell_positions((line.product_id, order.warehouse_id) for line in order.lines.all())
