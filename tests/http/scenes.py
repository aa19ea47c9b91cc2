"""What many clients do at once, and what must be true afterwards; the same on both databases."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from contextlib import closing

from django.db.models import Sum

from orders.models import SalesOrder, SalesOrderLine
from stock.models import Allocation, StockLevel
from tests.http.clients import Answer, Client, at_once, by_status, flat
from tests.http.server import Server
from tests.http.writes import Write, eight_writes, order_of

log = logging.getLogger(__name__)
SKUS = [f"MIX-{number}" for number in range(10)]


def promised(sku: str) -> int:
    return Allocation.objects.open().filter(level__product__sku=sku).aggregate(total=Sum("quantity"))["total"] or 0


def is_ledger_right() -> bool:
    return not StockLevel.objects.differing_from_ledger().exists()


def single_units(server: Server, token: str, sku: str, *, clients: int, seed: int, orders: int = 5) -> list[Answer]:
    """Each client places that many orders of one unit, after pauses that the seed draws."""

    def buy(client: Client, number: int) -> list[Answer]:
        dice = random.Random(1000 * seed + number)
        answers = []
        for _ in range(orders):
            time.sleep(dice.random() / 100)
            answers.append(client.post("sales-orders", order_of((sku, 1))))
        return answers

    return flat(at_once([server.client(token) for _ in range(clients)], buy))


def baskets(server: Server, token: str, skus: list[str], *, clients: int, orders: int) -> list[Answer]:
    """Each client places orders of five lines over these products in random order, a fifth with one of them twice."""

    def buy(client: Client, number: int) -> list[Answer]:
        dice = random.Random(number)
        answers = []
        for turn in range(orders):
            wanted = dice.sample(skus, 5)
            if (number + turn) % 5 == 0:
                wanted[-1] = wanted[0]
            answers.append(client.post("sales-orders", order_of(*((sku, 1) for sku in wanted))))
        return answers

    return flat(at_once([server.client(token) for _ in range(clients)], buy))


def order_baskets(server: Server, token: str, stocked: Callable, *, clients: int, orders: int) -> list[Answer]:
    for sku in SKUS:
        stocked(sku, 100_000)
    began = time.monotonic()
    answers = baskets(server, token, SKUS, clients=clients, orders=orders)
    log.info("%d baskets of %d clients in %.1f s", len(answers), clients, time.monotonic() - began)
    return answers


def sell_a_hundred_each(server: Server, token: str, stocked: Callable, *, seeds: int) -> list[dict[int, int]]:
    """64 clients ask for five single units each, of which there are 100; how many answers of each status, by seed."""
    told = []
    for seed in range(seeds):
        sku = f"CUP-{seed}"
        stocked(sku, 100)
        answers = single_units(server, token, sku, clients=64, seed=seed)
        assert_sold_out_exactly(answers, sku, 100, server)
        told.append(by_status(answers))
    return told


def assert_sold_out_exactly(answers: list[Answer], sku: str, units: int, server: Server) -> None:
    assert by_status(answers) == {201: units, 409: len(answers) - units}, server.said()
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"insufficient_stock"}
    assert (promised(sku), SalesOrder.objects.filter(lines__product__sku=sku).count()) == (units, units)
    assert is_ledger_right()


def assert_all_promised(answers: list[Answer], server: Server) -> None:
    """Every basket of five pieces was taken and promised whole."""
    assert by_status(answers) == {201: len(answers)}, server.said()
    assert SalesOrder.objects.count() == len(answers)
    pieces = SalesOrderLine.objects.with_allocated().aggregate(asked=Sum("quantity"), promised=Sum("allocated_now"))
    assert pieces == {"asked": 5 * len(answers), "promised": 5 * len(answers)}
    assert is_ledger_right()


def writes(server: Server, token: str, most: int) -> list[Write]:
    with closing(server.client(token)) as client:
        return eight_writes(client, most)


def send_again(server: Server, token: str, write: Write, *, clients: int, times: int) -> list[Answer]:
    """Each client sends the same request under the same key that many times."""
    return flat(
        at_once(
            [server.client(token) for _ in range(clients)],
            lambda client, _n: [client.post(write.path, write.body, key="the same") for _ in range(times)],
        )
    )


def assert_one_effect_each(server: Server, token: str, *, clients: int, times: int) -> None:
    for write in writes(server, token, clients * times):
        answers = send_again(server, token, write, clients=clients, times=times)
        assert {answer.status for answer in answers} <= {200, 201}, (write.name, server.said())
        assert sum(not answer.is_replay for answer in answers) == 1, write.name
        assert all(answer.body == answers[0].body for answer in answers), write.name
        assert write.effects() == 1, write.name
    assert is_ledger_right()


def assert_each_takes_effect(server: Server, token: str, *, clients: int, times: int) -> None:
    """What happens where no key is remembered."""
    for write in writes(server, token, clients * times):
        send_again(server, token, write, clients=clients, times=times)
        assert write.effects() == clients * times, write.name


def order_over_a_bad_line(server: Server, token: str, *, clients: int, orders: int) -> list[Answer]:
    """Every order's first answer is lost after the commit, and it is sent again under its key."""

    def buy(client: Client, number: int) -> list[Answer]:
        answers = []
        for turn in range(orders):
            key = f"{number}-{turn}"
            client.post_and_lose_the_answer("sales-orders", order_of(("CUP", 1)), key)
            answers.append(client.post("sales-orders", order_of(("CUP", 1)), key=key))
        return answers

    return flat(at_once([server.client(token) for _ in range(clients)], buy))


def assert_lost_answers_do_no_harm(server: Server, token: str, *, clients: int, orders: int) -> None:
    answers = order_over_a_bad_line(server, token, clients=clients, orders=orders)
    assert all(answer.status == 201 and answer.is_replay for answer in answers)
    assert len({answer.body["number"] for answer in answers}) == clients * orders == promised("CUP")
    assert StockLevel.objects.get().allocated == clients * orders
    assert is_ledger_right()


def mixed_consumers(server: Server, token: str, sku: str, *, clients: int, seed: int) -> list[tuple[bool, Answer]]:
    """Each client takes single pieces in its own way three times; (whether that left the building, answer)."""

    def take(client: Client, number: int) -> list[tuple[bool, Answer]]:
        dice = random.Random(1000 * seed + number)
        answers = []
        for _ in range(3):
            time.sleep(dice.random() / 100)
            answers.append((number % 5 != ALLOCATES and number % 5 != SETS_ASIDE, TAKES[number % 5](client, sku)))
        return answers

    return flat(at_once([server.client(token) for _ in range(clients)], take))


def _allocate(client: Client, sku: str) -> Answer:
    return client.post("sales-orders", order_of((sku, 1)))


def _ship(client: Client, sku: str) -> Answer:
    placed = _allocate(client, sku)
    return client.post(f"sales-orders/{placed.body['number']}/ship") if placed.status == 201 else placed


def _transfer(client: Client, sku: str) -> Answer:
    body = {"source": "riga", "destination": "ogre", "lines": [{"product": sku, "quantity": 1}]}
    drafted = client.post("transfers", body)
    return client.post(f"transfers/{drafted.body['number']}/ship") if drafted.status == 201 else drafted


def _adjust(client: Client, sku: str) -> Answer:
    return client.post("stock-movements", {"product": sku, "warehouse": "riga", "quantity": -1, "reason": "adjustment"})


def _set_aside(client: Client, sku: str) -> Answer:
    return client.post("set-asides", {"product": sku, "warehouse": "riga", "quantity": 1, "reason": "damaged"})


TAKES = (_allocate, _ship, _transfer, _adjust, _set_aside)
ALLOCATES, SETS_ASIDE = 0, 4


def assert_never_more_than_there_is(taken: list[tuple[bool, Answer]], sku: str, units: int, server: Server) -> None:
    """What left the building, what is promised and what is set aside make up the units that there were."""
    answers = [answer for _is_gone, answer in taken]
    assert 409 in by_status(answers).keys() <= {200, 201, 409}, server.said()
    gone = sum(is_gone and answer.status in (200, 201) for is_gone, answer in taken)
    level = StockLevel.objects.get(product__sku=sku, warehouse__code="riga")
    assert (level.on_hand, level.available) == (units - gone, 0)
    assert is_ledger_right()


def take_each(server: Server, token: str, stocked: Callable, *, clients: int, units: int, seeds: int) -> list[int]:
    """So many clients take single pieces in five ways; how many units each seed leaves to take."""
    left = []
    for seed in range(seeds):
        sku = f"JAR-{seed}"
        stocked(sku, units)
        taken = mixed_consumers(server, token, sku, clients=clients, seed=seed)
        assert_never_more_than_there_is(taken, sku, units, server)
        left.append(StockLevel.objects.get(product__sku=sku, warehouse__code="riga").available)
    return left
