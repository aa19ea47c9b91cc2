"""What counts knew, posted ones and typed ones, and what was made good of them for acts told late. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from operator import itemgetter

from django.db.models import Exists, OuterRef, QuerySet

from inventory_site.common.models import ShopSettings
from stock.models import CountLine, StockCount, StockMovement

Reason = StockMovement.Reason
MOST_OF_AN_ACT = 100
OF_TYPED = "#"


@dataclass(frozen=True)
class Look:
    """The ledger was brought in line with a shelf, for this moment; ``reference`` is what is made good of it under."""

    reference: str
    at: datetime


def ledger_time() -> str:
    """The column that says when a movement was. A demo's clock stands still: there only the database knows."""
    return "recorded_at" if ShopSettings.objects.load().demo_until else "effective_at"


def typed_counts() -> QuerySet[StockMovement]:
    """Counts that were typed (a level's page, an upload): they have no document, and none where nothing differed."""
    rows = StockMovement.objects.filter(reason=Reason.COUNT, reversed_by=None)
    of_counts = StockCount.objects.filter(number=OuterRef("reference"))
    return rows.exclude(reference__regex=f"^{OF_TYPED}[0-9]+$").filter(~Exists(of_counts))


def looks(levels: Collection[int], after: datetime | None = None) -> list[tuple[int, Look]]:
    """By level every posted or typed count of its shelf (after a moment), the oldest first."""
    when = ledger_time()
    posted = CountLine.objects.filter(level__in=levels, state=CountLine.State.POSTED)
    typed = typed_counts().filter(level__in=levels)
    if after is not None:
        posted, typed = posted.filter(captured_at__gt=after), typed.filter(**{f"{when}__gt": after})
    found = [(at, level, number) for level, number, at in posted.values_list("level", "count__number", "captured_at")]
    found += [(at, level, f"{OF_TYPED}{pk}") for level, pk, at in typed.values_list("level", "pk", when)]
    return [(level, Look(reference, at)) for at, level, reference in sorted(found, key=itemgetter(0))]


def counted_since(levels: Collection[int], at: datetime) -> dict[int, Look]:
    """By level the first count of its shelf after this moment. Call it under the levels' locks."""
    found: dict[int, Look] = {}
    for level, look in looks(levels, after=at):
        found.setdefault(level, look)
    return found


def made_good(movement: StockMovement, but: Collection[int] = ()) -> StockMovement | None:
    """What was posted for this movement because a count had known it already; None too where that was reversed.

    Both were written under one lock of the level, so that in its ledger nothing of another act lies between. ``but``
    are primary keys of what was posted for others.
    """
    own = StockMovement.objects.filter(level=movement.level_id)
    beside = chain(
        _same_act(movement, own.filter(pk__gt=movement.pk).order_by("pk")),
        _same_act(movement, own.filter(pk__lt=movement.pk).order_by("-pk")),
    )
    return next((row for row in beside if row.pk not in but and _is_for(row, movement)), None)


def _same_act(movement: StockMovement, rows) -> list[StockMovement]:
    """Rows up to the first of another document, in reading order."""
    found = []
    for row in rows[:MOST_OF_AN_ACT]:
        if row.reason != Reason.COUNT and row.reference != movement.reference:
            break
        found.append(row)
    return found


def _is_for(row: StockMovement, movement: StockMovement) -> bool:
    """Opposite to the movement and dated to a count that was posted before it was told, after it happened."""
    if row.reason != Reason.COUNT or row.quantity != -movement.quantity or row.effective_at <= movement.effective_at:
        return False
    return _count_knew(row, movement) and not StockMovement.objects.filter(reverses=row).exists()


def _count_knew(row: StockMovement, movement: StockMovement) -> bool:
    number = row.reference.removeprefix(OF_TYPED)
    if number != row.reference:
        return number.isdecimal() and typed_counts().filter(pk=int(number), level=row.level_id).exists()
    lines = CountLine.objects.filter(level=row.level_id, count__number=row.reference, captured_at=row.effective_at)
    line = lines.filter(state=CountLine.State.POSTED).select_related("count").first()
    if line is None:
        return False
    if not line.delta:  # it posted nothing whose number could be older
        return StockMovement.objects.filter(pk=movement.pk, recorded_at__gt=line.count.closed_at).exists()
    posted = StockMovement.objects.filter(level=row.level_id, reason=Reason.COUNT, reference=row.reference)
    return posted.filter(pk__lt=min(row.pk, movement.pk)).exists()


def is_of_a_count(movement: StockMovement) -> bool:
    """Whether a count's document answers for this movement, or acts told late were settled with it."""
    is_typed = typed_counts().filter(pk=movement.pk).exists()
    late = StockMovement.objects.filter(level=movement.level_id, reference=f"{OF_TYPED}{movement.pk}", reversed_by=None)
    return movement.reason == Reason.COUNT and (not is_typed or late.exists())
