"""Damaged pieces with a photo: set aside, and where they are thrown away written off at once."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from catalog.models import Product
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import User
from stock.models import DamagePhoto, SetAside, Warehouse
from stock.services.levels import check_pieces, ensure_levels, lock_levels
from stock.services.set_asides import set_aside, write_off_set_aside
from stock.services.told_late import Late, make_good


@transaction.atomic
def report_damage(
    *,
    product: Product,
    warehouse: Warehouse,
    quantity: int,
    actor: User | None,
    reason: str = SetAside.Reason.DAMAGED,
    note: str = "",
    reference: str = "",
    version: int | None = None,
    photo: bytes | None = None,
    is_scrapped: bool = False,
    at: datetime | None = None,
) -> SetAside:
    """Take pieces off sale with a photo of them; scrapped ones leave the building too.

    ``at`` is when they were thrown away, where it is told later: a count that was posted since knows it already.
    """
    check_pieces(quantity, product.pk)
    if is_scrapped and at is not None:  # first, since the count may have taken the last piece off the books
        level = ensure_levels([(product.pk, warehouse.pk)])[product.pk, warehouse.pk]
        StaleVersion.check(lock_levels([level])[level], version)
        make_good([Late(level, -quantity, at)], actor)
        version = None
    row = set_aside(
        product=product, warehouse=warehouse, quantity=quantity, reason=reason, actor=actor, note=note,
        reference=reference, version=version,
    )  # fmt: skip
    if photo is not None:
        DamagePhoto.objects.create(set_aside=row, file=keep_photo(photo), actor=actor)
    if is_scrapped:
        write_off_set_aside(product=product, warehouse=warehouse, quantity=quantity, actor=actor, note=note, at=at)
    return row


def keep_photo(content: bytes) -> str:
    """Write a JPEG below MEDIA_ROOT and return its name, made from what it shows: a repeated try writes it once."""
    mark = hashlib.sha256(content).hexdigest()
    name = f"photos/{mark[:2]}/{mark}.jpg"
    return name if default_storage.exists(name) else default_storage.save(name, ContentFile(content))
