#!/usr/bin/env python
"""How many allocations a second the product makes on PostgreSQL, and how long each caller waits.

python bench/allocations.py [--small] [--seconds 20] [--clients 32] [--skus 10000]

HTTP: clients with kept-alive connections place orders of one and of five lines through gunicorn, each order allocated
whole as it is placed; clients, gunicorn and PostgreSQL share this machine. Services: the same without HTTP, and the
stock's own allocate without an order. An allocation is one line that got its stock. PostgreSQL is the one that
DATABASE_URL names (a database is made in it), or a private one, which waits for no disk.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

#: Processes of clients, so that one interpreter's lock is not what is measured.
CLIENT_PROCESSES = 2
SERVICE_PROCESSES = 2
STOCK = 1_000_000


@dataclass(frozen=True)
class Measured:
    name: str
    lines: int
    clients: int
    seconds: float
    waits: list[float]
    refused: int

    def row(self) -> str:
        waits, rate = sorted(self.waits), len(self.waits) / self.seconds
        p50, p99 = (1000 * waits[int(part * (len(waits) - 1))] for part in (0.5, 0.99))
        return (
            f"{self.name:<28} {self.clients:>7} {rate:>9.0f} {rate * self.lines:>14.0f} {p50:>8.1f} {p99:>8.1f}"
            f" {self.refused:>8}"
        )


HEAD = f"{'way':<28} {'clients':>7} {'calls/s':>9} {'allocations/s':>14} {'p50 ms':>8} {'p99 ms':>8} {'refused':>8}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it works")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--skus", type=int, default=10_000)
    parser.add_argument("--web-processes", type=int, default=2)
    told = parser.parse_args()
    if told.small:
        told.seconds, told.clients, told.skus = 2, 8, 200
    with shop(told.skus) as token:
        from tests.http.server import serving

        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {told.skus} SKUs, {told.seconds:.0f} s each\n")
        print(HEAD)
        with serving(processes=told.web_processes, threads=8) as server:
            for lines in (1, 5):
                work = (over_http, server.port, token, told.skus, lines)
                print(measured(f"HTTP, order of {lines}", lines, told, CLIENT_PROCESSES, *work).row(), flush=True)
        for lines in (1, 5):
            work = (by_service, told.skus, lines)
            print(measured(f"service, order of {lines}", lines, told, SERVICE_PROCESSES, *work).row(), flush=True)
        row = measured("service, allocate alone", 1, told, SERVICE_PROCESSES, by_allocate, told.skus, 1)
        print(row.row(), flush=True)
        assert_right()


@contextlib.contextmanager
def shop(skus: int) -> Iterator[str]:
    """A migrated database with that many products on the shelf; yields an owner's token."""
    import psycopg

    from tests import postgres

    name = f"shelfwise_bench_{os.getpid()}"
    with (
        tempfile.TemporaryDirectory(prefix="shelfwise-bench-") as var,
        postgres.server(os.environ.get("DATABASE_URL", "")) as url,
        psycopg.connect(url, autocommit=True) as admin,
    ):
        admin.execute(f"CREATE DATABASE {name}")
        os.environ |= {
            "DATABASE_URL": urlsplit(url)._replace(path=f"/{name}").geturl(), "SHELFWISE_VAR": var,
            "DJANGO_SETTINGS_MODULE": "inventory_site.settings",
        }  # fmt: skip
        try:
            yield filled(skus)
        finally:
            from django.db import connections

            connections.close_all()
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def filled(skus: int) -> str:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    from catalog.models import Product
    from inventory_site.common.models import ApiToken, User
    from orders.models import SalesChannel
    from stock.models import StockMovement, Warehouse, WarehouseAccess
    from stock.services import Entry, post_movements

    warehouse = Warehouse.objects.create(code="riga", name="Riga")
    SalesChannel.objects.create(code="web", name="Web")
    rows = [Product(sku=sku(number), name=sku(number), price="9.90", unit_cost="4.00") for number in range(skus)]
    products = Product.objects.bulk_create(rows, batch_size=1000)
    opening = StockMovement.Reason.OPENING
    post_movements(entries=[Entry(product.pk, warehouse.pk, STOCK, opening) for product in products])
    owner = User.objects.create_user("bench")
    WarehouseAccess.objects.create(user=owner, role="owner")
    return ApiToken.objects.issue(user=owner, name="bench")[1]


def sku(number: int) -> str:
    return f"SKU-{number:05d}"


def measured(name: str, lines: int, told, processes: int, work: Callable, *arguments) -> Measured:
    """Let the clients work side by side, in some processes, and gather how long each call took."""
    from django.db import connections

    connections.close_all()
    share = max(1, told.clients // processes)
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(warm, range(processes)))
        began = time.monotonic()
        done = [pool.submit(work, seed, share, told.seconds, *arguments) for seed in range(processes)]
        waits, refused = [], 0
        for future in done:
            mine, no = future.result()
            waits, refused = waits + mine, refused + no
    return Measured(name, lines, share * processes, time.monotonic() - began, waits, refused)


def warm(_number: int) -> None:
    """Import everything before the clock runs."""
    import django

    django.setup()
    import orders.services  # noqa: F401

    time.sleep(0.2)  # so that each process gets one of these


def for_seconds(
    seconds: float, clients: int, make_call: Callable[[int], Callable[[], bool]]
) -> tuple[list[float], int]:
    """Each of the clients, a thread, calls until the time is over; (how long each call took, how many were refused)."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    until = time.monotonic() + seconds

    def go(number: int) -> tuple[list[float], int]:
        call, waits, refused = make_call(number), [], 0
        while time.monotonic() < until:
            began = time.perf_counter()
            if call():
                waits.append(time.perf_counter() - began)
            else:
                refused += 1
        connection.close()
        return waits, refused

    with ThreadPoolExecutor(clients) as pool:
        parts = list(pool.map(go, range(clients)))
    return [wait for waits, _no in parts for wait in waits], sum(no for _waits, no in parts)


def over_http(seed: int, clients: int, seconds: float, port: int, token: str, skus: int, lines: int):
    from tests.http.clients import Client
    from tests.http.writes import order_of

    def make_call(number: int) -> Callable[[], bool]:
        client, dice = Client(port, token), random.Random(f"{seed} {number}")

        def call() -> bool:
            wanted = [(sku(n), 1) for n in dice.sample(range(skus), lines)]
            return client.post("sales-orders", order_of(*wanted), key=str(uuid.uuid4())).status == 201

        return call

    return for_seconds(seconds, clients, make_call)


def by_service(seed: int, clients: int, seconds: float, skus: int, lines: int):
    from catalog.models import Product
    from orders.models import SalesChannel
    from orders.services import NewLine, place_sales_order
    from stock.models import Warehouse

    channel, warehouse, products = SalesChannel.objects.get(), Warehouse.objects.get(), list(Product.objects.all())

    def make_call(number: int) -> Callable[[], bool]:
        dice = random.Random(f"{seed} {number}")

        def call() -> bool:
            wanted = [NewLine(product, warehouse, 1) for product in dice.sample(products, lines)]
            return bool(place_sales_order(channel=channel, lines=wanted, actor=None))

        return call

    return for_seconds(seconds, clients, make_call)


def by_allocate(seed: int, clients: int, seconds: float, skus: int, _lines: int):
    from catalog.models import Product
    from stock.models import Warehouse
    from stock.services import Claim, allocate

    warehouse, products = Warehouse.objects.get().pk, list(Product.objects.values_list("pk", flat=True))

    def make_call(number: int) -> Callable[[], bool]:
        dice = random.Random(f"{seed} {number}")
        return lambda: bool(allocate(claims=[Claim(uuid.uuid4(), dice.choice(products), warehouse, 1)]))

    return for_seconds(seconds, clients, make_call)


def assert_right() -> None:
    from stock.models import StockLevel

    wrong = StockLevel.objects.differing_from_ledger().count()
    print(f"\nlevels that differ from the ledger: {wrong}")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
