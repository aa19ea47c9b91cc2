"""Goods move among four warehouses while others read their total: one number, always."""

from __future__ import annotations

import random
import threading

import pytest

from stock.models import Transfer
from tests.http.clients import LONGEST_SECONDS, Client, at_once, flat
from tests.http.scenes import is_ledger_right

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
PLACES = ("riga", "ogre", "tartu", "vilnius")
UNITS = 100


@pytest.fixture
def four_warehouses(make_product, make_warehouse, warehouse, receive):
    product = make_product("CUP")
    for code in PLACES:
        receive(product, UNITS, warehouse if code == "riga" else make_warehouse(code))


def move_one(client: Client, dice: random.Random) -> None:
    """A transfer there, received whole, in part or cancelled on the way."""
    source, destination = dice.sample(PLACES, 2)
    pieces = dice.randint(1, 5)
    body = {"source": source, "destination": destination, "lines": [{"product": "CUP", "quantity": pieces}]}
    made = client.post("transfers", body).body
    address = f"transfers/{made['number']}"
    if client.post(f"{address}/ship").status != 200:
        return
    if dice.random() < 0.5:
        client.post(f"{address}/receive", {"lines": [{"line": made["lines"][0]["id"], "quantity": 1}]})
    client.post(f"{address}/{dice.choice(('receive', 'cancel'))}")


def totals_while_goods_move(server, token, *, writers: int, readers: int, reads: int) -> list[int]:
    """The writers go on until each reader has read so often; returns every total that was read."""
    all_read = threading.Event()
    last_reader = threading.Barrier(readers, action=all_read.set)

    def work(client: Client, number: int) -> list[int]:
        if number >= readers:
            dice = random.Random(number)
            while not all_read.is_set():
                move_one(client, dice)
            return []
        try:
            return [client.get("/api/v1/stock-levels/totals/").body["results"][0]["total"] for _ in range(reads)]
        finally:
            last_reader.wait(LONGEST_SECONDS)

    return flat(at_once([server.client(token) for _ in range(readers + writers)], work))


def assert_one_constant(server, token, **size: int) -> None:
    read = totals_while_goods_move(server, token, **size)
    assert (len(read), set(read)) == (size["readers"] * size["reads"], {4 * UNITS})
    assert Transfer.objects.exists() and is_ledger_right()


def test_the_total_stays_while_goods_move(serve, token, four_warehouses):
    assert_one_constant(serve(), token, writers=4, readers=2, reads=25)


@pytest.mark.long
def test_a_thousand_totals_are_one_while_sixteen_move_goods(serve, token, four_warehouses):
    assert_one_constant(serve(), token, writers=16, readers=4, reads=250)


@pytest.mark.long
def test_read_in_two_statements_totals_are_torn(serve, token, four_warehouses):
    server = serve("one_statement")
    assert set(totals_while_goods_move(server, token, writers=6, readers=2, reads=60)) != {4 * UNITS}
