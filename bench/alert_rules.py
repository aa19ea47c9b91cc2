#!/usr/bin/env python
"""How long all alert rules take over many inventory positions, and the pages that show alerts, on PostgreSQL.

python bench/alert_rules.py [--positions 100000] [--small]

The shop of bench/suggestions.py, its positions computed. Told are clock and processor seconds of each rule, in this
process and in PostgreSQL's, for a first night that opens all alerts, a second that finds the same, and a third after a
tenth of the items has sold out and another tenth has recovered; then the first screens of the list and of the warnings.
"""

from __future__ import annotations

import argparse
import os
import time

from suggestions import SCREENS, TODAY, cpu_of, database, made_up

AT_ONCE = 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positions", type=int, default=100_000)
    parser.add_argument("--small", action="store_true", help="two thousand positions, to see that it works")
    told = parser.parse_args()
    if told.small:
        told.positions = 2000
    with database():
        measure(told.positions)


def measure(positions: int) -> None:
    from alerts.models import Alert
    from replenishment.services.positions import refresh_positions

    made_up(positions)
    write_movements()
    for first in range(1, positions + 1, AT_ONCE):
        refresh_positions(level_ids=range(first, min(first + AT_ONCE, positions + 1)))
    print(f"{positions:,} positions, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    for name, change in (("first night", None), ("second night", None), ("third night", sell_and_recover)):
        if change:
            change()
        night(name)
        print(f"  {Alert.objects.live().count():,} alerts live, {Alert.objects.count():,} ever\n", flush=True)
    for name, address in (("list of alerts", "admin:alerts_alert_changelist"), ("warnings", "warnings")):
        waits, queries = screens(address)
        p50, p95 = (1000 * sorted(waits)[int(share * (len(waits) - 1))] for share in (0.5, 0.95))
        print(f"first screen of {name:<15} p50 {p50:.0f} ms, p95 {p95:.0f} ms, {queries} queries")


def write_movements() -> None:
    """What is on hand came in once, so that the ledger is in balance."""
    from django.utils import timezone

    from inventory_site.common.bulk import insert_rows
    from stock.models import StockLevel, StockMovement

    levels = list(StockLevel.objects.filter(on_hand__gt=0).values_list("pk", "on_hand"))
    rows = ((pk, pieces, "opening", "", timezone.now()) for pk, pieces in levels)
    insert_rows(StockMovement, ("level_id", "quantity", "reason", "reference", "effective_at"), rows)


def night(name: str) -> None:
    """Every rule as the nightly step asks it."""
    from django.db import connection, transaction

    from alerts import services
    from alerts.rules import RULES

    with connection.cursor() as cursor:
        pid = cursor.execute("SELECT pg_backend_pid()").fetchone()[0]
    total = [0.0, 0.0, 0.0]
    for code in RULES:
        began = (time.perf_counter(), time.process_time(), cpu_of(pid))
        write = services.evaluate_rule(code=code, today=TODAY)
        with transaction.atomic():
            write()
        took = [
            now - then for now, then in zip((time.perf_counter(), time.process_time(), cpu_of(pid)), began, strict=True)
        ]
        total = [a + b for a, b in zip(total, took, strict=True)]
        if took[0] >= 0.5:
            print(f"  {code:<22} {took[0]:6.1f} s, {took[1]:.1f} here, {took[2]:.1f} in PostgreSQL")
    print(f"{name:<24} {total[0]:6.1f} s, {total[1]:.1f} here, {total[2]:.1f} in PostgreSQL")


def sell_and_recover() -> None:
    from django.db.models import F

    from replenishment.models import InventoryPosition

    tenths = InventoryPosition.objects.annotate(tenth=F("pk") % 10)
    tenths.filter(tenth=1).update(stock_status="out")
    tenths.filter(tenth=2).update(stock_status="ok")


def screens(name: str) -> tuple[list[float], int]:
    """Seconds of each first screen, as an owner sees it, and its queries."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from inventory_site.common.models import User

    client = Client(headers={"host": "localhost"})
    person, _made = User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    client.get(reverse(name))
    waits = []
    for _ in range(SCREENS):
        started = time.perf_counter()
        assert client.get(reverse(name)).status_code == 200
        waits.append(time.perf_counter() - started)
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse(name))
    return waits, len(captured)


if __name__ == "__main__":
    main()
