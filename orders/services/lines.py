"""The lines of a sales order under lock: read, claimed, settled."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import Sum

from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings
from inventory_site.common.models.shop import AllocationStrategy
from orders.errors import WrongState
from orders.models import SalesOrder, SalesOrderLine
from orders.services.common import reread
from stock.models import Allocation, StockLevel, Warehouse
from stock.services import Claim, ensure_levels
from stock.services.levels import lock_levels

State = SalesOrder.State
OPEN = (State.OPEN,)
UNFINISHED = (State.DRAFT, State.OPEN)


def locked_order(
    order: SalesOrder, wanted: str, *, states: Collection[str] = OPEN, version: int | None = None
) -> SalesOrder:
    """The order, locked and as it is now; refuses a state or a version other than the caller counts on."""
    order = reread(order)
    StaleVersion.check(order, version)
    if order.state not in states:
        raise WrongState.of(order, wanted)
    return order


def locked_for_pieces(
    order: SalesOrder,
    wanted: str,
    quantities: Mapping[int, int] | None,
    within: Collection[int] | None,
    *,
    states: Collection[str] = OPEN,
    version: int | None = None,
) -> SalesOrder:
    """The same where pieces of lines are asked for; the refusal names them, none of a warehouse out of ``within``."""
    order = reread(order)
    StaleVersion.check(order, version)
    if order.state not in states:
        lines = order.lines.all() if within is None else order.lines.filter(warehouse__in=within)
        raise WrongState.of_lines(order, wanted, quantities, lines)
    return order


def lines_of(order: SalesOrder) -> list[SalesOrderLine]:
    return list(order.lines.with_allocated().select_related("product", "warehouse").order_by("pk"))


def touch(order: SalesOrder, *fields: str) -> None:
    """Save these fields as the next version."""
    order.version += 1
    order.save(update_fields=[*fields, "version"])


def settle(order: SalesOrder, lines: Iterable[SalesOrderLine]) -> None:
    """Close an order of which nothing is outstanding; the caller saves its state."""
    lines = list(lines)
    if not any(line.outstanding for line in lines):
        order.state = State.CLOSED if any(line.shipped for line in lines) else State.CANCELLED


def strategy_of(order: SalesOrder, strategy: str = "") -> str:
    """The one asked for, or the order's own, or the shop's."""
    return strategy or order.strategy or ShopSettings.objects.load().allocation_strategy


def claims_of(
    order: SalesOrder,
    wanted: Mapping[SalesOrderLine, int],
    *,
    strategy: str,
    within: Collection[int] | None = None,
    is_partial: bool | None = None,
) -> list[Claim]:
    """A claim for each line; one that no warehouse of ``within`` may serve is left out.

    Lines of products that take no back-orders claim all or nothing, unless ``is_partial`` says otherwise.
    """
    others = []
    if strategy != AllocationStrategy.FIRST_CHOICE:
        others = list(Warehouse.objects.active().order_by("priority", "code").values_list("pk", flat=True))
    claims = []
    for line, quantity in wanted.items():
        places = [line.warehouse_id, *(pk for pk in others if pk != line.warehouse_id)]
        places = [pk for pk in places if within is None or pk in within]
        if not places or quantity <= 0:
            continue
        claims.append(
            Claim(
                line.holder, line.product_id, places[0], quantity, elsewhere=tuple(places[1:]),
                is_partial=line.product.accepts_backorders if is_partial is None else is_partial,
                expires_at=order.reserved_until,
            )
        )  # fmt: skip
    return claims


def lock_levels_for(*, lines: Iterable[SalesOrderLine], claims: Sequence[Claim] = ()) -> None:
    """Lock, in one query, each level that several of the next calls will lock again."""
    held = Allocation.objects.open().filter(holder__in=[line.holder for line in lines])
    ids = {*held.values_list("level", flat=True)}
    ids.update(ensure_levels((claim.product_id, claim.warehouse_id) for claim in claims).values())
    for claim in claims:
        if claim.elsewhere:
            elsewhere = StockLevel.objects.filter(product=claim.product_id, warehouse__in=claim.elsewhere)
            ids.update(elsewhere.values_list("pk", flat=True))
    lock_levels(ids)


def allocated_in(lines: Iterable[SalesOrderLine], within: Collection[int] | None) -> dict[uuid.UUID, int]:
    """The pieces promised to each holder by these warehouses, or by all."""
    promised = Allocation.objects.open().filter(holder__in=[line.holder for line in lines])
    if within is not None:
        promised = promised.filter(level__warehouse__in=within)
    return dict(promised.order_by().values_list("holder").annotate(Sum("quantity")))
