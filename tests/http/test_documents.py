"""Many act on one document at once: each unit moves once."""

from __future__ import annotations

import random
import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from orders.errors import NothingToDo
from orders.models import DemandCorrection, PurchaseOrderLine, SalesOrder, SalesOrderLine
from orders.querysets import SalesOrderQuerySet
from orders.services import NewLine, expire_reservations, place_sales_order
from stock.models import Allocation, StockLevel, StockMovement
from tests.http.clients import at_once, by_status, duels
from tests.http.scenes import is_ledger_right
from tests.http.writes import order_of

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
PIECES = 3
#: Tries that a control has to show the harm.
ROUNDS = 5


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


@pytest.mark.full
def test_sixteen_receive_all_of_one_purchase_order(serve, token, purchase):
    server = serve()
    answers = all_at_once(server, token, f"purchase-orders/{purchase(server)}/receive")
    assert by_status(answers) == {200: 1, 409: 15}
    assert (StockLevel.objects.get().on_hand, PurchaseOrderLine.objects.get().received) == (40, 40)
    assert is_ledger_right()


@pytest.mark.long
def test_without_the_orders_lock_it_is_received_again(serve, token, purchase):
    server = serve("document_locks")

    def is_received_again(number: int) -> bool:
        all_at_once(server, token, f"purchase-orders/{purchase(server)}/receive")
        return StockLevel.objects.get().on_hand > 40 * (number + 1)

    assert any(map(is_received_again, range(ROUNDS)))


@pytest.fixture
def cups(web, make_product, receive):
    product = make_product("CUP")
    receive(product, 10_000)
    return product


def orders_of_cups(server, token, orders: int = 1) -> list[str]:
    with closing(server.client(token)) as client:
        return [client.post("sales-orders", order_of(("CUP", PIECES))).body["number"] for _ in range(orders)]


@pytest.mark.full
def test_sixteen_cancel_one_order(serve, token, cups):
    server = serve()
    answers = all_at_once(server, token, f"sales-orders/{orders_of_cups(server, token)[0]}/cancel")
    assert by_status(answers) == {200: 1, 409: 15}
    assert (SalesOrderLine.objects.get().cancelled, StockLevel.objects.get().allocated) == (PIECES, 0)
    assert is_ledger_right()


@pytest.fixture
def without_unique_corrections(transactional_db):
    """Demand may be corrected twice for one cancellation, which the table forbids with an error of the server."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "orders_demandcorrection")
        [name] = [name for name, row in found.items() if row["columns"] == ["source_key"] and row["unique"]]
        cursor.execute(f"ALTER TABLE orders_demandcorrection DROP CONSTRAINT {name}")


@pytest.mark.long
def test_without_the_orders_lock_its_demand_is_taken_off_again(serve, token, cups, without_unique_corrections):
    server = serve("document_locks")
    all_at_once(server, token, f"sales-orders/{orders_of_cups(server, token)[0]}/cancel")
    assert DemandCorrection.objects.aggregate(total=Sum("quantity"))["total"] > PIECES


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
    assert has_one_won_each_time(cancel_against_ship(serve(), token, 10))


@pytest.mark.long
def test_cancel_against_ship_200_times(serve, token, cups):
    assert has_one_won_each_time(cancel_against_ship(serve(), token, 200))


@pytest.fixture
def without_the_check(transactional_db):
    """The table's own CHECK is off, which would stop the harm at the last moment with an error of the server."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_salesorderline DROP CONSTRAINT orders_salesline_quantities")


def were_some_given_up_and_shipped() -> bool:
    return SalesOrderLine.objects.filter(shipped=PIECES, cancelled=PIECES).exists()


@pytest.mark.long  # tests/stock and tests/orders have the same control without HTTP
def test_without_the_orders_lock_pieces_are_shipped_and_cancelled_too(serve, token, cups, without_the_check):
    cancel_against_ship(serve("document_locks"), token, 15)
    assert were_some_given_up_and_shipped()


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
        for number in range(times + 2)
    ]  # fmt: skip
    with closing(server.client(token)) as client:
        ship(client, orders.pop().number)  # the first takes longer
        began = time.monotonic()
        ship(client, orders.pop().number)
        usual = time.monotonic() - began

    def expire_later(_client, order: SalesOrder) -> int | None:
        time.sleep(dice.random() * 1.5 * usual)
        try:
            return expire_reservations(now=order.reserved_until)
        except NothingToDo:  # only where the lock is off: what was open is shipped by the time its lines are read
            return None

    acts = [lambda client, order: ship(client, order.number).status, expire_later]
    return set(duels([server.client(token) for _ in range(2)], acts, orders))


def test_expiry_against_ship(serve, token, web, cups, warehouse, deadlocks):
    assert expiry_against_ship(serve(), token, web, cups, warehouse, 10) <= {(200, 0), (409, 1)}
    assert is_each_unit_moved_once() and deadlocks() == 0


@pytest.mark.long
def test_expiry_against_ship_200_times(serve, token, web, cups, warehouse, deadlocks):
    assert expiry_against_ship(serve(), token, web, cups, warehouse, 200) <= {(200, 0), (409, 1)}
    assert is_each_unit_moved_once() and deadlocks() == 0


@pytest.mark.long  # tests/stock and tests/orders have the same control without HTTP
def test_without_the_orders_lock_pieces_are_shipped_and_given_up_too(
    serve, token, web, cups, warehouse, without_the_check, monkeypatch
):
    """Neither the server nor the expiry, which runs here, locks the order."""
    monkeypatch.setattr(SalesOrderQuerySet, "locked", lambda rows: rows.order_by("pk"))

    def gives_up_what_is_shipped(_number: int) -> bool:
        expiry_against_ship(serve("document_locks"), token, web, cups, warehouse, 6)
        return were_some_given_up_and_shipped()

    assert any(map(gives_up_what_is_shipped, range(ROUNDS)))
