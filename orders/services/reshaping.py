"""Split and merge orders, and undo it: pieces, promises and money only move, nothing is made or lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings, User
from orders.errors import InvalidLines, NotAlike, NothingToDo, NotUndoable, WrongState
from orders.models import Reshaping, SalesOrder, SalesOrderLine
from orders.money import share
from orders.services.amounts import check_amounts, check_charges
from orders.services.common import chosen, temporary_number
from orders.services.lines import State, lines_of, lock_levels_for, locked_order, settle, touch
from stock.models import Allocation, Warehouse
from stock.services import PromiseMove, move_promises

ZERO = Decimal("0.00")
COPIED = ("channel", "customer", "source", "currency", "ship_to", "strategy", "reserved_until", "placed_at")


@dataclass
class Part:
    """Pieces of one line that move, and how many of them are promised, by warehouse (None: by any)."""

    line: SalesOrderLine
    quantity: int
    promised: int = 0
    warehouse_id: int | None = None


@dataclass
class Moves:
    """What a split or merge moved, as it is kept for undoing it."""

    lines: list[dict] = field(default_factory=list)
    money: list[dict] = field(default_factory=list)


@transaction.atomic
def split_sales_order(
    *,
    order: SalesOrder,
    actor: User | None,
    by: str,
    quantities: Mapping[int, int] | None = None,
    version: int | None = None,
) -> list[SalesOrder]:
    """Move some of what is outstanding to new orders, which are returned.

    ``availability``: what waits for stock; ``warehouse``: an order for each warehouse that serves it, beyond the
    first; ``lines``: the chosen pieces, promised ones first. The number in the channel and the shipping charge stay,
    a discount is shared by amount.
    """
    order = locked_order(order, _("split"), version=version)
    lines = lines_of(order)
    groups = [group for group in _groups(order, lines, by, quantities) if group]
    moved = sum(part.quantity for group in groups for part in group)
    if not moved or moved == sum(line.quantity - line.cancelled for line in lines):
        raise NothingToDo(
            _("%(number)s: nothing to split by that; something must go and something must stay.")
            % {"number": order.number}
        )
    lock_levels_for(lines=lines)
    moves = Moves()
    made = [_split_off(order, group, moves) for group in groups]
    settle(order, order.lines.all())
    touch(order, "state", "discount")
    _keep(Reshaping.Kind.SPLIT, [order, *made], moves, actor)
    numbers = {"by": by, "into": [new.number for new in made]}
    audit.record(actor=actor, action="sales_order.split", subject=order, changes=numbers)
    return made


def _groups(order: SalesOrder, lines: Sequence[SalesOrderLine], by: str, quantities) -> list[list[Part]]:
    if by == "availability":
        return [[Part(line, line.backordered) for line in lines if line.backordered > 0]]
    if by == "warehouse":
        return _by_warehouse(lines)
    if by != "lines" or quantities is None:
        raise InvalidLines(_("Split by availability, by warehouse, or by lines with their quantities."))
    parts = chosen(lines, quantities, {line.pk: line.outstanding for line in lines}, _("split off"))
    return [[Part(ln, parts[ln.pk], min(parts[ln.pk], ln.allocated_now)) for ln in lines if ln.pk in parts]]


def _by_warehouse(lines: Sequence[SalesOrderLine]) -> list[list[Part]]:
    by_holder = {line.holder: line for line in lines}
    pieces: dict[int, dict[SalesOrderLine, int]] = defaultdict(lambda: defaultdict(int))
    promised = Allocation.objects.open().filter(holder__in=by_holder).order_by("pk")
    for holder, warehouse, quantity in promised.values_list("holder", "level__warehouse", "quantity"):
        pieces[warehouse][by_holder[holder]] += quantity
    served = Warehouse.objects.filter(pk__in=pieces).order_by("priority", "code").values_list("pk", flat=True)
    return [[Part(line, n, n, warehouse) for line, n in pieces[warehouse].items()] for warehouse in list(served)[1:]]


def _split_off(order: SalesOrder, group: Sequence[Part], moves: Moves) -> SalesOrder:
    new = SalesOrder.objects.create(
        number=temporary_number(), state=State.OPEN, **{name: getattr(order, name) for name in COPIED}
    )
    new.number = f"S{new.pk:06d}"
    _move(order, new, group, moves, shipping_charge=ZERO)
    new.save(update_fields=["number", "discount", "shipping_charge"])
    return new


@transaction.atomic
def merge_sales_orders(
    *, orders: Sequence[SalesOrder], actor: User | None, versions: Mapping[int, int] | None = None
) -> SalesOrder:
    """The oldest order takes what is outstanding of the others, with its promises and money.

    An order that gives all of its goods away is then merged; one that had shipped some is closed. ``versions`` are
    those that the caller saw, by primary key.
    """
    locked = list(SalesOrder.objects.filter(pk__in={order.pk for order in orders}).locked())
    for order in locked:
        StaleVersion.check(order, (versions or {}).get(order.pk))
    _refuse_unlike(locked)
    target, *others = sorted(locked, key=lambda order: (order.placed_at, order.pk))
    lines = {order.pk: lines_of(order) for order in others}
    lock_levels_for(lines=[line for group in lines.values() for line in group])
    moves = Moves()
    for order in others:
        has_shipped = any(line.shipped for line in lines[order.pk])
        parts = [Part(line, line.outstanding, line.allocated_now) for line in lines[order.pk] if line.outstanding]
        _move(order, target, parts, moves, shipping_charge=ZERO if has_shipped else order.shipping_charge)
        order.state, order.merged_into = (State.CLOSED, None) if has_shipped else (State.MERGED, target)
        touch(order, "state", "merged_into", "discount", "shipping_charge")
    check_charges(target.discount, target.shipping_charge)
    check_amounts(target.lines.values_list("product__sku", "amount").order_by("pk"))
    touch(target, "discount", "shipping_charge")
    _keep(Reshaping.Kind.MERGE, [target, *others], moves, actor)
    numbers = {"from": [order.number for order in others]}
    audit.record(actor=actor, action="sales_order.merge", subject=target, changes=numbers)
    return target


def _refuse_unlike(orders: Sequence[SalesOrder]) -> None:
    if len(orders) < 2:
        raise NotAlike(_("It takes two orders to merge."))
    first, *others = orders
    for order in orders:
        if order.state != State.OPEN:
            raise WrongState.of(order, _("merged"))
        facts = {"number": order.number}
        if order.reserved_until:
            raise NotAlike(_("%(number)s is only reserved. Place it for good, then merge.") % facts)
        if order.customer_id is None:
            raise NotAlike(_("%(number)s has no customer; only orders of one customer are merged.") % facts)
    for other in others:
        facts = {"first": first.number, "other": other.number}
        if other.customer_id != first.customer_id:
            raise NotAlike(_("%(first)s and %(other)s are of different customers.") % facts)
        if other.ship_to.split() != first.ship_to.split():
            raise NotAlike(_("%(first)s and %(other)s go to different addresses.") % facts)
        if other.currency != first.currency:
            raise NotAlike(_("%(first)s and %(other)s are in different currencies.") % facts)


def _move(
    source: SalesOrder, target: SalesOrder, parts: Sequence[Part], moves: Moves, *, shipping_charge: Decimal
) -> None:
    """Move pieces and their money between locked orders; the caller saves both orders."""
    whole = sum((line.amount for line in source.lines.all()), ZERO)
    promises: list[PromiseMove] = []
    moved = sum((_move_part(target, part, moves, promises) for part in parts), ZERO)
    if promises:
        move_promises(moves=promises, within=_only_place(parts))
    discount = share(source.discount, int(moved * 100), int(whole * 100)) if whole else ZERO
    _move_money(source, target, shipping_charge, discount)
    moves.money.append(
        {"source": source.pk, "target": target.pk, "shipping_charge": str(shipping_charge), "discount": str(discount)}
    )


def _only_place(parts: Sequence[Part]) -> list[int] | None:
    """The warehouse whose promises move; None where any may."""
    return None if parts[0].warehouse_id is None else [parts[0].warehouse_id]


def _move_part(target: SalesOrder, part: Part, moves: Moves, promises: list[PromiseMove]) -> Decimal:
    """A line that goes as a whole stays itself; else a new line takes the pieces, their promises and their amount."""
    line, source = part.line, part.line.order_id
    note = {"source": source, "target": target.pk, "line": line.pk, "quantity": part.quantity}
    if part.quantity == line.quantity:
        line.order = target
        line.save(update_fields=["order"])
        moves.lines.append(note | {"new": line.pk, "amount": str(line.amount)})
        return line.amount
    amount = share(line.amount, part.quantity, line.quantity)
    new = SalesOrderLine.objects.create(
        order=target, product=line.product, warehouse=line.warehouse, quantity=part.quantity, amount=amount,
        unit_price=line.unit_price, demand_on=line.demand_on,
    )  # fmt: skip
    line.quantity -= part.quantity
    line.amount -= amount
    line.save(update_fields=["quantity", "amount"])
    if part.promised:
        promises.append(PromiseMove(line.holder, new.holder, part.promised))
    moves.lines.append(note | {"new": new.pk, "amount": str(amount)})
    return amount


def _move_money(source: SalesOrder, target: SalesOrder, shipping_charge: Decimal, discount: Decimal) -> None:
    source.shipping_charge -= shipping_charge
    target.shipping_charge += shipping_charge
    source.discount -= discount
    target.discount += discount


def _keep(kind: str, orders: Sequence[SalesOrder], moves: Moves, actor: User | None) -> None:
    reshaping = Reshaping.objects.create(
        kind=kind, moves={"lines": moves.lines, "money": moves.money}, actor=actor if actor and actor.pk else None
    )
    reshaping.orders.set(orders)


def newest_reshaping(order: SalesOrder) -> Reshaping:
    """The order's last split or merge that was not undone."""
    newest = Reshaping.objects.filter(orders=order, undone_at=None).order_by("-pk").first()
    if newest is None:
        raise NothingToDo(_("%(number)s was neither split nor merged.") % {"number": order.number})
    return newest


@transaction.atomic
def undo_reshaping(
    *, reshaping: Reshaping, actor: User | None, versions: Mapping[int, int | None] | None = None
) -> Reshaping:
    """Move everything back, the newest split or merge first; refused once something that moved went further.

    An order that a split had made is empty then, and merged into the one it came from. ``versions`` are those that
    the caller saw, by primary key.
    """
    orders = {row.pk: row for row in SalesOrder.objects.filter(pk__in=reshaping.orders.values("pk")).locked()}
    for pk, version in (versions or {}).items():
        StaleVersion.check(orders[pk], version)
    reshaping = Reshaping.objects.get(pk=reshaping.pk)
    lines = _lines_to_undo(reshaping, orders)
    lock_levels_for(lines=lines.values())
    for note in reversed(reshaping.moves["lines"]):
        _move_back(note, lines[note["new"]])
    for note in reversed(reshaping.moves["money"]):
        source, target = orders[note["source"]], orders[note["target"]]
        _move_money(target, source, Decimal(note["shipping_charge"]), Decimal(note["discount"]))
    came_from = {note["target"]: orders[note["source"]] for note in reshaping.moves["money"]}
    for order in orders.values():
        _settle_again(order, came_from.get(order.pk))
    reshaping.undone_at = ShopSettings.objects.load().now()
    reshaping.save(update_fields=["undone_at"])
    for order in orders.values():
        changes = {"kind": reshaping.kind, "orders": [row.number for row in orders.values()]}
        audit.record(actor=actor, action="sales_order.undo", subject=order, changes=changes)
    return reshaping


def _lines_to_undo(reshaping: Reshaping, orders: Mapping[int, SalesOrder]) -> dict[int, SalesOrderLine]:
    """The lines that moved, by primary key; refuses where undoing would lose what happened since."""
    what = {"what": reshaping}
    if reshaping.undone_at:
        raise NotUndoable(_("%(what)s is undone already.") % what)
    later = Reshaping.objects.filter(orders__in=orders, pk__gt=reshaping.pk, undone_at=None).order_by("pk").first()
    if later:
        raise NotUndoable(_("%(what)s: undo %(later)s first, it came after.") % (what | {"later": later}))
    moved = SalesOrderLine.objects.filter(pk__in=[note["new"] for note in reshaping.moves["lines"]])
    lines = {line.pk: line for line in moved.with_allocated().select_related("product")}
    for line in lines.values():
        if line.shipped or line.cancelled or line.returned:
            facts = {"sku": line.product.sku, "number": orders[line.order_id].number}
            raise NotUndoable(
                _("%(what)s cannot be undone: of %(sku)s on %(number)s some was shipped or cancelled since.")
                % (what | facts)
            )
    return lines


def _move_back(note: dict, line: SalesOrderLine) -> None:
    if note["new"] == note["line"]:
        SalesOrderLine.objects.filter(pk=line.pk).update(order=note["source"])
        return
    origin = SalesOrderLine.objects.get(pk=note["line"])
    if line.allocated_now:
        move_promises(moves=[PromiseMove(line.holder, origin.holder, line.allocated_now)])
    origin.quantity += line.quantity
    origin.amount += line.amount
    origin.save(update_fields=["quantity", "amount"])
    line.delete()


def _settle_again(order: SalesOrder, came_from: SalesOrder | None) -> None:
    lines = list(order.lines.all())
    if lines:
        order.state, order.merged_into = State.OPEN, None
        settle(order, lines)
    else:
        order.state, order.merged_into = State.MERGED, came_from
    touch(order, "state", "merged_into", "discount", "shipping_charge")
