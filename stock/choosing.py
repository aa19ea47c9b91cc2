"""Which warehouse serves which wish: pure arithmetic, made on levels that the caller has locked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

FIRST_CHOICE, PRIORITY = "first_choice", "priority"

Free = dict[tuple[int, int], int]  # (product, place): pieces that can be promised
Parts = list[dict[int, int]]  # for each wish: pieces by place
Order = Callable[[int], Sequence[int]]  # the places of a wish, the one to be asked first in front


@dataclass(frozen=True)
class Wish:
    """So many pieces of a product from these places, the first choice in front; a partial one takes what it gets."""

    product: int
    quantity: int
    places: tuple[int, ...]
    is_partial: bool = False


@dataclass(frozen=True)
class Shortage:
    """What whole wishes ask of these places together, and what is there."""

    product: int
    places: frozenset[int]
    asked: int
    available: int


def choose(wishes: Sequence[Wish], available: Mapping[tuple[int, int], int], strategy: str) -> tuple[Parts, set]:
    """Pieces by place for each wish, and the shortages, which mean that nothing may be promised.

    Whole wishes come first and are refused only where no choice of places could serve them all; partial ones take
    what is left, in their order. ``priority`` takes the places as they stand: the caller has sorted them.
    """
    if strategy == FIRST_CHOICE:
        wishes = [replace(wish, places=wish.places[:1]) for wish in wishes]
    left = {key: max(pieces, 0) for key, pieces in available.items()}
    order, parts, short = ORDERS[strategy](wishes, left), [{} for _ in wishes], set()
    for number in sorted(range(len(wishes)), key=lambda n: wishes[n].is_partial):
        wish = wishes[number]
        missing = wish.quantity - _take(wish, order(number), parts[number], left)
        while missing and not wish.is_partial:
            moved, seen = _make_room(number, missing, wishes, parts, left)
            if not moved:
                short.add(_shortage(wish.product, seen, wishes, available))
                break
            missing -= moved
    return parts, short


def _take(wish: Wish, places: Sequence[int], part: dict[int, int], left: Free) -> int:
    taken = 0
    for place in places:
        pieces = min(wish.quantity - taken, left[wish.product, place])
        if pieces:
            part[place] = pieces
            left[wish.product, place] -= pieces
            taken += pieces
    return taken


def _make_room(number: int, missing: int, wishes: Sequence[Wish], parts: Parts, left: Free) -> tuple[int, frozenset]:
    """Move pieces of other wishes so that this one gets some: how many it got, and the places that were looked at."""
    product = wishes[number].product
    others = [n for n, wish in enumerate(wishes) if wish.product == product and n != number]
    came: dict[int, tuple[int, int] | None] = dict.fromkeys(wishes[number].places)
    waiting = deque(came)
    while waiting:
        place = waiting.popleft()
        if left[product, place]:
            return _move_along(number, place, missing, came, parts, left, product), frozenset(came)
        for other in others:
            for further in wishes[other].places if parts[other].get(place) else ():
                if further not in came:
                    came[further] = other, place
                    waiting.append(further)
    return 0, frozenset(came)


def _move_along(number: int, end: int, missing: int, came: dict, parts: Parts, left: Free, product: int) -> int:
    """Each wish on the way back from ``end`` moves by one place, and the first place is free for this one."""
    steps, place = [], end
    while came[place] is not None:
        other, before = came[place]
        steps.append((other, before, place))
        place = before
    pieces = min([missing, left[product, end], *(parts[other][before] for other, before, _after in steps)])
    for other, before, after in steps:
        parts[other][before] -= pieces
        parts[other][after] = parts[other].get(after, 0) + pieces
    left[product, end] -= pieces
    parts[number][place] = parts[number].get(place, 0) + pieces
    return pieces


def _shortage(product: int, places: frozenset[int], wishes: Sequence[Wish], available: Mapping) -> Shortage:
    bound = [w for w in wishes if w.product == product and not w.is_partial and places.issuperset(w.places)]
    there = sum(max(available[product, place], 0) for place in places)
    return Shortage(product, places, sum(wish.quantity for wish in bound), there)


def _as_they_stand(wishes: Sequence[Wish], left: Free) -> Order:
    return lambda number: wishes[number].places


def _most_stock(wishes: Sequence[Wish], left: Free) -> Order:
    """By what is left when the wish's turn comes."""

    def order(number: int) -> Sequence[int]:
        wish = wishes[number]
        return sorted(wish.places, key=lambda place: -left[wish.product, place])

    return order


def _nearest_to_complete(wishes: Sequence[Wish], left: Free) -> Order:
    """Always the place next that can serve most pieces of what is still missing of all wishes together."""
    missing, ranked = [wish.quantity for wish in wishes], []
    places = list(dict.fromkeys([wish.places[0] for wish in wishes] + [p for wish in wishes for p in wish.places]))
    while places:
        served = {place: _served(place, wishes, missing, left) for place in places}
        best = max(places, key=lambda place: sum(served[place]))
        missing = [pieces - got for pieces, got in zip(missing, served[best], strict=True)]
        ranked.append(best)
        places.remove(best)
    return lambda number: [place for place in ranked if place in wishes[number].places]


def _served(place: int, wishes: Sequence[Wish], missing: Sequence[int], left: Free) -> list[int]:
    """What this place could give to each wish; several wishes of one product share what it has."""
    here: dict[int, int] = {}
    served = []
    for wish, pieces in zip(wishes, missing, strict=True):
        has = here.get(wish.product, left.get((wish.product, place), 0))
        got = min(pieces, has) if place in wish.places else 0
        here[wish.product] = has - got
        served.append(got)
    return served


ORDERS: dict[str, Callable[[Sequence[Wish], Free], Order]] = {
    FIRST_CHOICE: _as_they_stand,
    "nearest_to_complete": _nearest_to_complete,
    "most_stock": _most_stock,
    PRIORITY: _as_they_stand,
}
