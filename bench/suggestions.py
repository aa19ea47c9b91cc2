#!/usr/bin/env python
"""How long the night's step of suggestions takes, and the first screen of their list, on PostgreSQL.

python bench/suggestions.py [--positions 100000] [--small]

A shop is made up: products in four warehouses, a forecast and a reorder point of each, a third at its reorder point and
a fifth with surplus, so that all kinds of suggestions are made. Told are the step's clock and processor seconds in this
process and PostgreSQL's, for a first night and for a second one that updates the same suggestions; then the list's
first screen, fifty times. PostgreSQL is the one that DATABASE_URL names (a database is made in it), or a private one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

TODAY = date(2026, 3, 30)
WAREHOUSES, SUPPLIERS, AT_ONCE = 4, 50, 5000
SCREENS = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positions", type=int, default=100_000)
    parser.add_argument("--small", action="store_true", help="two thousand positions, to see that it works")
    told = parser.parse_args()
    if told.small:
        told.positions = 2000
    with database():
        measure(told.positions)


@contextlib.contextmanager
def database() -> Iterator[None]:
    """A migrated database of its own."""
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
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        try:
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            yield
        finally:
            connections.close_all()
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def measure(positions: int) -> None:
    run = made_up(positions)
    print(f"{positions:,} positions, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    for name in ("first night", "second night"):
        clock, own, server = suggest(run)
        print(f"{name:<14} {clock:6.1f} s, of processor {own:.1f} s here and {server:.1f} s in PostgreSQL", flush=True)
    from replenishment.models import Suggestion

    print(dict(Counter(Suggestion.objects.open().values_list("kind", flat=True))))
    waits, own, queries = screens()
    p50, p95 = (1000 * sorted(waits)[int(share * (len(waits) - 1))] for share in (0.5, 0.95))
    told = f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, {1000 * own:.0f} ms of processor here, {queries} queries"
    print(f"\nfirst screen of the list: {told}")


def suggest(run) -> tuple[float, float, float]:
    """Clock and processor seconds of the step, here and in the database's server process."""
    from django.db import connection, transaction

    from replenishment import services

    with connection.cursor() as cursor:
        pid = cursor.execute("SELECT pg_backend_pid()").fetchone()[0]
    clock, own, server = time.perf_counter(), time.process_time(), cpu_of(pid)
    for payload in services.split_suggestions(run):
        write = services.make_suggestions(run, payload)
        with transaction.atomic():
            write()
    return time.perf_counter() - clock, time.process_time() - own, cpu_of(pid) - server


def cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0  # the server is on another machine
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def screens() -> tuple[list[float], float, int]:
    """Seconds of each first screen, as an owner sees it, its processor seconds here on average, and its queries."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from inventory_site.common.models import User

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("bench"), backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("admin:replenishment_suggestion_changelist") + "?state__exact=open"
    client.get(address)
    waits, own = [], time.process_time()
    for _ in range(SCREENS):
        started = time.perf_counter()
        assert client.get(address).status_code == 200
        waits.append(time.perf_counter() - started)
    own = (time.process_time() - own) / SCREENS
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return waits, own, len(captured)


def made_up(positions: int):
    """The shop and its published run."""
    from django.db import connection
    from django.utils import timezone

    from forecasting.models import Forecast
    from inventory_site.common.models import JobRun, ShopSettings
    from replenishment.models import LeadTime, ReorderPoint
    from stock.models import StockLevel

    ShopSettings.objects.update_or_create(pk=1, defaults={"demo_until": TODAY})
    run = JobRun.objects.create(kind="nightly", business_date=TODAY, state="published", published_at=timezone.now())
    products = catalogue(-(-positions // WAREHOUSES))
    LeadTime.objects.bulk_create(
        LeadTime(run=run, supplier_id=n, mean_days=9, std_days=2, distribution=[[7, 0.3], [9, 0.4], [12, 0.3]])
        for n in range(1, SUPPLIERS + 1)
    )
    rng = np.random.default_rng(7)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # levels without their movements; no lookups by row
        for part in np.array_split(np.arange(positions), max(positions // AT_ONCE, 1)):
            rows = list(items(rng, part, run, products))
            for model, at in ((StockLevel, 0), (ReorderPoint, 1), (Forecast, 2)):
                model.objects.bulk_create([row[at] for row in rows], batch_size=1000)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")
    return run


def catalogue(products: int) -> list:
    from catalog.models import Product, Supplier, SupplierProduct
    from stock.models import Warehouse

    Warehouse.objects.bulk_create(
        Warehouse(pk=n, code=f"place-{n}", name=f"Place {n}") for n in range(1, WAREHOUSES + 1)
    )
    Supplier.objects.bulk_create(Supplier(pk=n, code=f"s{n}", name=f"Supplier {n}") for n in range(1, SUPPLIERS + 1))
    made = [
        Product(pk=n, sku=f"SKU-{n}", name=f"Product {n}", price=10 + n % 20, unit_cost=5 + n % 7)
        for n in range(1, products + 1)
    ]
    Product.objects.bulk_create(made, batch_size=AT_ONCE)
    SupplierProduct.objects.bulk_create(
        (SupplierProduct(supplier_id=p.pk % SUPPLIERS + 1, product_id=p.pk, unit_cost=p.unit_cost, is_preferred=True,
                         accepts_returns=p.pk % 3 == 0, return_rate=Decimal("0.9"), pack_size=(1, 6, 12)[p.pk % 3])
         for p in made), batch_size=AT_ONCE,
    )  # fmt: skip
    return made


def items(rng, part: np.ndarray, run, products: list) -> Iterator[tuple]:
    """Level, reorder point and forecast of each position."""
    from forecasting.engine import GRID
    from forecasting.models import Forecast
    from replenishment.models import ReorderPoint
    from stock.models import StockLevel

    shares, named = np.array(GRID), ("q50", "q80", "q90", "q95", "q98", "q99")
    rate = rng.lognormal(-0.5, 1.0, len(part))
    kind = rng.choice(3, len(part), p=[0.35, 0.45, 0.2])
    for at, a_day, of in zip(part.tolist(), rate.tolist(), kind.tolist(), strict=True):
        product, place = products[at // WAREHOUSES], at % WAREHOUSES + 1
        pack = (1, 6, 12)[product.pk % 3]
        level, lot = int(15 * a_day) + 1, -(-int(30 * a_day + 1) // pack) * pack
        on_hand = (int(level * rng.random()), level + int(lot * rng.random()), int(300 * a_day) + 50)[of]
        item = {"product_id": product.pk, "warehouse_id": place}
        grid = np.round(a_day * 10 * (0.4 + 1.5 * shares), 2).tolist()
        yield (
            StockLevel(pk=at + 1, on_hand=on_hand, **item),
            ReorderPoint(
                run=run, supplier_id=product.pk % SUPPLIERS + 1, rule="R,s,nQ", cycle_service_level=0.95,
                lead_time_days=9.0, review_period_days=1, lead_time_demand=10 * a_day, quantile=level,
                safety_stock=level - round(10 * a_day), reorder_point=level, order_quantity=lot,
                order_up_to_level=level + lot, pack_size=pack, unit_cost=product.unit_cost, unit_price=product.price,
                last_demand_on=TODAY, demand_pattern="smooth", **item,
            ),
            Forecast(
                run=run, method="pooled", first_on=TODAY, mean=[round(a_day, 3)] * 28, quantiles=[],
                lead_time_demand_mean=10 * a_day, lead_time_demand_grid=grid, lead_time_demand_excess=0.1 * a_day,
                **{f"lead_time_demand_{name}": 10 * a_day for name in named}, **item,
            ),
        )  # fmt: skip


if __name__ == "__main__":
    main()
