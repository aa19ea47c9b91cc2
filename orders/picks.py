"""What is to be picked of an order in one warehouse, and on which walk. It writes nothing.

An item that lies in several bins is taken from the one that comes first in the walk; the others are named beside it.
Stops whose bin has no place in the hall follow those that have, in bin order, and items without a bin come last.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.db.models import Max

from orders.models import SalesOrder, SalesOrderLine
from stock import walks
from stock.models import Allocation, Bin, Warehouse

#: What a picker does, for an estimate of minutes: a plain walk, finding a bin, taking a piece.
METRES_A_SECOND = 1.0
SECONDS_A_STOP = 20
SECONDS_A_PIECE = 2
METRES_TO_AN_UNKNOWN_BIN = 15
MOST_OTHERS = 8


@dataclass
class PickLine:
    """A line of the order as far as this warehouse promised it: pieces still to take, and taken."""

    line: SalesOrderLine
    level_id: int
    quantity: int = 0
    picked: int = 0
    also_in: list[str] = field(default_factory=list)


@dataclass
class Stop:
    """One bin (or none that is known) with what is taken there, and what else lies in it."""

    bin: Bin | None
    lines: list[PickLine] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_measured(self) -> bool:
        return self.bin is not None and self.bin.aisle is not None and self.bin.position_metres is not None


@dataclass
class Pick:
    """The stops of one order in one warehouse. Metres are None where a bin has no place in the hall."""

    order: SalesOrder
    warehouse: Warehouse
    stops: list[Stop]
    metres: float | None = None
    bin_order_metres: float | None = None
    method: str = ""

    @property
    def lines(self) -> list[PickLine]:
        return [line for stop in self.stops for line in stop.lines]

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def picked(self) -> int:
        return sum(line.picked for line in self.lines)

    @property
    def minutes(self) -> int:
        """About how long it takes from now."""
        left = [stop for stop in self.stops if any(line.quantity for line in stop.lines)]
        metres = METRES_TO_AN_UNKNOWN_BIN * len(left) if self.metres is None else self.metres
        seconds = metres / METRES_A_SECOND + SECONDS_A_STOP * len(left) + SECONDS_A_PIECE * self.quantity
        return -(-int(seconds) // 60) if left else 0


def picks_of(orders: Sequence[SalesOrder], warehouses: Collection[Warehouse]) -> list[Pick]:
    """One for each order and warehouse that promised some of it; the stops are in bin order. Four queries."""
    lines = SalesOrderLine.objects.filter(order__in=orders).select_related("product").order_by("pk")
    by_holder = {line.holder: line for line in lines}
    found = _promised(by_holder, warehouses)
    places = Bin.objects.by_level({line.level_id for rows in found.values() for line in rows.values()})
    by_pk, halls = {order.pk: order for order in orders}, {one.pk: one for one in warehouses}
    picks = [
        Pick(by_pk[order], halls[warehouse], _stops(list(rows.values()), places))
        for (order, warehouse), rows in found.items()
    ]
    rank = {order.pk: place for place, order in enumerate(orders)}
    return sorted(picks, key=lambda pick: (rank[pick.order.pk], pick.warehouse.code))


def walk_of(order: SalesOrder, warehouse: Warehouse) -> Pick:
    """The stops in the order of the shortest walk that was found, whether picked already or not."""
    pick = next(iter(picks_of([order], [warehouse])), Pick(order, warehouse, []))
    _lay_walk(pick)
    _tell_others(pick.stops)
    return pick


def _promised(
    by_holder: dict[uuid.UUID, SalesOrderLine], warehouses: Collection[Warehouse]
) -> dict[tuple[int, int], dict[int, PickLine]]:
    """By order and warehouse its lines."""
    rows = Allocation.objects.open().filter(
        holder__in=list(by_holder), level__warehouse__in=[one.pk for one in warehouses]
    )
    found: dict[tuple[int, int], dict[int, PickLine]] = defaultdict(dict)
    columns = ("holder", "level", "level__warehouse", "quantity", "picked_at")
    for holder, level, warehouse, quantity, picked_at in rows.order_by("pk").values_list(*columns):
        line = by_holder[holder]
        row = found[line.order_id, warehouse].setdefault(line.pk, PickLine(line, level))
        if picked_at is None:
            row.quantity += quantity
        else:
            row.picked += quantity
    return found


def _stops(lines: Sequence[PickLine], places: dict[int, list[Bin]]) -> list[Stop]:
    """In bin order, those without a bin last."""
    stops: dict[int, Stop] = {}
    for line in lines:
        bins = places.get(line.level_id, [])
        first = bins[0] if bins else None
        line.also_in = [place.code for place in bins[1:]]
        stops.setdefault(first.pk if first else -line.line.pk, Stop(first)).lines.append(line)
    return sorted(stops.values(), key=_bin_order)


def _bin_order(stop: Stop) -> tuple:
    if stop.bin is None:
        return (1, 0, stop.lines[0].line.product.sku)
    return (0, stop.bin.walk_order, stop.bin.code)


def _lay_walk(pick: Pick) -> None:
    """Put the stops that have a place in the hall into the order of the best walk."""
    measured = [stop for stop in pick.stops if stop.is_measured]
    if not measured:
        return
    deepest = Bin.objects.filter(warehouse=pick.warehouse).aggregate(most=Max("position_metres"))["most"]
    distances = walks.hall_distances(
        [stop.bin.aisle for stop in measured], [stop.bin.position_metres for stop in measured], length=deepest + 1
    )
    walk = walks.best_walk(distances)
    rest = [stop for stop in pick.stops if not stop.is_measured]
    pick.stops = [measured[at - 1] for at in walk.stops] + rest
    if not rest:
        pick.metres, pick.method = walk.metres, walk.method
        pick.bin_order_metres = walks.length_of(distances, walks.in_bin_order(distances))


def _tell_others(stops: Sequence[Stop]) -> None:
    """What else lies in the bins of a walk, so that nobody takes the neighbour."""
    by_bin = {stop.bin.pk: stop for stop in stops if stop.bin is not None}
    links = Bin.levels.through.objects.filter(bin__in=by_bin, stocklevel__on_hand__gt=0)
    for place, level, sku, name in links.order_by("stocklevel__product__sku").values_list(
        "bin", "stocklevel", "stocklevel__product__sku", "stocklevel__product__name"
    ):
        stop = by_bin[place]
        if level not in {line.level_id for line in stop.lines} and len(stop.others) < MOST_OTHERS:
            stop.others.append((sku, name))
