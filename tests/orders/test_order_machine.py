"""Any sequence of operations on orders keeps pieces and money: nothing is made, lost or sold twice."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import F, Sum
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
from inventory_site.common.errors import DomainError
from orders import services
from orders.models import Customer, Reshaping, Return, SalesChannel, SalesOrder, SalesOrderLine
from stock.models import Allocation, StockLevel, StockMovement, Warehouse
from stock.services import Entry, post_movements

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
SKUS, PLACES = (0, 1, 2), (0, 1)
STRATEGIES = ("first_choice", "nearest_to_complete", "most_stock", "priority")
pieces = st.integers(1, 6)
cents = st.integers(0, 999).map(lambda n: Decimal(n) / 100)
wishes = st.lists(st.tuples(st.sampled_from(SKUS), st.sampled_from(PLACES), pieces, cents), min_size=1, max_size=3)


def some(rows):
    """Only where there are such rows, so that few steps do nothing."""
    return precondition(lambda self: rows().exists())


def open_orders():
    return SalesOrder.objects.open()


def shipped_lines():
    return SalesOrderLine.objects.filter(shipped__gt=F("returned"))


def reshapings():
    return Reshaping.objects.filter(undone_at=None)


class Orders(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        # The last product takes no back-orders, so that refusals happen as well.
        self.products = [Product.objects.create(sku=f"SKU-{n}", name="x", accepts_backorders=n < 2) for n in SKUS]
        self.warehouses = [Warehouse.objects.create(code=f"w{n}", name="x", priority=n + 1) for n in PLACES]
        self.channel = SalesChannel.objects.create(code="web", name="Web")
        self.customer = Customer.objects.create(external_id="C1")
        self.ordered: Counter = Counter()
        self.received: Counter = Counter()
        self.money = Decimal(0)

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def attempt(self, service, **fields):
        """A refusal is fine as long as it changes nothing, which the invariants see."""
        try:
            with transaction.atomic():
                return service(actor=None, **fields)
        except DomainError:
            return None

    def one_of(self, data, rows):
        found = list(rows.order_by("pk"))
        return data.draw(st.sampled_from(found)) if found else None

    def an_order(self, data):
        return self.one_of(data, SalesOrder.objects.open())

    @initialize(lines=st.lists(wishes, min_size=2, max_size=3))
    def begin(self, lines):
        for sku in SKUS:
            for where in PLACES:
                self.receive(sku, where, 4)
        for wished in lines:
            self.place(wished, Decimal("4.90"), Decimal("0.55"), "priority")

    @rule(lines=wishes, shipping=cents, discount=cents, strategy=st.sampled_from(STRATEGIES))
    def place(self, lines, shipping, discount, strategy):
        goods = sum(n * price for _sku, _place, n, price in lines)
        order = self.attempt(
            services.place_sales_order,
            channel=self.channel, customer=self.customer, shipping_charge=shipping, discount=min(discount, goods),
            strategy=strategy,
            lines=[services.NewLine(self.products[s], self.warehouses[w], n, price) for s, w, n, price in lines],
        )  # fmt: skip
        if order:
            for sku, _place, n, _price in lines:
                self.ordered[self.products[sku].pk] += n
            self.money += goods + shipping - min(discount, goods)

    @rule(sku=st.sampled_from(SKUS), where=st.sampled_from(PLACES), quantity=pieces)
    def receive(self, sku, where, quantity):
        product, warehouse = self.products[sku].pk, self.warehouses[where].pk
        post_movements(entries=[Entry(product, warehouse, quantity, StockMovement.Reason.RECEIPT)])
        self.received[product] += quantity

    @rule(sku=st.sampled_from(SKUS), where=st.sampled_from(PLACES))
    def fulfil(self, sku, where):
        services.fulfil_backorders(pairs=[(self.products[sku].pk, self.warehouses[where].pk)])

    @some(open_orders)
    @rule(data=st.data(), by=st.sampled_from(["availability", "warehouse", "lines"]))
    def split(self, data, by):
        if order := self.an_order(data):
            quantities = {line.pk: data.draw(pieces) for line in order.lines.order_by("pk")}
            self.attempt(services.split_sales_order, order=order, by=by, quantities=quantities)

    @some(open_orders)
    @rule()
    def merge(self):
        self.attempt(services.merge_sales_orders, orders=list(SalesOrder.objects.open().order_by("-pk")[:3]))

    @some(reshapings)
    @rule(data=st.data())
    def undo(self, data):
        if reshaping := self.one_of(data, reshapings()):
            self.attempt(services.undo_reshaping, reshaping=reshaping)

    @some(open_orders)
    @rule(data=st.data(), in_part=st.booleans(), act=st.sampled_from(["cancel", "ship"]))
    def cancel_or_ship(self, data, in_part, act):
        if order := self.an_order(data):
            lines = list(order.lines.order_by("pk"))
            quantities = {data.draw(st.sampled_from(lines)).pk: data.draw(pieces)} if in_part else None
            service = services.cancel_sales_order if act == "cancel" else services.ship_sales_order
            self.attempt(service, order=order, quantities=quantities)

    @some(open_orders)
    @rule(data=st.data(), strategy=st.sampled_from(STRATEGIES))
    def allocate(self, data, strategy):
        if order := self.an_order(data):
            self.attempt(services.allocate_sales_order, order=order, strategy=strategy)

    @some(shipped_lines)
    @rule(data=st.data(), quantity=pieces)
    def announce_return(self, data, quantity):
        if line := self.one_of(data, shipped_lines()):
            self.attempt(services.register_return, order=line.order, quantities={line.pk: quantity})

    @some(Return.objects.all)
    @rule(data=st.data(), act=st.sampled_from(["inspect", "undo", "cancel"]))
    def handle_return(self, data, act):
        document = self.one_of(data, Return.objects.all())
        if document is None:
            return
        if act != "inspect":
            self.attempt(services.undo_return if act == "undo" else services.cancel_return, document=document)
            return
        outcomes = {}
        for row in document.lines.order_by("pk"):
            sellable = data.draw(st.integers(0, row.quantity))
            outcomes[row.pk] = services.Outcome(sellable, row.quantity - sellable, 0)
        self.attempt(services.inspect_return, document=document, outcomes=outcomes)

    @invariant()
    def no_piece_is_made_or_lost(self):
        lines = SalesOrderLine.objects.with_allocated()
        sums = {"all": Sum("quantity"), "shipped": Sum("shipped"), "returned": Sum("returned")}
        found = {row["product"]: row for row in lines.order_by().values("product").annotate(**sums)}
        assert {pk: row["all"] for pk, row in found.items()} == self.ordered
        for line in lines:
            promised = line.allocated_now
            assert 0 <= promised <= line.outstanding and line.backordered >= 0 and line.returned <= line.shipped
            assert line.quantity == line.backordered + promised + line.shipped + line.cancelled
        held = dict(StockLevel.objects.order_by().values_list("product").annotate(Sum("on_hand")))
        for product, received in self.received.items():
            row = found.get(product, {"shipped": 0, "returned": 0})
            assert held[product] == received - row["shipped"] + row["returned"]

    @invariant()
    def no_cent_is_made_or_lost(self):
        totals = SalesOrder.objects.with_total().values_list("total", flat=True)
        assert sum(totals, Decimal(0)) == self.money
        assert not SalesOrder.objects.filter(discount__lt=0).exists()

    @invariant()
    def promises_are_those_of_open_lines(self):
        holders = SalesOrderLine.objects.outstanding().values("holder")
        assert not Allocation.objects.open().exclude(holder__in=holders).exists()
        assert not StockLevel.objects.differing_from_ledger().exists()

    @invariant()
    def states_agree_with_the_lines(self):
        left = SalesOrderLine.objects.filter(quantity__gt=F("shipped") + F("cancelled"))
        assert not left.exclude(order__state="open").exists()
        assert not SalesOrder.objects.open().exclude(pk__in=left.values("order")).exists()
        assert not SalesOrder.objects.filter(state="merged", merged_into=None).exists()


def run(examples: int, steps: int) -> None:
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Orders,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=quiet,
        ),
    )  # fmt: skip
    assert SalesOrder.objects.count() == 0  # each example was rolled back


def test_any_sequence_of_operations_keeps_pieces_and_money():
    run(examples=12, steps=15)


@pytest.mark.long
def test_any_long_sequence_of_operations_keeps_pieces_and_money():
    run(examples=300, steps=50)
