"""Allocations: promises of stock, made, taken back, kept or broken under their level's lock."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import outbox
from inventory_site.common.models import User
from stock.choosing import FIRST_CHOICE, PRIORITY, Shortage, Wish, choose
from stock.errors import InsufficientStock, NotAllocated
from stock.models import Allocation, SetAside, StockLevel, StockMovement, Warehouse
from stock.services.levels import (
    Pair,
    check_pieces,
    ensure_levels,
    known_levels,
    lock_levels,
    save_levels,
    shop_now,
)

State = Allocation.State


@dataclass(frozen=True)
class Claim:
    """A wish for stock; a partial one takes what there is, another all or nothing.

    ``elsewhere`` are other warehouses that may serve it: levels that exist there are looked at, none is made.
    """

    holder: uuid.UUID
    product_id: int
    warehouse_id: int
    quantity: int
    is_partial: bool = False
    elsewhere: tuple[int, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True)
class PromiseMove:
    """So many promised pieces of one holder become another's."""

    source: uuid.UUID
    target: uuid.UUID
    quantity: int


@transaction.atomic
def allocate(*, claims: Sequence[Claim], strategy: str = FIRST_CHOICE) -> list[Allocation]:
    """Promise stock to every whole claim, or to none; partial ones take what is left, in the order given."""
    for claim in claims:
        check_pieces(claim.quantity, claim.product_id)
    ids, now, made = _levels_for(claims, strategy), shop_now(), []
    levels = lock_levels(ids.values())
    free = {pair: levels[pk].available for pair, pk in ids.items()}
    parts, shortages = choose(_wishes(claims, ids, strategy), free, strategy)
    if shortages:
        raise _insufficient(shortages)
    for claim, part in zip(claims, parts, strict=True):
        for place, quantity in part.items():
            if quantity:
                level = levels[ids[claim.product_id, place]]
                level.allocated += quantity
                made.append(_promise(claim, level, quantity, now))
    Allocation.objects.bulk_create(made)
    save_levels({row.level_id: row.level for row in made}.values())
    return made


def _promise(claim: Claim, level: StockLevel, quantity: int, now: datetime) -> Allocation:
    return Allocation(level=level, holder=claim.holder, quantity=quantity, created_at=now, expires_at=claim.expires_at)


def _levels_for(claims: Sequence[Claim], strategy: str) -> dict[Pair, int]:
    """The levels that may serve the claims: each first choice, made where it is missing, and what exists elsewhere."""
    ids = ensure_levels((claim.product_id, claim.warehouse_id) for claim in claims)
    if strategy == FIRST_CHOICE:
        return ids
    return ids | known_levels((claim.product_id, place) for claim in claims for place in claim.elsewhere)


def _wishes(claims: Sequence[Claim], ids: Mapping[Pair, int], strategy: str) -> list[Wish]:
    rank = _ranks(ids) if strategy == PRIORITY else {}
    wishes = []
    for claim in claims:
        places = dict.fromkeys((claim.warehouse_id, *claim.elsewhere))
        known = sorted((p for p in places if (claim.product_id, p) in ids), key=lambda place: rank.get(place, 0))
        wishes.append(Wish(claim.product_id, claim.quantity, tuple(known), claim.is_partial))
    return wishes


def _ranks(ids: Mapping[Pair, int]) -> dict[int, int]:
    """The warehouses' order of priority."""
    pks = Warehouse.objects.filter(pk__in={place for _product, place in ids}).order_by("priority", "code")
    return {pk: rank for rank, pk in enumerate(pks.values_list("pk", flat=True))}


def _insufficient(shortages: Iterable[Shortage]) -> InsufficientStock:
    codes = dict(Warehouse.objects.filter(pk__in={p for s in shortages for p in s.places}).values_list("pk", "code"))
    skus = dict(Product.objects.filter(pk__in={s.product for s in shortages}).values_list("pk", "sku"))
    named = [(skus[s.product], s.asked, s.available, ", ".join(sorted(codes[p] for p in s.places))) for s in shortages]
    return InsufficientStock.named(sorted(named))


def locked_promises(
    holders: Iterable[uuid.UUID], within: Collection[int] | None
) -> tuple[dict[int, StockLevel], dict[uuid.UUID, list[Allocation]]]:
    """Lock the levels of the holders' open allocations, then read these again, oldest first."""
    holders = list(holders)
    open_ones = Allocation.objects.open().filter(holder__in=holders)
    if within is not None:
        open_ones = open_ones.filter(level__warehouse__in=within)
    levels = lock_levels(open_ones.values_list("level", flat=True))
    by_holder: dict[uuid.UUID, list[Allocation]] = {holder: [] for holder in holders}
    for allocation in open_ones.filter(level__in=levels).oldest_first():
        by_holder[allocation.holder].append(allocation)
    return levels, by_holder


@transaction.atomic
def release(*, quantities: Mapping[uuid.UUID, int | None], within: Collection[int] | None = None) -> int:
    """Take back promises, the newest first: so many of each holder, or all (None). Returns the pieces freed.

    ``within``: only in these warehouses.
    """
    levels, by_holder = locked_promises(quantities, within)
    now, freed = shop_now(), 0
    for holder, wanted in quantities.items():
        left = sum(a.quantity for a in by_holder[holder]) if wanted is None else wanted
        for allocation in reversed(by_holder[holder]):
            taken = close_part(allocation, left, State.RELEASED, now)
            levels[allocation.level_id].allocated -= taken
            left, freed = left - taken, freed + taken
    save_levels(levels.values())
    return freed


@transaction.atomic
def ship(
    *,
    quantities: Mapping[uuid.UUID, int],
    actor: User | None,
    reference: str,
    effective_at: datetime | None = None,
    within: Collection[int] | None = None,
) -> list[StockMovement]:
    """Keep promises: so many pieces of each holder leave the building (one of ``within``).

    What was picked leaves first, since it is not on the shelf any more; then the oldest promise.
    """
    levels, by_holder = locked_promises(quantities, within)
    now = effective_at or shop_now()
    out: dict[int, int] = defaultdict(int)
    for holder, wanted in quantities.items():
        _refuse_more_than_held(holder, wanted, by_holder[holder], reference)
        left = wanted
        for allocation in sorted(by_holder[holder], key=lambda one: one.picked_at is None):
            taken = close_part(allocation, left, State.SHIPPED, now)
            out[allocation.level_id] += taken
            left -= taken
    return _leave(levels, out, actor, reference, now)


def _refuse_more_than_held(holder: uuid.UUID, wanted: int, held: Sequence[Allocation], reference: str) -> None:
    known = Allocation.objects.filter(holder=holder).select_related("level__product")
    pieces = sum(allocation.quantity for allocation in held)
    if type(wanted) is int and 0 < wanted <= pieces:
        return
    product = next((allocation.level.product for allocation in known[:1]), None)
    if type(wanted) is not int or wanted <= 0:
        check_pieces(wanted, product.pk if product else 0)
    raise NotAllocated(
        _("%(reference)s: %(asked)d of %(sku)s asked, only %(held)d allocated.")
        % {"reference": reference, "sku": product.sku if product else holder, "asked": wanted, "held": pieces}
    )


@transaction.atomic
def move_promises(*, moves: Sequence[PromiseMove], within: Collection[int] | None = None) -> None:
    """Give promises to other holders, the oldest first; their age, level and end stay as they are.

    Both holders' orders must be locked by the caller: promises are only added to a locked order.
    """
    _levels, by_holder = locked_promises({move.source for move in moves}, within)
    for move in moves:
        _refuse_more_than_held(move.source, move.quantity, by_holder[move.source], _("Moving promises"))
        left = move.quantity
        for allocation in by_holder[move.source]:
            left -= _hand_over(allocation, move.target, left)


def _hand_over(allocation: Allocation, holder: uuid.UUID, wanted: int) -> int:
    """Up to ``wanted`` pieces of an open allocation become ``holder``'s; what is left of it stays as it was."""
    taken = min(allocation.quantity, wanted)
    if taken <= 0:
        return 0
    Allocation.objects.filter(pk=part_of(allocation, taken).pk).update(holder=holder)
    allocation.quantity -= taken
    return taken


def part_of(allocation: Allocation, wanted: int) -> Allocation:
    """A row of up to ``wanted`` pieces of an allocation: itself, or a new one as old as it; the rest stays."""
    if wanted >= allocation.quantity:
        return allocation
    Allocation.objects.filter(pk=allocation.pk).update(quantity=allocation.quantity - wanted)
    return Allocation.objects.create(
        level_id=allocation.level_id, holder=allocation.holder, quantity=wanted, picked_at=allocation.picked_at,
        created_at=allocation.created_at, expires_at=allocation.expires_at, state=allocation.state,
        closed_at=allocation.closed_at,
    )  # fmt: skip


@transaction.atomic
def keep_until(*, holders: Collection[uuid.UUID], expires_at: datetime | None) -> None:
    """Set when the holders' open promises end; None makes them firm."""
    _levels, by_holder = locked_promises(holders, None)
    found = [allocation.pk for allocations in by_holder.values() for allocation in allocations]
    Allocation.objects.filter(pk__in=found).update(expires_at=expires_at)


def _leave(levels, out: Mapping[int, int], actor: User | None, reference: str, now: datetime) -> list[StockMovement]:
    rows = []
    for pk, quantity in out.items():
        if not quantity:
            continue
        levels[pk].on_hand -= quantity
        levels[pk].allocated -= quantity
        rows.append(
            StockMovement(
                level_id=pk,
                quantity=-quantity,
                reason=StockMovement.Reason.SHIPMENT,
                reference=reference,
                actor=actor,
                effective_at=now,
            )
        )
    StockMovement.objects.bulk_create(rows)
    save_levels(levels.values())
    return rows


def close_part(allocation: Allocation, wanted: int, state: str, now: datetime) -> int:
    """Close up to ``wanted`` pieces of an open allocation; what is left of it stays open as it was."""
    taken = min(allocation.quantity, wanted)
    if taken <= 0:
        return 0
    if taken < allocation.quantity:
        Allocation.objects.filter(pk=allocation.pk).update(quantity=allocation.quantity - taken)
        Allocation.objects.create(
            level_id=allocation.level_id, holder=allocation.holder, quantity=taken, state=state,
            picked_at=allocation.picked_at, created_at=allocation.created_at, closed_at=now,
        )  # fmt: skip
    else:
        Allocation.objects.filter(pk=allocation.pk).update(state=state, closed_at=now)
    allocation.quantity -= taken
    return taken


def shorten(levels: Sequence[StockLevel]) -> None:
    """Break the newest promises of locked levels that hold less than was promised; the caller saves them.

    Picked pieces are in somebody's hands, so their promises are the last to break.
    What was set aside and is not there any more has left the building too.
    """
    if not levels:
        return
    now, broken, gone = shop_now(), [], []
    for level in levels:
        if level.unsellable > level.on_hand:
            gone.append(
                SetAside(
                    level=level, quantity=level.on_hand - level.unsellable, reason=SetAside.Reason.GONE,
                    effective_at=now,
                )
            )  # fmt: skip
            level.unsellable = level.on_hand
        missing = level.allocated + level.unsellable - level.on_hand
        for allocation in Allocation.objects.open().filter(level=level).least_sure_first():
            if missing <= 0:
                break
            taken = close_part(allocation, missing, State.SHORT, now)
            level.allocated -= taken
            missing -= taken
            broken.append({"level": level.pk, "holder": str(allocation.holder), "quantity": taken})
    SetAside.objects.bulk_create(gone)
    if broken:
        outbox.publish("stock.promises_broken", {"broken": broken})
