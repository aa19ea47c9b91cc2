"""What is between our warehouses counts where it is going to."""

from __future__ import annotations

from datetime import date

import pytest

from inventory_site.common import outbox
from replenishment import services
from replenishment.models import InventoryPosition, Suggestion
from replenishment.reasons import reason
from stock import services as stock
from stock.models import StockLevel
from tests.replenishment.conftest import propose, published

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


@pytest.fixture
def tallinn(make_warehouse):
    return make_warehouse("tallinn")


@pytest.fixture
def send(warehouse, tallinn, receive):
    """Ship so many pieces of a level's product from tallinn to riga."""

    def send(product, quantity: int, expected_on: date | None = None):
        receive(product, quantity, tallinn)
        wish = stock.TransferWish(product, quantity)
        transfer = stock.create_transfer(
            source=tallinn, destination=warehouse, lines=[wish], actor=None, expected_on=expected_on
        )
        return stock.ship_transfer(transfer=transfer, actor=None)

    return send


def in_books(level: StockLevel) -> tuple:
    row = InventoryPosition.objects.get(level=level)
    return row.on_order, row.in_transit, row.inventory_position, row.next_receipt_on, row.stock_status


def test_a_transfer_lifts_the_position_of_its_destination_within_seconds(run, plan, shelf, send):
    level = shelf(10)
    plan(level.product)
    published(run)
    assert in_books(level) == (0, 0, 10, None, "order")
    transfer = send(level.product, 15, expected_on=date(2026, 4, 4))
    outbox.deliver()
    assert in_books(level) == (0, 15, 25, date(2026, 4, 4), "ok")
    stock.receive_transfer(transfer=transfer, actor=None, quantities={transfer.lines.get().pk: 4})
    outbox.deliver()
    assert in_books(level) == (0, 11, 25, date(2026, 4, 4), "ok")
    stock.cancel_transfer(transfer=transfer, actor=None)
    outbox.deliver()
    assert in_books(level) == (0, 0, 14, None, "order")
    assert list(services.differing_positions()) == []


def test_what_was_lost_on_the_way_is_not_in_transit(run, plan, shelf, send):
    level = shelf(10)
    plan(level.product)
    published(run)
    stock.close_transfer(transfer=send(level.product, 15), actor=None)
    outbox.deliver()
    assert in_books(level)[:3] == (0, 0, 10)


def test_the_earlier_of_purchase_and_transfer_is_the_next_receipt(run, plan, shelf, buy, send):
    level = shelf(10)
    plan(level.product)
    buy(level.product, 6, expected_on=date(2026, 4, 9))
    send(level.product, 5, expected_on=date(2026, 4, 2))
    published(run)
    assert in_books(level) == (6, 5, 21, date(2026, 4, 2), "ok")


def test_goods_in_transit_are_not_bought_again_and_the_sentence_adds_up(run, plan, shelf, send):
    enough, little = shelf(10), shelf(10)
    for level, coming in ((enough, 15), (little, 4)):
        plan(level.product)
        send(level.product, coming)
    propose(run)
    made = Suggestion.objects.get()
    assert (made.product, made.reason_terms["in_transit"], made.reason_terms["position"]) == (little.product, 4, 14)
    assert "14 = 10 on hand + 4 in transit" in reason(made.reason_code, made.reason_terms)


def test_the_product_page_lists_what_is_on_its_way(send, make_product, client_of, make_user):
    cup = make_product("CUP")
    transfer = send(cup, 7, expected_on=date(2026, 4, 9))
    page = client_of(make_user("owner")).get(cup.get_absolute_url(), {"warehouse": "riga"}).content.decode()
    assert f'<a class="sw-link" href="/admin/stock/transfer/{transfer.pk}/change/">{transfer.number}</a>' in page
    assert "7 · 04/09/2026" in page
