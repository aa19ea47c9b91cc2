"""Any sequence of operations leaves the database as a model of a few lines says."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from catalog.models import Product
from stock import services
from stock.errors import InsufficientStock
from stock.models import Allocation, StockLevel, StockMovement, Warehouse

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
Reason = StockMovement.Reason
PLACES = [(product, warehouse) for product in (0, 1) for warehouse in (0, 1)]
place = st.sampled_from(PLACES)
pieces = st.integers(1, 12)


class Ledger(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        products = [Product.objects.create(sku=f"SKU-{n}", name="x") for n in (0, 1)]
        warehouses = [Warehouse.objects.create(code=f"w{n}", name="x") for n in (0, 1)]
        self.rows = {(p, w): (products[p], warehouses[w]) for p, w in PLACES}
        self.on_hand = dict.fromkeys(PLACES, 0)
        self.promises: list[list] = []  # [holder, place, quantity], oldest first

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def promised(self, where) -> int:
        return sum(quantity for _holder, here, quantity in self.promises if here == where)

    def available(self, where) -> int:
        return self.on_hand[where] - self.promised(where)

    def entry(self, where, quantity, reason):
        product, warehouse = self.rows[where]
        return services.Entry(product.pk, warehouse.pk, quantity, reason)

    @rule(lines=st.lists(st.tuples(place, pieces), min_size=1, max_size=4))
    def receive(self, lines):
        services.post_movements(entries=[self.entry(where, n, Reason.RECEIPT) for where, n in lines])
        for where, quantity in lines:
            self.on_hand[where] += quantity

    @rule(lines=st.lists(st.tuples(place, pieces), min_size=1, max_size=4))
    def issue(self, lines):
        asked = {where: sum(n for here, n in lines if here == where) for where, _n in lines}
        entries = [self.entry(where, -n, Reason.SHIPMENT) for where, n in lines]
        if any(quantity > self.available(where) for where, quantity in asked.items()):
            with pytest.raises(InsufficientStock):
                services.post_movements(entries=entries)
            return
        services.post_movements(entries=entries)
        for where, quantity in asked.items():
            self.on_hand[where] -= quantity

    @rule(lines=st.lists(st.tuples(place, pieces), min_size=1, max_size=4))
    def allocate(self, lines):
        claims = [services.Claim(uuid.uuid4(), self.rows[where][0].pk, self.rows[where][1].pk, n) for where, n in lines]
        asked = {where: sum(n for here, n in lines if here == where) for where, _n in lines}
        if any(quantity > self.available(where) for where, quantity in asked.items()):
            with pytest.raises(InsufficientStock):
                services.allocate(claims=claims)
            return
        services.allocate(claims=claims)
        self.promises += [[claim.holder, where, n] for claim, (where, n) in zip(claims, lines, strict=True)]

    @precondition(lambda self: self.promises)
    @rule(data=st.data(), is_shipment=st.booleans())
    def ship_or_release(self, data, is_shipment):
        promise = data.draw(st.sampled_from(self.promises))
        quantity = data.draw(st.integers(1, promise[2]))
        if is_shipment:
            services.ship(quantities={promise[0]: quantity}, actor=None, reference="S")
            self.on_hand[promise[1]] -= quantity
        else:
            assert services.release(quantities={promise[0]: quantity}) == quantity
        promise[2] -= quantity
        self.promises = [p for p in self.promises if p[2]]

    @rule(where=place, counted=st.integers(0, 30))
    def count(self, where, counted):
        product, warehouse = self.rows[where]
        services.set_on_hand(product=product, warehouse=warehouse, counted=counted, actor=None)
        self.on_hand[where] = counted
        missing = self.promised(where) - counted
        for promise in reversed([p for p in self.promises if p[1] == where]):
            taken = max(0, min(missing, promise[2]))
            promise[2], missing = promise[2] - taken, missing - taken
        self.promises = [p for p in self.promises if p[2]]

    @invariant()
    def database_agrees(self):
        levels = {
            (row.product_id, row.warehouse_id): (row.on_hand, row.allocated, row.available)
            for row in StockLevel.objects.all()
        }
        for where, (product, warehouse) in self.rows.items():
            expected = (self.on_hand[where], self.promised(where), self.available(where))
            assert levels.get((product.pk, warehouse.pk), (0, 0, 0)) == expected
        assert not StockLevel.objects.differing_from_ledger().exists()
        open_ones = dict(Allocation.objects.open().values_list("holder", "quantity"))
        assert open_ones == {holder: quantity for holder, _where, quantity in self.promises}


def run(examples: int, steps: int) -> None:
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=quiet,
        ),
    )  # fmt: skip
    assert StockMovement.objects.count() == 0  # each example was rolled back


def test_any_sequence_of_operations_agrees_with_the_model():
    run(examples=15, steps=20)


@pytest.mark.long
def test_any_long_sequence_of_operations_agrees_with_the_model():
    run(examples=300, steps=50)
