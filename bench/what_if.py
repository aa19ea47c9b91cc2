#!/usr/bin/env python
"""How long What-if takes for so many positions: reading the stored distributions, the whole curve, and one page.

python bench/what_if.py [--positions 10000]   (a scratch SQLite database, or DATABASE_URL's, which must be empty)
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import django
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

RUN_ON = date(2026, 3, 30)
WRITTEN_AT_ONCE = 2000


def plant(positions: int) -> None:
    """One published run with a forecast and a reorder point for each product of one warehouse."""
    from catalog.models import Product
    from forecasting.engine import GRID
    from forecasting.models import Forecast
    from inventory_site.common.models import JobRun
    from replenishment.models import ReorderPoint
    from stock.models import Warehouse

    if Product.objects.exists():
        sys.exit("This database holds a shop: give the bench an empty one.")
    dice, grid = np.random.default_rng(1), np.array(GRID)
    run = JobRun.objects.create(kind="nightly", business_date=RUN_ON, state="published")
    place = Warehouse.objects.create(code="riga", name="Riga")
    products = Product.objects.bulk_create(
        (Product(sku=f"ITEM-{at}", name=f"Item {at}", price=9, unit_cost=5) for at in range(positions)),
        batch_size=WRITTEN_AT_ONCE,
    )
    means = dice.gamma(0.8, 30, positions)
    forecasts, points = [], []
    for product, mean in zip(products, means.tolist(), strict=True):
        quantiles = np.ceil(-mean * np.log1p(-grid)).tolist()
        item = {"run": run, "product": product, "warehouse": place}
        columns = {f"lead_time_demand_q{n}": mean for n in (50, 80, 90, 95, 98, 99)}
        forecasts.append(
            Forecast(
                **item, **columns, method="naive", first_on=RUN_ON + timedelta(days=1), mean=[mean / 12] * 28,
                quantiles=[[mean / 12] * 5] * 28, lead_time_demand_mean=mean, lead_time_demand_grid=quantiles,
                lead_time_demand_excess=mean / 200, interval_days=12,
            )
        )  # fmt: skip
        level = round(quantiles[21])
        points.append(
            ReorderPoint(
                **item, rule="R,s,nQ", cycle_service_level=0.95, lead_time_days=5, review_period_days=7,
                lead_time_demand=mean, quantile=level, safety_stock=0, reorder_point=level + 2,
                order_quantity=max(round(mean), 1), order_up_to_level=level + 2 + round(mean),
                unit_cost=Decimal(5), unit_price=Decimal(9),
            )
        )  # fmt: skip
    Forecast.objects.bulk_create(forecasts, batch_size=WRITTEN_AT_ONCE)
    ReorderPoint.objects.bulk_create(points, batch_size=WRITTEN_AT_ONCE)


def measure(rounds: int) -> None:
    from django.core.cache import cache
    from django.test import Client

    from inventory_site.common.models import User
    from replenishment import what_if
    from replenishment.services.what_if import Where, items_for

    owner = User.objects.create_superuser("owner", password="correct-horse")
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    costs = {"holding_rate": 0.25, "order_cost": 5.0}
    items = items_for(owner, Where())
    tell("reading the run", rounds, lambda: items_for(owner, Where()))
    tell(f"the curve of {len(what_if.LEVELS)} levels", rounds, lambda: what_if.curve(items, **costs))
    tell("the first answer", rounds, lambda: (cache.clear(), ask(client, {"level": "900"})))
    tell("a moved slider, answered", rounds, lambda: ask(client, {"level": "900"}))
    tell("a budget, answered", rounds, lambda: ask(client, {"budget": "100000"}))


def ask(client, told: dict[str, str]) -> None:
    answer = client.get("/admin/replenishment/what-if/", told, headers={"HX-Request": "true", "Host": "localhost"})
    assert answer.status_code == 200, answer.status_code


def tell(name: str, rounds: int, work) -> None:
    work()
    took, used = [], time.process_time()
    for _ in range(rounds):
        started = time.monotonic()
        work()
        took.append(time.monotonic() - started)
    used = (time.process_time() - used) / rounds
    print(f"{name:32} median {np.median(took):.2f} s, longest {max(took):.2f} s, {used:.2f} s of processor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--small", action="store_true", help="300 positions")
    options = parser.parse_args()
    if options.small:
        options.positions = 300
    with tempfile.TemporaryDirectory(prefix="shelfwise-bench-") as scratch:
        os.environ["SHELFWISE_VAR"] = scratch
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{scratch}/shop.sqlite3")
        os.environ["DJANGO_SETTINGS_MODULE"] = "inventory_site.settings"
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("prepare", verbosity=0)
        plant(options.positions)
        print(f"{options.positions:,} positions")
        measure(options.rounds)
        connection.close()


if __name__ == "__main__":
    main()
