"""What many clients do at once, the same on both databases; each returns what it saw for the test to judge."""

from __future__ import annotations

import random
import time

from django.db.models import Sum

from stock.models import Allocation, StockLevel
from tests.http.clients import Answer, Client, at_once, flat
from tests.http.server import Server


def order_of(*lines: tuple[str, int], warehouse: str = "riga") -> dict:
    """The body of a sales order of (SKU, quantity) lines."""
    return {
        "channel": "web",
        "lines": [{"product": sku, "warehouse": warehouse, "quantity": quantity} for sku, quantity in lines],
    }


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
            answers.append(client.post("sales-orders", order_of((sku, 1)), key=f"{sku}-{number}-{len(answers)}"))
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
