"""Movements: the only thing that changes what is on hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter, itemgetter

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.bulk import insert_rows
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import User
from stock.errors import AlreadyReversed, InsufficientStock, InvalidQuantity, NotInThePast, OfDocument
from stock.models import CountNeed, StockLevel, StockMovement, Warehouse
from stock.services.counted import is_of_a_count, made_good
from stock.services.levels import (
    LARGEST,
    ensure_levels,
    lock_levels,
    refuse_overfull,
    save_levels,
    shop_now,
    with_names,
)
from stock.services.promises import shorten

Reason = StockMovement.Reason

#: Reasons that record what is true on the shelf: they may break promises, never go below zero.
REALITY = frozenset({Reason.COUNT, Reason.ADJUSTMENT, Reason.WRITE_OFF})

#: Reasons of what a document posts; its own undo takes it back.
OF_DOCUMENTS = frozenset({Reason.RECEIPT, Reason.SHIPMENT, Reason.RETURN, Reason.TRANSFER})

#: No shop's books are older; a year typed wrongly would make centuries of days.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

#: From so many rows on, speed and memory count for more than primary keys.
BULK_ROWS = 1000
BULK_COLUMNS = ("level_id", "quantity", "reason", "reference", "actor_id", "reverses_id", "effective_at")


@dataclass(frozen=True)
class Entry:
    """One signed quantity to post; ``effective_at`` is when it happened, now where empty."""

    product_id: int
    warehouse_id: int
    quantity: int
    reason: str
    reference: str = ""
    effective_at: datetime | None = None
    reverses_id: int | None = None


@transaction.atomic
def post_movements(*, entries: Sequence[Entry], actor: User | None = None) -> list[StockMovement]:
    """Post many movements, all or none: summed per level, checked once.

    Refuses where a level would fall below its promises, or, for reasons that record reality, below
    zero; there the newest promises become short instead. Primary keys are read back only for fewer
    than ``BULK_ROWS`` movements.
    """
    for entry in entries:
        check_quantity(entry.quantity)
        _check_moment(entry.effective_at)
    ids = ensure_levels((entry.product_id, entry.warehouse_id) for entry in entries)
    levels = lock_levels(ids.values())
    now = shop_now()
    rows = [_row(entry, ids[entry.product_id, entry.warehouse_id], actor, now) for entry in entries]
    _apply(levels, entries, rows)
    _insert(rows)
    save_levels(levels.values())
    return rows


def _insert(rows: Sequence[StockMovement]) -> None:
    if len(rows) < BULK_ROWS:
        StockMovement.objects.bulk_create(rows)
    else:
        insert_rows(StockMovement, BULK_COLUMNS, map(attrgetter(*BULK_COLUMNS), rows))


def check_quantity(quantity: int) -> None:
    """Refuse what is not a whole number other than zero, or is too large to be one."""
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity == 0 or abs(quantity) > LARGEST:
        raise InvalidQuantity(
            _("“%(quantity)s” is not a quantity: it must be a whole number other than zero, at most %(largest)d.")
            % {"quantity": quantity, "largest": LARGEST}
        )


def _check_moment(at: datetime | None) -> None:
    if at is not None and at < EARLIEST:
        raise NotInThePast(
            _("%(at)s is too long ago for a movement of stock: write a time from %(earliest)s on.")
            % {"at": at.isoformat(), "earliest": EARLIEST.date().isoformat()}
        )


def _row(entry: Entry, level_id: int, actor: User | None, now: datetime) -> StockMovement:
    return StockMovement(
        level_id=level_id,
        quantity=entry.quantity,
        reason=entry.reason,
        reference=entry.reference,
        actor=actor,
        effective_at=entry.effective_at or now,
        reverses_id=entry.reverses_id,
    )


def _apply(levels: dict[int, StockLevel], entries: Sequence[Entry], rows: Sequence[StockMovement]) -> None:
    change: dict[int, int] = defaultdict(int)
    is_reality: dict[int, bool] = defaultdict(lambda: True)
    for entry, row in zip(entries, rows, strict=True):
        change[row.level_id] += entry.quantity
        is_reality[row.level_id] &= entry.reason in REALITY
    short = [
        pk for pk, by in change.items()
        if by < 0 and (levels[pk].on_hand if is_reality[pk] else levels[pk].available) + by < 0
    ]  # fmt: skip
    if short:
        raise InsufficientStock.of(
            (level, -change[level.pk], level.on_hand if is_reality[level.pk] else level.available)
            for level in with_names(levels[pk] for pk in short)
        )
    for pk, by in change.items():
        levels[pk].on_hand += by
    refuse_overfull(levels.values())
    shorten([level for level in levels.values() if level.available < 0])


@transaction.atomic
def adjust(
    *,
    product: Product,
    warehouse: Warehouse,
    quantity: int,
    reason: str,
    actor: User | None,
    reference: str = "",
    effective_at: datetime | None = None,
    version: int | None = None,
) -> StockMovement:
    """Post one signed correction; promises that it breaks become short.

    ``effective_at`` dates it back; ``version`` is that of the level that the caller saw.
    """
    check_quantity(quantity)
    level = lock_levels(ensure_levels([(product.pk, warehouse.pk)]).values()).popitem()[1]
    level.product, level.warehouse = product, warehouse
    StaleVersion.check(level, version)
    if effective_at is not None:
        _refuse_impossible_past(level, quantity, effective_at)
    entry = Entry(product.pk, warehouse.pk, quantity, reason, reference, effective_at)
    movement = post_movements(entries=[entry], actor=actor)[0]
    audit.record(
        actor=actor, action="stock.adjust", subject=movement,
        changes={
            "sku": product.sku, "warehouse": warehouse.code, "quantity": quantity, "reason": reason,
            "effective_at": movement.effective_at,
        },
    )  # fmt: skip
    return movement


def _refuse_impossible_past(level: StockLevel, quantity: int, at: datetime) -> None:
    """Nothing happens in the future, and no moment since ``at`` may have held less than nothing."""
    if at > shop_now():
        raise NotInThePast(
            _("%(sku)s: %(at)s is still to come. Stock is changed now or in the past.")
            % {"sku": level.product.sku, "at": at.isoformat()}
        )
    least, held = level.on_hand, level.on_hand
    later = StockMovement.objects.filter(level=level, effective_at__gt=at).order_by("-effective_at")
    for _moment, moved in groupby(later.values_list("effective_at", "quantity"), key=itemgetter(0)):
        held -= sum(change for _at, change in moved)
        least = min(least, held)
    if least + quantity < 0:
        raise InsufficientStock.of([(level, -quantity, least)])


@transaction.atomic
def set_on_hand(
    *,
    product: Product,
    warehouse: Warehouse,
    counted: int,
    actor: User | None,
    reason: str = Reason.COUNT,
    reference: str = "",
    version: int | None = None,
) -> StockMovement | None:
    """Post the difference between what was counted just now and the ledger; None where they agree."""
    if isinstance(counted, bool) or not isinstance(counted, int) or not 0 <= counted <= LARGEST:
        raise InvalidQuantity(
            _("%(sku)s: “%(counted)s” cannot be on hand: write a whole number from 0 on.")
            % {"sku": product.sku, "counted": counted}
        )
    level = lock_levels(ensure_levels([(product.pk, warehouse.pk)]).values()).popitem()[1]
    level.product, level.warehouse = product, warehouse
    StaleVersion.check(level, version)
    CountNeed.objects.listed().filter(level=level).update(rank=None)
    if counted == level.on_hand:
        return None
    return adjust(
        product=product,
        warehouse=warehouse,
        quantity=counted - level.on_hand,
        reason=reason,
        actor=actor,
        reference=reference,
    )


def unmaking(movements: Iterable[StockMovement]) -> list[Entry]:
    """What to post beside the opposite of these movements, so that counts that knew them stand as they were posted."""
    rows: dict[int, StockMovement] = {}
    for movement in movements:
        if row := made_good(movement, rows):
            rows[row.pk] = row
    return [
        Entry(
            row.level.product_id, row.level.warehouse_id, -row.quantity, Reason.REVERSAL, row.reference,
            row.effective_at, row.pk,
        )
        for row in rows.values()
    ]  # fmt: skip


@transaction.atomic
def reverse_movement(*, movement: StockMovement, actor: User, reference: str = "") -> StockMovement:
    """Post the opposite of a movement, once; the ledger keeps both.

    Not of one that a document or a count posted: it would go on saying that it happened. What was made good of it,
    since a count had known it before it was told, is taken back with it.
    """
    level = lock_levels([movement.level_id])[movement.level_id]
    if movement.reason in OF_DOCUMENTS:
        raise OfDocument(
            _("Movement %(number)d is a %(reason)s of %(reference)s: undo it there, or post an adjustment.")
            % {"number": movement.pk, "reason": movement.get_reason_display(), "reference": movement.reference or "–"}
        )
    if movement.reverses_id or StockMovement.objects.filter(reverses=movement).exists():
        raise AlreadyReversed(_("Movement %(number)d is a reversal or was reversed before.") % {"number": movement.pk})
    if is_of_a_count(movement):
        raise OfDocument(
            _("Movement %(number)d belongs to a count (%(reference)s): undo that count, or count %(sku)s again.")
            % {"number": movement.pk, "reference": movement.reference or "–", "sku": movement.level.product.sku}
        )
    entry = Entry(
        level.product_id, level.warehouse_id, -movement.quantity, Reason.REVERSAL,
        reference or movement.reference, reverses_id=movement.pk,
    )  # fmt: skip
    reversal = post_movements(entries=[entry, *unmaking([movement])], actor=actor)[0]
    audit.record(actor=actor, action="stock.reverse", subject=reversal, changes={"reverses": movement.pk})
    return reversal
