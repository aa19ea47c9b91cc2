"""Any sequence of operations leaves the database as a model of plain Python says."""

from __future__ import annotations

import itertools
import uuid

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from catalog.models import Product
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings
from stock import services
from stock.choosing import ORDERS
from stock.errors import InsufficientStock, NotAllocated, NotSetAside, TooMuch
from stock.models import Allocation, SetAside, StockMovement, Transfer, Warehouse
from tests.stateful import Machine, run, wrong
from tests.stock.ledger_checks import WRONG_STOCK
from tests.stock.ledger_model import PLACES, Model, Sent

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
Reason = StockMovement.Reason
place = st.sampled_from(PLACES)
pieces = st.integers(1, 12)
lines = st.lists(st.tuples(place, pieces), min_size=1, max_size=4)
somewhere = st.sampled_from([None, None, (0,), (1,)])
TOLERANCE = 0.5
COUNTED = ("shipped", "received", "returned", "lost")
COUNTED_OF_TRANSFERS = [f"lines__{name}" for name in COUNTED]
#: So often at least each operation is done at full size, or it was not tested.
OFTEN = 10


class Ledger(Machine):
    def __init__(self, *args):
        super().__init__(*args)
        ShopSettings.objects.update_or_create(pk=1, defaults={"over_receipt_rate": str(TOLERANCE)})
        products = [Product.objects.create(sku=f"SKU-{n}", name="x") for n in (0, 1)]
        self.warehouses = [Warehouse.objects.create(code=f"w{n}", name="x", priority=2 - n) for n in (0, 1)]
        self.rows = {(p, w): (products[p], self.warehouses[w]) for p, w in PLACES}
        self.product_of = {product.pk: n for n, product in enumerate(products)}
        self.warehouse_of = {warehouse.pk: n for n, warehouse in enumerate(self.warehouses)}
        self.model = Model()
        self.transfers: list[Sent] = []
        self.touched: Sent | None = None
        self.numbers = itertools.count(1)

    def new_holder(self) -> uuid.UUID:
        """In an order that repeats."""
        return uuid.UUID(int=next(self.numbers))

    def entry(self, where, quantity, reason):
        product, warehouse = self.rows[where]
        return services.Entry(product.pk, warehouse.pk, quantity, reason)

    def named(self, where) -> dict:
        product, warehouse = self.rows[where]
        return {"product": product, "warehouse": warehouse, "actor": None}

    @initialize(shelves=st.lists(st.integers(10, 60), min_size=4, max_size=4), sent=st.integers(1, 8))
    def open_with_stock(self, shelves, sent):
        """With goods on their way and some set aside, so that every operation has something to work on."""
        self.receive(list(zip(PLACES, shelves, strict=True)))
        self.set_aside(PLACES[0], 3, "held")
        self.draft_transfer(PLACES[1], [sent])
        self.send(self.transfers[0], sent)

    @rule(lines=lines)
    def receive(self, lines):
        entries = [self.entry(where, n, Reason.RECEIPT) for where, n in lines]
        self.attempt("receive", lambda: services.post_movements(entries=entries))
        for where, quantity in lines:
            self.model.on_hand[where] += quantity

    @rule(lines=st.lists(st.tuples(place, pieces), min_size=1, max_size=2))
    def issue(self, lines):
        asked = {where: sum(n for here, n in lines if here == where) for where, _n in lines}
        entries = [self.entry(where, -n, Reason.SHIPMENT) for where, n in lines]
        is_short = any(quantity > self.model.available(where) for where, quantity in asked.items())
        issue = lambda: services.post_movements(entries=entries)  # noqa: E731
        if self.attempt("issue", issue, InsufficientStock if is_short else None):
            for where, quantity in asked.items():
                self.model.on_hand[where] -= quantity

    @rule(lines=lines, strategy=st.sampled_from(sorted(ORDERS)), partial=st.lists(st.booleans(), min_size=4))
    def allocate(self, lines, strategy, partial):
        """All whole claims or none; each piece from a place that was allowed and had it."""
        alone = strategy == "first_choice"
        claims = [
            self.claim(where, n, is_partial, alone) for (where, n), is_partial in zip(lines, partial, strict=False)
        ]
        whole = [line for line, is_partial in zip(lines, partial, strict=False) if not is_partial]
        before, made = {where: self.model.available(where) for where in PLACES}, []
        if not self.attempt(
            "allocate", lambda: made.extend(services.allocate(claims=claims, strategy=strategy)),
            None if self.can_serve(whole, alone) else InsufficientStock,
        ):  # fmt: skip
            return
        self.model.calls += 1
        for row in made:
            where = self.product_of[row.level.product_id], self.warehouse_of[row.level.warehouse_id]
            self.model.promise(row.holder, where, row.quantity)
        self.check_choice(lines, claims, strategy, before)

    def claim(self, where, quantity, is_partial, alone):
        product, warehouse = self.rows[where]
        elsewhere = () if alone else (self.rows[where[0], 1 - where[1]][1].pk,)
        return services.Claim(self.new_holder(), product.pk, warehouse.pk, quantity, is_partial, elsewhere)

    def can_serve(self, whole, alone) -> bool:
        """Levels that do not exist hold nothing, so they need not be told apart."""
        for product in (0, 1):
            asked = [sum(n for where, n in whole if where == (product, w)) for w in (0, 1)]
            there = [max(self.model.available((product, w)), 0) for w in (0, 1)]
            if (alone and any(a > t for a, t in zip(asked, there, strict=True))) or sum(asked) > sum(there):
                return False
        return True

    def check_choice(self, lines, claims, strategy, before) -> None:
        for (where, asked), claim in zip(lines, claims, strict=True):
            got = self.model.of(claim.holder)
            total, other = sum(p.quantity for p in got), (where[0], 1 - where[1])
            assert {p.where for p in got} <= ({where} if strategy == "first_choice" else {where, other})
            assert total == asked or (claim.is_partial and total < asked)
            if total < asked:
                assert all(
                    self.model.available(w) == 0 for w in ([where] if strategy == "first_choice" else [where, other])
                )
        if len(lines) == 1 and (total := self.model.held(claims[0].holder)):
            self.check_single(lines[0][0], total, strategy, before, self.model.of(claims[0].holder))

    def check_single(self, where, total, strategy, before, got) -> None:
        """One claim alone: which place was asked first is plain."""
        other = (where[0], 1 - where[1])
        first = {
            "first_choice": where,
            "priority": (where[0], 1),  # w1 has the lower number
            "most_stock": other if before[other] > before[where] else where,
            "nearest_to_complete": other if min(before[other], total) > min(before[where], total) else where,
        }[strategy]
        served = {p.where: p.quantity for p in got}
        assert served.get(first, 0) == min(before[first], total)

    def some_promises(self, data, within):
        """Pieces of a holder, now and then one too many, and what it is promised in these warehouses."""
        holder = data.draw(st.sampled_from([promise.holder for promise in self.model.promises]))
        quantity = data.draw(st.integers(1, self.model.held(holder) + 1))
        there = within and [self.warehouses[n].pk for n in within]
        return holder, quantity, there, self.model.of(holder, within)

    @precondition(lambda self: self.model.promises)
    @rule(data=st.data(), within=somewhere)
    def ship(self, data, within):
        holder, quantity, there, mine = self.some_promises(data, within)
        wish = {"quantities": {holder: quantity}, "actor": None, "reference": "S", "within": there}
        is_refused = quantity > sum(promise.quantity for promise in mine)
        if self.attempt("ship", lambda: services.ship(**wish), NotAllocated if is_refused else None):
            for where, taken in self.model.take(mine, quantity).items():
                self.model.on_hand[where] -= taken

    @precondition(lambda self: self.model.promises)
    @rule(data=st.data(), within=somewhere)
    def release(self, data, within):
        holder, quantity, there, mine = self.some_promises(data, within)
        freed = []
        wish = {"quantities": {holder: quantity}, "within": there}
        self.attempt("release", lambda: freed.append(services.release(**wish)))
        assert freed == [min(quantity, sum(promise.quantity for promise in mine))]
        self.model.take(mine[::-1], quantity)

    @precondition(lambda self: self.model.promises)
    @rule(data=st.data(), within=somewhere)
    def move(self, data, within):
        holder, quantity, there, mine = self.some_promises(data, within)
        target = self.new_holder()
        wish = {"moves": [services.PromiseMove(holder, target, quantity)], "within": there}
        is_refused = quantity > sum(promise.quantity for promise in mine)
        if self.attempt("move", lambda: services.move_promises(**wish), NotAllocated if is_refused else None):
            self.model.hand_over(mine, target, quantity)

    @precondition(lambda self: len({promise.holder for promise in self.model.promises}) > 1)
    @rule(data=st.data())
    def merge_holders(self, data):
        holders = list(dict.fromkeys(promise.holder for promise in self.model.promises))
        source, target = data.draw(st.permutations(holders))[:2]
        held = self.model.held(source)
        moves = [services.PromiseMove(source, target, held)]
        self.attempt("merge", lambda: services.move_promises(moves=moves))
        self.model.hand_over(self.model.of(source), target, held)

    @rule(where=place, counted=st.integers(0, 30))
    def count(self, where, counted):
        self.attempt("count", lambda: services.set_on_hand(counted=counted, **self.named(where)))
        if counted != self.model.on_hand[where]:
            self.model.on_hand[where] = counted
            self.model.shorten(where)

    @rule(where=place, quantity=pieces, reason=st.sampled_from(["damaged", "expired", "held"]))
    def set_aside(self, where, quantity, reason):
        is_short = quantity > self.model.on_hand[where] - self.model.unsellable[where]
        wish = {"quantity": quantity, "reason": reason, **self.named(where)}
        if self.attempt("set aside", lambda: services.set_aside(**wish), InsufficientStock if is_short else None):
            self.model.unsellable[where] += quantity
            self.model.shorten(where)

    @precondition(lambda self: any(self.model.unsellable.values()))
    @rule(data=st.data(), is_written_off=st.booleans())
    def take_from_set_aside(self, data, is_written_off):
        where = data.draw(st.sampled_from([where for where, n in self.model.unsellable.items() if n]))
        quantity = data.draw(st.integers(1, self.model.unsellable[where] + 1))
        act = services.write_off_set_aside if is_written_off else services.put_back
        if self.attempt(
            "write off" if is_written_off else "put back", lambda: act(quantity=quantity, **self.named(where)),
            NotSetAside if quantity > self.model.unsellable[where] else None,
        ):  # fmt: skip
            self.model.unsellable[where] -= quantity
            self.model.on_hand[where] -= quantity * is_written_off

    @rule(where=place, counts=st.tuples(*[st.integers(0, 4)] * 3).filter(any))
    def take_back(self, where, counts):
        product, warehouse = self.rows[where]
        entries = [services.TakenBack(product.pk, warehouse.pk, *counts)]
        self.attempt("take back", lambda: services.take_back(entries=entries, actor=None, reference="R"))
        self.model.on_hand[where] += counts[0] + counts[1]
        self.model.unsellable[where] += counts[1]

    @rule(where=place, quantities=st.lists(pieces, min_size=1, max_size=2))
    def draft_transfer(self, where, quantities):
        product, source = self.rows[where]
        row = services.create_transfer(
            source=source, destination=self.warehouses[1 - where[1]], actor=None,
            lines=[services.TransferWish(product, n) for n in quantities],
        )  # fmt: skip
        self.outcomes["draft transfer", True] += 1
        self.touched = Sent(row, row.lines.get().pk, *where, asked=sum(quantities))
        self.transfers.append(self.touched)

    def pick(self, data, *states) -> Sent:
        self.touched = data.draw(st.sampled_from([sent for sent in self.transfers if sent.state in states]))
        return self.touched

    @precondition(lambda self: any(sent.state == "draft" for sent in self.transfers))
    @rule(data=st.data())
    def ship_transfer(self, data):
        sent = self.pick(data, "draft")
        self.send(sent, data.draw(st.integers(1, sent.asked)))

    def send(self, sent: Sent, quantity: int) -> None:
        here, _there = sent.places
        is_short = quantity > self.model.available(here)
        wish = {"transfer": sent.row, "quantities": {sent.line: quantity}, "version": sent.version, "actor": None}
        ship = lambda: services.ship_transfer(**wish)  # noqa: E731
        if self.attempt("ship transfer", ship, InsufficientStock if is_short else None):
            self.model.on_hand[here] -= quantity
            sent.shipped, sent.state, sent.version = quantity, "shipped", sent.version + 1

    @precondition(lambda self: any(sent.in_transit for sent in self.transfers))
    @rule(data=st.data(), may_exceed=st.booleans())
    def receive_transfer(self, data, may_exceed):
        sent = self.pick(data, "shipped", "partly_received")
        here, there = sent.places
        quantity = data.draw(
            st.integers(sent.in_transit + 1, sent.in_transit + 3) if may_exceed else st.integers(1, sent.in_transit)
        )
        beyond, allowed = max(quantity - sent.in_transit, 0), int(sent.asked * TOLERANCE)
        most = min(allowed, max(sent.asked + allowed - sent.shipped, 0)) if may_exceed else 0
        refusal = TooMuch if beyond > most else InsufficientStock if beyond > self.model.available(here) else None
        wish = {"transfer": sent.row, "actor": None, "quantities": {sent.line: quantity}, "may_exceed": may_exceed}
        if self.attempt(
            "receive beyond" if beyond else "receive transfer", lambda: services.receive_transfer(**wish), refusal
        ):
            self.model.on_hand[there] += quantity
            self.model.on_hand[here] -= beyond
            sent.shipped, sent.received = sent.shipped + beyond, sent.received + quantity
            self.settle(sent)

    @precondition(lambda self: any(sent.in_transit for sent in self.transfers))
    @rule(data=st.data())
    def close_transfer(self, data):
        sent = self.pick(data, "shipped", "partly_received")
        self.attempt("close transfer", lambda: services.close_transfer(transfer=sent.row, actor=None))
        sent.lost, sent.received = sent.lost + sent.in_transit, sent.received + sent.in_transit
        self.settle(sent)

    @precondition(lambda self: any(sent.state not in ("received", "cancelled") for sent in self.transfers))
    @rule(data=st.data(), is_stale=st.booleans())
    def cancel_transfer(self, data, is_stale):
        sent = self.pick(data, "draft", "shipped", "partly_received")
        wish = {"transfer": sent.row, "actor": None, "version": sent.version + is_stale}
        cancel = lambda: services.cancel_transfer(**wish)  # noqa: E731
        if self.attempt("cancel transfer", cancel, StaleVersion if is_stale else None):
            self.model.on_hand[sent.places[0]] += sent.in_transit
            sent.returned += sent.in_transit
            sent.state, sent.version = "received" if sent.received else "cancelled", sent.version + 1

    def settle(self, sent: Sent) -> None:
        sent.state, sent.version = "partly_received" if sent.in_transit else "received", sent.version + 1

    @invariant()
    def no_table_contradicts_another(self):
        assert wrong(WRONG_STOCK) == []

    @invariant()
    def the_api_tells_the_levels_of_the_model(self):
        told = {(row["product"], row["warehouse"]): row for row in self.told("stock-levels")["results"]}
        for where in PLACES:
            numbers = {
                "on_hand": self.model.on_hand[where], "allocated": self.model.promised(where),
                "unsellable": self.model.unsellable[where], "available": self.model.available(where),
            }  # fmt: skip
            row = told[f"SKU-{where[0]}", f"w{where[1]}"]
            assert {name: row[name] for name in numbers} == numbers
            assert min(numbers.values()) >= 0

    @invariant()
    def promises_agree(self):
        expected = sorted((p.holder, p.where, p.quantity) for p in self.model.promises)
        open_ones = Allocation.objects.open().values_list("holder", "level__product", "level__warehouse", "quantity")
        assert sorted((h, (self.product_of[p], self.warehouse_of[w]), n) for h, p, w, n in open_ones) == expected

    @invariant()
    def transfers_agree(self):
        found = Transfer.objects.order_by("pk").values_list("state", "version", *COUNTED_OF_TRANSFERS)
        assert list(found) == [sent.facts for sent in self.transfers]

    @precondition(lambda self: self.touched)
    @invariant()
    def the_api_tells_the_touched_transfer_of_the_model(self):
        """And the totals, in which what is on its way counts."""
        sent, self.touched = self.touched, None
        told = self.told(f"transfers/{sent.row.number}")
        [line] = told["lines"]
        assert (told["state"], told["version"], *(line[name] for name in COUNTED)) == sent.facts
        assert line["in_transit"] == sent.in_transit
        for row in self.told("stock-levels/totals")["results"]:
            on_its_way = sum(sent.in_transit for sent in self.transfers if f"SKU-{sent.product}" == row["sku"])
            on_hand = sum(n for where, n in self.model.on_hand.items() if f"SKU-{where[0]}" == row["sku"])
            assert (row["on_hand"], row["in_transit"], row["total"]) == (on_hand, on_its_way, on_hand + on_its_way)


@pytest.fixture
def api(make_user, api_of):
    return api_of(make_user("owner"))


def test_any_sequence_of_operations_agrees_with_the_model(api):
    run(Ledger, api, examples=10, steps=20)
    assert StockMovement.objects.count() == SetAside.objects.count() == 0  # each example was rolled back


@pytest.mark.long
def test_any_long_sequence_of_operations_agrees_with_the_model(api):
    outcomes = run(Ledger, api, examples=300, steps=50)
    rarely = {act for act, _is_done in outcomes if outcomes[act, True] < OFTEN}
    assert not rarely, outcomes
