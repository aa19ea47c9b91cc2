"""Any sequence of operations leaves the database as a model of plain Python says."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from catalog.models import Product
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings, User
from stock import services
from stock.choosing import ORDERS
from stock.errors import InsufficientStock, NotAllocated, NotSetAside, TooMuch
from stock.models import Allocation, SetAside, StockLevel, StockMovement, Transfer, Warehouse
from tests.stock.ledger_model import PLACES, Model, Sent

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
Reason = StockMovement.Reason
place = st.sampled_from(PLACES)
pieces = st.integers(1, 12)
lines = st.lists(st.tuples(place, pieces), min_size=1, max_size=4)
TOLERANCE = 0.5


class Ledger(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        ShopSettings.objects.update_or_create(pk=1, defaults={"over_receipt_rate": str(TOLERANCE)})
        products = [Product.objects.create(sku=f"SKU-{n}", name="x") for n in (0, 1)]
        self.warehouses = [Warehouse.objects.create(code=f"w{n}", name="x", priority=2 - n) for n in (0, 1)]
        self.rows = {(p, w): (products[p], self.warehouses[w]) for p, w in PLACES}
        self.product_of = {product.pk: n for n, product in enumerate(products)}
        self.warehouse_of = {warehouse.pk: n for n, warehouse in enumerate(self.warehouses)}
        self.model = Model()
        self.transfers: list[Sent] = []

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def entry(self, where, quantity, reason):
        product, warehouse = self.rows[where]
        return services.Entry(product.pk, warehouse.pk, quantity, reason)

    def named(self, where) -> dict:
        product, warehouse = self.rows[where]
        return {"product": product, "warehouse": warehouse, "actor": None}

    @initialize(shelves=st.lists(st.integers(5, 40), min_size=4, max_size=4))
    def open_with_stock(self, shelves):
        self.receive(list(zip(PLACES, shelves, strict=True)))

    @rule(lines=lines)
    def receive(self, lines):
        services.post_movements(entries=[self.entry(where, n, Reason.RECEIPT) for where, n in lines])
        for where, quantity in lines:
            self.model.on_hand[where] += quantity

    @rule(lines=st.lists(st.tuples(place, pieces), min_size=1, max_size=2))
    def issue(self, lines):
        asked = {where: sum(n for here, n in lines if here == where) for where, _n in lines}
        entries = [self.entry(where, -n, Reason.SHIPMENT) for where, n in lines]
        if any(quantity > self.model.available(where) for where, quantity in asked.items()):
            with pytest.raises(InsufficientStock):
                services.post_movements(entries=entries)
            return
        services.post_movements(entries=entries)
        for where, quantity in asked.items():
            self.model.on_hand[where] -= quantity

    @rule(lines=lines, strategy=st.sampled_from(sorted(ORDERS)), partial=st.lists(st.booleans(), min_size=4))
    def allocate(self, lines, strategy, partial):
        """All whole claims or none; each piece from a place that was allowed and had it."""
        alone = strategy == "first_choice"
        claims = [
            self.claim(where, n, is_partial, alone) for (where, n), is_partial in zip(lines, partial, strict=False)
        ]
        if not self.can_serve(
            [line for line, is_partial in zip(lines, partial, strict=False) if not is_partial], alone
        ):
            with pytest.raises(InsufficientStock):
                services.allocate(claims=claims, strategy=strategy)
            return
        before = {where: self.model.available(where) for where in PLACES}
        made = services.allocate(claims=claims, strategy=strategy)
        self.model.calls += 1
        for row in made:
            where = self.product_of[row.level.product_id], self.warehouse_of[row.level.warehouse_id]
            self.model.promise(row.holder, where, row.quantity)
        self.check_choice(lines, claims, strategy, before)

    def claim(self, where, quantity, is_partial, alone):
        product, warehouse = self.rows[where]
        elsewhere = () if alone else (self.rows[where[0], 1 - where[1]][1].pk,)
        return services.Claim(uuid.uuid4(), product.pk, warehouse.pk, quantity, is_partial, elsewhere)

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

    @precondition(lambda self: self.model.promises)
    @rule(data=st.data(), act=st.sampled_from(["ship", "release", "move"]), within=st.sampled_from([None, (0,), (1,)]))
    def act_on_promises(self, data, act, within):
        holder = data.draw(st.sampled_from([promise.holder for promise in self.model.promises]))
        quantity = data.draw(st.integers(1, self.model.held(holder) + 1))
        mine, there = self.model.of(holder, within), within and [self.warehouses[n].pk for n in within]
        held = sum(promise.quantity for promise in mine)
        if act == "release":
            assert services.release(quantities={holder: quantity}, within=there) == min(quantity, held)
            self.model.take(mine[::-1], quantity)
        elif quantity > held:
            with pytest.raises(NotAllocated, match=f"{quantity} of SKU-. asked, only {held} allocated"):
                self.ship_or_move(act, holder, quantity, there, mine)
        else:
            self.ship_or_move(act, holder, quantity, there, mine)

    def ship_or_move(self, act, holder, quantity, there, mine) -> None:
        if act == "ship":
            services.ship(quantities={holder: quantity}, actor=None, reference="S", within=there)
            for where, taken in self.model.take(mine, quantity).items():
                self.model.on_hand[where] -= taken
            return
        target = uuid.uuid4()
        services.move_promises(moves=[services.PromiseMove(holder, target, quantity)], within=there)
        self.model.hand_over(mine, target, quantity)

    @precondition(lambda self: len({promise.holder for promise in self.model.promises}) > 1)
    @rule(data=st.data())
    def merge_holders(self, data):
        holders = list(dict.fromkeys(promise.holder for promise in self.model.promises))  # in an order that repeats
        source, target = data.draw(st.permutations(holders))[:2]
        held = self.model.held(source)
        services.move_promises(moves=[services.PromiseMove(source, target, held)])
        self.model.hand_over(self.model.of(source), target, held)

    @rule(where=place, counted=st.integers(0, 30))
    def count(self, where, counted):
        services.set_on_hand(counted=counted, **self.named(where))
        if counted != self.model.on_hand[where]:
            self.model.on_hand[where] = counted
            self.model.shorten(where)

    @rule(where=place, quantity=pieces, reason=st.sampled_from(["damaged", "expired", "held"]))
    def set_aside(self, where, quantity, reason):
        if quantity > self.model.on_hand[where] - self.model.unsellable[where]:
            with pytest.raises(InsufficientStock):
                services.set_aside(quantity=quantity, reason=reason, **self.named(where))
            return
        services.set_aside(quantity=quantity, reason=reason, **self.named(where))
        self.model.unsellable[where] += quantity
        self.model.shorten(where)

    @precondition(lambda self: any(self.model.unsellable.values()))
    @rule(data=st.data(), is_written_off=st.booleans())
    def take_from_set_aside(self, data, is_written_off):
        where = data.draw(st.sampled_from([where for where, n in self.model.unsellable.items() if n]))
        quantity = data.draw(st.integers(1, self.model.unsellable[where] + 1))
        act = services.write_off_set_aside if is_written_off else services.put_back
        if quantity > self.model.unsellable[where]:
            with pytest.raises(NotSetAside):
                act(quantity=quantity, **self.named(where))
            return
        act(quantity=quantity, **self.named(where))
        self.model.unsellable[where] -= quantity
        self.model.on_hand[where] -= quantity * is_written_off

    @rule(where=place, counts=st.tuples(*[st.integers(0, 4)] * 3).filter(any))
    def take_back(self, where, counts):
        product, warehouse = self.rows[where]
        services.take_back(entries=[services.TakenBack(product.pk, warehouse.pk, *counts)], actor=None, reference="R")
        self.model.on_hand[where] += counts[0] + counts[1]
        self.model.unsellable[where] += counts[1]

    @rule(where=place, quantities=st.lists(pieces, min_size=1, max_size=2))
    def draft_transfer(self, where, quantities):
        product, source = self.rows[where]
        row = services.create_transfer(
            source=source, destination=self.warehouses[1 - where[1]], actor=None,
            lines=[services.TransferWish(product, n) for n in quantities],
        )  # fmt: skip
        self.transfers.append(Sent(row, *where, asked=sum(quantities)))

    def pick(self, data, *states) -> Sent:
        return data.draw(st.sampled_from([sent for sent in self.transfers if sent.state in states]))

    @precondition(lambda self: any(sent.state == "draft" for sent in self.transfers))
    @rule(data=st.data())
    def ship_transfer(self, data):
        sent = self.pick(data, "draft")
        here, _there = sent.places
        quantity = data.draw(st.integers(1, sent.asked))
        chosen = {"quantities": {sent.row.lines.get().pk: quantity}, "version": sent.version}
        if quantity > self.model.available(here):
            with pytest.raises(InsufficientStock):
                services.ship_transfer(transfer=sent.row, actor=None, **chosen)
            return
        services.ship_transfer(transfer=sent.row, actor=None, **chosen)
        self.model.on_hand[here] -= quantity
        sent.shipped, sent.state, sent.version = quantity, "shipped", sent.version + 1

    @precondition(lambda self: any(sent.in_transit for sent in self.transfers))
    @rule(data=st.data(), may_exceed=st.booleans())
    def receive_transfer(self, data, may_exceed):
        sent = self.pick(data, "shipped", "partly_received")
        here, there = sent.places
        quantity = data.draw(st.integers(1, sent.in_transit + 3))
        beyond, allowed = max(quantity - sent.in_transit, 0), int(sent.asked * TOLERANCE)
        most = min(allowed, max(sent.asked + allowed - sent.shipped, 0)) if may_exceed else 0
        wish = {
            "transfer": sent.row, "actor": None, "quantities": {sent.row.lines.get().pk: quantity},
            "may_exceed": may_exceed,
        }  # fmt: skip
        if beyond > most or beyond > self.model.on_hand[here]:
            with pytest.raises(TooMuch if beyond > most else InsufficientStock):
                services.receive_transfer(**wish)
            return
        services.receive_transfer(**wish)
        self.model.on_hand[there] += quantity
        self.model.on_hand[here] -= beyond
        if beyond:
            self.model.shorten(here)
        sent.shipped, sent.received = sent.shipped + beyond, sent.received + quantity
        self.settle(sent)

    @precondition(lambda self: any(sent.in_transit for sent in self.transfers))
    @rule(data=st.data())
    def close_transfer(self, data):
        sent = self.pick(data, "shipped", "partly_received")
        services.close_transfer(transfer=sent.row, actor=None)
        sent.lost, sent.received = sent.lost + sent.in_transit, sent.received + sent.in_transit
        self.settle(sent)

    @precondition(lambda self: any(sent.state not in ("received", "cancelled") for sent in self.transfers))
    @rule(data=st.data())
    def cancel_transfer(self, data):
        sent = self.pick(data, "draft", "shipped", "partly_received")
        with pytest.raises(StaleVersion):
            services.cancel_transfer(transfer=sent.row, actor=None, version=sent.version + 1)
        services.cancel_transfer(transfer=sent.row, actor=None, version=sent.version)
        self.model.on_hand[sent.places[0]] += sent.in_transit
        sent.returned += sent.in_transit
        sent.state, sent.version = "received" if sent.received else "cancelled", sent.version + 1

    def settle(self, sent: Sent) -> None:
        sent.state, sent.version = "partly_received" if sent.in_transit else "received", sent.version + 1

    @invariant()
    def database_agrees(self):
        levels = {
            (row.product_id, row.warehouse_id): (row.on_hand, row.allocated, row.unsellable)
            for row in StockLevel.objects.all()
        }
        for where, (product, warehouse) in self.rows.items():
            expected = (self.model.on_hand[where], self.model.promised(where), self.model.unsellable[where])
            assert levels.get((product.pk, warehouse.pk), (0, 0, 0)) == expected
            assert self.model.available(where) >= 0
        assert not StockLevel.objects.differing_from_ledger().exists()

    @invariant()
    def promises_agree(self):
        expected = sorted((str(p.holder), p.where, p.quantity) for p in self.model.promises)
        open_ones = Allocation.objects.open().values_list("holder", "level__product", "level__warehouse", "quantity")
        found = [(str(h), (self.product_of[p], self.warehouse_of[w]), n) for h, p, w, n in open_ones]
        assert sorted(found) == expected

    @invariant()
    def transfers_agree(self):
        found = Transfer.objects.order_by("pk").values_list(
            "state", "version", "lines__shipped", "lines__received", "lines__returned", "lines__lost"
        )
        assert list(found) == [(s.state, s.version, s.shipped, s.received, s.returned, s.lost) for s in self.transfers]

    @invariant()
    def nothing_is_lost_between_the_warehouses(self):
        everything = StockLevel.objects.totals(User(is_superuser=True))
        for row in everything:
            product = self.product_of[row["product"]]
            on_its_way = sum(sent.in_transit for sent in self.transfers if sent.product == product)
            on_hand = sum(n for where, n in self.model.on_hand.items() if where[0] == product)
            assert (row["on_hand"], row["in_transit"], row["total"]) == (on_hand, on_its_way, on_hand + on_its_way)


def run(examples: int, steps: int) -> None:
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=quiet,
        ),
    )  # fmt: skip
    assert StockMovement.objects.count() == SetAside.objects.count() == 0  # each example was rolled back


def test_any_sequence_of_operations_agrees_with_the_model():
    run(examples=15, steps=20)


@pytest.mark.long
def test_any_long_sequence_of_operations_agrees_with_the_model():
    run(examples=300, steps=50)
