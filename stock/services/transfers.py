"""Transfers between warehouses: drafted, shipped (in transit), received, closed or cancelled.

Each locks the transfer, reads it again, then all levels at once. Transfers promise nothing: shipping checks what
is available.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.errors import StaleVersion, WrongState
from inventory_site.common.models import ShopSettings, User
from stock.errors import InsufficientStock, InvalidTransfer, TooMuch
from stock.models import StockMovement, Transfer, TransferLine, Warehouse
from stock.services.ledger import Entry, post_movements
from stock.services.levels import check_pieces, ensure_levels, known_levels, shop_now, tell_changed
from stock.services.told_late import Late, make_good

State = Transfer.State
Reason = StockMovement.Reason
ON_THE_WAY = frozenset({State.SHIPPED, State.PARTLY_RECEIVED})


@dataclass(frozen=True)
class TransferWish:
    product: Product
    quantity: int


@transaction.atomic
def create_transfer(
    *,
    source: Warehouse,
    destination: Warehouse,
    lines: Sequence[TransferWish],
    actor: User | None,
    reference: str = "",
    expected_on: date | None = None,
) -> Transfer:
    """Draft a transfer; wishes for the same product are summed. Nothing is promised before it is shipped."""
    if source.pk == destination.pk:
        raise InvalidTransfer(_("%(code)s cannot send goods to itself.") % {"code": source.code})
    if not lines:
        raise InvalidTransfer(_("A transfer needs at least one line."))
    asked = _summed(lines)
    transfer = Transfer.objects.create(
        number=f"new-{uuid.uuid4().hex}", source=source, destination=destination, reference=reference,
        created_at=shop_now(), expected_on=expected_on,
    )  # fmt: skip
    transfer.number = f"T{transfer.pk:06d}"
    transfer.save(update_fields=["number"])
    TransferLine.objects.bulk_create(
        TransferLine(transfer=transfer, product_id=product, quantity=quantity) for product, quantity in asked.items()
    )
    audit.record(
        actor=actor, action="transfer.create", subject=transfer,
        changes={"from": source.code, "to": destination.code, "lines": len(asked)},
    )  # fmt: skip
    return transfer


def _summed(lines: Sequence[TransferWish], *, least: int = 1) -> dict[int, int]:
    """Pieces by product."""
    asked: dict[int, int] = {}
    for line in lines:
        asked[line.product.pk] = asked.get(line.product.pk, 0) + line.quantity
        for pieces in (line.quantity, asked[line.product.pk]):
            if least or pieces != 0 or isinstance(pieces, bool):
                check_pieces(pieces, line.product.pk)
    return asked


@transaction.atomic
def change_transfer_draft(
    *, transfer: Transfer, lines: Sequence[TransferWish], actor: User | None, version: int | None = None
) -> Transfer:
    """Set the quantities of these products on a draft: 0 takes one off, the others stay as they are."""
    transfer, old = _locked(transfer, version, {State.DRAFT}, _("changed"))
    asked = _summed(lines, least=0)
    if not any(({line.product_id: line.quantity for line in old} | asked).values()):
        raise InvalidTransfer(_("%(number)s would have no line left: cancel it instead.") % {"number": transfer.number})
    rows = {line.product_id: line for line in old}
    for product, quantity in asked.items():
        row = rows.setdefault(product, TransferLine(transfer=transfer, product_id=product))
        row.quantity = quantity
    TransferLine.objects.filter(pk__in=[row.pk for row in old if not row.quantity]).delete()
    TransferLine.objects.bulk_create([row for row in rows.values() if row.pk is None and row.quantity])
    TransferLine.objects.bulk_update([row for row in old if row.quantity], ["quantity"])
    transfer.version += 1
    transfer.save(update_fields=["version"])
    told = {wish.product.sku: asked[wish.product.pk] for wish in lines}
    audit.record(actor=actor, action="transfer.change_lines", subject=transfer, changes={"lines": told})
    return transfer


@transaction.atomic
def ship_transfer(
    *, transfer: Transfer, actor: User | None, quantities: Mapping[int, int] | None = None, version: int | None = None
) -> Transfer:
    """Send a draft off, once: what the source does not ship of it falls away."""
    transfer, lines = _locked(transfer, version, {State.DRAFT}, _("shipped"), quantities)
    parts = _chosen(lines, quantities, {line.pk: line.quantity for line in lines})
    # Both ends at once: made one after the other, two transfers in opposite directions could wait for each other.
    ensure_levels((line.product_id, end) for line in lines for end in (transfer.source_id, transfer.destination_id))
    entries = [_entry(transfer, line, transfer.source_id, -parts[line.pk]) for line in lines if line.pk in parts]
    post_movements(entries=entries, actor=actor)
    for line in lines:
        line.shipped = parts.get(line.pk, 0)
    transfer.state, transfer.shipped_at = State.SHIPPED, shop_now()
    return _saved(transfer, lines, actor, "transfer.ship", parts)


@transaction.atomic
def receive_transfer(
    *,
    transfer: Transfer,
    actor: User | None,
    quantities: Mapping[int, int] | None = None,
    version: int | None = None,
    may_exceed: bool = False,
    at: datetime | None = None,
) -> Transfer:
    """Take what arrived into stock: by line, or all that is in transit; at that moment, by default now.

    With ``may_exceed`` more may have arrived, within the shop's tolerance; the surplus is taken off what is available
    in the source, since it must have come from there. What the source has promised is not touched.
    """
    transfer, lines = _locked(transfer, version, ON_THE_WAY, _("received"), quantities)
    coming, tolerated = {line.pk: line.in_transit for line in lines}, {line.pk: _tolerance(line) for line in lines}
    parts = _chosen(lines, quantities, coming, tolerated, may_exceed)
    at = max(at, transfer.shipped_at) if at and transfer.shipped_at else at  # a device's clock may be wrong
    entries = []
    for line in lines:
        arrived = parts.get(line.pk, 0)
        if arrived:
            entries.append(_entry(transfer, line, transfer.destination_id, arrived, at=at))
        if beyond := max(arrived - line.in_transit, 0):
            entries.append(_entry(transfer, line, transfer.source_id, -beyond))
            line.shipped += beyond
        line.received += arrived
    _post_with_surplus(transfer, entries, actor)
    if at is not None:
        ids = known_levels((line.product_id, transfer.destination_id) for line in lines if line.pk in parts)
        came = [line for line in lines if line.pk in parts]
        make_good([Late(ids[line.product_id, transfer.destination_id], parts[line.pk], at) for line in came], actor)
    _settle(transfer, lines)
    return _saved(transfer, lines, actor, "transfer.receive", parts)


def _post_with_surplus(transfer: Transfer, entries: Sequence[Entry], actor: User | None) -> None:
    try:
        post_movements(entries=entries, actor=actor)
    except InsufficientStock as short:
        raise InsufficientStock(
            _("More arrived than was sent, and the surplus must come off the stock of %(source)s. %(why)s")
            % {"source": transfer.source.code, "why": short}
        ) from short


def _tolerance(line: TransferLine) -> int:
    """Pieces beyond those in transit that may be received of a line that was sent."""
    allowed = int(line.quantity * Decimal(ShopSettings.objects.load().over_receipt_rate))
    return max(min(allowed, line.quantity + allowed - line.shipped), 0) if line.shipped else 0


@transaction.atomic
def close_transfer(*, transfer: Transfer, actor: User | None, version: int | None = None) -> Transfer:
    """Give up what is still in transit: it arrives in the books and is written off there as lost."""
    transfer, lines = _locked(transfer, version, ON_THE_WAY, _("closed"))
    lost = {line.pk: line.in_transit for line in lines if line.in_transit}
    entries = []
    for line in lines:
        if line.pk in lost:
            entries.append(_entry(transfer, line, transfer.destination_id, lost[line.pk]))
            entries.append(_entry(transfer, line, transfer.destination_id, -lost[line.pk], Reason.WRITE_OFF))
            line.received += lost[line.pk]
            line.lost += lost[line.pk]
    post_movements(entries=entries, actor=actor)
    _settle(transfer, lines)
    return _saved(transfer, lines, actor, "transfer.close", lost)


@transaction.atomic
def cancel_transfer(*, transfer: Transfer, actor: User | None, version: int | None = None) -> Transfer:
    """Drop a draft; of one on its way, what is in transit returns to the source's stock."""
    transfer, lines = _locked(transfer, version, ON_THE_WAY | {State.DRAFT}, _("cancelled"))
    back = {line.pk: line.in_transit for line in lines if line.in_transit}
    if back:
        entries = [_entry(transfer, line, transfer.source_id, back[line.pk]) for line in lines if line.pk in back]
        post_movements(entries=entries, actor=actor)
    for line in lines:
        line.returned += back.get(line.pk, 0)
    if any(line.received for line in lines):
        _settle(transfer, lines)
    else:
        transfer.state, transfer.closed_at = State.CANCELLED, shop_now()
    return _saved(transfer, lines, actor, "transfer.cancel", back)


def _locked(
    transfer: Transfer,
    version: int | None,
    states: frozenset | set,
    wanted: str,
    quantities: Mapping[int, int] | None = None,
) -> tuple[Transfer, list[TransferLine]]:
    """The transfer and its lines, locked and as they are now."""
    transfer = Transfer.objects.locked().select_related("source", "destination").get(pk=transfer.pk)
    StaleVersion.check(transfer, version)
    if transfer.state not in states:
        raise WrongState.of_lines(transfer, wanted, quantities)
    return transfer, list(transfer.lines.select_related("product").order_by("pk"))


def _chosen(
    lines: Sequence[TransferLine],
    quantities: Mapping[int, int] | None,
    usual: Mapping[int, int],
    tolerated: Mapping[int, int] | None = None,
    may_exceed: bool = False,
) -> dict[int, int]:
    """Pieces by line: what the caller named, up to the usual and (``may_exceed``) what is tolerated, or the usual."""
    if quantities is None:
        return {pk: quantity for pk, quantity in usual.items() if quantity > 0}
    if not quantities:
        raise InvalidTransfer(_("Name at least one line, or none at all for everything."))
    by_pk = {line.pk: line for line in lines}
    for pk, quantity in quantities.items():
        if pk not in by_pk:
            raise InvalidTransfer(_("Line %(line)s is not on this transfer.") % {"line": pk})
        check_pieces(quantity, by_pk[pk].product_id)
        surplus = (tolerated or {}).get(pk, 0)
        most = usual[pk] + (surplus if may_exceed else 0)
        if quantity > most:
            told = {"sku": by_pk[pk].product.sku, "asked": quantity, "most": most}
            why = _("%(sku)s: %(asked)d asked, at most %(most)d possible.") % told
            if surplus and not may_exceed:
                hint = _("Up to %(most)d by who may receive more than was sent.")
                why += " " + hint % {"most": usual[pk] + surplus}
            raise TooMuch(why)
    return dict(quantities)


def _entry(
    transfer: Transfer,
    line: TransferLine,
    warehouse_id: int,
    quantity: int,
    reason: str = Reason.TRANSFER,
    at: datetime | None = None,
) -> Entry:
    return Entry(line.product_id, warehouse_id, quantity, reason, transfer.number, at)


def _settle(transfer: Transfer, lines: Sequence[TransferLine]) -> None:
    """Received once nothing of it is in transit."""
    if any(line.in_transit for line in lines):
        transfer.state = State.PARTLY_RECEIVED
    else:
        transfer.state, transfer.closed_at = State.RECEIVED, shop_now()


def _saved(
    transfer: Transfer, lines: Sequence[TransferLine], actor: User | None, action: str, parts: Mapping[int, int]
) -> Transfer:
    """Write the transfer, tell the destination's positions what is in transit now, and who did it."""
    transfer.version += 1
    transfer.save(update_fields=["state", "version", "shipped_at", "closed_at"])
    TransferLine.objects.bulk_update(lines, ["shipped", "received", "returned", "lost"])
    coming = known_levels((line.product_id, transfer.destination_id) for line in lines)
    tell_changed(coming.values(), topic="stock.coming")
    audit.record(actor=actor, action=action, subject=transfer, changes={"lines": parts})
    return transfer
