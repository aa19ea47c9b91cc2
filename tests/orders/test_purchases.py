"""Purchase orders through their services."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.models import PriceBreak, Supplier, SupplierProduct
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import Audit, ShopSettings
from orders import services
from orders.errors import InvalidLines, NothingToDo, TermsNotMet, TooMuch, WrongState
from orders.models import PurchaseOrder, Receipt, SalesChannel
from orders.services.purchase_terms import problems_of
from stock.errors import InsufficientStock
from stock.models import StockLevel, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


@pytest.fixture
def draft(make_supplier, warehouse):
    supplier = make_supplier(lead_time_days=10)

    def draft(*wishes) -> PurchaseOrder:
        lines = [services.NewPurchaseLine(product, quantity, Decimal("4")) for product, quantity in wishes]
        return services.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=None)

    return draft


def confirmed(order):
    at = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # the 29th in Riga
    return services.confirm_purchase_order(order=order, actor=None, confirmed_at=at)


def test_a_draft_is_expected_a_lead_time_after_it_was_confirmed(draft, make_product):
    order = draft((make_product(), 12))
    assert PurchaseOrder.objects.on_order().count() == 0
    order = confirmed(order)
    assert (order.state, order.expected_on) == ("confirmed", date(2026, 4, 8))
    assert PurchaseOrder.objects.late(date(2026, 4, 9)).count() == 1
    assert PurchaseOrder.objects.late(date(2026, 4, 8)).count() == 0


def test_an_order_is_confirmed_once(draft, make_product):
    order = confirmed(draft((make_product(), 12)))
    with pytest.raises(WrongState, match="is confirmed: it cannot be confirmed"):
        services.confirm_purchase_order(order=order, actor=None)


def test_goods_come_in_parts_and_reach_the_ledger(draft, make_product):
    order = confirmed(draft((make_product(), 12)))
    line = order.lines.get()
    order = services.receive_purchase_order(order=order, actor=None, quantities={line.pk: 5})
    assert (order.state, StockLevel.objects.get().on_hand) == ("partly_received", 5)
    order = services.receive_purchase_order(order=order, actor=None)
    assert (order.state, StockLevel.objects.get().on_hand) == ("received", 12)
    assert list(Receipt.objects.order_by("pk").values_list("quantity", flat=True)) == [5, 7]
    assert set(StockMovement.objects.values_list("reason", "reference")) == {("receipt", order.number)}


def test_receiving_twice_from_two_screens_adds_nothing(draft, make_product):
    order = confirmed(draft((make_product(), 12)))
    services.receive_purchase_order(order=order, actor=None)
    with pytest.raises(WrongState, match=r"is received: of SKU-1 12 were asked, 0 can be received\."):
        services.receive_purchase_order(order=order, actor=None)
    assert StockLevel.objects.get().on_hand == 12


def test_more_than_was_ordered_is_refused(draft, make_product):
    order = confirmed(draft((make_product("CUP"), 12)))
    with pytest.raises(TooMuch, match="CUP: 13 asked to receive, at most 12 possible"):
        services.receive_purchase_order(order=order, actor=None, quantities={order.lines.get().pk: 13})
    assert StockMovement.objects.count() == Receipt.objects.count() == 0


def test_a_line_of_another_order_is_refused(draft, make_product):
    order, other = confirmed(draft((make_product(), 12))), draft((make_product(), 1))
    with pytest.raises(InvalidLines, match="is not on this order"):
        services.receive_purchase_order(order=order, actor=None, quantities={other.lines.get().pk: 1})


def test_cancelling_keeps_what_has_arrived(draft, make_product):
    order = confirmed(draft((make_product(), 12)))
    services.receive_purchase_order(order=order, actor=None, quantities={order.lines.get().pk: 5})
    order = services.cancel_purchase_order(order=order, actor=None)
    assert (order.state, StockLevel.objects.get().on_hand) == ("received", 5)
    with pytest.raises(WrongState):
        services.receive_purchase_order(order=order, actor=None)


def test_a_draft_takes_more_of_what_it_has(draft, make_product):
    cup, plate = make_product(), make_product()
    order = draft((cup, 12))
    lines = [services.NewPurchaseLine(cup, 6), services.NewPurchaseLine(plate, 3)]
    services.add_purchase_lines(order=order, lines=lines, actor=None)
    assert list(order.lines.order_by("pk").values_list("quantity", flat=True)) == [18, 3]


def test_an_order_of_which_all_is_received_has_nothing_left(draft, make_product):
    order = confirmed(draft((make_product(), 1)))
    PurchaseOrder.objects.filter(pk=order.pk).update(state="confirmed")
    order.lines.update(received=1)
    with pytest.raises(NothingToDo):
        services.receive_purchase_order(order=order, actor=None)


# --- the supplier's terms


@pytest.fixture
def term(make_supplier):
    """Terms of one supplier for a product, with price breaks."""
    supplier = make_supplier(name="Acme", lead_time_days=10)

    def term(product, *breaks, supplier=supplier, **fields) -> SupplierProduct:
        made = SupplierProduct.objects.create(supplier=supplier, product=product, **({"unit_cost": "4"} | fields))
        PriceBreak.objects.bulk_create(PriceBreak(terms=made, min_quantity=n, unit_cost=cost) for n, cost in breaks)
        return made

    return term


def bought(terms, *lines, warehouse) -> PurchaseOrder:
    lines = [services.NewPurchaseLine(terms.product, *line) for line in lines]
    return services.create_purchase_order(supplier=terms.supplier, warehouse=warehouse, lines=lines, actor=None)


def cost_of(order) -> tuple[int, Decimal]:
    line = order.lines.get()
    return line.quantity, line.unit_cost


@pytest.mark.parametrize(("quantity", "cost"), [(1, "4"), (9, "4"), (10, "3.5"), (49, "3.5"), (50, "3")])
def test_a_line_costs_what_the_supplier_asks_at_its_quantity(quantity, cost, term, make_product, warehouse):
    terms = term(make_product(), (50, "3"), (10, "3.5"), pack_size=6)
    order = bought(terms, (quantity,), warehouse=warehouse)
    assert cost_of(order) == (quantity, Decimal(cost))
    assert order.lines.get().pack_size == 6


def test_the_same_product_twice_gets_the_price_of_the_sum(term, make_product, warehouse):
    terms = term(make_product(), (10, "3.5"), (50, "3"))
    order = bought(terms, (6,), (6,), warehouse=warehouse)
    assert cost_of(order) == (12, Decimal("3.5"))
    services.add_purchase_lines(order=order, lines=[services.NewPurchaseLine(terms.product, 40)], actor=None)
    assert cost_of(order) == (52, Decimal(3))
    services.change_purchase_lines(order=order, lines=[services.NewPurchaseLine(terms.product, 2)], actor=None)
    assert cost_of(order) == (2, Decimal(4))


def test_a_cost_agreed_by_hand_stays(term, make_product, warehouse):
    terms = term(make_product(), (10, "3.5"))
    order = bought(terms, (6, Decimal("3.9")), warehouse=warehouse)
    services.add_purchase_lines(order=order, lines=[services.NewPurchaseLine(terms.product, 40)], actor=None)
    assert cost_of(order) == (46, Decimal("3.9"))


def test_a_product_without_terms_costs_what_it_usually_does(make_product, make_supplier, warehouse):
    lines = [services.NewPurchaseLine(make_product(unit_cost="7.5"), 3)]
    order = services.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
    assert cost_of(order) == (3, Decimal("7.5"))


def test_a_draft_takes_other_quantities_and_never_ends_empty(draft, make_product):
    cup, plate, tray = make_product("CUP"), make_product("PLATE"), make_product("TRAY")
    order = draft((cup, 12), (plate, 5))
    change = [services.NewPurchaseLine(cup, 3), services.NewPurchaseLine(plate, 0), services.NewPurchaseLine(tray, 7)]
    services.change_purchase_lines(order=order, lines=change, actor=None)
    assert dict(order.lines.values_list("product__sku", "quantity")) == {"CUP": 3, "TRAY": 7}
    none = [services.NewPurchaseLine(product, 0) for product in (cup, tray)]
    with pytest.raises(InvalidLines, match="would have no line left"):
        services.change_purchase_lines(order=order, lines=none, actor=None)
    assert order.lines.count() == 2


def test_a_broken_pack_and_too_few_are_confirmed_only_on_purpose(term, make_product, warehouse):
    order = bought(term(make_product("CUP"), pack_size=12, min_order_quantity=20), (13,), warehouse=warehouse)
    sentences = [
        "CUP: 13 ordered, the supplier's minimum is 20.",
        "CUP: 13 are not whole packs of 12: order 12 or 24.",
    ]
    assert [str(problem) for problem in problems_of(order)] == sentences
    with pytest.raises(TermsNotMet, match=" ".join(map(re.escape, sentences))):
        services.confirm_purchase_order(order=order, actor=None)
    order.refresh_from_db()
    assert (order.state, order.confirmed_at, order.version) == ("draft", None, 0)
    services.confirm_purchase_order(order=order, actor=None, despite_terms=True)
    told = Audit.objects.get(action="purchase_order.confirm").changes["despite"]
    assert told == ["min_order_quantity", "pack_size"]


def test_value_and_weekday_are_told_and_the_goods_come_after_the_next_order_day(term, make_product, warehouse):
    terms = term(make_product(), pack_size=5)
    Supplier.objects.update(order_weekdays=[0, 3], minimum_order_cost=100)
    terms.supplier.refresh_from_db()
    order = bought(terms, (20,), warehouse=warehouse)
    sunday = date(2026, 3, 29)
    assert [str(problem) for problem in problems_of(order, on=sunday)] == [
        "The order is worth 80.00 EUR, Acme delivers from 100.00 on.",
        "Acme takes orders on Monday, Thursday; the next such day is 03/30/2026.",
    ]
    assert [problem.code for problem in problems_of(order, on=date(2026, 4, 2))] == ["minimum_order_cost"]
    assert confirmed(order).expected_on == date(2026, 3, 30) + timedelta(days=10)


def test_goods_are_expected_after_the_longest_lead_time_of_the_products(term, make_product, warehouse):
    slow, usual = term(make_product("SLOW"), lead_time_days=30), term(make_product("USUAL"))
    assert usual.supplier == slow.supplier
    rows = [services.NewPurchaseLine(terms.product, 12) for terms in (slow, usual)]
    order = services.create_purchase_order(supplier=slow.supplier, warehouse=warehouse, lines=rows, actor=None)
    assert confirmed(order).expected_on == date(2026, 3, 29) + timedelta(days=30)


# --- receipts


def test_packs_become_pieces_once(term, make_product, warehouse):
    order = confirmed(bought(term(make_product("CUP"), pack_size=3), (12,), warehouse=warehouse))
    line = order.lines.get()
    services.receive_purchase_order(order=order, actor=None, packs={line.pk: 2}, quantities={line.pk: 1})
    assert StockLevel.objects.get().on_hand == Receipt.objects.get().quantity == 7
    with pytest.raises(TooMuch, match="CUP: 6 asked to receive, at most 5 possible"):
        services.receive_purchase_order(order=order, actor=None, packs={line.pk: 2})
    assert StockLevel.objects.get().on_hand == 7


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "2", 2**63])
@pytest.mark.parametrize("unit", ["quantities", "packs"])
def test_what_is_no_quantity_is_refused_with_its_sku(unit, number, draft, make_product):
    order = confirmed(draft((make_product("CUP"), 12)))
    with pytest.raises(InvalidLines, match=f"CUP: “{number}” is not a quantity"):
        services.receive_purchase_order(order=order, actor=None, **{unit: {order.lines.get().pk: number}})
    assert StockMovement.objects.count() == 0


def test_the_tolerance_is_used_once_over_all_receipts(draft, make_product):
    ShopSettings.objects.create(pk=1, over_receipt_rate="0.1")
    order = confirmed(draft((make_product("CUP"), 19), (make_product("TRAY"), 5)))
    cup = order.lines.get(product__sku="CUP")
    with pytest.raises(TooMuch, match=r"at most 19 possible\. Up to 20 by who may"):
        services.receive_purchase_order(order=order, actor=None, quantities={cup.pk: 20})
    with pytest.raises(TooMuch, match="CUP: 21 asked to receive, at most 20 possible"):
        services.receive_purchase_order(order=order, actor=None, quantities={cup.pk: 21}, may_exceed=True)
    order = services.receive_purchase_order(order=order, actor=None, quantities={cup.pk: 20}, may_exceed=True)
    cup.refresh_from_db()
    assert (cup.received, cup.over_received, order.state) == (19, 1, "partly_received")
    with pytest.raises(TooMuch, match="at most 0 possible"):
        services.receive_purchase_order(order=order, actor=None, quantities={cup.pk: 1}, may_exceed=True)


def test_a_surplus_found_later_is_received_within_the_tolerance(draft, make_product):
    ShopSettings.objects.create(pk=1, over_receipt_rate="0.1")
    order = confirmed(draft((make_product("CUP"), 20)))
    order = services.receive_purchase_order(order=order, actor=None)
    line, closed_at = order.lines.get(), order.closed_at
    with pytest.raises(WrongState, match=r"of CUP 1 were asked, 0 can be received\. Who may receive more"):
        services.receive_purchase_order(order=order, actor=None, quantities={line.pk: 1})
    with pytest.raises(WrongState, match=r"of CUP 20 were asked, 0 can be received\.$"):
        services.receive_purchase_order(order=order, actor=None, may_exceed=True)
    with pytest.raises(TooMuch, match="CUP: 3 asked to receive, at most 2 possible"):
        services.receive_purchase_order(order=order, actor=None, quantities={line.pk: 3}, may_exceed=True)
    order = services.receive_purchase_order(order=order, actor=None, quantities={line.pk: 2}, may_exceed=True)
    line.refresh_from_db()
    assert (order.state, order.closed_at, line.over_received) == ("received", closed_at, 2)
    with pytest.raises(WrongState, match=r"0 can be received\.$"):
        services.receive_purchase_order(order=order, actor=None, quantities={line.pk: 1}, may_exceed=True)
    assert StockLevel.objects.get().on_hand == 22


def test_an_older_version_is_refused(draft, make_product):
    order = confirmed(draft((make_product(), 12)))
    services.receive_purchase_order(
        order=order, actor=None, quantities={order.lines.get().pk: 5}, version=order.version
    )
    with pytest.raises(StaleVersion, match=r"version 2, you saw 1"):
        services.receive_purchase_order(order=order, actor=None, version=order.version)
    assert StockLevel.objects.get().on_hand == 5


def test_each_receipt_measures_its_lead_time_in_days_of_the_warehouse(draft, make_product):
    order = confirmed(draft((make_product(), 12)))  # on the 29th in Riga
    line = order.lines.get()
    for day, hour in ((30, 20), (30, 22)):  # 23:00 that day and, by summer time, 01:00 of the next
        at = datetime(2026, 3, day, hour, tzinfo=UTC)
        services.receive_purchase_order(order=order, actor=None, quantities={line.pk: 1}, received_at=at)
    assert [receipt.lead_time_days for receipt in Receipt.objects.order_by("pk")] == [1, 2]


def test_a_receipt_serves_the_oldest_orders_that_wait(draft, make_product, warehouse):
    cup = make_product("CUP", accepts_backorders=True)
    channel = SalesChannel.objects.create(code="web", name="Web")
    sold = [
        services.place_sales_order(
            channel=channel, lines=[services.NewLine(cup, warehouse, 4)], actor=None,
            placed_at=datetime(2026, 3, day, tzinfo=UTC),
        )
        for day in (20, 10)
    ]  # fmt: skip
    order = confirmed(draft((cup, 12)))
    services.receive_purchase_order(order=order, actor=None, quantities={order.lines.get().pk: 5})
    waiting = [one.lines.with_allocated().get().backordered for one in sold]
    assert waiting == [3, 0]
    assert StockLevel.objects.get().allocated == 5


def test_a_mistaken_receipt_leaves_the_ledger_and_is_on_order_again(draft, make_product):
    ShopSettings.objects.create(pk=1, over_receipt_rate="0.1")
    order = confirmed(draft((make_product("CUP"), 10)))
    line = order.lines.get()
    services.receive_purchase_order(order=order, actor=None, quantities={line.pk: 4})
    services.receive_purchase_order(order=order, actor=None, quantities={line.pk: 7}, may_exceed=True)
    first, second = Receipt.objects.order_by("pk")
    services.undo_receipt(receipt=first, actor=None)
    line.refresh_from_db(), order.refresh_from_db()
    assert (line.received, line.over_received, line.outstanding, order.state) == (7, 0, 3, "partly_received")
    assert StockMovement.objects.order_by("pk").last().reverses == first.movement
    with pytest.raises(WrongState, match="was taken back before"):
        services.undo_receipt(receipt=first, actor=None)
    services.undo_receipt(receipt=second, actor=None)
    order.refresh_from_db()
    assert (order.state, order.closed_at, StockLevel.objects.get().on_hand) == ("confirmed", None, 0)
    assert Receipt.objects.standing().count() == 0 and Receipt.objects.count() == 2


def test_goods_that_have_left_cannot_be_taken_back_and_promises_of_them_break(draft, make_product, warehouse):
    cup = make_product("CUP", accepts_backorders=True)
    order = confirmed(draft((cup, 10)))
    services.receive_purchase_order(order=order, actor=None)
    channel = SalesChannel.objects.create(code="web", name="Web")
    lines = [services.NewLine(cup, warehouse, 6)]
    sold = services.place_sales_order(channel=channel, lines=lines, actor=None)
    services.undo_receipt(receipt=Receipt.objects.get(), actor=None)
    assert sold.lines.with_allocated().get().backordered == 6
    order.refresh_from_db()
    services.receive_purchase_order(order=order, actor=None)
    services.ship_sales_order(order=sold, actor=None)
    with pytest.raises(InsufficientStock, match="CUP: 10 asked, 4 available in riga"):
        services.undo_receipt(receipt=Receipt.objects.standing().get(), actor=None)
    assert (StockLevel.objects.get().on_hand, Receipt.objects.standing().count()) == (4, 1)
