"""Pieces that somebody said were missing, and that lie there after all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common.models import User
from stock.errors import CountedSince, TooMuch
from stock.models import Allocation, CountLine, StockLevel, StockMovement
from stock.services.counted import ledger_time, typed_counts
from stock.services.ledger import Entry, post_movements
from stock.services.levels import ensure_levels, lock_levels, save_levels
from stock.services.promises import part_of

Reason, State = StockMovement.Reason, Allocation.State


@transaction.atomic
def find_pieces(
    *,
    product: Product,
    warehouse_id: int,
    quantity: int,
    reference: str,
    holder: uuid.UUID,
    most: int,
    actor: User | None,
) -> None:
    """Take back what ``miss_pieces`` took off under this reference; at most ``most`` are promised to the holder again.

    Dated to when they were said to be missing, as if nobody had said so. Refused where the shelf was counted since:
    that count has decided already.
    """
    pair = product.pk, warehouse_id
    (level,) = lock_levels(ensure_levels([pair]).values()).values()
    rows = _taken_off(level, product, reference, quantity)
    _refuse_counted_since(level, product, rows)
    entries = [Entry(*pair, -row.quantity, Reason.REVERSAL, reference, row.effective_at, row.pk) for row in rows]
    still_missing = -sum(row.quantity for row in rows) - quantity
    if still_missing:
        entries.append(Entry(*pair, -still_missing, Reason.ADJUSTMENT, reference, rows[-1].effective_at))
    post_movements(entries=entries, actor=actor)
    _promise_again(level.pk, holder, min(most, quantity))


def _taken_off(level: StockLevel, product: Product, reference: str, quantity: int) -> list[StockMovement]:
    """The newest movements that took off so many pieces, or more."""
    adjusted = StockMovement.objects.filter(level=level, reason=Reason.ADJUSTMENT, reference=reference, quantity__lt=0)
    rows, left = [], quantity
    for row in adjusted.filter(reversed_by=None).order_by("-pk"):
        if left <= 0:
            break
        rows.append(row)
        left += row.quantity
    if left > 0:
        raise TooMuch(
            _("%(sku)s: of %(asked)d pieces, %(most)d are off the stock as missing for %(reference)s.")
            % {"sku": product.sku, "asked": quantity, "most": quantity - left, "reference": reference}
        )
    return rows


def _refuse_counted_since(level: StockLevel, product: Product, rows: Sequence[StockMovement]) -> None:
    since = min(getattr(row, ledger_time()) for row in rows)
    posted = CountLine.objects.filter(level=level, state=CountLine.State.POSTED, captured_at__gte=since)
    if posted.exists() or typed_counts().filter(level=level, pk__gt=rows[-1].pk).exists():
        raise CountedSince(
            _("%(sku)s was counted since it was reported as missing: what was counted stands.") % {"sku": product.sku}
        )


def _promise_again(level_id: int, holder: uuid.UUID, most: int) -> None:
    """Up to so many pieces of the promises that broke last stand again; the rest is for whoever waits."""
    broken = Allocation.objects.filter(level=level_id, holder=holder, state=State.SHORT, picked_at=None)
    left = most
    for row in broken.order_by("-closed_at", "-pk"):
        if left <= 0:
            break
        part = part_of(row, left)
        part.state, part.closed_at = State.OPEN, None
        part.save(update_fields=["state", "closed_at"])
        left -= part.quantity
    if left < most:
        level = lock_levels([level_id])[level_id]
        level.allocated += most - left
        save_levels([level])
