"""Picking: what an order is promised by one warehouse is taken off the shelf, put back, not found, and shipped."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.models import User
from orders.errors import NothingToDo, TooMuch
from orders.models import SalesOrder, SalesOrderLine
from orders.services.common import chosen, tell_positions
from orders.services.lines import lines_of, locked_for_pieces, touch
from orders.services.sales import ship_sales_order
from stock.models import Allocation, StockCount, StockLevel, Warehouse
from stock.services import ask_for_count, find_pieces, miss_pieces, pick_broken, pick_pieces, put_back_pieces


@dataclass(frozen=True)
class Missed:
    """A line of which pieces were not found, and the count that asks how many there are."""

    line: SalesOrderLine
    count: StockCount


@transaction.atomic
def pick_sales_order(
    *,
    order: SalesOrder,
    warehouse: Warehouse,
    actor: User | None,
    quantities: Mapping[int, int] | None = None,
    at: datetime | None = None,
    version: int | None = None,
) -> SalesOrder:
    """Take pieces of some lines off the shelves of this warehouse, or all that it promised; ``at`` is when.

    Where a count that was posted since did not find them and broke their promise, they are promised again.
    """
    order, lines = _locked(order, _("picked"), warehouse, quantities, version)
    waiting = _pieces(lines, warehouse, is_picked=False)
    lost = {} if at is None else _unpromised(lines, quantities, waiting)
    again = pick_broken(most=lost, within={warehouse.pk}, at=at, actor=actor) if any(lost.values()) else {}
    if again:
        touch(order)
        tell_positions({(line.product_id, line.warehouse_id) for line in lines if line.holder in again})
        waiting = {line.pk: waiting[line.pk] + again.get(line.holder, 0) for line in lines}
    parts = _held(lines, quantities, waiting) if at else chosen(lines, quantities, waiting, _("pick"))
    if not parts:
        raise NothingToDo(_("%(number)s: nothing is left to pick here.") % {"number": order.number})
    rest = {holder: n for holder, pieces in _by_holder(lines, parts).items() if (n := pieces - again.get(holder, 0))}
    pick_pieces(quantities=rest, actor=actor, within={warehouse.pk}, at=at)
    return _written(order, warehouse, parts, "sales_order.pick", actor)


def _unpromised(
    lines: list[SalesOrderLine], quantities: Mapping[int, int] | None, waiting: Mapping[int, int]
) -> dict[uuid.UUID, int]:
    """By holder the pieces that are said to be taken, or that may have been, and that nothing is promised of; or 0."""
    lost = {}
    for line in lines:
        wanted = line.outstanding if quantities is None else quantities.get(line.pk, 0)
        lost[line.holder] = max(min(wanted - waiting[line.pk], line.backordered), 0)
    return lost


def _held(
    lines: list[SalesOrderLine], quantities: Mapping[int, int] | None, waiting: Mapping[int, int]
) -> dict[int, int]:
    """What a device says was taken; the pieces of what is refused are in somebody's hands."""
    try:
        return chosen(lines, quantities, waiting, _("pick"))
    except TooMuch as refusal:
        hint = _("If you hold them: put them back on the shelf, and have the item counted again.")
        raise TooMuch(f"{refusal} {hint}") from refusal


@transaction.atomic
def put_back_sales_order(
    *,
    order: SalesOrder,
    warehouse: Warehouse,
    actor: User | None,
    quantities: Mapping[int, int] | None = None,
    at: datetime | None = None,
    version: int | None = None,
) -> SalesOrder:
    """Picked pieces of some lines, or all, lie on their shelves again; they stay promised. ``at`` is when."""
    order, lines = _locked(order, _("put back"), warehouse, quantities, version)
    picked = _pieces(lines, warehouse, is_picked=True)
    parts = chosen(lines, quantities, picked, _("put back"))
    if not parts:
        raise NothingToDo(_("%(number)s: nothing was picked here.") % {"number": order.number})
    put_back_pieces(quantities=_by_holder(lines, parts), actor=actor, at=at, within={warehouse.pk})
    return _written(order, warehouse, parts, "sales_order.put_back", actor)


@transaction.atomic
def ship_picked(
    *, order: SalesOrder, warehouse: Warehouse, actor: User | None, version: int | None = None
) -> SalesOrder:
    """Send off what was picked here, and nothing else."""
    order, lines = _locked(order, _("shipped"), warehouse, None, version)
    parts = {pk: n for pk, n in _pieces(lines, warehouse, is_picked=True).items() if n}
    if not parts:
        raise NothingToDo(_("%(number)s: nothing was picked here.") % {"number": order.number})
    return ship_sales_order(order=order, actor=actor, quantities=parts, within={warehouse.pk})


@transaction.atomic
def report_missing(
    *,
    order: SalesOrder,
    warehouse: Warehouse,
    line: int,
    quantity: int,
    actor: User | None,
    note: str = "",
    at: datetime | None = None,
    version: int | None = None,
) -> Missed:
    """Promised pieces of a line were not there: they leave the books, the line waits for others, a count is asked for.

    Nobody else is promised them meanwhile. Where they turn up, the count finds them.
    """
    wish = {line: quantity}
    order, lines = _locked(order, _("reported as missing"), warehouse, wish, version)
    chosen(lines, wish, _pieces(lines, warehouse, is_picked=False), _("report as missing"))
    row = next(one for one in lines if one.pk == line)
    miss_pieces(
        holder=row.holder, quantity=quantity, actor=actor, reference=order.number, warehouse_id=warehouse.pk, at=at
    )
    count = _count_of(row, order, warehouse, actor)
    touch(order)
    tell_positions([(row.product_id, row.warehouse_id)])
    told = {"line": line, "quantity": quantity, "warehouse": warehouse.code, "note": note, "count": count.number}
    audit.record(actor=actor, action="sales_order.not_found", subject=order, changes=told)
    return Missed(row, count)


@transaction.atomic
def report_found(
    *,
    order: SalesOrder,
    warehouse: Warehouse,
    line: int,
    quantity: int,
    actor: User | None,
    version: int | None = None,
) -> SalesOrder:
    """Pieces that were reported as missing are there after all: on the books, and the line's own as far as it waits.

    The count that was asked for stays: one look more does no harm.
    """
    wish = {line: quantity}
    order, lines = _locked(order, _("reported as found"), warehouse, wish, version)
    chosen(lines, wish, wish, _("report as found"))
    row = next(one for one in lines if one.pk == line)
    find_pieces(
        product=row.product, warehouse_id=warehouse.pk, quantity=quantity, reference=order.number,
        holder=row.holder, most=row.backordered, actor=actor,
    )  # fmt: skip
    touch(order)
    tell_positions([(row.product_id, row.warehouse_id)])
    return _written(order, warehouse, wish, "sales_order.found", actor)


def _count_of(line: SalesOrderLine, order: SalesOrder, warehouse: Warehouse, actor: User | None) -> StockCount:
    level = StockLevel.objects.select_related("product", "warehouse").get(product=line.product_id, warehouse=warehouse)
    note = _("%(number)s: %(sku)s was not found") % {"number": order.number, "sku": line.product.sku}
    return ask_for_count(level=level, actor=actor, note=note)


def _locked(
    order: SalesOrder, wanted: str, warehouse: Warehouse, quantities: Mapping[int, int] | None, version: int | None
) -> tuple[SalesOrder, list[SalesOrderLine]]:
    order = locked_for_pieces(order, wanted, quantities, {warehouse.pk}, version=version)
    return order, lines_of(order)


def _pieces(lines: list[SalesOrderLine], warehouse: Warehouse, *, is_picked: bool) -> dict[int, int]:
    """By line the pieces that this warehouse promised and that were picked, or not."""
    rows = Allocation.objects.open().filter(
        Q(picked_at__isnull=not is_picked), holder__in=[line.holder for line in lines], level__warehouse=warehouse
    )
    found = dict(rows.order_by().values_list("holder").annotate(Sum("quantity")))
    return {line.pk: found.get(line.holder, 0) for line in lines}


def _by_holder(lines: list[SalesOrderLine], parts: Mapping[int, int]) -> dict:
    return {line.holder: parts[line.pk] for line in lines if line.pk in parts}


def _written(
    order: SalesOrder, warehouse: Warehouse, parts: Mapping[int, int], action: str, actor: User | None
) -> SalesOrder:
    """Picking changes nothing of the order itself, so the caller leaves its version: others may act on it meanwhile."""
    audit.record(actor=actor, action=action, subject=order, changes={"lines": parts, "warehouse": warehouse.code})
    return order
