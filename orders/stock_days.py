"""What the ledger says of each business day of each level: on hand at its end, and how long nothing could be ordered.

Arrays are [level, day]; time is in whole microseconds of UTC, so that shares of a day are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from orders.models import SalesOrder, Source
from stock.models import Allocation, SetAside, StockLevel, StockMovement

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NEVER = np.iinfo(np.int64).max
DIGITS = 4


@dataclass(frozen=True)
class StockDays:
    """``stocked_out_rate`` is NaN where the ledger knows nothing of the day; ``shipped`` leaves imported orders out."""

    level_ids: np.ndarray
    known: np.ndarray
    on_hand: np.ndarray
    stocked_out_rate: np.ndarray
    shipped: np.ndarray


@dataclass(frozen=True)
class _Changes:
    """Signed changes of levels (rows) at times."""

    row: np.ndarray
    at: np.ndarray
    by: np.ndarray


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), tzinfo=ZoneInfo(zone))


def stock_days(level_ids: Sequence[int], first_on: date, last_on: date) -> StockDays:
    """Read the ledger of these levels from ``first_on`` to ``last_on``, each day by the clock of its warehouse."""
    levels = list(_levels(level_ids))
    bounds = _midnights([level["warehouse__time_zone"] for level in levels], first_on, last_on)
    row_of = {level["pk"]: row for row, level in enumerate(levels)}
    moved, shipped = (_within(changes, bounds) for changes in _movements(row_of, bounds))
    promised, aside = _promises(row_of, bounds), _within(_set_aside(row_of, bounds), bounds)
    opening, unsellable = _before(row_of, bounds)
    on_hand = opening[:, None] + np.cumsum(_by_day(moved, bounds), axis=1)
    out, known = _empty_time(opening - unsellable, (moved, promised, aside), bounds, _first_moved(row_of))
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.round(np.where(known > 0, out / known, np.nan), DIGITS)
    rate[[level["product__accepts_backorders"] for level in levels]] *= 0
    return StockDays(
        level_ids=np.array([level["pk"] for level in levels], dtype=np.int64),
        known=known > 0,
        on_hand=on_hand,
        stocked_out_rate=rate,
        shipped=_by_day(shipped, bounds),
    )


def _levels(ids: Sequence[int]) -> Iterable[dict]:
    """In the order of the primary keys."""
    rows = StockLevel.objects.filter(pk__in=ids).order_by("pk")
    return rows.values("pk", "warehouse__time_zone", "product__accepts_backorders")


def _midnights(zones: Sequence[str], first_on: date, last_on: date) -> np.ndarray:
    """When each day starts, and the last one ends: [level, day + 1]."""
    days = [first_on + timedelta(days=n) for n in range((last_on - first_on).days + 2)]
    by_zone = {zone: [microseconds(midnight(day, zone)) for day in days] for zone in set(zones)}
    return np.array([by_zone[zone] for zone in zones], dtype=np.int64).reshape(len(zones), len(days))


def _edges(bounds: np.ndarray) -> tuple[datetime, datetime]:
    """From the earliest start to the latest end over all zones."""
    return EPOCH + int(bounds.min()) * MICROSECOND, EPOCH + int(bounds.max()) * MICROSECOND


def _changes(rows: Iterable[tuple], row_of: dict[int, int]) -> _Changes:
    found = [(row_of[level], microseconds(at), by) for level, at, by in rows]
    return _Changes(*(np.array(column, dtype=np.int64) for column in zip(*found, strict=True))) if found else _NOTHING


_NOTHING = _Changes(*(np.empty(0, dtype=np.int64) for _ in range(3)))


def _movements(row_of: dict[int, int], bounds: np.ndarray) -> tuple[_Changes, _Changes]:
    """All movements within the days, and of these the shipments that count as sales."""
    start, end = _edges(bounds)
    moved = StockMovement.objects.filter(level__in=row_of, effective_at__gte=start, effective_at__lt=end).order_by()
    imported = SalesOrder.objects.filter(number=OuterRef("reference"), source=Source.IMPORT)
    shipped = moved.filter(~Exists(imported), reason=StockMovement.Reason.SHIPMENT, reversed_by=None)
    columns = ("level", "effective_at", "quantity")
    return (
        _changes(moved.values_list(*columns), row_of),
        _changes(shipped.annotate(pieces=-F("quantity")).values_list("level", "effective_at", "pieces"), row_of),
    )


def _promises(row_of: dict[int, int], bounds: np.ndarray) -> _Changes:
    """What allocations took from what could be ordered, and gave back when they were closed."""
    start, end = _edges(bounds)
    made = Allocation.objects.filter(level__in=row_of, created_at__lt=end)
    held = made.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=start)).order_by()
    taken = held.values_list("level", "created_at", -F("quantity"))
    given_back = held.filter(closed_at__lt=end).values_list("level", "closed_at", "quantity")
    return _changes([*taken, *given_back], row_of)


def _set_aside(row_of: dict[int, int], bounds: np.ndarray) -> _Changes:
    """What was taken off sale within the days, or put back."""
    start, end = _edges(bounds)
    rows = SetAside.objects.filter(level__in=row_of, effective_at__gte=start, effective_at__lt=end).order_by()
    return _changes(rows.values_list("level", "effective_at", -F("quantity")), row_of)


def _before(row_of: dict[int, int], bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """On hand and unsellable when the first day starts.

    From the level backwards: cheap for the last days of a long ledger. One statement, so that it is never torn.
    """
    opening = np.zeros((2, len(row_of)), dtype=np.int64)
    for start in np.unique(bounds[:, 0]).tolist():
        ids = [pk for pk, row in row_of.items() if bounds[row, 0] == start]
        moved, aside = (_since(model, EPOCH + start * MICROSECOND) for model in (StockMovement, SetAside))
        levels = StockLevel.objects.filter(pk__in=ids).order_by()
        levels = levels.annotate(then=F("on_hand") - moved, unsellable_then=F("unsellable") - aside)
        for pk, *quantities in levels.values_list("pk", "then", "unsellable_then"):
            opening[:, row_of[pk]] = quantities
    return opening[0], opening[1]


def _since(model: type[StockMovement | SetAside], moment: datetime) -> Coalesce:
    """The sum of a level's rows from that moment on."""
    rows = model.objects.filter(level=OuterRef("pk"), effective_at__gte=moment).order_by().values("level")
    return Coalesce(Subquery(rows.annotate(total=Sum("quantity")).values("total")), 0, output_field=BigIntegerField())


def _first_moved(row_of: dict[int, int]) -> np.ndarray:
    """When the ledger of each level begins."""
    first = np.full(len(row_of), NEVER, dtype=np.int64)
    moved = StockMovement.objects.filter(level=OuterRef("pk")).order_by("effective_at").values("effective_at")[:1]
    levels = StockLevel.objects.filter(pk__in=row_of).order_by()
    for pk, at in levels.annotate(first=Subquery(moved)).values_list("pk", "first"):
        if at is not None:
            first[row_of[pk]] = microseconds(at)
    return first


def _within(changes: _Changes, bounds: np.ndarray) -> _Changes:
    """Without what lies outside the days of its own zone."""
    inside = (changes.at >= bounds[changes.row, 0]) & (changes.at < bounds[changes.row, -1])
    return _Changes(changes.row[inside], changes.at[inside], changes.by[inside])


def _by_day(changes: _Changes, bounds: np.ndarray) -> np.ndarray:
    """Sums [level, day]."""
    zones, zone_of = np.unique(bounds, axis=0, return_inverse=True)
    day = np.zeros(len(changes.row), dtype=np.int64)
    for number, edges in enumerate(zones):
        here = zone_of[changes.row] == number
        day[here] = np.searchsorted(edges, changes.at[here], side="right") - 1
    total = np.zeros((bounds.shape[0], bounds.shape[1] - 1), dtype=np.int64)
    np.add.at(total, (changes.row, day), changes.by)
    return total


def _empty_time(
    opening: np.ndarray, parts: Sequence[_Changes], bounds: np.ndarray, known_from: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Microseconds [level, day] without anything to order, and microseconds that the ledger knows of.

    Each level's changes and midnights are put in one line by time; the stock between two neighbours is their sum.
    """
    levels, edges = bounds.shape
    first, last = bounds[:, 0], bounds[:, -1]
    row = np.concatenate([np.arange(levels), np.repeat(np.arange(levels), edges), *(part.row for part in parts)])
    at = np.concatenate([first, bounds.ravel(), *(part.at for part in parts)])
    by = np.concatenate([opening, np.zeros(levels * edges, dtype=np.int64), *(part.by for part in parts)])
    is_midnight = np.zeros(len(row), dtype=np.int64)
    is_midnight[levels : levels + levels * edges] = 1
    at = np.clip(at, first[row], last[row])
    order = np.lexsort((is_midnight, at, row))
    row, at, by, is_midnight = row[order], at[order], by[order], is_midnight[order]
    total = np.cumsum(by)
    starts = np.searchsorted(row, np.arange(levels))
    total = total - np.concatenate([[0], total])[starts][row]
    day = np.clip(np.cumsum(is_midnight) - row * edges - 1, 0, edges - 2)
    begins, ends = np.maximum(at[:-1], known_from[row[:-1]]), at[1:]
    lasts = np.where(row[:-1] == row[1:], np.maximum(ends - begins, 0), 0)
    cell = (row[:-1] * (edges - 1) + day[:-1]).astype(np.int64)
    size = levels * (edges - 1)
    known = np.bincount(cell, weights=lasts, minlength=size).reshape(levels, edges - 1)
    empty = np.bincount(cell, weights=lasts * (total[:-1] <= 0), minlength=size).reshape(levels, edges - 1)
    return empty, known
