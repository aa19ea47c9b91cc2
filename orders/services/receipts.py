"""Goods that arrive on purchase orders, and receipts that were a mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings, User
from orders.errors import InvalidLines, NothingToDo, TooMuch, WrongState
from orders.models import PurchaseOrder, PurchaseOrderLine, Receipt
from orders.services.backorders import allocate_waiting, lock_waiting
from orders.services.common import check_quantity, reread
from orders.services.purchases import ON_ORDER, State, save_purchase
from stock.models import StockMovement
from stock.services import Damage, Entry, Late, ensure_levels, make_good, post_movements, report_damage, unmaking

Reason = StockMovement.Reason


@dataclass(frozen=True)
class Damaged:
    """Pieces among those that arrived on a line which may not be sold, with what was seen."""

    quantity: int
    note: str = ""
    photo: bytes | None = None


@transaction.atomic
def receive_purchase_order(
    *,
    order: PurchaseOrder,
    actor: User | None,
    quantities: Mapping[int, int] | None = None,
    packs: Mapping[int, int] | None = None,
    received_at: datetime | None = None,
    version: int | None = None,
    may_exceed: bool = False,
    damaged: Mapping[int, Damaged] | None = None,
) -> PurchaseOrder:
    """Take goods into stock, by line in pieces and in packs, or all that is still to come.

    With ``may_exceed`` a line takes more than is outstanding, within the shop's tolerance, also where all had been
    received before. ``damaged`` pieces, by line, are received too and set aside at once. Counts of the shelf that were
    posted for a time after ``received_at`` are put right. Orders that wait for the goods get them, the oldest first.
    """
    order = reread(order)
    StaleVersion.check(order, version)
    lines = list(order.lines.select_related("product").order_by("pk"))
    asked = _asked(lines, quantities, packs)
    _refuse_state(order, lines, asked, may_exceed)
    parts = {line.pk: line.outstanding for line in lines if line.outstanding} if asked is None else asked
    _refuse_surplus([line for line in lines if line.pk in parts], parts, may_exceed)
    _refuse_more_damaged(lines, parts, damaged or {})
    if not parts:
        raise NothingToDo(_("%(number)s: nothing is left to receive.") % {"number": order.number})
    at = received_at or ShopSettings.objects.load().now()
    at = max(at, order.confirmed_at) if order.confirmed_at else at  # a device's clock may be wrong
    arrived = [line for line in lines if line.pk in parts]
    waiting = lock_waiting([(line.product_id, order.warehouse_id) for line in arrived])
    _post(order, arrived, parts, at, actor)
    if received_at is not None:
        _make_good(order, arrived, parts, at, actor)
    _set_aside(order, lines, damaged or {}, actor)
    allocate_waiting(waiting)
    settle(order, lines, at)
    audit.record(actor=actor, action="purchase_order.receive", subject=order, changes={"lines": parts})
    return order


def _asked(
    lines: Sequence[PurchaseOrderLine], quantities: Mapping[int, int] | None, packs: Mapping[int, int] | None
) -> dict[int, int] | None:
    """Pieces by line, None where the caller named none; packs become pieces here and nowhere else."""
    if quantities is None and packs is None:
        return None
    by_pk = {line.pk: line for line in lines}
    asked = {}
    for counted, in_packs in ((quantities or {}, False), (packs or {}, True)):
        for pk, number in counted.items():
            if pk not in by_pk:
                raise InvalidLines(_("Line %(line)s is not on this order.") % {"line": pk})
            check_quantity(number, by_pk[pk].product.sku)
            asked[pk] = asked.get(pk, 0) + number * (by_pk[pk].pack_size if in_packs else 1)
            check_quantity(asked[pk], by_pk[pk].product.sku)
    return asked


def _refuse_state(
    order: PurchaseOrder, lines: Sequence[PurchaseOrderLine], asked: Mapping[int, int] | None, may_exceed: bool
) -> None:
    """A surplus may be found when all has been received; a draft or a cancelled order takes nothing."""
    rate = Decimal(ShopSettings.objects.load().over_receipt_rate)
    is_surplus = order.state == State.RECEIVED and asked and any(surplus_of(line, rate) for line in lines)
    if order.state in ON_ORDER or (is_surplus and may_exceed):
        return
    wanted = asked if asked is not None else {line.pk: line.quantity for line in lines}
    named = [(line.product.sku, wanted[line.pk]) for line in lines if line.pk in wanted]
    refusal = WrongState.of(order, _("received"), named)
    if is_surplus:
        hint = _("Who may receive more than was ordered may book a surplus within the shop's tolerance.")
        refusal = WrongState(f"{refusal} {hint}")
    raise refusal


def surplus_of(line: PurchaseOrderLine, rate: Decimal) -> int:
    """Pieces beyond the order that the shop still tolerates."""
    return max(int(line.quantity * rate) - line.over_received, 0)


def _refuse_surplus(lines: Sequence[PurchaseOrderLine], asked: Mapping[int, int], may_exceed: bool) -> None:
    rate = Decimal(ShopSettings.objects.load().over_receipt_rate)
    refused = []
    for line in lines:
        most = line.outstanding
        tolerated = most + surplus_of(line, rate)
        if asked[line.pk] <= (tolerated if may_exceed else most):
            continue
        told = {"sku": line.product.sku, "asked": asked[line.pk], "most": tolerated if may_exceed else most}
        refused.append(_("%(sku)s: %(asked)d asked to receive, at most %(most)d possible.") % told)
        if not may_exceed and tolerated > most:
            refused.append(_("Up to %(most)d by who may receive more than was ordered.") % {"most": tolerated})
    if refused:
        raise TooMuch(" ".join(refused))


def _refuse_more_damaged(
    lines: Sequence[PurchaseOrderLine], parts: Mapping[int, int], damaged: Mapping[int, Damaged]
) -> None:
    for line in lines:
        if line.pk in damaged and damaged[line.pk].quantity > parts.get(line.pk, 0):
            told = {"sku": line.product.sku, "damaged": damaged[line.pk].quantity, "most": parts.get(line.pk, 0)}
            raise TooMuch(_("%(sku)s: %(damaged)d damaged, but only %(most)d arrived.") % told)


def _set_aside(
    order: PurchaseOrder, lines: Sequence[PurchaseOrderLine], damaged: Mapping[int, Damaged], actor: User | None
) -> None:
    """Before anybody who waits is promised them; their levels are locked since they arrived."""
    for line in lines:
        if line.pk in damaged:
            found = damaged[line.pk]
            damage = Damage(
                line.product, order.warehouse, found.quantity, note=found.note, reference=order.number,
                photo=found.photo,
            )  # fmt: skip
            report_damage(damage=damage, actor=actor)


def _make_good(
    order: PurchaseOrder,
    arrived: Sequence[PurchaseOrderLine],
    parts: Mapping[int, int],
    at: datetime,
    actor: User | None,
) -> None:
    """Told late: counts of the shelf that were posted meanwhile knew these goods already."""
    ids = ensure_levels((line.product_id, order.warehouse_id) for line in arrived)
    make_good([Late(ids[line.product_id, order.warehouse_id], parts[line.pk], at) for line in arrived], actor)


def _post(
    order: PurchaseOrder,
    arrived: Sequence[PurchaseOrderLine],
    parts: Mapping[int, int],
    at: datetime,
    actor: User | None,
) -> None:
    entries = [
        Entry(line.product_id, order.warehouse_id, parts[line.pk], Reason.RECEIPT, order.number, at) for line in arrived
    ]
    movements = post_movements(entries=entries, actor=actor)
    Receipt.objects.bulk_create(
        # a very long order's movements come back without their keys
        Receipt(line=line, quantity=parts[line.pk], received_at=at, movement_id=movement.pk)
        for line, movement in zip(arrived, movements, strict=True)
    )
    for line in arrived:
        ordered = min(parts[line.pk], line.outstanding)
        line.over_received += parts[line.pk] - ordered
        line.received += ordered
    PurchaseOrderLine.objects.bulk_update(arrived, ["received", "over_received"])


def settle(order: PurchaseOrder, lines: Sequence[PurchaseOrderLine], at: datetime) -> None:
    """Save the state that follows from what has arrived, as the next version."""
    is_complete = not any(line.outstanding for line in lines)
    has_begun = any(line.received or line.over_received for line in lines)
    order.state = State.RECEIVED if is_complete else State.PARTLY_RECEIVED if has_begun else State.CONFIRMED
    order.closed_at = (order.closed_at or at) if is_complete else None
    save_purchase(order, "state", "closed_at")


@transaction.atomic
def undo_receipt(*, receipt: Receipt, actor: User | None, version: int | None = None) -> Receipt:
    """Take a mistaken receipt back: its goods leave the ledger and are on order again.

    Promises that it breaks become short; refused where the goods have gone already. The receipt stays, marked,
    and no lead time is learned from it.
    """
    order = reread(receipt.line.order)
    StaleVersion.check(order, version)
    receipt = Receipt.objects.select_related("line__product", "movement").get(pk=receipt.pk)
    if receipt.undone_at is not None:
        raise WrongState(_("This receipt of %(sku)s was taken back before.") % {"sku": receipt.line.product.sku})
    entry = Entry(
        receipt.line.product_id, order.warehouse_id, -receipt.quantity, Reason.ADJUSTMENT, order.number,
        reverses_id=receipt.movement_id,
    )  # fmt: skip
    _refuse_reversed(receipt)
    post_movements(entries=[entry, *unmaking([receipt.movement] if receipt.movement else [])], actor=actor)
    receipt.undone_at = ShopSettings.objects.load().now()
    receipt.save(update_fields=["undone_at"])
    lines = list(order.lines.all())
    line = next(line for line in lines if line.pk == receipt.line_id)
    surplus = min(line.over_received, receipt.quantity)
    line.over_received -= surplus
    line.received -= receipt.quantity - surplus
    line.save(update_fields=["over_received", "received"])
    settle(order, lines, receipt.undone_at)
    changes = {"receipt": receipt.pk, "line": line.pk, "quantity": receipt.quantity}
    audit.record(actor=actor, action="purchase_order.undo_receipt", subject=order, changes=changes)
    return receipt


def _refuse_reversed(receipt: Receipt) -> None:
    """Somebody may have reversed its movement in the ledger itself."""
    if receipt.movement_id and StockMovement.objects.filter(reverses=receipt.movement_id).exists():
        raise WrongState(
            _("The movement of this receipt of %(sku)s was reversed before.") % {"sku": receipt.line.product.sku}
        )
