"""A posted count taken back: as if it had not been posted, at the moments when it said that it was counted."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.errors import StaleVersion, WrongState
from inventory_site.common.models import User
from stock.errors import CountedSince
from stock.models import CountLine, StockCount, StockMovement
from stock.services.counted import ledger_time, typed_counts
from stock.services.ledger import Entry, post_movements
from stock.services.levels import lock_levels

State, Line, Reason = StockCount.State, CountLine.State, StockMovement.Reason
NAMED = 10


@transaction.atomic
def undo_count(*, count: StockCount, actor: User, version: int | None = None) -> StockCount:
    """Reverse all differences of a posted count, each at the moment to which it was dated.

    Refused where one of its items was counted again since, because that count already corrected what this one did
    wrong, and where pieces that this count found are promised or gone. Promises that it broke stay broken; what is
    back-ordered is served again from what comes back.
    """
    count = StockCount.objects.filter(pk=count.pk).select_related("warehouse").locked().get()
    StaleVersion.check(count, version)
    if count.state != State.POSTED:
        raise WrongState(
            _("%(number)s is %(state)s: only a posted count can be undone.")
            % {"number": count.number, "state": count.get_state_display()}
        )
    lock_levels(count.lines.filter(state=Line.POSTED).values_list("level", flat=True))
    _refuse_counted_since(count)
    movements = list(
        StockMovement.objects.filter(
            reference=count.number, reason=Reason.COUNT, level__warehouse=count.warehouse_id, reversed_by=None
        )
        .select_related("level")
        .order_by("pk")
    )
    entries = [_reversal(movement) for movement in movements]
    if entries:
        post_movements(entries=entries, actor=actor)
    count.lines.filter(state=Line.POSTED).update(state=Line.COUNTED)
    count.state, count.undone_by, count.undone_at = State.UNDONE, actor, timezone.now()
    count.version += 1
    count.save(update_fields=["state", "undone_by", "undone_at", "version"])
    audit.record(actor=actor, action="stock.undo_count", subject=count, changes={"reversed": len(entries)})
    return count


def _reversal(movement: StockMovement) -> Entry:
    return Entry(
        movement.level.product_id, movement.level.warehouse_id, -movement.quantity, Reason.REVERSAL,
        movement.reference, movement.effective_at, movement.pk,
    )  # fmt: skip


def _refuse_counted_since(count: StockCount) -> None:
    """Another count that was posted after this one, or one typed since, looked at what this one left.

    Also where this one found no difference, but acts that were told since were settled with it.
    """
    own = StockMovement.objects.filter(
        level=OuterRef("level"), reference=count.number, reason=Reason.COUNT, reversed_by=None
    )
    ours = count.lines.filter(Exists(own), state=Line.POSTED)
    later = CountLine.objects.filter(
        level=OuterRef("level"), state=Line.POSTED, captured_at__gte=OuterRef("captured_at"),
        count__closed_at__gt=count.closed_at,
    )  # fmt: skip
    typed = typed_counts().filter(**{f"{ledger_time()}__gt": count.closed_at}, level=OuterRef("level"))
    again = ours.filter(Exists(later)) | ours.filter(Exists(typed))
    skus = list(again.order_by("level__product__sku").values_list("level__product__sku", flat=True)[: NAMED + 1])
    if skus:
        raise CountedSince(
            _("%(skus)s: counted again since %(number)s. What it did wrong was corrected then; adjust what still is.")
            % {"skus": _named(skus), "number": count.number}
        )


def _named(skus: Sequence[str]) -> str:
    return ", ".join(skus[:NAMED]) + (" …" if len(skus) > NAMED else "")
