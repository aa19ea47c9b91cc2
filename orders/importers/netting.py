"""Set cancellations off against sales: each takes from the newest earlier sale of its group with quantity left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Event(NamedTuple):
    """A sale's or a cancellation's pieces (positive) of one group, at a time; ``key`` is the caller's."""

    group: int
    at: int
    is_cancellation: bool
    place: int
    key: int
    quantity: int


@dataclass(frozen=True)
class Match:
    sale: int
    cancellation: int
    quantity: int


def net(events: Iterable[Event]) -> tuple[list[Match], dict[int, int]]:
    """What each cancellation takes from which sale, and what is left of those that find too little.

    Sales and cancellations of one moment count as sale first. One pass over the sorted events: the sales
    with something left are a stack, newest on top.

    >>> sales = [Event(1, 10, False, 1, 100, 5), Event(1, 20, False, 2, 101, 3)]
    >>> net([*sales, Event(1, 30, True, 3, 900, 4), Event(1, 40, True, 4, 901, 6)])[1]
    {901: 2}
    """
    matches: list[Match] = []
    left_over: dict[int, int] = {}
    stack: list[list[int]] = []
    group = None
    for event in sorted(events):
        if event.group != group:
            group, stack = event.group, []
        if not event.is_cancellation:
            stack.append([event.key, event.quantity])
            continue
        rest = _take(stack, event, matches)
        if rest:
            left_over[event.key] = rest
    return matches, left_over


def _take(stack: list[list[int]], event: Event, matches: list[Match]) -> int:
    """Take the event's pieces from the top of the stack; returns what it could not find."""
    rest = event.quantity
    while rest and stack:
        sale, left = stack[-1]
        taken = min(rest, left)
        if taken:
            matches.append(Match(sale, event.key, taken))
        rest -= taken
        if taken == left:
            stack.pop()
        else:
            stack[-1][1] = left - taken
    return rest
