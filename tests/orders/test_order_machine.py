"""Any sequence of operations on orders leaves the database and the API as a model of plain Python says."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from orders import services
from orders.models import PurchaseOrder, Reshaping, Return, ReturnLine, SalesOrder
from orders.money import line_amount
from stock.models import StockMovement
from stock.services import Entry, post_movements, set_on_hand
from tests.orders.order_machine import PLACES, SKUS, ShopMachine
from tests.orders.order_model import Back, Bought, Document, Line, Order, Reshaped
from tests.stateful import run

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
STRATEGIES = ("first_choice", "nearest_to_complete", "most_stock", "priority")
#: So often at least each operation is done at full size, or it was not tested.
OFTEN = 10
pieces = st.integers(1, 6)
cents = st.integers(0, 999).map(lambda n: Decimal(n) / 100)
wishes = st.lists(st.tuples(st.sampled_from(SKUS), st.sampled_from(PLACES), pieces, cents), min_size=1, max_size=3)


def some(*states: str):
    """Only where there are such orders, so that few steps do nothing."""
    return precondition(lambda self: self.shop.in_state(*states))


class Orders(ShopMachine):
    @initialize(data=st.data(), lines=st.lists(wishes, min_size=2, max_size=3), is_coming_back=st.booleans())
    def begin(self, data, lines, is_coming_back):
        """A return comes late in the life of an order: some sequences begin with one, or few would see its end."""
        for sku in SKUS:
            for place in PLACES:
                self.receive(sku, place, 5)
        for wished in lines:
            self.place(wished, Decimal("4.90"), Decimal("0.55"), "priority", 0, False)
        if is_coming_back and any(map(self.shop.has_promises, self.shop.in_state("open"))):
            self.ship(data, in_part=False)
            self.announce_return(data)

    @rule(
        lines=wishes, shipping=cents, discount=cents, strategy=st.sampled_from(STRATEGIES),
        customer=st.sampled_from([0, 0, 0, 1]), is_draft=st.sampled_from([False, False, True]),
    )  # fmt: skip
    def place(self, lines, shipping, discount, strategy, customer, is_draft):
        discount = min(discount, sum(n * price for _sku, _place, n, price in lines))
        new = [Line(0, 0, sku, place, n, line_amount(n, price)) for sku, place, n, price in lines]
        got = self.shop.served([(line, line.quantity) for line in new], is_alone=strategy == "first_choice")
        made: list[SalesOrder] = []
        wish = {
            "channel": self.channel, "customer": self.customers[customer], "shipping_charge": shipping,
            "discount": discount, "strategy": strategy, "is_draft": is_draft, "actor": None,
            "lines": [services.NewLine(self.products[s], self.warehouses[w], n, price) for s, w, n, price in lines],
        }  # fmt: skip
        with self.promising() as adopt:
            if self.attempt(
                "draft" if is_draft else "place", lambda: made.append(services.place_sales_order(**wish)),
                got is None and not is_draft,
            ):  # fmt: skip
                self.shop.placements += 1
                order = Order(made[0].pk, made[0].number, customer, strategy, self.shop.placements, shipping, discount)
                order.state = "draft" if is_draft else "open"
                self.know(order, new)
                adopt([] if is_draft else zip(new, got, strict=True))

    def know(self, order: Order, lines: list[Line]) -> None:
        self.shop.orders[order.pk] = self.touched = order
        self.rows[order.pk] = row = SalesOrder.objects.get(pk=order.pk)
        for line, (pk, holder) in zip(lines, self.new_lines(row), strict=True):
            line.pk, line.holder, line.order = pk, holder, order.pk
            self.shop.lines[pk] = line
            self.ordered[line.sku] += line.quantity
        self.money += sum(line.amount for line in lines) + order.shipping - order.discount

    @some("draft")
    @rule(data=st.data())
    def confirm(self, data):
        drafts = self.shop.in_state("draft")
        order = self.pick(data, drafts, drafts)
        wanted = [(line, self.shop.waits(line)) for line in self.shop.lines_of(order)]
        got = self.shop.served(wanted, is_alone=order.is_alone)
        call = lambda: services.confirm_sales_order(order=self.rows[order.pk], actor=None)  # noqa: E731
        if self.serve("confirm", call, wanted, got):
            self.shop.placements += 1
            order.state, order.is_reserved, order.placed = "open", False, self.shop.placements

    @some("draft", "open")
    @rule(data=st.data(), is_for_good=st.booleans())
    def hold(self, data, is_for_good):
        likely = [order for order in self.shop.in_state("draft", "open") if order.is_reserved == is_for_good]
        order = self.pick(data, likely, self.shop.in_state("draft", "open"))
        is_allocated = order.state == "draft" and not is_for_good
        wanted = [(line, self.shop.waits(line)) for line in self.shop.lines_of(order) if is_allocated]
        until = None if is_for_good else self.tomorrow
        call = lambda: services.hold_sales_order(order=self.rows[order.pk], actor=None, until=until)  # noqa: E731
        if self.serve("hold", call, wanted, self.shop.served(wanted, is_alone=order.is_alone)):
            order.is_reserved = not is_for_good
            if order.state == "draft" and is_for_good:
                self.shop.release(order)

    @precondition(lambda self: any(order.is_reserved for order in self.shop.in_state("draft", "open")))
    @rule()
    def expire(self):
        freed = []
        late = self.tomorrow + timedelta(days=1)
        self.attempt("expire", lambda: freed.append(services.expire_reservations(now=late)))
        assert freed == [self.shop.expire()]

    @rule(sku=st.sampled_from(SKUS), place=st.sampled_from(PLACES), quantity=pieces)
    def receive(self, sku, place, quantity):
        entry = Entry(self.products[sku].pk, self.warehouses[place].pk, quantity, StockMovement.Reason.RECEIPT)
        self.attempt("receive", lambda: post_movements(entries=[entry]))
        self.shop.stock.on_hand[sku, place] += quantity

    @rule(sku=st.sampled_from(SKUS), place=st.sampled_from(PLACES), counted=st.integers(0, 12))
    def count(self, sku, place, counted):
        """It may find less than was promised: the newest promises wait again."""
        wish = {"product": self.products[sku], "warehouse": self.warehouses[place], "counted": counted, "actor": None}
        self.attempt("count", lambda: set_on_hand(**wish))
        if counted != self.shop.stock.on_hand[sku, place]:
            self.shop.stock.on_hand[sku, place] = counted
            self.shop.stock.shorten((sku, place))

    @rule(data=st.data())
    def fulfil(self, data):
        shelves = list(self.shop.stock.on_hand)
        likely = [s for s in shelves if self.shop.stock.available(s) > 0 and self.shop.waiting_for(*s)]
        sku, place = data.draw(st.sampled_from(likely or shelves))
        pairs = [(self.products[sku].pk, self.warehouses[place].pk)]
        call = lambda: services.fulfil_backorders(pairs=pairs)  # noqa: E731
        self.serve_waiting("fulfil" if likely else "fulfil nobody", call, sku, place)

    def serve_waiting(self, act: str, call, sku: int, place: int) -> None:
        wanted = self.shop.waiting_for(sku, place)
        self.serve(act, call, wanted, self.shop.served(wanted, is_alone=False, is_partial=True, place=place))

    @rule(sku=st.sampled_from(SKUS), place=st.sampled_from(PLACES), quantity=pieces)
    def buy(self, sku, place, quantity):
        order = services.create_purchase_order(
            supplier=self.supplier, warehouse=self.warehouses[place], actor=None,
            lines=[services.NewPurchaseLine(self.products[sku], quantity)],
        )  # fmt: skip
        self.attempt("buy", lambda: services.confirm_purchase_order(order=order, actor=None))
        self.shop.bought.append(Bought(order.pk, order.lines.get().pk, sku, place, quantity))

    @precondition(lambda self: any(bought.outstanding for bought in self.shop.bought))
    @rule(data=st.data(), surplus=st.sampled_from([0, 0, 0, 0, 1]))
    def take_delivery(self, data, surplus):
        """Who waits for the goods gets them."""
        bought = data.draw(st.sampled_from([bought for bought in self.shop.bought if bought.outstanding]))
        quantity = data.draw(st.integers(1, bought.outstanding)) + surplus
        wish = {"order": PurchaseOrder.objects.get(pk=bought.pk), "quantities": {bought.line: quantity}, "actor": None}
        call = lambda: services.receive_purchase_order(**wish)  # noqa: E731
        if quantity > bought.outstanding:
            self.attempt("take delivery", call, True)
            return
        bought.received += quantity
        bought.state = "partly_received" if bought.outstanding else "received"
        self.shop.stock.on_hand[bought.sku, bought.place] += quantity
        self.serve_waiting("take delivery", call, bought.sku, bought.place)

    @precondition(lambda self: self.shop.bought)
    @rule(data=st.data())
    def cancel_purchase(self, data):
        bought = data.draw(st.sampled_from(self.shop.bought))
        is_over = bought.state in ("received", "cancelled")
        order = PurchaseOrder.objects.get(pk=bought.pk)
        call = lambda: services.cancel_purchase_order(order=order, actor=None)  # noqa: E731
        if self.attempt("cancel purchase", call, is_over):
            bought.cancelled += bought.outstanding
            bought.state = "received" if bought.received else "cancelled"

    @some("open")
    @rule(data=st.data(), strategy=st.sampled_from(STRATEGIES))
    def allocate(self, data, strategy):
        open_ones = self.shop.in_state("open")
        order = self.pick(data, [order for order in open_ones if self.shop.can_be_served(order)], open_ones)
        wanted = [(line, self.shop.waits(line)) for line in self.shop.lines_of(order)]
        got = self.shop.served(wanted, is_alone=strategy == "first_choice", is_partial=True)
        wish = {"order": self.rows[order.pk], "actor": None, "strategy": strategy}
        self.serve("allocate", lambda: services.allocate_sales_order(**wish), wanted, got if any(got) else None)

    @some("open")
    @rule(data=st.data(), by=st.sampled_from(["availability", "warehouse", "lines"]))
    def split(self, data, by):
        likely = [order for order in self.shop.in_state("open") if self.shop.to_split(order, by, {})]
        order = self.pick(data, likely, self.shop.in_state("open"))
        lines = [line for line in self.shop.lines_of(order) if line.outstanding]
        quantities = self.some_of(data, lines, lambda line: line.outstanding) if by == "lines" else {}
        parts = self.shop.to_split(order, by, quantities)
        moved = sum(part.quantity for part in parts)
        is_too_much = any(part.quantity > part.line.outstanding for part in parts)
        is_nothing = moved in (0, sum(line.quantity - line.cancelled for line in self.shop.lines_of(order)))
        made: list[SalesOrder] = []
        wish = {"order": self.rows[order.pk], "by": by, "quantities": quantities, "actor": None}
        if self.attempt(
            f"split by {by}", lambda: made.extend(services.split_sales_order(**wish)), is_too_much or is_nothing
        ):
            [row] = made
            new = Order(row.pk, row.number, order.customer, order.strategy, order.placed, Decimal(0), Decimal(0))
            new.is_reserved = order.is_reserved
            self.shop.orders[new.pk], self.rows[new.pk] = new, row
            self.reshape([order, new], [(order, new, parts, Decimal(0))])
            self.shop.settle(order)

    def reshape(self, orders: list[Order], moves: list[tuple]) -> None:
        reshaped = Reshaped(Reshaping.objects.order_by("-pk").values_list("pk", flat=True)[0], [o.pk for o in orders])
        rows = iter(self.new_lines(self.rows[moves[0][1].pk]))
        for source, target, parts, shipping in moves:
            self.shop.move(reshaped, source, target, parts, rows, shipping)
        assert next(rows, None) is None
        self.shop.reshaped.append(reshaped)

    @precondition(lambda self: len(self.shop.in_state("open")) > 1)
    @rule(data=st.data())
    def merge(self, data):
        likely = [order for order in self.shop.in_state("open") if not order.is_reserved and not order.customer]
        known = likely if len(likely) > 1 and data.draw(st.sampled_from([True] * 4 + [False])) else []
        known = known or self.shop.in_state("open")
        chosen = data.draw(st.lists(st.sampled_from(known), min_size=2, max_size=3, unique_by=lambda order: order.pk))
        is_refused = any(order.is_reserved for order in chosen) or len({order.customer for order in chosen}) > 1
        wish = {"orders": [self.rows[order.pk] for order in chosen], "actor": None}
        if not self.attempt("merge", lambda: services.merge_sales_orders(**wish), is_refused):
            return
        target, *others = sorted(chosen, key=lambda order: (order.placed, order.pk))
        moves = []
        for order in others:
            has_shipped = any(line.shipped for line in self.shop.lines_of(order))
            moves.append((order, target, self.shop.to_merge(order), Decimal(0) if has_shipped else order.shipping))
            order.state = "closed" if has_shipped else "merged"
        self.reshape([target, *others], moves)
        self.touched = target

    @precondition(lambda self: any(not reshaped.is_undone for reshaped in self.shop.reshaped))
    @rule(data=st.data())
    def undo(self, data):
        likely = [reshaped for reshaped in self.shop.reshaped if self.shop.can_undo(reshaped)]
        reshaped = data.draw(st.sampled_from(likely or self.shop.reshaped))
        row = Reshaping.objects.get(pk=reshaped.pk)
        call = lambda: services.undo_reshaping(reshaping=row, actor=None)  # noqa: E731
        if self.attempt("undo", call, not likely):
            self.shop.undo(reshaped)
            self.touched = self.shop.orders[reshaped.orders[0]]

    @some("draft", "open")
    @rule(data=st.data(), in_part=st.booleans())
    def cancel(self, data, in_part):
        order = self.pick(data, self.shop.in_state("open"), self.shop.in_state("draft", "open"))
        lines = self.shop.lines_of(order)
        asked = self.some_of(data, lines, lambda line: line.outstanding) if in_part else None
        is_refused = in_part and (
            order.state == "draft" or any(n > self.shop.lines[pk].outstanding for pk, n in asked.items())
        )
        wish = {"order": self.rows[order.pk], "quantities": asked, "actor": None}
        if self.attempt("cancel", lambda: services.cancel_sales_order(**wish), is_refused):
            self.shop.cancel(order, asked or {line.pk: line.outstanding for line in lines if line.outstanding})

    @some("open")
    @rule(data=st.data(), in_part=st.booleans())
    def ship(self, data, in_part):
        open_ones = self.shop.in_state("open")
        order = self.pick(data, [order for order in open_ones if self.shop.has_promises(order)], open_ones)
        held = {line.pk: self.shop.promised(line) for line in self.shop.lines_of(order)}
        lines = self.shop.lines_of(order)
        asked = self.some_of(data, lines, lambda line: held[line.pk]) if in_part else None
        parts = asked or {pk: pieces for pk, pieces in held.items() if pieces}
        is_refused = not parts or any(pieces > held[pk] for pk, pieces in parts.items())
        wish = {"order": self.rows[order.pk], "quantities": asked, "actor": None}
        if self.attempt("ship", lambda: services.ship_sales_order(**wish), is_refused):
            self.shop.ship(order, parts)

    @precondition(lambda self: any(line.shipped for line in self.shop.lines.values()))
    @rule(data=st.data())
    def announce_return(self, data):
        able = [line for line in self.shop.lines.values() if self.shop.returnable(line)]
        line = data.draw(st.sampled_from(able or [line for line in self.shop.lines.values() if line.shipped]))
        [(pk, quantity)] = self.some_of(data, [line], self.shop.returnable).items()
        made: list[Return] = []
        wish = {"order": self.rows[line.order], "quantities": {pk: quantity}, "actor": None}
        if not self.attempt(
            "announce return", lambda: made.append(services.register_return(**wish)),
            quantity > self.shop.returnable(line),
        ):  # fmt: skip
            return
        rows = ReturnLine.objects.filter(document=made[0]).order_by("pk").values_list("pk", "warehouse", "quantity")
        backs = [Back(row, pk, self.place_of[warehouse], n) for row, warehouse, n in rows]
        assert sum(back.quantity for back in backs) == quantity
        assert all(back.quantity <= self.shop.returnable(line, back.place) for back in backs)
        self.shop.returns.append(Document(made[0].pk, backs))

    def a_return(self, data, state: str) -> tuple[Document, Return]:
        likely = [document for document in self.shop.returns if document.state == state]
        document = data.draw(st.sampled_from(likely or self.shop.returns))
        return document, Return.objects.get(pk=document.pk)

    @precondition(lambda self: self.shop.returns)
    @rule(data=st.data())
    def inspect(self, data):
        document, row = self.a_return(data, "announced")
        outcomes = {
            back.pk: data.draw(st.tuples(*[st.integers(0, 2)] * 3).filter(any), label="found") for back in document.rows
        }
        is_too_much = any(sum(outcomes[back.pk]) > back.quantity for back in document.rows)
        found = {pk: services.Outcome(*counts) for pk, counts in outcomes.items()}
        call = lambda: services.inspect_return(document=row, outcomes=found, actor=None)  # noqa: E731
        if self.attempt("inspect", call, is_too_much or document.state != "announced"):
            for back in document.rows:
                back.sellable, back.unsellable, back.scrapped = outcomes[back.pk]
            self.shop.inspect(document)

    @precondition(lambda self: self.shop.returns)
    @rule(data=st.data())
    def undo_return(self, data):
        document, row = self.a_return(data, "inspected")
        is_refused = document.state != "inspected" or not self.shop.can_take_out_again(document)
        call = lambda: services.undo_return(document=row, actor=None)  # noqa: E731
        if self.attempt("undo return", call, is_refused):
            self.shop.take_out_again(document)

    @precondition(lambda self: self.shop.returns)
    @rule(data=st.data())
    def cancel_return(self, data):
        document, row = self.a_return(data, "announced")
        call = lambda: services.cancel_return(document=row, actor=None)  # noqa: E731
        if self.attempt("cancel return", call, document.state != "announced"):
            document.state = "cancelled"


@pytest.fixture
def api(make_user, api_of):
    return api_of(make_user("owner"))


def test_any_sequence_of_operations_keeps_pieces_and_money(api):
    run(Orders, api, examples=8, steps=15)
    assert SalesOrder.objects.count() == 0  # each example was rolled back


@pytest.mark.long
def test_any_long_sequence_of_operations_keeps_pieces_and_money(api):
    outcomes = run(Orders, api, examples=300, steps=50)
    rarely = {act for act, _is_done in outcomes if outcomes[act, True] < OFTEN}
    assert not rarely, outcomes
