"""Allocations: promises of stock, made, taken back, kept or broken under their level's lock."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common import outbox
from inventory_site.common.models import User
from stock.errors import InsufficientStock, InvalidQuantity, NotAllocated
from stock.models import Allocation, StockLevel, StockMovement
from stock.services.levels import ensure_levels, lock_levels, save_levels, shop_now, with_names

State = Allocation.State


@dataclass(frozen=True)
class Claim:
    """A wish for stock; a partial one takes what there is, another all or nothing."""

    holder: uuid.UUID
    product_id: int
    warehouse_id: int
    quantity: int
    is_partial: bool = False


@transaction.atomic
def allocate(*, claims: Sequence[Claim]) -> list[Allocation]:
    """Promise stock to every claim, or to none; what several claims ask of one level is summed."""
    if any(isinstance(c.quantity, bool) or not isinstance(c.quantity, int) or c.quantity <= 0 for c in claims):
        raise InvalidQuantity(_("A quantity to allocate must be a whole number from 1 on."))
    ids = ensure_levels((claim.product_id, claim.warehouse_id) for claim in claims)
    levels = lock_levels(ids.values())
    _refuse_shortages(claims, ids, levels)
    now, made = shop_now(), []
    for claim in sorted(claims, key=lambda c: c.is_partial):  # the whole ones were checked: they come first
        level = levels[ids[claim.product_id, claim.warehouse_id]]
        quantity = min(claim.quantity, max(level.available, 0))
        if quantity:
            level.allocated += quantity
            made.append(Allocation(level=level, holder=claim.holder, quantity=quantity, created_at=now))
    Allocation.objects.bulk_create(made)
    save_levels({row.level_id: row.level for row in made}.values())
    return made


def _refuse_shortages(claims: Sequence[Claim], ids: Mapping, levels: Mapping[int, StockLevel]) -> None:
    asked: dict[int, int] = defaultdict(int)
    for claim in claims:
        if not claim.is_partial:
            asked[ids[claim.product_id, claim.warehouse_id]] += claim.quantity
    short = [levels[pk] for pk, quantity in asked.items() if quantity > levels[pk].available]
    if short:
        raise InsufficientStock.of((level, asked[level.pk], level.available) for level in with_names(short))


def _locked_promises(holders: Iterable[uuid.UUID]) -> tuple[dict[int, StockLevel], dict[uuid.UUID, list[Allocation]]]:
    """Lock the levels of the holders' open allocations, then read these again, oldest first."""
    holders = list(holders)
    open_ones = Allocation.objects.open().filter(holder__in=holders)
    levels = lock_levels(open_ones.values_list("level", flat=True))
    by_holder: dict[uuid.UUID, list[Allocation]] = {holder: [] for holder in holders}
    for allocation in open_ones.filter(level__in=levels).order_by("pk"):
        by_holder[allocation.holder].append(allocation)
    return levels, by_holder


@transaction.atomic
def release(*, quantities: Mapping[uuid.UUID, int | None]) -> int:
    """Take back promises, the newest first: so many of each holder, or all (None). Returns the pieces freed."""
    levels, by_holder = _locked_promises(quantities)
    now, freed = shop_now(), 0
    for holder, wanted in quantities.items():
        left = sum(a.quantity for a in by_holder[holder]) if wanted is None else wanted
        for allocation in reversed(by_holder[holder]):
            taken = _close(allocation, left, State.RELEASED, now)
            levels[allocation.level_id].allocated -= taken
            left, freed = left - taken, freed + taken
    save_levels(levels.values())
    return freed


@transaction.atomic
def ship(
    *, quantities: Mapping[uuid.UUID, int], actor: User | None, reference: str, effective_at: datetime | None = None
) -> list[StockMovement]:
    """Keep promises, the oldest first: so many pieces of each holder leave the building."""
    levels, by_holder = _locked_promises(quantities)
    now = effective_at or shop_now()
    out: dict[int, int] = defaultdict(int)
    for holder, wanted in quantities.items():
        held, left = sum(a.quantity for a in by_holder[holder]), wanted
        if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted <= 0:
            raise InvalidQuantity(_("A quantity to ship must be a whole number from 1 on."))
        if wanted > held:
            raise NotAllocated(
                _("%(reference)s: %(asked)d to ship, only %(held)d allocated.")
                % {"reference": reference, "asked": wanted, "held": held}
            )
        for allocation in by_holder[holder]:
            taken = _close(allocation, left, State.SHIPPED, now)
            out[allocation.level_id] += taken
            left -= taken
    return _leave(levels, out, actor, reference, now)


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


def _close(allocation: Allocation, wanted: int, state: str, now: datetime) -> int:
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
    """Break the newest promises of locked levels that hold less than was promised; the caller saves them."""
    if not levels:
        return
    now, broken = shop_now(), []
    for level in levels:
        level.unsellable = min(level.unsellable, level.on_hand)
        missing = level.allocated + level.unsellable - level.on_hand
        for allocation in Allocation.objects.open().filter(level=level).order_by("-pk"):
            if missing <= 0:
                break
            taken = _close(allocation, missing, State.SHORT, now)
            level.allocated -= taken
            missing -= taken
            broken.append({"level": level.pk, "holder": str(allocation.holder), "quantity": taken})
    outbox.publish("stock.promises_broken", {"broken": broken})
