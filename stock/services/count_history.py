"""What levels went through since they were counted, and what past counts found: read for the plan of counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

import numpy as np
from django.db import connection
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Subquery, Sum

from stock.count_errors import SOURCES, Exposure, Found
from stock.count_plan import Pace, pace_of
from stock.models import Allocation, Bin, CountEntry, CountLine, StockLevel, StockMovement, Warehouse

Reason = StockMovement.Reason

#: Which of ``SOURCES`` a movement is handled as.
SOURCE_OF = {Reason.SHIPMENT: 2, Reason.RECEIPT: 3, Reason.TRANSFER: 4, Reason.RETURN: 5}
#: Learning looks at so many counted lines at most, the newest; pace at so many entries.
NEWEST_LINES, NEWEST_ENTRIES = 20_000, 20_000
SALES_SINCE = timedelta(days=365)
DAY = timedelta(days=1)

#: Movements between a level's last count (or its opening) and now, by level and reason.
SINCE_COUNTED = """
WITH seen AS (
    SELECT told.level_id, MAX(told.at) AS at FROM (
        SELECT line.level_id, line.captured_at AS at FROM stock_countline line
        JOIN stock_stocklevel l ON l.id = line.level_id WHERE line.state = 'posted' AND l.warehouse_id = %s
        UNION ALL
        SELECT m.level_id, m.effective_at FROM stock_stockmovement m
        JOIN stock_stocklevel l ON l.id = m.level_id WHERE m.reason IN ('count', 'opening') AND l.warehouse_id = %s
        AND NOT EXISTS (SELECT 1 FROM stock_stockmovement back WHERE back.reverses_id = m.id)
    ) told GROUP BY told.level_id
)
SELECT m.level_id, m.reason, COUNT(*), SUM(ABS(m.quantity)) FROM stock_stockmovement m
JOIN stock_stocklevel l ON l.id = m.level_id LEFT JOIN seen ON seen.level_id = m.level_id
WHERE l.warehouse_id = %s AND (seen.at IS NULL OR m.effective_at > seen.at)
GROUP BY m.level_id, m.reason
"""

#: Movements between each posted count of a level and the one before, by line and reason.
BETWEEN_COUNTS = """
WITH spans AS (
    SELECT id, level_id, captured_at AS until,
           LAG(captured_at) OVER (PARTITION BY level_id ORDER BY captured_at, id) AS since
    FROM stock_countline WHERE state = 'posted' AND level_id IN (
        SELECT level_id FROM stock_countline WHERE state = 'posted' AND captured_at >= %s
    )
)
SELECT spans.id, m.reason, COUNT(*), SUM(ABS(m.quantity)) FROM spans
JOIN stock_stockmovement m ON m.level_id = spans.level_id AND m.effective_at <= spans.until
    AND (spans.since IS NULL OR m.effective_at > spans.since)
WHERE spans.until >= %s GROUP BY spans.id, m.reason
"""


@dataclass
class Levels:
    """The levels of a warehouse that can be counted, [levels]; moments are None where nothing is known."""

    pk: np.ndarray
    on_hand: np.ndarray
    available: np.ndarray
    unit_cost: np.ndarray
    category: list[int | None]
    began_at: list[datetime | None]
    counted_at: list[datetime | None]
    bins: Mapping[int, list[int]]
    area: Mapping[int, str]
    at: dict[int, int] = field(init=False)

    @property
    def known_at(self) -> list[datetime | None]:
        """When each was last known: counted or opened, or else begun."""
        told = zip(self.counted_at, self.began_at, strict=True)
        return [max(filter(None, both), default=None) for both in told]

    def __post_init__(self):
        self.at = {pk: place for place, pk in enumerate(self.pk.tolist())}


def read_levels(warehouse: Warehouse) -> Levels:
    """Levels of products that are bought, but for those that never held anything."""
    moved = StockMovement.objects.filter(level=OuterRef("pk"))
    rows = list(
        StockLevel.objects.filter(warehouse=warehouse, product__is_active=True)
        .filter(Q(on_hand__gt=0) | Exists(moved))
        .order_by("pk")
        .values_list("pk", "on_hand", "allocated", "unsellable", "product__unit_cost", "product__category")
    )
    pk, on_hand, allocated, unsellable, cost, category = zip(*rows, strict=True) if rows else ((),) * 6
    movements = StockMovement.objects.filter(level__warehouse=warehouse)
    began = dict(_by_level(movements, Min("effective_at")))
    began |= dict(_by_level(movements.filter(reason=Reason.OPENING, reversed_by=None), Max("effective_at")))
    counted = dict(_by_level(CountLine.objects.filter(level__warehouse=warehouse, state="posted"), Max("captured_at")))
    for level, at in _by_level(movements.filter(reason=Reason.COUNT, reversed_by=None), Max("effective_at")):
        counted[level] = max(counted.get(level) or at, at)
    bins, area = _places(warehouse)
    held = np.array(on_hand, float)
    return Levels(
        np.array(pk, int), held, held - np.array(allocated, float) - np.array(unsellable, float),
        np.array(cost, float), list(category), [began.get(key) for key in pk], [counted.get(key) for key in pk],
        bins, area,
    )  # fmt: skip


def _by_level(rows, told) -> Iterable[tuple[int, datetime]]:
    return rows.order_by().values_list("level").annotate(told=told)


def _places(warehouse: Warehouse) -> tuple[dict[int, list[int]], dict[int, str]]:
    """Bins of each level, and the area of its first."""
    found = Bin.objects.by_level(StockLevel.objects.filter(warehouse=warehouse))
    bins = {level: [place.pk for place in places] for level, places in found.items()}
    return bins, {level: places[0].area for level, places in found.items()}


class Groups:
    """Numbers for categories and places (areas of warehouses); what was not seen before gets the next."""

    def __init__(self):
        self.known: tuple[dict, dict] = ({}, {})

    def of(self, categories: Sequence, places: Sequence) -> np.ndarray:
        columns = [
            [known.setdefault(key, len(known)) for key in keys]
            for known, keys in zip(self.known, (categories, places), strict=True)
        ]
        return np.array(columns, int).T.reshape(-1, 2)

    @property
    def sizes(self) -> list[int]:
        return [len(known) for known in self.known]


@dataclass(frozen=True)
class Lived:
    """What levels (or their counts) are, [keys]: days since they were counted, pieces there, cost, groups."""

    keys: Sequence[int]
    days: np.ndarray
    on_hand: np.ndarray
    cost: np.ndarray
    groups: np.ndarray


def exposure_of(moved: Iterable[tuple], lived: Lived) -> Exposure:
    """From movements as (key, reason, lines, pieces). Where nothing was received, half of what lies there stands for
    what is moved at once."""
    at = {key: place for place, key in enumerate(lived.keys)}
    amounts, pieces = np.zeros((len(at), len(SOURCES))), np.ones((len(at), len(SOURCES)))
    days, on_hand = np.maximum(lived.days, 0.0), np.maximum(lived.on_hand, 0.0)
    amounts[:, 0], amounts[:, 1] = days, days * np.sqrt(on_hand)
    pieces[:, 3] = np.maximum(on_hand / 2, 1.0)
    for key, reason, lines, many in moved:
        source, place = SOURCE_OF.get(reason), at.get(key)
        if source is not None and place is not None:
            amounts[place, source] = lines
            pieces[place, source] = float(many) / lines
    pieces[:, 1] = pieces[:, 3]
    return Exposure(amounts, pieces, lived.cost, lived.groups)


def since_counted(warehouse: Warehouse) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(SINCE_COUNTED, [warehouse.pk] * 3)
        return cursor.fetchall()


def signs_since(warehouse: Warehouse, since: Sequence[tuple], levels: Levels) -> np.ndarray:
    """Errors that showed since the last count [levels]: corrections by hand, and promises that broke."""
    signs = np.zeros(len(levels.pk))
    for level, reason, lines, _pieces in since:
        if reason == Reason.ADJUSTMENT and level in levels.at:
            signs[levels.at[level]] += lines
    short = Allocation.objects.filter(level__warehouse=warehouse, state=Allocation.State.SHORT, closed_at__isnull=False)
    for level, closed_at in short.values_list("level", "closed_at"):
        place = levels.at.get(level)
        if place is not None and (levels.counted_at[place] is None or closed_at > levels.counted_at[place]):
            signs[place] += 1
    return signs


def read_found(groups: Groups) -> Found:
    """What the newest counts found, of all warehouses, with what each level went through before."""
    lines = CountLine.objects.filter(state=CountLine.State.POSTED)
    oldest = lines.order_by("-captured_at").values_list("captured_at", flat=True)[NEWEST_LINES - 1 : NEWEST_LINES]
    since = oldest.first()
    newest = lines if since is None else lines.filter(captured_at__gte=since)
    rows = list(
        newest.annotate(before=_count_before(lines)).order_by("level", "captured_at", "pk").values_list(
            "pk", "level", "captured_at", "delta", "level__product__category", "level__warehouse",
            "unit_cost", "expected", "before",
        )
    )  # fmt: skip
    firsts = newest.filter(pk__in=[row[0] for row in rows if row[8] is None])
    began = dict(_by_level(StockMovement.objects.filter(level__in=firsts.values("level")), Min("effective_at")))
    days = np.array([(row[2] - (row[8] or began.get(row[1], row[2]))) / DAY for row in rows])
    places = Bin.levels.through.objects.filter(stocklevel__in=newest.values("level"))
    area = dict(places.order_by("-bin__walk_order", "-bin__code").values_list("stocklevel", "bin__area"))
    of_row = groups.of([row[4] for row in rows], [(row[5], area.get(row[1], "")) for row in rows])
    moved: list[tuple] = []
    if rows:
        with connection.cursor() as cursor:
            first = connection.ops.adapt_datetimefield_value(min(row[2] for row in rows))
            cursor.execute(BETWEEN_COUNTS, [first, first])
            moved = cursor.fetchall()
    cost, there = (np.array([row[column] for row in rows], float) for column in (6, 7))
    exposure = exposure_of(moved, Lived([row[0] for row in rows], days, there, cost, of_row))
    return Found(exposure, np.array([row[1] for row in rows], int), np.array([row[3] for row in rows], float))


def _count_before(lines) -> Subquery:
    """When the outer line's level was counted before; spans of ``BETWEEN_COUNTS`` begin there too."""
    same = Q(captured_at=OuterRef("captured_at"), pk__lt=OuterRef("pk"))
    earlier = lines.filter(same | Q(captured_at__lt=OuterRef("captured_at")), level=OuterRef("level"))
    return Subquery(earlier.order_by("-captured_at", "-pk").values("captured_at")[:1])


@dataclass(frozen=True)
class Sales:
    """How levels sold in the last year [levels]: lines, in how many days, silent since; and what went out, pieces."""

    lines: np.ndarray
    days: np.ndarray
    silent_days: np.ndarray
    pieces: np.ndarray


def read_sales(warehouse: Warehouse, levels: Levels, now: datetime) -> Sales:
    """A level is silent since its last sale, or since goods came if that was later."""
    since = now - SALES_SINCE
    sold = Q(reason=Reason.SHIPMENT)
    rows = (
        StockMovement.objects.filter(level__warehouse=warehouse, effective_at__gte=since, effective_at__lte=now)
        .order_by()
        .values_list("level")
        .annotate(
            n=Count("pk", filter=sold), first=Min("effective_at"), last=Max("effective_at", filter=sold),
            came=Max("effective_at", filter=Q(quantity__gt=0)), out=Sum("quantity", filter=sold),
        )
    )  # fmt: skip
    found = np.zeros((len(levels.pk), 4))
    for level, lines, first, last, came, out in rows:
        place = levels.at.get(level)
        if place is not None and last is not None:
            began = max(first, since)
            silent = (now - max(last, came or last)) / DAY
            found[place] = lines, (last - began) / DAY, silent, -(out or 0)
    return Sales(*found.T)


def read_pace(warehouse: Warehouse) -> Pace:
    """From when people entered one thing after the other here; what was entered at one moment was pasted."""
    rows = CountEntry.objects.accepted().filter(count__warehouse=warehouse, actor__isnull=False).order_by("-pk")
    told = sorted(rows.values_list("count", "actor", "captured_at", "bin")[:NEWEST_ENTRIES], key=itemgetter(0, 1, 2))
    gaps, is_new = [], []
    for _who, entries in groupby(told, key=itemgetter(0, 1)):
        before = None
        for _count, _actor, at, place in entries:
            if before is not None:
                gaps.append((at - before[0]).total_seconds())
                is_new.append(place != before[1])
            before = at, place
    return pace_of(np.array(gaps), np.array(is_new, bool))


def past_counts(warehouse: Warehouse) -> dict[int, tuple[int, int]]:
    """By level, how many of its posted counts differed, of how many."""
    rows = CountLine.objects.filter(level__warehouse=warehouse, state=CountLine.State.POSTED).order_by()
    differed = Count("pk", filter=Q(delta__gt=0) | Q(delta__lt=0))
    return {level: (off, n) for level, off, n in rows.values_list("level").annotate(off=differed, n=Count("pk"))}
