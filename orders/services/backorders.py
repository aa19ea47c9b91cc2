"""Stock that has come goes to the orders that wait for it, the oldest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from inventory_site.common import audit
from inventory_site.common.models import ShopSettings
from inventory_site.common.models.shop import AllocationStrategy
from orders.models import SalesOrder, SalesOrderLine
from orders.services.common import tell_positions
from stock.models import StockLevel
from stock.services import Claim, allocate

Pair = tuple[int, int]  # product, warehouse
READ_AT_ONCE = 500


@dataclass(frozen=True)
class WaitingLine:
    """A back-ordered line of a locked order, and those of the warehouses named that may serve it."""

    line: SalesOrderLine
    warehouse_ids: tuple[int, ...]


def lock_waiting(pairs: Iterable[Pair]) -> list[WaitingLine]:
    """Lock the open orders that wait for stock in these places; call it before any level is locked.

    The oldest order comes first. A line is served from elsewhere only where its order's strategy allows it.
    """
    places: dict[int, list[int]] = defaultdict(list)
    for product, warehouse in sorted(set(pairs)):
        places[product].append(warehouse)
    concerned = {row.line.order_id for row in _waiting_in(places)}
    if not concerned:
        return []
    orders = {order.pk: order for order in SalesOrder.objects.open().filter(pk__in=concerned).locked()}
    found = [row for row in _waiting_in(places) if row.line.order_id in orders]
    for row in found:
        row.line.order = orders[row.line.order_id]
    return sorted(found, key=lambda row: (row.line.order.placed_at, row.line.order_id, row.line.pk))


def _waiting_in(places: Mapping[int, Sequence[int]]) -> Iterator[WaitingLine]:
    """Lines whose first choice is one of the places, and lines of orders that may be served from anywhere."""
    usual = ShopSettings.objects.load().allocation_strategy
    products = list(places)
    lines = SalesOrderLine.objects.outstanding().with_allocated().filter(backordered__gt=0)
    for start in range(0, len(products), READ_AT_ONCE):
        some = lines.filter(product__in=products[start : start + READ_AT_ONCE])
        for line in some.select_related("order", "product", "warehouse"):
            here = places[line.product_id]
            if (line.order.strategy or usual) != AllocationStrategy.FIRST_CHOICE:
                yield WaitingLine(line, tuple(here))
            elif line.warehouse_id in here:
                yield WaitingLine(line, (line.warehouse_id,))


def allocate_waiting(lines: Sequence[WaitingLine]) -> int:
    """Promise what is available in the named places, oldest order first; returns the pieces promised.

    It locks no levels but those of the places that were given to ``lock_waiting``.
    """
    claims = [
        Claim(
            row.line.holder, row.line.product_id, row.warehouse_ids[0], row.line.backordered, is_partial=True,
            elsewhere=row.warehouse_ids[1:], expires_at=row.line.order.reserved_until,
        )
        for row in lines
    ]  # fmt: skip
    made = allocate(claims=claims, strategy=AllocationStrategy.PRIORITY) if claims else []
    if not made:
        return 0
    pieces: dict[int, dict[int, int]] = defaultdict(dict)
    of_holder = {row.line.holder: row.line for row in lines}
    for allocation in made:
        line = of_holder[allocation.holder]
        pieces[line.order_id][line.pk] = pieces[line.order_id].get(line.pk, 0) + allocation.quantity
    for order in {row.line.order_id: row.line.order for row in lines}.values():
        if order.pk in pieces:
            order.version += 1
            order.save(update_fields=["version"])
            audit.record(actor=None, action="sales_order.fulfil", subject=order, changes={"lines": pieces[order.pk]})
    tell_positions({(line.product_id, line.warehouse_id) for line in (of_holder[row.holder] for row in made)})
    return sum(row.quantity for row in made)


@transaction.atomic
def fulfil_backorders(*, pairs: Iterable[Pair]) -> int:
    """Serve the orders that wait for stock in these places; returns the pieces promised."""
    return allocate_waiting(lock_waiting(pairs))


def hear_of_stock(payloads: list[dict]) -> None:
    """Levels changed: whatever is available there now goes to who waits. Hearing it twice does no harm."""
    ids = sorted({pk for payload in payloads for pk in payload["levels"]})
    pairs: list[Pair] = []
    for start in range(0, len(ids), READ_AT_ONCE):
        levels = StockLevel.objects.with_available().filter(pk__in=ids[start : start + READ_AT_ONCE])
        free = levels.filter(available_now__gt=0, warehouse__is_active=True)
        pairs += free.values_list("product", "warehouse")
    fulfil_backorders(pairs=pairs)
