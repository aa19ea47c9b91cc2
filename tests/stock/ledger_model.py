"""What two products in two warehouses are, in plain Python: the ledger is held against it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from stock.models import Transfer

PLACES = [(product, warehouse) for product in (0, 1) for warehouse in (0, 1)]


@dataclass
class Promise:
    """``age`` orders promises; part of one that was handed over is as old as the whole, and comes after it."""

    holder: uuid.UUID
    where: tuple[int, int]
    quantity: int
    age: tuple[int, int]


@dataclass
class Sent:
    """A transfer of one product from a warehouse to the other one."""

    row: Transfer
    line: int
    product: int
    source: int
    asked: int
    shipped: int = 0
    received: int = 0
    returned: int = 0
    lost: int = 0
    state: str = "draft"
    version: int = 0

    @property
    def in_transit(self) -> int:
        return self.shipped - self.received - self.returned

    @property
    def facts(self) -> tuple:
        return self.state, self.version, self.shipped, self.received, self.returned, self.lost

    @property
    def places(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (self.product, self.source), (self.product, 1 - self.source)


@dataclass
class Model:
    """What is on hand, set aside, promised and on its way."""

    on_hand: dict = field(default_factory=lambda: dict.fromkeys(PLACES, 0))
    unsellable: dict = field(default_factory=lambda: dict.fromkeys(PLACES, 0))
    promises: list[Promise] = field(default_factory=list)
    rows_made: int = 0
    calls: int = 0

    def promised(self, where) -> int:
        return sum(promise.quantity for promise in self.promises if promise.where == where)

    def available(self, where) -> int:
        return self.on_hand[where] - self.unsellable[where] - self.promised(where)

    def held(self, holder) -> int:
        return sum(promise.quantity for promise in self.promises if promise.holder == holder)

    def of(self, holder, within=None) -> list[Promise]:
        """Oldest first."""
        mine = [p for p in self.promises if p.holder == holder and (within is None or p.where[1] in within)]
        return sorted(mine, key=lambda promise: promise.age)

    def promise(self, holder, where, quantity) -> None:
        self.rows_made += 1
        self.promises.append(Promise(holder, where, quantity, (self.calls, self.rows_made)))

    def take(self, promises: list[Promise], quantity: int) -> dict:
        """Take so many pieces off these promises in their order; what was taken by place."""
        taken = dict.fromkeys(self.on_hand, 0)
        for promise in promises:
            part = min(promise.quantity, quantity)
            promise.quantity, quantity = promise.quantity - part, quantity - part
            taken[promise.where] += part
        self.promises = [promise for promise in self.promises if promise.quantity]
        return taken

    def hand_over(self, promises: list[Promise], target, quantity: int) -> None:
        for promise in promises:
            part = min(promise.quantity, quantity)
            quantity -= part
            if part == promise.quantity:
                promise.holder = target
            elif part:
                promise.quantity -= part
                self.rows_made += 1
                self.promises.append(Promise(target, promise.where, part, (promise.age[0], self.rows_made)))

    def shorten(self, where) -> None:
        self.unsellable[where] = min(self.unsellable[where], self.on_hand[where])
        newest = sorted((p for p in self.promises if p.where == where), key=lambda p: p.age, reverse=True)
        self.take(newest, max(-self.available(where), 0))
