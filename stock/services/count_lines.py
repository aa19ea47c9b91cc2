"""What the entries of a count say about its lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from stock.counting import Capture, Shelf, Unsettled, read
from stock.models import Bin, CountEntry, CountLine, PlaceChange, StockCount
from stock.services.shelves import shelves_since

State = CountLine.State
LINE_COLUMNS = (
    "state", "expected", "counted", "delta", "cost", "captured_at", "first_by_id", "recount_by_id",
)  # fmt: skip
line_values = attrgetter(*LINE_COLUMNS, "pk")
CENT = Decimal("0.01")
ASKED_AT_ONCE = 5000


def settled_lines(count: StockCount, lines: Sequence[CountLine]) -> None:
    """Set what these lines are now, by all their accepted entries. It writes nothing."""
    entries = _entries(lines)
    bins = _bins(lines)
    began = {line.level_id: min(entry.captured_at for entry in entries[line.pk]) for line in lines if entries[line.pk]}
    shelves = shelves_since(began)
    replaced = _replaced(began)
    for line in lines:
        if entries[line.pk]:
            _settle(count, line, entries[line.pk], bins[line.level_id], shelves[line.level_id], replaced[line.level_id])
        else:
            _forget(line)


def _forget(line: CountLine) -> None:
    """All its entries were taken back."""
    line.state, line.captured_at, line.first_by_id, line.recount_by_id = State.OPEN, None, None, None
    line.expected = line.counted = line.delta = line.cost = None


def _settle(
    count: StockCount,
    line: CountLine,
    entries: list[CountEntry],
    bins: frozenset[int],
    shelf: Shelf,
    replaced: Sequence[datetime],
) -> None:
    firsts = [entry for entry in entries if not entry.is_recount]
    again = [entry for entry in entries if entry.is_recount]
    valid = again or firsts
    line.first_by_id = firsts[-1].actor_id
    line.recount_by_id = again[-1].actor_id if again else None
    try:
        captures = [Capture(entry.bin_id, entry.counted, entry.captured_at) for entry in valid]
        reading = read(captures, bins, shelf, replaced)
    except Unsettled as reason:
        line.state = State(reason.reason)
        line.expected = line.counted = line.delta = line.cost = None
        return
    line.counted, line.expected, line.delta = reading.counted, reading.expected, reading.delta
    line.captured_at = reading.at
    line.cost = (line.unit_cost * line.delta).quantize(CENT)
    line.state = State.RECOUNT if _is_large(count, line) and not again else State.COUNTED


def _is_large(count: StockCount, line: CountLine) -> bool:
    by_pieces = count.recount_pieces is not None and abs(line.delta) >= max(count.recount_pieces, 1)
    by_cost = count.recount_cost is not None and line.delta != 0 and abs(line.cost) >= count.recount_cost
    return by_pieces or by_cost


def _entries(lines: Sequence[CountLine]) -> dict[int, list[CountEntry]]:
    """Accepted ones by line, the oldest first."""
    found: dict[int, list[CountEntry]] = defaultdict(list)
    keys = [line.pk for line in lines]
    for at in range(0, len(keys), ASKED_AT_ONCE):
        part = CountEntry.objects.accepted().filter(line__in=keys[at : at + ASKED_AT_ONCE])
        for entry in part.order_by("captured_at", "pk"):
            found[entry.line_id].append(entry)
    return found


def _bins(lines: Sequence[CountLine]) -> dict[int, frozenset[int]]:
    """Where each level lies, by its primary key."""
    found: dict[int, set[int]] = defaultdict(set)
    keys = [line.level_id for line in lines]
    places = Bin.levels.through.objects
    for at in range(0, len(keys), ASKED_AT_ONCE):
        rows = places.filter(stocklevel__in=keys[at : at + ASKED_AT_ONCE]).values_list("stocklevel", "bin")
        for level, place in rows:
            found[level].add(place)
    return defaultdict(frozenset, {level: frozenset(places) for level, places in found.items()})


def _replaced(began: Mapping[int, datetime]) -> dict[int, list[datetime]]:
    """By level the moments when it changed its bins, of those since any of them was first counted."""
    found: dict[int, list[datetime]] = defaultdict(list)
    keys = sorted(began)
    for at in range(0, len(keys), ASKED_AT_ONCE):
        rows = PlaceChange.objects.filter(level__in=keys[at : at + ASKED_AT_ONCE], at__gte=min(began.values()))
        for level, moment in rows.order_by().values_list("level", "at"):
            found[level].append(moment)
    return found
