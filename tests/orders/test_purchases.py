"""Purchase orders through their services."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from orders import services
from orders.errors import InvalidLines, NothingToDo, TooMuch, WrongState
from orders.models import PurchaseOrder, Receipt
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
    with pytest.raises(WrongState, match="is received: it cannot be received"):
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
