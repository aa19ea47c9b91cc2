"""Sales: place, confirm, allocate, ship, cancel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User
from orders import demand
from orders.errors import DuplicateOrder, InvalidLines, NothingToDo
from orders.models import Customer, DemandCorrection, SalesChannel, SalesOrder, SalesOrderLine
from orders.money import line_amount
from orders.services.amounts import check_amounts, check_charges
from orders.services.common import check_quantity, chosen, tell_positions, temporary_number
from orders.services.lines import (
    UNFINISHED,
    State,
    allocated_in,
    claims_of,
    lines_of,
    lock_levels_for,
    locked_for_pieces,
    locked_order,
    settle,
    strategy_of,
    touch,
)
from stock.models import Allocation, Warehouse
from stock.services import allocate, keep_until, release, ship


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
    ship_to: str = "",
    shipping_charge: Decimal = Decimal(0),
    discount: Decimal = Decimal(0),
    strategy: str = "",
    reserved_until: datetime | None = None,
    is_draft: bool = False,
    within: Collection[int] | None = None,
) -> SalesOrder:
    """Accept an order and allocate it. Lines of products that take no back-orders are allocated in full or refused.

    The same ``external_id`` in one channel is refused, since it would be the same order again. A draft counts no
    demand, and is allocated only where it is reserved until some time. ``within`` are the warehouses whose stock the
    caller may promise.
    """
    check_lines(lines, shipping_charge, discount)
    shop = ShopSettings.objects.load()
    order = _insert(
        SalesOrder(
            number=temporary_number(), channel=channel, external_id=external_id or None, customer=customer,
            currency=shop.currency, placed_at=placed_at or shop.now(), ship_to=ship_to, strategy=strategy,
            shipping_charge=shipping_charge, discount=discount, reserved_until=reserved_until,
            state=State.DRAFT if is_draft else State.OPEN, is_placed=not is_draft,
        )
    )  # fmt: skip
    rows = SalesOrderLine.objects.bulk_create(line_row(order, line) for line in lines)
    # What locks nothing comes first: others wait for the levels from here to the commit.
    action = "sales_order.draft" if is_draft else "sales_order.place"
    audit.record(actor=actor, action=action, subject=order, changes={"lines": len(rows)})
    if not is_draft:
        _mark_days(rows)
    is_promised = not is_draft or reserved_until
    made = _promise(order, rows, order.strategy or shop.allocation_strategy, within) if is_promised else []
    if not is_draft:
        _tell_untold(rows, told=made)
    return order


def _promise(
    order: SalesOrder, rows: Sequence[SalesOrderLine], how: str, within: Collection[int] | None
) -> list[Allocation]:
    claims = claims_of(order, {row: row.quantity for row in rows}, strategy=how, within=within)
    return allocate(claims=claims, strategy=how)


def check_lines(lines: Sequence[NewLine], shipping_charge: Decimal, discount: Decimal) -> None:
    """Refuse an order of no lines, of impossible quantities, or with money below zero."""
    if not lines:
        raise InvalidLines(_("An order needs at least one line."))
    for line in lines:
        check_quantity(line.quantity, line.product.sku)
        if line.unit_price < 0:
            raise InvalidLines(_("%(sku)s: a price cannot be below zero.") % {"sku": line.product.sku})
    goods = check_amounts((line.product.sku, line_amount(line.quantity, line.unit_price)) for line in lines)
    if shipping_charge < 0 or not 0 <= discount <= goods:
        raise InvalidLines(
            _("A shipping charge is not below zero, and a discount is from 0 to %(goods)s, what the goods cost.")
            % {"goods": goods}
        )
    check_charges(shipping_charge, discount)


def _insert_named(order: SalesOrder) -> None:
    """Where another client wins the race for an ``external_id``, this one is told the same as if it had come later."""
    _refuse_known(order)
    try:
        with transaction.atomic():
            order.save(force_insert=True)
    except IntegrityError:
        _refuse_known(order)
        raise


def _insert(order: SalesOrder) -> SalesOrder:
    if order.external_id:
        _insert_named(order)
    else:
        order.save(force_insert=True)
    order.number = f"S{order.pk:06d}"
    order.save(update_fields=["number"])
    return order


def _refuse_known(order: SalesOrder) -> None:
    same = SalesOrder.objects.filter(channel=order.channel, external_id=order.external_id)
    if known := same.first():
        raise DuplicateOrder(
            _("Order %(external)s of %(channel)s is here already, as %(number)s.")
            % {"external": order.external_id, "channel": order.channel.code, "number": known.number}
        )


def line_row(order: SalesOrder, line: NewLine) -> SalesOrderLine:
    """The line, not saved yet."""
    return SalesOrderLine(
        order=order, product=line.product, warehouse=line.warehouse, quantity=line.quantity, unit_price=line.unit_price,
        amount=line_amount(line.quantity, line.unit_price), demand_on=_local_date(order.placed_at, line.warehouse),
    )  # fmt: skip


def _local_date(at: datetime, warehouse: Warehouse):
    return at.astimezone(ZoneInfo(warehouse.time_zone)).date()


def _mark_days(lines: Sequence[SalesOrderLine]) -> None:
    demand.mark_dirty_days({(line.product_id, line.warehouse_id, line.demand_on) for line in lines})


def _tell_untold(lines: Sequence[SalesOrderLine], told: Sequence[Allocation]) -> None:
    """Let positions be refreshed where no allocation has told of them already."""
    heard = {(row.level.product_id, row.level.warehouse_id) for row in told}
    if untold := {(line.product_id, line.warehouse_id) for line in lines} - heard:
        tell_positions(untold)


@transaction.atomic
def confirm_sales_order(
    *, order: SalesOrder, actor: User | None, version: int | None = None, within: Collection[int] | None = None
) -> SalesOrder:
    """Place a draft: what is missing is allocated, what was reserved becomes firm, demand counts from today.

    ``within`` are the warehouses whose stock the caller may promise.
    """
    order = locked_order(order, _("placed"), states=(State.DRAFT,), version=version)
    order.state, order.is_placed, order.reserved_until = State.OPEN, True, None
    order.placed_at = ShopSettings.objects.load().now()
    touch(order, "state", "is_placed", "reserved_until", "placed_at")
    lines = lines_of(order)
    for line in lines:
        line.demand_on = _local_date(order.placed_at, line.warehouse)
    SalesOrderLine.objects.bulk_update(lines, ["demand_on"])
    how = strategy_of(order)
    claims = claims_of(order, {line: line.backordered for line in lines}, strategy=how, within=within)
    lock_levels_for(lines=lines, claims=claims)
    keep_until(holders=[line.holder for line in lines], expires_at=None)
    made = allocate(claims=claims, strategy=how) if claims else []
    _mark_days(lines)
    _tell_untold(lines, told=made)
    audit.record(actor=actor, action="sales_order.place", subject=order, changes={"lines": len(lines)})
    return order


@transaction.atomic
def allocate_sales_order(
    *,
    order: SalesOrder,
    actor: User | None,
    within: Collection[int] | None = None,
    strategy: str = "",
    version: int | None = None,
) -> int:
    """Promise whatever is available to the back-ordered lines; returns the pieces promised.

    ``within`` are the warehouses whose stock the caller may promise.
    """
    order = locked_order(order, _("allocated"), version=version)
    waiting = {line: line.backordered for line in lines_of(order) if line.backordered > 0}
    how = strategy_of(order, strategy)
    claims = claims_of(order, waiting, strategy=how, within=within, is_partial=True)
    made = allocate(claims=claims, strategy=how) if claims else []
    pieces = sum(row.quantity for row in made)
    if not pieces:
        raise NothingToDo(
            _("%(number)s: nothing to allocate, all is promised already.") % {"number": order.number}
            if not waiting
            else _("%(number)s: nothing is available for what it still waits for.") % {"number": order.number}
        )
    touch(order)
    tell_positions((line.product_id, line.warehouse_id) for line in waiting)
    audit.record(actor=actor, action="sales_order.allocate", subject=order, changes={"pieces": pieces})
    return pieces


@transaction.atomic
def ship_sales_order(
    *,
    order: SalesOrder,
    actor: User | None,
    quantities: Mapping[int, int] | None = None,
    within: Collection[int] | None = None,
    version: int | None = None,
) -> SalesOrder:
    """Ship what is allocated: by line, or everything that is; ``within`` only what these warehouses promised."""
    order = locked_for_pieces(order, _("shipped"), quantities, within, version=version)
    lines = lines_of(order)
    held = allocated_in(lines, within)
    parts = chosen(lines, quantities, {line.pk: held.get(line.holder, 0) for line in lines}, _("ship"))
    if not parts:
        raise NothingToDo(
            _("%(number)s: what is allocated lies in warehouses where your role ships nothing.")
            % {"number": order.number}
            if allocated_in(lines, None)
            else _("%(number)s: nothing is allocated, so nothing can be shipped.") % {"number": order.number}
        )
    by_pk = {line.pk: line for line in lines}
    ship(
        quantities={by_pk[pk].holder: n for pk, n in parts.items()}, actor=actor, reference=order.number, within=within
    )
    for pk, quantity in parts.items():
        by_pk[pk].shipped += quantity
    SalesOrderLine.objects.bulk_update([by_pk[pk] for pk in parts], ["shipped"])
    settle(order, lines)
    touch(order, "state")
    audit.record(actor=actor, action="sales_order.ship", subject=order, changes={"lines": parts})
    return order


@transaction.atomic
def cancel_sales_order(
    *,
    order: SalesOrder,
    actor: User | None,
    quantities: Mapping[int, int] | None = None,
    within: Collection[int] | None = None,
    version: int | None = None,
) -> SalesOrder:
    """Cancel what was not shipped, what waits for stock first; a draft as a whole.

    What had been promised is taken off the demand of its day; what waited in vain was asked for and stays.
    """
    order = locked_for_pieces(order, _("cancelled"), quantities, within, states=UNFINISHED, version=version)
    if order.state == State.DRAFT and quantities is not None:
        raise InvalidLines(_("%(number)s is a draft: cancel it as a whole.") % {"number": order.number})
    parts = cancel_lines(order, quantities, within)
    touch(order, "state")
    audit.record(actor=actor, action="sales_order.cancel", subject=order, changes={"lines": parts})
    return order


def cancel_lines(
    order: SalesOrder, quantities: Mapping[int, int] | None = None, within: Collection[int] | None = None
) -> dict[int, int]:
    """Cancel pieces of a locked order and settle it; the caller saves its state. Returns the pieces by line."""
    lines = lines_of(order)
    held = allocated_in(lines, within)
    waits = {line.pk: line.backordered for line in lines if within is None or line.warehouse_id in within}
    most = {line.pk: waits.get(line.pk, 0) + held.get(line.holder, 0) for line in lines}
    parts = chosen(lines, quantities, most, _("cancel"))
    if not parts:
        raise NothingToDo(_("%(number)s: nothing is left to cancel.") % {"number": order.number})
    by_pk = {line.pk: line for line in lines}
    promised = {pk: quantity - waits.get(pk, 0) for pk, quantity in parts.items()}
    release(quantities={by_pk[pk].holder: n for pk, n in promised.items() if n > 0}, within=within)
    for pk, quantity in parts.items():
        by_pk[pk].cancelled += quantity
    SalesOrderLine.objects.bulk_update([by_pk[pk] for pk in parts], ["cancelled"])
    if order.is_placed:
        _take_off_demand([(by_pk[pk], n) for pk, n in promised.items() if n > 0])
    settle(order, lines)
    tell_positions((by_pk[pk].product_id, by_pk[pk].warehouse_id) for pk in parts)
    return parts


def _take_off_demand(parts: Sequence[tuple[SalesOrderLine, int]]) -> None:
    now = ShopSettings.objects.load().now()
    for line, quantity in parts:
        series = demand.series_of(product_id=line.product_id, warehouse_id=line.warehouse_id, first_on=line.demand_on)
        DemandCorrection.objects.create(
            series=series, on_date=line.demand_on, quantity=quantity, known_on=_local_date(now, line.warehouse),
            source_key=f"cancel:{line.holder}:{line.cancelled}",
        )  # fmt: skip
