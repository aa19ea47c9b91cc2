"""Many act on one document at once: each unit moves once."""

from __future__ import annotations

import random
import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.models import Sum
from django.utils import timezone

from orders.models import PurchaseOrderLine, SalesOrder, SalesOrderLine
from orders.services import NewLine, expire_reservations, place_sales_order
from stock.models import Allocation, StockLevel, StockMovement
from tests.http.clients import at_once, by_status, duels
from tests.http.scenes import is_ledger_right
from tests.http.writes import order_of

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
UNLOCKED = "tests.http.unguarded:without_document_locks()"
PIECES = 3


def all_at_once(server, token, path: str, clients: int = 16) -> list:
    return at_once([server.client(token) for _ in range(clients)], lambda client, _n: client.post(path))


@pytest.fixture
def purchase(token, make_product, make_supplier, warehouse):
    """Confirm a purchase order of 40 cups; returns its number."""
    make_product("CUP")
    make_supplier("S1")

    def purchase(server) -> str:
        body = {"supplier": "S1", "warehouse": "riga", "lines": [{"product": "CUP", "quantity": 40}]}
        with closing(server.client(token)) as client:
            number = client.post("purchase-orders", body).body["number"]
            assert client.post(f"purchase-orders/{number}/confirm").status == 200
        return number

    return purchase


def test_sixteen_receive_all_of_one_purchase_order(serve, token, purchase):
    server = serve()
    answers = all_at_once(server, token, f"purchase-orders/{purchase(server)}/receive")
    assert by_status(answers) == {200: 1, 409: 15}
    assert (StockLevel.objects.get().on_hand, PurchaseOrderLine.objects.get().received) == (40, 40)
    assert is_ledger_right()


def test_without_the_orders_lock_it_is_received_again(serve, token, purchase):
    server = serve(UNLOCKED)
    all_at_once(server, token, f"purchase-orders/{purchase(server)}/receive")
    assert StockLevel.objects.get().on_hand > 40


@pytest.fixture
def cups(web, make_product, receive):
    product = make_product("CUP")
    receive(product, 10_000)
    return product


def orders_of_cups(server, token, orders: int = 1) -> list[str]:
    with closing(server.client(token)) as client:
        return [client.post("sales-orders", order_of(("CUP", PIECES))).body["number"] for _ in range(orders)]


def test_sixteen_cancel_one_order(serve, token, cups):
    server = serve()
    answers = all_at_once(server, token, f"sales-orders/{orders_of_cups(server, token)[0]}/cancel")
    assert by_status(answers) == {200: 1, 409: 15}
    assert (SalesOrderLine.objects.get().cancelled, StockLevel.objects.get().allocated) == (PIECES, 0)
    assert is_ledger_right()


def test_without_the_orders_lock_it_is_cancelled_again(serve, token, cups):
    server = serve(UNLOCKED)
    answers = all_at_once(server, token, f"sales-orders/{orders_of_cups(server, token)[0]}/cancel")
    assert by_status(answers) != {200: 1, 409: 15}


def ship(client, number: str):
    return client.post(f"sales-orders/{number}/ship")


def cancel(client, number: str):
    return client.post(f"sales-orders/{number}/cancel")


def is_each_unit_moved_once() -> bool:
    """Every order either shipped whole or given up whole, and the ledger moved what was shipped."""
    lines = list(SalesOrderLine.objects.values_list("shipped", "cancelled"))
    moved = StockMovement.objects.filter(reason="shipment").aggregate(total=Sum("quantity"))["total"] or 0
    return (
        all(line in ((PIECES, 0), (0, PIECES)) for line in lines)
        and -moved == sum(shipped for shipped, _cancelled in lines)
        and not Allocation.objects.open().exists()
        and not SalesOrder.objects.open().exists()
        and is_ledger_right()
    )


def cancel_against_ship(server, token, times: int) -> list[tuple]:
    numbers = orders_of_cups(server, token, times)
    return duels([server.client(token) for _ in range(2)], [ship, cancel], numbers)


def has_one_won_each_time(answers: list[tuple]) -> bool:
    return all(sorted(a.status for a in pair) == [200, 409] for pair in answers) and is_each_unit_moved_once()


def test_cancel_against_ship(serve, token, cups):
    assert has_one_won_each_time(cancel_against_ship(serve(), token, 15))


@pytest.mark.long
def test_cancel_against_ship_200_times(serve, token, cups):
    assert has_one_won_each_time(cancel_against_ship(serve(), token, 200))


def test_without_the_orders_lock_both_cancel_and_ship_go_ahead(serve, token, cups):
    """And only the table's CHECK is left to stop them, with an error of the server."""
    assert not has_one_won_each_time(cancel_against_ship(serve(UNLOCKED), token, 15))


def expire(order: SalesOrder) -> int | None:
    try:
        return expire_reservations(now=order.reserved_until)
    except IntegrityError:  # what the table's CHECK says where the order's lock did not keep the other out
        return None


def expiry_against_ship(server, token, web, cups, warehouse, times: int) -> set[tuple]:
    """Reserved for a minute more each, so that one is due at a time. Returns what came of (ship, expiry).

    An expiry asks no server and would always be first: it waits as long as a shipment takes, more or less.
    """
    start, dice = timezone.now() + timedelta(days=1), random.Random(1)
    orders = [
        place_sales_order(
            channel=web, lines=[NewLine(cups, warehouse, PIECES)], actor=None,
            reserved_until=start + timedelta(minutes=number),
        )
        for number in range(times + 1)
    ]  # fmt: skip
    with closing(server.client(token)) as client:
        began = time.monotonic()
        ship(client, orders.pop().number)
        usual = time.monotonic() - began

    def expire_later(_client, order: SalesOrder) -> int | None:
        time.sleep(dice.random() * 1.5 * usual)
        return expire(order)

    acts = [lambda client, order: ship(client, order.number).status, expire_later]
    return set(duels([server.client(token) for _ in range(2)], acts, orders))


def test_expiry_against_ship(serve, token, web, cups, warehouse, deadlocks):
    assert expiry_against_ship(serve(), token, web, cups, warehouse, 15) <= {(200, 0), (409, 1)}
    assert is_each_unit_moved_once() and deadlocks() == 0


@pytest.mark.long
def test_expiry_against_ship_200_times(serve, token, web, cups, warehouse, deadlocks):
    assert expiry_against_ship(serve(), token, web, cups, warehouse, 200) <= {(200, 0), (409, 1)}
    assert is_each_unit_moved_once() and deadlocks() == 0


def test_without_the_orders_lock_expiry_and_ship_get_in_each_others_way(serve, token, web, cups, warehouse, deadlocks):
    """The shipment holds the level and wants the order, the expiry holds the order and wants the level."""
    came = expiry_against_ship(serve(UNLOCKED), token, web, cups, warehouse, 25)
    assert not came <= {(200, 0), (409, 1)} or deadlocks() > 0
