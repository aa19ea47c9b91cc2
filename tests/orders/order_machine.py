"""The shop that the order machine acts on, and what is held against the model after every act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition

from catalog.models import Product, Supplier
from inventory_site.common.errors import DomainError
from orders.models import Customer, PurchaseOrderLine, ReturnLine, SalesChannel, SalesOrder, SalesOrderLine
from stock.models import Allocation, Warehouse
from tests.orders.order_checks import WRONG
from tests.orders.order_model import Line, Order, Shop
from tests.stateful import Machine, wrong

SKUS, PLACES = (0, 1, 2), (0, 1)
#: Of this product nothing is back-ordered: a line gets all its pieces or is refused.
WHOLE = 2


class ShopMachine(Machine):
    def __init__(self, *args):
        super().__init__(*args)
        self.products = [Product.objects.create(sku=f"SKU-{n}", name="x", accepts_backorders=n != WHOLE) for n in SKUS]
        self.warehouses = [Warehouse.objects.create(code=f"w{n}", name="x", priority=n + 1) for n in PLACES]
        self.sku_of = {product.pk: n for n, product in enumerate(self.products)}
        self.place_of = {warehouse.pk: n for n, warehouse in enumerate(self.warehouses)}
        self.channel = SalesChannel.objects.create(code="web", name="Web")
        self.customers = [Customer.objects.create(external_id=f"C{n}") for n in (0, 1)]
        self.supplier = Supplier.objects.create(code="S", name="x")
        self.shop = Shop([(sku, place) for sku in SKUS for place in PLACES], {WHOLE})
        self.rows: dict[int, SalesOrder] = {}
        self.tomorrow = timezone.now() + timedelta(days=1)
        self.touched: Order | None = None
        self.ordered: Counter = Counter()
        self.money = Decimal(0)

    def attempt(self, act: str, call: Callable[[], object], refusal: bool | type[DomainError] = False) -> bool:
        return super().attempt(act, call, (DomainError if refusal is True else refusal) or None)

    def serve(self, act: str, call: Callable[[], object], wanted: list[tuple[Line, int]], got: list | None) -> bool:
        """An act that promises stock to lines, so much to each; ``got`` None is a refusal."""
        with self.promising() as adopt:
            if not self.attempt(act, call, got is None):
                return False
            adopt((line, pieces) for (line, _asked), pieces in zip(wanted, got, strict=True))
        return True

    @contextmanager
    def promising(self) -> Iterator[Callable]:
        """Yields what takes over the promises made meanwhile: from where the service chose, so much to each line."""
        newest = Allocation.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        yield lambda expected: self._adopt(newest, {line.holder: pieces for line, pieces in expected if pieces})

    def _adopt(self, newest: int, expected: dict) -> None:
        got: Counter = Counter()
        self.shop.stock.calls += 1
        made = Allocation.objects.filter(pk__gt=newest).order_by("pk")
        for holder, product, warehouse, pieces in made.values_list(
            "holder", "level__product", "level__warehouse", "quantity"
        ):
            got[holder] += pieces
            self.shop.stock.promise(holder, (self.sku_of[product], self.place_of[warehouse]), pieces)
        assert got == expected

    def pick(self, data, likely: list[Order], others: list[Order]) -> Order:
        """Four times in five one with which the act can be done, where there is one."""
        is_likely = likely and data.draw(st.sampled_from([True] * 4 + [False]))
        self.touched = data.draw(st.sampled_from(likely if is_likely else others))
        return self.touched

    def some_of(self, data, lines: list[Line], most: Callable[[Line], int]) -> dict[int, int]:
        """A few pieces of one or two lines, now and then one too many."""
        able = [line for line in lines if most(line)] or lines
        chosen = data.draw(st.lists(st.sampled_from(able), min_size=1, max_size=2, unique_by=lambda line: line.pk))
        surplus = data.draw(st.sampled_from([0] * 6 + [1]))
        return {line.pk: data.draw(st.integers(1, max(most(line), 1))) + surplus for line in chosen}

    def new_lines(self, order: SalesOrder) -> list[tuple]:
        found = SalesOrderLine.objects.filter(order=order).exclude(pk__in=self.shop.lines).order_by("pk")
        return list(found.values_list("pk", "holder"))

    @invariant()
    def no_table_contradicts_another(self):
        assert wrong(WRONG) == []

    @invariant()
    def lines_agree(self):
        found = SalesOrderLine.objects.order_by("pk").values_list(
            "pk", "order", "quantity", "shipped", "cancelled", "returned", "amount"
        )
        assert {pk: tuple(facts) for pk, *facts in found} == {pk: line.facts for pk, line in self.shop.lines.items()}

    @invariant()
    def promises_agree(self):
        found = Allocation.objects.open().values_list("holder", "level__product", "level__warehouse", "quantity")
        expected = sorted((p.holder, *p.where, p.quantity) for p in self.shop.stock.promises)
        assert sorted((h, self.sku_of[s], self.place_of[w], n) for h, s, w, n in found) == expected

    @invariant()
    def orders_agree(self):
        found = SalesOrder.objects.values_list("pk", "state", "shipping_charge", "discount")
        expected = {order.pk: (order.state, order.shipping, order.discount) for order in self.shop.orders.values()}
        assert {pk: tuple(facts) for pk, *facts in found} == expected

    @invariant()
    def returns_agree(self):
        found = ReturnLine.objects.values_list("pk", "document__state", "sellable", "unsellable", "scrapped")
        expected = {
            row.pk: (document.state, row.sellable, row.unsellable, row.scrapped)
            for document in self.shop.returns
            for row in document.rows
        }
        assert {pk: tuple(facts) for pk, *facts in found} == expected

    @invariant()
    def purchases_agree(self):
        found = PurchaseOrderLine.objects.values_list("pk", "order__state", "received", "cancelled")
        expected = {b.line: (b.state, b.received, b.cancelled) for b in self.shop.bought}
        assert {pk: tuple(facts) for pk, *facts in found} == expected

    @invariant()
    def no_piece_and_no_cent_is_made_or_lost(self):
        """Ordered = open + allocated + shipped + cancelled, and what all orders cost is what was agreed."""
        pieces: Counter = Counter()
        for line in self.shop.lines.values():
            assert self.shop.waits(line) >= 0
            pieces[line.sku] += self.shop.waits(line) + self.shop.promised(line) + line.shipped + line.cancelled
        assert pieces == self.ordered
        amounts = sum(line.amount for line in self.shop.lines.values())
        assert self.money == amounts + sum(order.shipping - order.discount for order in self.shop.orders.values())

    @invariant()
    def the_api_tells_the_levels_of_the_model(self):
        stock = self.shop.stock
        told = {
            (row["product"], row["warehouse"]): tuple(row[name] for name in ("on_hand", "allocated", "unsellable"))
            for row in self.told("stock-levels")["results"]
        }
        assert told == {
            (f"SKU-{sku}", f"w{place}"): (on_hand, stock.promised((sku, place)), stock.unsellable[sku, place])
            for (sku, place), on_hand in stock.on_hand.items()
        }

    @precondition(lambda self: self.touched)
    @invariant()
    def the_api_tells_the_touched_order_of_the_model(self):
        order, self.touched = self.touched, None
        told, lines = self.told(f"sales-orders/{order.number}"), self.shop.lines_of(order)
        assert told["state"] == order.state
        cost = sum(line.amount for line in lines) + order.shipping - order.discount
        assert Decimal(told["total"]) == cost
        for line, row in zip(lines, told["lines"], strict=True):
            expected = {
                "id": line.pk, "quantity": line.quantity, "allocated": self.shop.promised(line),
                "backordered": self.shop.waits(line), "shipped": line.shipped, "cancelled": line.cancelled,
                "returned": line.returned,
            }  # fmt: skip
            assert {name: row[name] for name in expected} == expected
            assert Decimal(row["amount"]) == line.amount
