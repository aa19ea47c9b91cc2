"""Sales: place, allocate, ship, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User
from orders import demand
from orders.errors import DuplicateOrder, InvalidLines, NothingToDo, WrongState
from orders.models import Customer, DemandCorrection, SalesChannel, SalesOrder, SalesOrderLine
from orders.services.common import check_quantity, chosen, reread, tell_positions, temporary_number
from stock.models import Warehouse
from stock.services import Claim, allocate, release, ship

State = SalesOrder.State


@dataclass(frozen=True)
class NewLine:
    """One wish of a customer; ``warehouse`` is the one of first choice, stock ignored."""

    product: Product
    warehouse: Warehouse
    quantity: int
    unit_price: Decimal = Decimal(0)


@transaction.atomic
def place_sales_order(
    *,
    channel: SalesChannel,
    lines: Sequence[NewLine],
    actor: User | None,
    external_id: str | None = None,
    customer: Customer | None = None,
    placed_at: datetime | None = None,
) -> SalesOrder:
    """Accept an order and allocate it. Lines of products that take no back-orders are allocated in full or refused.

    The same ``external_id`` in one channel is refused, since it would be the same order again.
    """
    if not lines:
        raise InvalidLines(_("An order needs at least one line."))
    for line in lines:
        check_quantity(line.quantity, line.product.sku)
    _refuse_known(channel, external_id)
    shop = ShopSettings.objects.load()
    order = SalesOrder.objects.create(
        number=temporary_number(), channel=channel, external_id=external_id, customer=customer, currency=shop.currency,
        placed_at=placed_at or shop.now(),
    )  # fmt: skip
    order.number = f"S{order.pk:06d}"
    order.save(update_fields=["number"])
    rows = SalesOrderLine.objects.bulk_create(_line_row(order, line) for line in lines)
    allocate(claims=[_claim(row, row.quantity) for row in rows])
    for row in rows:
        demand.mark_dirty(product_id=row.product_id, warehouse_id=row.warehouse_id, on_date=row.demand_on)
    tell_positions((row.product_id, row.warehouse_id) for row in rows)
    audit.record(actor=actor, action="sales_order.place", subject=order, changes={"lines": len(rows)})
    return order


def _refuse_known(channel: SalesChannel, external_id: str | None) -> None:
    known = external_id and SalesOrder.objects.filter(channel=channel, external_id=external_id).first()
    if known:
        raise DuplicateOrder(
            _("Order %(external)s of %(channel)s is here already, as %(number)s.")
            % {"external": external_id, "channel": channel.code, "number": known.number}
        )


def _line_row(order: SalesOrder, line: NewLine) -> SalesOrderLine:
    return SalesOrderLine(
        order=order, product=line.product, warehouse=line.warehouse, quantity=line.quantity, unit_price=line.unit_price,
        demand_on=order.placed_at.astimezone(ZoneInfo(line.warehouse.time_zone)).date(),
    )  # fmt: skip


def _claim(line: SalesOrderLine, quantity: int, is_partial: bool | None = None) -> Claim:
    partial = line.product.accepts_backorders if is_partial is None else is_partial
    return Claim(line.holder, line.product_id, line.warehouse_id, quantity, is_partial=partial)


def _lines(order: SalesOrder) -> list[SalesOrderLine]:
    return list(order.lines.with_allocated().select_related("product", "warehouse").order_by("pk"))


def _open(order: SalesOrder, wanted: str) -> SalesOrder:
    order = reread(order)
    if order.state != State.OPEN:
        raise WrongState.of(order, wanted)
    return order


@transaction.atomic
def allocate_sales_order(*, order: SalesOrder, actor: User | None) -> int:
    """Promise whatever is available to the back-ordered lines; returns the pieces promised."""
    order = _open(order, _("allocated"))
    lines = _lines(order)
    waiting = [line for line in lines if line.backordered > 0]
    made = allocate(claims=[_claim(line, line.backordered, is_partial=True) for line in waiting])
    pieces = sum(row.quantity for row in made)
    if not pieces:
        raise NothingToDo(
            _("%(number)s: nothing to allocate, all is promised already.") % {"number": order.number}
            if not waiting
            else _("%(number)s: nothing is available for what it still waits for.") % {"number": order.number}
        )
    tell_positions((line.product_id, line.warehouse_id) for line in waiting)
    audit.record(actor=actor, action="sales_order.allocate", subject=order, changes={"pieces": pieces})
    return pieces


@transaction.atomic
def ship_sales_order(
    *, order: SalesOrder, actor: User | None, quantities: Mapping[int, int] | None = None
) -> SalesOrder:
    """Ship what is allocated: by line, or everything that is."""
    order = _open(order, _("shipped"))
    lines = _lines(order)
    parts = chosen(lines, quantities, {line.pk: line.allocated_now for line in lines}, _("ship"))
    if not parts:
        raise NothingToDo(_("%(number)s: nothing is allocated, so nothing can be shipped.") % {"number": order.number})
    by_pk = {line.pk: line for line in lines}
    ship(quantities={by_pk[pk].holder: n for pk, n in parts.items()}, actor=actor, reference=order.number)
    for pk, quantity in parts.items():
        by_pk[pk].shipped += quantity
    SalesOrderLine.objects.bulk_update([by_pk[pk] for pk in parts], ["shipped"])
    _settle(order, lines)
    audit.record(actor=actor, action="sales_order.ship", subject=order, changes={"lines": parts})
    return order


@transaction.atomic
def cancel_sales_order(
    *, order: SalesOrder, actor: User | None, quantities: Mapping[int, int] | None = None
) -> SalesOrder:
    """Cancel what was not shipped, what waits for stock first.

    What had been promised is taken off the demand of its day; what waited in vain was asked for and stays.
    """
    order = _open(order, _("cancelled"))
    lines = _lines(order)
    parts = chosen(lines, quantities, {line.pk: line.outstanding for line in lines}, _("cancel"))
    if not parts:
        raise NothingToDo(_("%(number)s: nothing is left to cancel.") % {"number": order.number})
    by_pk = {line.pk: line for line in lines}
    promised = {pk: quantity - by_pk[pk].backordered for pk, quantity in parts.items()}
    release(quantities={by_pk[pk].holder: n for pk, n in promised.items() if n > 0})
    for pk, quantity in parts.items():
        by_pk[pk].cancelled += quantity
    SalesOrderLine.objects.bulk_update([by_pk[pk] for pk in parts], ["cancelled"])
    _take_off_demand([(by_pk[pk], n) for pk, n in promised.items() if n > 0])
    _settle(order, lines)
    tell_positions((by_pk[pk].product_id, by_pk[pk].warehouse_id) for pk in parts)
    audit.record(actor=actor, action="sales_order.cancel", subject=order, changes={"lines": parts})
    return order


def _take_off_demand(parts: Sequence[tuple[SalesOrderLine, int]]) -> None:
    now = ShopSettings.objects.load().now()
    for line, quantity in parts:
        series = demand.series_of(product_id=line.product_id, warehouse_id=line.warehouse_id, first_on=line.demand_on)
        DemandCorrection.objects.create(
            series=series, on_date=line.demand_on, quantity=quantity,
            source_key=f"cancel:{line.holder}:{line.cancelled}",
            known_on=now.astimezone(ZoneInfo(line.warehouse.time_zone)).date(),
        )  # fmt: skip


def _settle(order: SalesOrder, lines: Sequence[SalesOrderLine]) -> None:
    """Close an order of which nothing is outstanding."""
    if any(line.outstanding for line in lines):
        return
    order.state = State.CLOSED if any(line.shipped for line in lines) else State.CANCELLED
    order.save(update_fields=["state"])
