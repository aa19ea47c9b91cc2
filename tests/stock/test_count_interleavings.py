"""A hall that goes on working while it is counted, against what really lies in its bins at the end."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field

import pytest
from django.utils import timezone

from stock import services
from stock.models import Allocation, Bin, CountLine, StockLevel
from stock.services import Claim, Entry, Sent

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

CODES = ("A-1", "B-1")
STEPS = 40


@dataclass
class Hall:
    """The shelves as they are; the ledger was told something else at the start."""

    dice: random.Random
    warehouse: object
    clerk: object
    products: list
    shelves: dict[tuple[int, str], int] = field(default_factory=dict)
    promised: list[Allocation] = field(default_factory=list)
    picked: list[Allocation] = field(default_factory=list)
    waiting: list[Sent] = field(default_factory=list)

    def take(self, product, pieces: int) -> None:
        """Out of the bins as they come, wherever enough lies."""
        for code in self.dice.sample(CODES, len(CODES)):
            taken = min(pieces, self.shelves.get((product.pk, code), 0))
            self.shelves[product.pk, code] = self.shelves.get((product.pk, code), 0) - taken
            pieces -= taken
        assert pieces == 0

    def lies(self, product) -> int:
        return sum(self.shelves.get((product.pk, code), 0) for code in CODES)

    def holds(self, product) -> int:
        """What the ledger should say: on the shelves, and picked but not yet gone."""
        return self.lies(product) + sum(row.quantity for row in self.picked if row.level.product_id == product.pk)

    # what happens

    def promise(self, product) -> None:
        level = StockLevel.objects.get(product=product)
        pieces = self.dice.randint(1, 3)
        if min(level.available, self.lies(product) - self._still_to_pick(product)) >= pieces:
            self.promised += services.allocate(claims=[Claim(uuid.uuid4(), product.pk, self.warehouse.pk, pieces)])

    def _still_to_pick(self, product) -> int:
        return sum(row.quantity for row in self.promised if row.level.product_id == product.pk)

    def pick(self, product) -> None:
        rows = [row for row in self.promised if row.level.product_id == product.pk]
        if rows:
            self.take(product, rows[0].quantity)
            services.pick_pieces(quantities={rows[0].holder: rows[0].quantity}, actor=None)
            self.promised.remove(rows[0])
            self.picked.append(rows[0])

    def ship(self, product) -> None:
        rows = [row for row in self.picked if row.level.product_id == product.pk]
        if rows:
            services.ship(quantities={rows[0].holder: rows[0].quantity}, actor=None, reference="S")
            self.picked.remove(rows[0])

    def receive(self, product) -> None:
        pieces, code = self.dice.randint(1, 4), self.dice.choice(CODES)
        self.shelves[product.pk, code] = self.shelves.get((product.pk, code), 0) + pieces
        self._post(product, pieces, "receipt")

    def send_away(self, product) -> None:
        pieces = self.dice.randint(1, 2)
        free = min(StockLevel.objects.get(product=product).available, self.lies(product) - self._still_to_pick(product))
        if free >= pieces:
            self.take(product, pieces)
            self._post(product, -pieces, "transfer")

    def _post(self, product, pieces: int, reason: str) -> None:
        services.post_movements(entries=[Entry(product.pk, self.warehouse.pk, pieces, reason, "X")])

    # what is counted

    def look(self, product, code: str | None = None) -> None:
        code = code or self.dice.choice(CODES)
        seen = self.shelves.get((product.pk, code), 0)
        self.waiting.append(Sent(uuid.uuid4(), product.sku, seen, timezone.now(), code))

    def sync(self, count) -> None:
        """The line is bad: entries arrive in any order, some twice, some later."""
        self.dice.shuffle(self.waiting)
        arrived = self.waiting[: self.dice.randint(0, len(self.waiting))]
        if arrived:
            again = arrived[: self.dice.randint(0, len(arrived))]
            services.record_entries(count=count, entries=[*arrived, *again], actor=self.clerk)
        self.waiting = self.waiting[len(arrived) :]


@pytest.fixture
def hall(make_product, make_user, warehouse, receive):
    bins = {code: Bin.objects.create(warehouse=warehouse, code=code) for code in CODES}

    def hall(seed: int) -> Hall:
        dice = random.Random(seed)
        products = [make_product(f"P{seed}-{n}") for n in range(3)]
        made = Hall(dice, warehouse, make_user("clerk", username=f"clerk-{seed}"), products)
        for product in products:
            for code in CODES:
                made.shelves[product.pk, code] = dice.randint(0, 9)
            level = receive(product, max(made.lies(product) + dice.randint(-2, 3), 1)).level
            for place in bins.values():
                place.levels.add(level)
        return made

    return hall


@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(200), marks=pytest.mark.long)], ids=["small", "full"])
def test_whatever_happens_meanwhile_the_ledger_ends_at_what_lies_there(hall, warehouse, seeds):
    for seed in seeds:
        place = hall(seed)
        count = services.open_count(warehouse=warehouse, actor=place.clerk, products=place.products)
        acts = [place.promise, place.pick, place.ship, place.receive, place.send_away, place.look, place.look]
        for _ in range(STEPS):
            place.dice.choice(acts)(place.dice.choice(place.products))
            if place.dice.random() < 0.2:
                place.sync(count)
        finish(place, count)
        services.post_count(count=count, actor=place.clerk)
        for product in place.products:
            assert StockLevel.objects.get(product=product).on_hand == place.holds(product), (seed, product.sku)
    assert not StockLevel.objects.differing_from_ledger().exists()


def finish(place: Hall, count) -> None:
    """The connection is back; what could not be read is counted once more, bin by bin, without a sale in between."""
    while place.waiting:
        place.sync(count)
    unread = count.lines.exclude(state=CountLine.State.COUNTED)
    for product in [line.level.product for line in unread.select_related("level__product")]:
        for code in CODES:
            place.look(product, code)
    while place.waiting:
        place.sync(count)
    assert not count.lines.exclude(state=CountLine.State.COUNTED).exists()
