#!/usr/bin/env python
"""How long a stock count takes to open, to be entered in bulk over the API, and to be posted, on PostgreSQL.

python bench/counts.py [--sizes 5000 20000] [--small]

The shop of bench/suggestions.py with its ledger in balance, one warehouse of it counted. Entries are sent 5,000 in a
request, one in ten with another number than expected; clock seconds of each step, the web's own work included.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import uuid

from alert_rules import write_movements
from suggestions import WAREHOUSES, database, made_up

AT_ONCE = 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5000, 20_000])
    parser.add_argument("--small", action="store_true", help="five hundred lines, to see that it works")
    told = parser.parse_args()
    sizes = [500] if told.small else told.sizes
    with database():
        measure(sizes)


def measure(sizes: list[int]) -> None:
    made_up(max(sizes) * WAREHOUSES)
    write_movements()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    client = client_of_owner()
    for size in sizes:
        took = count(client, size)
        print(f"{size:>6} lines: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items()), flush=True)


def client_of_owner():
    from rest_framework.test import APIClient

    from inventory_site.common.models import User

    client = APIClient(headers={"host": "localhost"})
    client.force_authenticate(User.objects.create_superuser("bench"))
    return client


def count(client, size: int) -> dict[str, float]:
    from django.utils import timezone

    from stock.models import StockLevel

    skus = [f"SKU-{n}" for n in range(1, size + 1)]
    held = dict(StockLevel.objects.filter(warehouse__code="place-1").values_list("product__sku", "on_hand"))
    took = {}
    began = time.perf_counter()
    opened = [client.post("/api/v1/stock-counts/", {"warehouse": "place-1", "products": skus[:AT_ONCE]}, format="json")]
    took["opened"] = time.perf_counter() - began
    assert opened[0].status_code == 201, opened[0].content
    number = opened[0].json()["number"]
    bodies = [
        json.dumps({
            "sent_at": timezone.now().isoformat(),
            "entries": [
                {"uuid": str(uuid.uuid4()), "code": sku, "counted": held[sku] + (at % 10 == 0),
                 "captured_at": timezone.now().isoformat()}
                for at, sku in enumerate(skus[first : first + AT_ONCE])
            ],
        })
        for first in range(0, size, AT_ONCE)
    ]  # fmt: skip
    began = time.perf_counter()
    for body in bodies:
        answer = client.post(f"/api/v1/stock-counts/{number}/lines/", body, content_type="application/json")
        assert answer.status_code == 200, answer.content[:500]
        assert {entry["state"] for entry in answer.json()["entries"]} == {"taken"}
    took["entered"] = time.perf_counter() - began
    began = time.perf_counter()
    answer = client.post(f"/api/v1/stock-counts/{number}/post/", {}, format="json")
    took["posted"] = time.perf_counter() - began
    assert answer.status_code == 200, answer.content[:500]
    assert answer.json()["counted"] == size
    return took


if __name__ == "__main__":
    main()
