"""Promised pieces between the shelf and the packing table: on hand until they are shipped, but not to be counted there.

All lock the levels of the promises first. Where only a part of a promise is meant, it becomes two.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common import outbox
from inventory_site.common.models import User
from stock.errors import NotAllocated
from stock.models import Allocation, StockMovement
from stock.services.counted import counted_since
from stock.services.gaps import gap_found
from stock.services.ledger import Entry, post_movements
from stock.services.levels import lock_levels, save_levels, shop_now
from stock.services.promises import close_part, locked_promises, part_of
from stock.services.told_late import Late, make_good

State = Allocation.State


@transaction.atomic
def pick_pieces(
    *,
    quantities: Mapping[uuid.UUID, int],
    actor: User | None,
    within: Collection[int] | None = None,
    at: datetime | None = None,
) -> None:
    """So many promised pieces of each holder were taken off the shelf at that moment, by default now.

    A moment to come, or before the promise was made, is a wrong clock: then it is now, or when it was made. Where the
    shelf was counted since, that count took them for lost, and is put right.
    """
    _levels, by_holder = locked_promises(quantities, within)
    now = shop_now()
    moment = min(at or now, now)
    late = []
    for holder, wanted in quantities.items():
        for row in _parts(holder, wanted, [one for one in by_holder[holder] if one.picked_at is None]):
            row.picked_at = max(moment, row.created_at)
            row.save(update_fields=["picked_at"])
            late.append(Late(row.level_id, -row.quantity, row.picked_at))
    if at is not None:
        make_good(late, actor)


@transaction.atomic
def pick_broken(
    *, most: Mapping[uuid.UUID, int], within: Collection[int], at: datetime, actor: User | None
) -> dict[uuid.UUID, int]:
    """Promises that a posted count broke although their pieces had been picked by then (``at``) stand again, as picked.

    Of each holder at most so many pieces, which are made good of the count: nobody else can have been promised them.
    Name with 0 the holders of which more is to be picked, so that all levels are locked at once. Returns the pieces
    by holder.
    """
    own = Allocation.objects.filter(holder__in=most, level__warehouse__in=within)
    lock_levels(own.filter(state__in=[State.OPEN, State.SHORT]).values_list("level", flat=True))
    again, late, rows = dict.fromkeys(most, 0), [], []
    for row in own.filter(state=State.SHORT, picked_at=None, closed_at__gt=at).oldest_first():
        moment, left = max(at, row.created_at), most[row.holder] - again[row.holder]
        if left > 0 and row.level_id in counted_since([row.level_id], moment):
            part = part_of(row, left)
            part.picked_at, part.state, part.closed_at = moment, State.OPEN, None
            again[row.holder] += part.quantity
            late.append(Late(part.level_id, -part.quantity, moment))
            rows.append(part)
    make_good(late, actor)
    levels = lock_levels(row.level_id for row in rows)
    for row in rows:
        row.save(update_fields=["picked_at", "state", "closed_at"])
        levels[row.level_id].allocated += row.quantity
    if rows:
        save_levels(levels.values())
    return {holder: pieces for holder, pieces in again.items() if pieces}


@transaction.atomic
def put_back_pieces(
    *,
    quantities: Mapping[uuid.UUID, int],
    actor: User | None,
    within: Collection[int] | None = None,
    at: datetime | None = None,
) -> None:
    """So many picked pieces of each holder lie on the shelf again, and stay promised.

    ``at`` is when, at the earliest when they were picked; a count of the shelf that was posted since saw them there.
    """
    _levels, by_holder = locked_promises(quantities, within)
    late, moment = [], at or shop_now()
    for holder, wanted in quantities.items():
        for row in _parts(holder, wanted, [one for one in by_holder[holder] if one.picked_at is not None]):
            late.append(Late(row.level_id, row.quantity, _lay_back(row, moment)))
    if at is not None:
        make_good(late, actor)


@transaction.atomic
def miss_pieces(
    *,
    holder: uuid.UUID,
    quantity: int,
    actor: User | None,
    reference: str,
    warehouse_id: int,
    at: datetime | None = None,
) -> None:
    """Promised pieces were not found on the shelf: their promise is broken and they are off the books.

    What is available stays as it is, so nobody else is promised what nobody found. Where the shelf was counted since
    (``at``), that count is put right, since it has taken them off already; what an open count found missing before is
    dated to it, so that it expects what it found.
    """
    levels, by_holder = locked_promises([holder], {warehouse_id})
    waiting = [one for one in by_holder[holder] if one.picked_at is None]
    _refuse_more(holder, quantity, waiting)
    (level,) = levels.values()  # a holder's promises in one warehouse are of one product
    left, now = quantity, shop_now()
    moment = now if at is None else max(min(at, now), _promised_since(waiting[0], at))
    for allocation in waiting:
        left -= close_part(allocation, left, State.SHORT, now)
    level.allocated -= quantity
    save_levels([level])
    broken = {"level": level.pk, "holder": str(holder), "quantity": quantity}
    outbox.publish("stock.promises_broken", {"broken": [broken]})
    pair, parts = (level.product_id, level.warehouse_id), gap_found(level.pk, quantity, moment)
    if at is not None:
        make_good([Late(level.pk, -n, when) for when, n in parts.items()], actor)
    entries = [Entry(*pair, -n, StockMovement.Reason.ADJUSTMENT, reference, when) for when, n in parts.items()]
    post_movements(entries=entries, actor=actor)


def _promised_since(oldest: Allocation, at: datetime) -> datetime:
    """When the holder was first promised what was not found: maybe a count broke that since, and others came."""
    own = Allocation.objects.filter(level=oldest.level_id, holder=oldest.holder, created_at__lt=oldest.created_at)
    broken = own.filter(state=State.SHORT, closed_at__gt=at).order_by("created_at")
    return (broken.first() or oldest).created_at


def _lay_back(row: Allocation, moment: datetime) -> datetime:
    """It stays promised. That its pieces were away is kept, as a promise of no length, for the counts of that time."""
    back_at = max(moment, row.picked_at)
    Allocation.objects.create(
        level_id=row.level_id, holder=row.holder, quantity=row.quantity, state=State.RELEASED,
        picked_at=row.picked_at, created_at=back_at, closed_at=back_at,
    )  # fmt: skip
    row.picked_at = None
    row.save(update_fields=["picked_at"])
    return back_at


def _parts(holder: uuid.UUID, wanted: int, among: list[Allocation]) -> list[Allocation]:
    """Rows of exactly so many pieces, the oldest promises first."""
    _refuse_more(holder, wanted, among)
    rows, left = [], wanted
    for allocation in among:
        if left <= 0:
            break
        row = part_of(allocation, left)
        left -= row.quantity
        rows.append(row)
    return rows


def _refuse_more(holder: uuid.UUID, wanted: int, among: list[Allocation]) -> None:
    most = sum(allocation.quantity for allocation in among)
    if wanted > most:
        known = Allocation.objects.filter(holder=holder).values_list("level__product__sku", flat=True)
        raise NotAllocated(
            _("%(sku)s: %(asked)d asked, only %(most)d left of it here. Look at the order again.")
            % {"sku": known.first() or holder, "asked": wanted, "most": most}
        )
