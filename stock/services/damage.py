"""Damaged pieces with a photo: set aside, and where they are thrown away written off at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.models import Product
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import User
from inventory_site.common.photos import keep_photo
from stock.models import DamagePhoto, SetAside, Warehouse
from stock.services.levels import check_pieces, ensure_levels, lock_levels
from stock.services.set_asides import set_aside, write_off_set_aside
from stock.services.told_late import Late, make_good


@dataclass(frozen=True)
class Damage:
    """Pieces that are not fit for sale. ``is_scrapped``: they leave the building too; ``at`` is when they did.

    ``at`` is told where it is told later: a count that was posted since knows it already.
    """

    product: Product
    warehouse: Warehouse
    quantity: int
    reason: str = SetAside.Reason.DAMAGED
    note: str = ""
    reference: str = ""
    photo: bytes | None = None
    is_scrapped: bool = False
    at: datetime | None = None


@transaction.atomic
def report_damage(*, damage: Damage, actor: User | None, version: int | None = None) -> SetAside:
    """Take pieces off sale with a photo of them; scrapped ones are written off at once. ``version`` is the level's."""
    check_pieces(damage.quantity, damage.product.pk)
    what = {"product": damage.product, "warehouse": damage.warehouse, "quantity": damage.quantity, "actor": actor}
    if damage.is_scrapped and damage.at is not None:
        # first, since the count may have taken the last piece off the books
        _make_good(damage, actor, version)
        version = None
    row = set_aside(**what, reason=damage.reason, note=damage.note, reference=damage.reference, version=version)
    if damage.photo is not None:
        DamagePhoto.objects.create(set_aside=row, file=keep_photo(damage.photo), actor=actor)
    if damage.is_scrapped:
        write_off_set_aside(**what, note=damage.note, at=damage.at)
    return row


def _make_good(damage: Damage, actor: User | None, version: int | None) -> None:
    (level,) = lock_levels(ensure_levels([(damage.product.pk, damage.warehouse.pk)]).values()).values()
    StaleVersion.check(level, version)
    make_good([Late(level.pk, -damage.quantity, damage.at)], actor)
