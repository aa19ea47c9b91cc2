"""What sales orders do, in plain Python: the services are held against it. Promises and shelves are the ledger's."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from orders.money import share
from tests.stock.ledger_model import Model

ZERO = Decimal("0.00")


@dataclass
class Line:
    pk: int
    order: int
    sku: int
    place: int
    quantity: int
    amount: Decimal
    holder: uuid.UUID | None = None
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0
    sent_from: Counter = field(default_factory=Counter)

    @property
    def outstanding(self) -> int:
        return self.quantity - self.shipped - self.cancelled

    @property
    def facts(self) -> tuple:
        return self.order, self.quantity, self.shipped, self.cancelled, self.returned, self.amount


@dataclass
class Order:
    pk: int
    number: str
    customer: int
    strategy: str
    placed: int
    shipping: Decimal
    discount: Decimal
    state: str = "open"
    is_reserved: bool = False

    @property
    def is_alone(self) -> bool:
        """Only the warehouse of first choice may serve it."""
        return self.strategy == "first_choice"


@dataclass
class Part:
    """Pieces of a line that move to another order, and how many of them are promised (by ``within``)."""

    line: Line
    quantity: int
    promised: int
    within: tuple[int, ...] | None = None


@dataclass
class Reshaped:
    """A split or a merge: (line, the line that its pieces are now, its order before) and the money that went along."""

    pk: int
    orders: list[int]
    lines: list[tuple[int, int, int]] = field(default_factory=list)
    money: list[tuple[int, int, Decimal, Decimal]] = field(default_factory=list)
    is_undone: bool = False


@dataclass
class Back:
    """Pieces of one line that are announced to come back to one warehouse, and what was found of them."""

    pk: int
    line: int
    place: int
    quantity: int
    sellable: int = 0
    unsellable: int = 0
    scrapped: int = 0

    @property
    def found(self) -> int:
        return self.sellable + self.unsellable + self.scrapped


@dataclass
class Document:
    pk: int
    rows: list[Back]
    state: str = "announced"

    def pieces(self, line: int, place: int | None = None) -> int:
        """Of a line: announced and not yet found, or found."""
        rows = [row for row in self.rows if row.line == line and place in (None, row.place)]
        counted = {"announced": [row.quantity for row in rows], "inspected": [row.found for row in rows]}
        return sum(counted.get(self.state, []))


@dataclass
class Bought:
    """A purchase order of one line."""

    pk: int
    line: int
    sku: int
    place: int
    quantity: int
    received: int = 0
    cancelled: int = 0
    state: str = "confirmed"

    @property
    def outstanding(self) -> int:
        return self.quantity - self.received - self.cancelled


class Shop:
    """Orders, their lines, what became of them, and the shelves of ``stock``."""

    def __init__(self, shelves: Iterable[tuple[int, int]], whole_skus: set[int]):
        shelves = list(shelves)
        self.stock = Model(dict.fromkeys(shelves, 0), dict.fromkeys(shelves, 0))
        self.whole_skus = whole_skus
        self.orders: dict[int, Order] = {}
        self.lines: dict[int, Line] = {}
        self.reshaped: list[Reshaped] = []
        self.returns: list[Document] = []
        self.bought: list[Bought] = []
        self.placements = 0

    def in_state(self, *states: str) -> list[Order]:
        return [order for order in self.orders.values() if order.state in states]

    def lines_of(self, order: Order) -> list[Line]:
        return sorted((line for line in self.lines.values() if line.order == order.pk), key=lambda line: line.pk)

    def promised(self, line: Line) -> int:
        return self.stock.held(line.holder)

    def waits(self, line: Line) -> int:
        return line.outstanding - self.promised(line)

    def is_waiting(self, order: Order) -> bool:
        return any(self.waits(line) for line in self.lines_of(order))

    def has_promises(self, order: Order) -> bool:
        return any(self.promised(line) for line in self.lines_of(order))

    def can_be_served(self, order: Order) -> bool:
        wanted = [(line, self.waits(line)) for line in self.lines_of(order)]
        return any(self.served(wanted, is_alone=order.is_alone, is_partial=True))

    def served(
        self, wanted: Sequence[tuple[Line, int]], *, is_alone: bool, is_partial: bool = False, place: int | None = None
    ) -> list[int] | None:
        """Pieces that each gets in its turn; None where one that takes all or nothing gets too little.

        ``place``: all from there. Lines of one product are all whole or all partial, so their turns are as they stand.
        """
        left: Counter = Counter()
        for sku, where in self.stock.on_hand:
            if place in (None, where):
                left[(sku, where) if is_alone else sku] += max(self.stock.available((sku, where)), 0)
        got = []
        for line, quantity in wanted:
            shelf = (line.sku, line.place) if is_alone else line.sku
            got.append(min(quantity, left[shelf]))
            left[shelf] -= got[-1]
            if got[-1] < quantity and line.sku in self.whole_skus and not is_partial:
                return None
        return got

    def waiting_for(self, sku: int, place: int) -> list[tuple[Line, int]]:
        """Lines that stock in this place may serve, the oldest order first."""
        found = [
            (order.placed, order.pk, line.pk)
            for order in self.in_state("open")
            for line in self.lines_of(order)
            if line.sku == sku and self.waits(line) and (not order.is_alone or line.place == place)
        ]
        return [(self.lines[pk], self.waits(self.lines[pk])) for _placed, _order, pk in sorted(found)]

    def settle(self, order: Order) -> None:
        lines = self.lines_of(order)
        if not any(line.outstanding for line in lines):
            order.state = "closed" if any(line.shipped for line in lines) else "cancelled"

    def cancel(self, order: Order, pieces: dict[int, int]) -> None:
        """What waits first, then promises, the newest first."""
        for pk, quantity in pieces.items():
            line = self.lines[pk]
            mine = self.stock.of(line.holder)[::-1]
            self.stock.take(mine, max(quantity - self.waits(line), 0))
            line.cancelled += quantity
        self.settle(order)

    def ship(self, order: Order, pieces: dict[int, int]) -> None:
        for pk, quantity in pieces.items():
            line = self.lines[pk]
            for where, taken in self.stock.take(self.stock.of(line.holder), quantity).items():
                self.stock.on_hand[where] -= taken
                line.sent_from[where[1]] += taken
            line.shipped += quantity
        self.settle(order)

    def release(self, order: Order) -> None:
        for line in self.lines_of(order):
            self.stock.take(self.stock.of(line.holder), self.promised(line))

    def expire(self) -> int:
        due = [order for order in self.in_state("draft", "open") if order.is_reserved]
        for order in due:
            order.is_reserved = False
            if order.state == "draft":
                self.release(order)
            else:
                self.cancel(order, {line.pk: line.outstanding for line in self.lines_of(order) if line.outstanding})
        return len(due)

    def to_split(self, order: Order, by: str, quantities: dict[int, int]) -> list[Part]:
        lines = self.lines_of(order)
        if by == "availability":
            return [Part(line, self.waits(line), 0) for line in lines if self.waits(line)]
        if by == "lines":
            chosen = [(line, quantities[line.pk]) for line in lines if line.pk in quantities]
            return [Part(line, n, min(n, self.promised(line))) for line, n in chosen]
        held = [(p.where[1], line) for line in lines for p in self.stock.of(line.holder)]
        last = max((place for place, _line in held), default=0)
        if len({place for place, _line in held}) < 2:
            return []
        pieces = [(line, sum(p.quantity for p in self.stock.of(line.holder, (last,)))) for line in lines]
        return [Part(line, n, n, (last,)) for line, n in pieces if n]

    def to_merge(self, order: Order) -> list[Part]:
        return [Part(line, line.outstanding, self.promised(line)) for line in self.lines_of(order) if line.outstanding]

    def move(
        self, reshaped: Reshaped, source: Order, target: Order, parts: Sequence[Part],
        new_lines: Iterator[tuple[int, uuid.UUID]], shipping: Decimal = ZERO,
    ) -> None:  # fmt: skip
        """``new_lines`` are the rows that the service made for lines of which only some pieces went."""
        whole, moved = sum((line.amount for line in self.lines_of(source)), ZERO), ZERO
        for part in parts:
            line = part.line
            if part.quantity == line.quantity:
                line.order = target.pk
                new = line
            else:
                new = self._part_of(line, part, target, *next(new_lines))
            moved += new.amount
            reshaped.lines.append((line.pk, new.pk, source.pk))
        discount = share(source.discount, int(moved * 100), int(whole * 100)) if whole else ZERO
        _move_money(source, target, shipping, discount)
        reshaped.money.append((source.pk, target.pk, shipping, discount))

    def _part_of(self, line: Line, part: Part, target: Order, pk: int, holder: uuid.UUID) -> Line:
        amount = share(line.amount, part.quantity, line.quantity)
        new = self.lines[pk] = Line(pk, target.pk, line.sku, line.place, part.quantity, amount, holder)
        line.quantity, line.amount = line.quantity - part.quantity, line.amount - amount
        self.stock.hand_over(self.stock.of(line.holder, part.within), holder, part.promised)
        return new

    def can_undo(self, reshaped: Reshaped) -> bool:
        later = [
            other
            for other in self.reshaped
            if other.pk > reshaped.pk and not other.is_undone and set(other.orders) & set(reshaped.orders)
        ]
        moved = [self.lines[new] for _line, new, _source in reshaped.lines if not reshaped.is_undone]
        return not (reshaped.is_undone or later or any(line.shipped or line.cancelled for line in moved))

    def undo(self, reshaped: Reshaped) -> None:
        for pk, new, source in reversed(reshaped.lines):
            line = self.lines[new]
            if new == pk:
                line.order = source
                continue
            origin = self.lines[pk]
            self.stock.hand_over(self.stock.of(line.holder), origin.holder, self.promised(line))
            origin.quantity, origin.amount = origin.quantity + line.quantity, origin.amount + line.amount
            del self.lines[new]
        for source, target, shipping, discount in reversed(reshaped.money):
            _move_money(self.orders[target], self.orders[source], shipping, discount)
        for pk in reshaped.orders:
            order = self.orders[pk]
            order.state = "open" if self.lines_of(order) else "merged"
            if order.state == "open":
                self.settle(order)
        reshaped.is_undone = True

    def returnable(self, line: Line, place: int | None = None) -> int:
        shipped = line.shipped if place is None else line.sent_from[place]
        return shipped - sum(document.pieces(line.pk, place) for document in self.returns)

    def inspect(self, document: Document) -> None:
        document.state = "inspected"
        self._shelve(document, 1)

    def take_out_again(self, document: Document) -> None:
        self._shelve(document, -1)
        for row in document.rows:
            row.sellable = row.unsellable = row.scrapped = 0
        document.state = "announced"

    def _shelve(self, document: Document, sign: int) -> None:
        for row in document.rows:
            line = self.lines[row.line]
            line.returned += sign * row.found
            self.stock.on_hand[line.sku, row.place] += sign * (row.sellable + row.unsellable)
            self.stock.unsellable[line.sku, row.place] += sign * row.unsellable

    def can_take_out_again(self, document: Document) -> bool:
        """A count that came meanwhile may have found less, of what is sold and of what was set aside."""
        asked: Counter = Counter()
        spoilt: Counter = Counter()
        for row in document.rows:
            where = self.lines[row.line].sku, row.place
            asked[where] += row.sellable
            spoilt[where] += row.unsellable
        return all(
            self.stock.available(where) >= quantity and self.stock.unsellable[where] >= spoilt[where]
            for where, quantity in asked.items()
        )


def _move_money(source: Order, target: Order, shipping: Decimal, discount: Decimal) -> None:
    source.shipping, target.shipping = source.shipping - shipping, target.shipping + shipping
    source.discount, target.discount = source.discount - discount, target.discount + discount
