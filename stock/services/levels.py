"""Find, make and lock levels; write their new counters. The only file that does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import outbox
from inventory_site.common.bulk import update_rows
from inventory_site.common.models import ShopSettings
from stock.errors import InvalidQuantity
from stock.models import StockLevel

Pair = tuple[int, int]  # product, warehouse

LOCK_TIMEOUT = "3s"
TOLD_AT_ONCE = 1000
LARGEST = 2**53
COUNTERS = ["on_hand", "allocated", "unsellable", "version"]


def shop_now() -> datetime:
    """The time that movements take where the caller names none: the clock, or the demo's standing date."""
    return ShopSettings.objects.load().now()


def ensure_levels(pairs: Iterable[Pair]) -> dict[Pair, int]:
    """The primary key of each pair's level; missing ones are made in one order, so that two makers cannot deadlock."""
    wanted = sorted(set(pairs))
    found = known_levels(wanted)
    missing = [pair for pair in wanted if pair not in found]
    if missing:
        rows = [StockLevel(product_id=product, warehouse_id=warehouse) for product, warehouse in missing]
        StockLevel.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
        found |= known_levels(missing)
    return found


def known_levels(pairs: Iterable[Pair]) -> dict[Pair, int]:
    """The primary keys of those levels that there are."""
    pairs, found = sorted(set(pairs)), {}
    wanted = set(pairs)
    for start in range(0, len(pairs), 500):
        part = pairs[start : start + 500]
        rows = StockLevel.objects.filter(
            product__in={product for product, _w in part}, warehouse__in={warehouse for _p, warehouse in part}
        ).values_list("product_id", "warehouse_id", "pk")
        found |= {(product, warehouse): pk for product, warehouse, pk in rows if (product, warehouse) in wanted}
    return found


def check_pieces(quantity: int, product_id: int) -> None:
    """Refuse what is not a whole number of pieces from 1 on; the sentence names the item."""
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 < quantity <= LARGEST:
        sku = Product.objects.filter(pk=product_id).values_list("sku", flat=True).first()
        raise InvalidQuantity(
            _("%(sku)s: “%(quantity)s” is not a quantity. Write a whole number from 1 to %(largest)d.")
            % {"sku": sku or product_id, "quantity": quantity, "largest": LARGEST}
        )


def refuse_overfull(levels: Iterable[StockLevel]) -> None:
    """Refuse locked levels that hold more than is counted exactly everywhere; nothing may be saved yet."""
    over = {level.pk: level for level in levels if level.on_hand > LARGEST}
    if over:
        sentence = _("%(sku)s: %(asked)d would be on hand in %(warehouse)s, at most %(largest)d can be.")
        raise InvalidQuantity(
            " ".join(
                sentence
                % {
                    "sku": level.product.sku,
                    "asked": over[level.pk].on_hand,
                    "warehouse": level.warehouse.code,
                    "largest": LARGEST,
                }
                for level in with_names(over.values())
            )
        )


def lock_levels(ids: Iterable[int]) -> dict[int, StockLevel]:
    """Lock these levels in one query, in primary-key order, and read them as they are now.

    Must run inside a transaction; a caller that locks twice in one transaction can deadlock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    wanted = sorted(set(ids))
    return {level.pk: level for level in StockLevel.objects.filter(pk__in=wanted).locked()}


def save_levels(levels: Iterable[StockLevel]) -> None:
    """Write the counters of locked levels and tell the outbox."""
    changed = list(levels)
    for level in changed:
        level.version += 1
    if len(changed) == 1:
        level = changed[0]
        StockLevel.objects.filter(pk=level.pk).update(**{name: getattr(level, name) for name in COUNTERS})
    else:
        update_rows(StockLevel, COUNTERS, map(attrgetter(*COUNTERS, "pk"), changed))
    tell_changed(level.pk for level in changed)


def tell_changed(level_ids: Iterable[int], topic: str = "stock.changed") -> None:
    """Let consumers recompute these levels' positions, a thousand in one event."""
    ids = sorted(set(level_ids))
    for start in range(0, len(ids), TOLD_AT_ONCE):
        outbox.publish(topic, {"levels": ids[start : start + TOLD_AT_ONCE]})


def with_names(levels: Iterable[StockLevel]) -> list[StockLevel]:
    """The same levels with product and warehouse read, for a sentence."""
    ids = [level.pk for level in levels]
    return list(StockLevel.objects.select_related("product", "warehouse").filter(pk__in=ids).order_by(F("pk")))
