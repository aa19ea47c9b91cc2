"""Pieces on hand that may not be sold. A level's ``unsellable`` is the sum of its set-asides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import User
from stock.errors import InsufficientStock, InvalidQuantity, NotSetAside
from stock.models import SetAside, StockLevel, StockMovement, Warehouse
from stock.services.levels import (
    check_pieces,
    ensure_levels,
    lock_levels,
    refuse_overfull,
    save_levels,
    shop_now,
)
from stock.services.promises import shorten
from stock.services.told_late import Late, make_good

Reason = SetAside.Reason

#: Why pieces may be taken off sale; the others say how they came back or left.
CAUSES = frozenset({Reason.DAMAGED, Reason.EXPIRED, Reason.HELD, Reason.RETURNED})


@transaction.atomic
def set_aside(
    *,
    product: Product,
    warehouse: Warehouse,
    quantity: int,
    reason: str,
    actor: User | None,
    note: str = "",
    reference: str = "",
    version: int | None = None,
) -> SetAside:
    """Take pieces off sale. It records what is true, so the newest promises that it breaks become short."""
    if reason not in CAUSES:
        raise ValueError(f"nothing is set aside because of “{reason}”")
    check_pieces(quantity, product.pk)
    level = _locked(product, warehouse, version)
    if quantity > level.on_hand - level.unsellable:
        raise InsufficientStock.of([(level, quantity, level.on_hand - level.unsellable)])
    level.unsellable += quantity
    if level.available < 0:
        shorten([level])
    return _written(level, quantity, reason, actor=actor, note=note, reference=reference, action="stock.set_aside")


@transaction.atomic
def put_back(
    *,
    product: Product,
    warehouse: Warehouse,
    quantity: int,
    actor: User | None,
    note: str = "",
    reference: str = "",
    version: int | None = None,
) -> SetAside:
    """Put pieces back on sale; refuses more than is set aside."""
    check_pieces(quantity, product.pk)
    level = _locked(product, warehouse, version)
    _refuse_more_than_set_aside(level, quantity)
    level.unsellable -= quantity
    return _written(
        level, -quantity, Reason.PUT_BACK, actor=actor, note=note, reference=reference, action="stock.put_back"
    )


@transaction.atomic
def write_off_set_aside(
    *,
    product: Product,
    warehouse: Warehouse,
    quantity: int,
    actor: User | None,
    note: str = "",
    version: int | None = None,
    at: datetime | None = None,
) -> StockMovement:
    """What was set aside leaves the building: on hand falls with it, what is available stays. ``at`` is when."""
    check_pieces(quantity, product.pk)
    level = _locked(product, warehouse, version)
    _refuse_more_than_set_aside(level, quantity)
    level.on_hand -= quantity
    level.unsellable -= quantity
    row = _written(level, -quantity, Reason.GONE, actor=actor, note=note, action="stock.write_off_set_aside")
    return StockMovement.objects.create(
        level=level, quantity=-quantity, reason=StockMovement.Reason.WRITE_OFF, actor=actor,
        effective_at=at or row.effective_at,
    )  # fmt: skip


@dataclass(frozen=True)
class TakenBack:
    """What an inspection found of goods that came back: fit for sale, not fit, and thrown away."""

    product_id: int
    warehouse_id: int
    sellable: int = 0
    unsellable: int = 0
    scrapped: int = 0


@transaction.atomic
def take_back(*, entries: Sequence[TakenBack], actor: User | None, reference: str, at: datetime | None = None) -> None:
    """Goods of a customer come back: all arrive, the unfit are set aside, the scrapped leave again.

    ``at`` is when, where it is told later; counts that were posted for a time after it are put right.
    """
    for entry in entries:
        _check_outcome(entry)
    ids = ensure_levels((entry.product_id, entry.warehouse_id) for entry in entries)
    levels = lock_levels(ids.values())
    now, movements, aside = at or shop_now(), [], []
    for entry in entries:
        level = levels[ids[entry.product_id, entry.warehouse_id]]
        level.on_hand += entry.sellable + entry.unsellable
        level.unsellable += entry.unsellable
        arrived = entry.sellable + entry.unsellable + entry.scrapped
        movements.append(_movement(level, arrived, StockMovement.Reason.RETURN, actor, reference, now))
        if entry.scrapped:
            movements.append(_movement(level, -entry.scrapped, StockMovement.Reason.WRITE_OFF, actor, reference, now))
        if entry.unsellable:
            aside.append(
                SetAside(
                    level=level, quantity=entry.unsellable, reason=Reason.RETURNED, reference=reference, actor=actor,
                    effective_at=now,
                )
            )  # fmt: skip
    refuse_overfull(levels.values())
    StockMovement.objects.bulk_create(movements)
    SetAside.objects.bulk_create(aside)
    save_levels(levels.values())
    if at is not None:
        make_good([Late(one.level_id, one.quantity, one.effective_at) for one in movements], actor)


def _check_outcome(entry: TakenBack) -> None:
    counts = (entry.sellable, entry.unsellable, entry.scrapped)
    if any(type(count) is not int or count < 0 for count in counts):
        raise InvalidQuantity(
            _("%(sku)s: what came back is counted in whole numbers from 0 on.")
            % {"sku": Product.objects.values_list("sku", flat=True).get(pk=entry.product_id)}
        )
    check_pieces(sum(counts), entry.product_id)


def _movement(
    level: StockLevel, quantity: int, reason: str, actor: User | None, reference: str, now: datetime
) -> StockMovement:
    return StockMovement(
        level=level, quantity=quantity, reason=reason, actor=actor, reference=reference, effective_at=now
    )


def _locked(product: Product, warehouse: Warehouse, version: int | None) -> StockLevel:
    """The level, locked; it knows the given product and warehouse, for a sentence."""
    level = lock_levels(ensure_levels([(product.pk, warehouse.pk)]).values()).popitem()[1]
    level.product, level.warehouse = product, warehouse
    StaleVersion.check(level, version)
    return level


def _refuse_more_than_set_aside(level: StockLevel, quantity: int) -> None:
    if quantity > level.unsellable:
        raise NotSetAside(
            _("%(sku)s: %(asked)d asked, only %(held)d set aside in %(warehouse)s.")
            % {
                "sku": level.product.sku,
                "asked": quantity,
                "held": level.unsellable,
                "warehouse": level.warehouse.code,
            }
        )


def _written(level: StockLevel, quantity: int, reason: str, *, actor: User | None, action: str, **told) -> SetAside:
    row = SetAside.objects.create(
        level=level, quantity=quantity, reason=reason, actor=actor, effective_at=shop_now(), **told
    )
    save_levels([level])
    changes = {"sku": level.product.sku, "warehouse": level.warehouse.code, "quantity": quantity, "reason": reason}
    audit.record(actor=actor, action=action, subject=row, changes=changes | told)
    return row
