"""Cancellations take from the newest earlier sale of their group with quantity left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orders.importers.netting import Event, Match, net


def sale(key: int, at: int, quantity: int, group: int = 1) -> Event:
    return Event(group, at, False, key, key, quantity)


def cancellation(key: int, at: int, quantity: int, group: int = 1) -> Event:
    return Event(group, at, True, key, key, quantity)


def test_the_newest_earlier_sale_is_taken_first_and_then_the_one_before():
    matches, left = net([sale(1, 10, 5), sale(2, 20, 3), sale(3, 40, 9), cancellation(4, 30, 4)])
    assert matches == [Match(2, 4, 3), Match(1, 4, 1)] and left == {}


def test_what_finds_no_sale_is_left_over():
    matches, left = net([sale(1, 10, 5), cancellation(2, 5, 1), cancellation(3, 20, 7), cancellation(4, 9, 1, group=2)])
    assert matches == [Match(1, 3, 5)] and left == {2: 1, 3: 2, 4: 1}


def test_a_sale_of_the_same_moment_counts_as_earlier():
    assert net([cancellation(1, 10, 80_995), sale(2, 10, 80_995)])[0] == [Match(2, 1, 80_995)]


def plainly(events: list[Event]) -> tuple[set, dict]:
    """The rule word by word."""
    left = {event.key: event.quantity for event in events}
    sales = [event for event in sorted(events) if not event.is_cancellation]
    taken = set()
    for event in sorted(event for event in events if event.is_cancellation):
        earlier = [s for s in sales if s.group == event.group and s[:3] < event[:3]]
        for candidate in reversed(earlier):
            quantity = min(left[candidate.key], left[event.key])
            if quantity:
                taken.add(Match(candidate.key, event.key, quantity))
                left[candidate.key] -= quantity
                left[event.key] -= quantity
    return taken, {e.key: left[e.key] for e in events if e.is_cancellation and left[e.key]}


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 6), st.booleans(), st.integers(1, 9)), max_size=14))
def test_one_pass_over_a_stack_does_what_the_rule_says(told):
    events = [Event(group, at, is_back, n, n, quantity) for n, (group, at, is_back, quantity) in enumerate(told)]
    matches, left = net(events)
    assert (set(matches), left) == plainly(events)
