#!/usr/bin/env python
"""From a shipment over the API to its alert on a Today page that stays open in a browser, in seconds.

python bench/live_alert.py [--times 10] [--small]

A shop of its own on SQLite, served by ``manage.py serve`` with its worker, beat and broker. Each time a product is
shipped below its minimum over the API; the clock stops when its SKU stands on the page, which nobody touches. Then more
is counted, and the clock stops when the SKU is gone. Needs requirements-dev.txt and a Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PASSWORD = "correct-horse-battery"
PATIENCE_SECONDS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--small", action="store_true", help="twice, to see that it works")
    told = parser.parse_args()
    with shop() as token, serving() as address:
        opened, closed = measure(address, token, 2 if told.small else told.times)
    print(f"load {os.getloadavg()[0]:.1f}")
    for name, waits in (("shipment to alert", opened), ("count to its end", closed)):
        ordered = sorted(waits)
        print(f"{name:<20} median {ordered[len(ordered) // 2]:.1f} s, longest {ordered[-1]:.1f} s, {len(waits)} times")


@contextlib.contextmanager
def shop() -> Iterator[str]:
    """A database with an owner and a warehouse; yields the owner's token for the API."""
    with tempfile.TemporaryDirectory(prefix="shelfwise-bench-") as var:
        os.environ |= {"SHELFWISE_VAR": var, "DJANGO_SETTINGS_MODULE": "inventory_site.settings"}
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        from inventory_site.common.models import ApiToken, ShopSettings, User
        from orders.models import SalesChannel
        from stock.models import Warehouse

        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        ShopSettings.objects.update_or_create(pk=1, defaults={"name": "Corner shop"})
        Warehouse.objects.create(code="riga", name="Riga")
        SalesChannel.objects.create(code="web", name="Web")
        owner = User.objects.create_superuser("owner", password=PASSWORD)
        token = ApiToken.objects.issue(user=owner, name="bench")[1]
        connections.close_all()
        yield token


@contextlib.contextmanager
def serving() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_up(address):
            if time.monotonic() > until:
                raise SystemExit("the server does not answer")
            time.sleep(0.2)
        time.sleep(10)  # the worker and beat need a moment more
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def is_up(address: str) -> bool:
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(f"{address}/admin/login/", timeout=5).status == 200
    return False


def post(address: str, token: str, path: str, body: dict) -> dict:
    request = urllib.request.Request(
        address + path, json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def measure(address: str, token: str, times: int) -> tuple[list[float], list[float]]:
    from playwright.sync_api import sync_playwright

    opened, closed = [], []
    for number in range(times):
        item = {"sku": f"LIVE-{number}", "product_name": f"Live {number}", "current_stock": 20, "minimum_stock": 10}
        post(address, token, "/api/inventory/", item | {"order_quantity": 6})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}/admin/login/")
        page.fill("input[name=username]", "owner")
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#today-urgent")
        for number in range(times):
            sku = f"LIVE-{number}"
            opened.append(seconds_until(page, sku, True, lambda sku=sku: ship(address, token, sku, 15)))
            closed.append(seconds_until(page, sku, False, lambda sku=sku: count(address, token, sku, 40)))
        browser.close()
    return opened, closed


def ship(address: str, token: str, sku: str, pieces: int) -> None:
    line = {"product": sku, "warehouse": "riga", "quantity": pieces}
    placed = post(address, token, "/api/v1/sales-orders/", {"channel": "web", "lines": [line]})
    post(address, token, f"/api/v1/sales-orders/{placed['number']}/ship/", {})


def count(address: str, token: str, sku: str, pieces: int) -> None:
    post(address, token, "/api/inventory/", {"sku": sku, "current_stock": pieces})


def seconds_until(page, sku: str, is_there: bool, act) -> float:
    act()
    began = time.monotonic()
    state = "visible" if is_there else "detached"
    page.locator(f"#today-urgent >> text={sku}").first.wait_for(state=state, timeout=1000 * PATIENCE_SECONDS)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
