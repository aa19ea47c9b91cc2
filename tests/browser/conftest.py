"""A real ``manage.py serve`` on the test's database, and a real Chromium that notes what it complains about."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.error import URLError
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, Error, Page, sync_playwright

from forecasting.engine import GRID
from forecasting.models import Forecast
from inventory_site.common.models import JobRun, ShopSettings
from orders import services
from orders.models import SalesChannel
from stock import services as stock
from stock.models import Bin
from tests.admin_rows import DAY, ROWS, Shop

PASSWORD = "correct-horse"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
STARTS_WITHIN_SECONDS = 60
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
DARK_PHONE = PHONE | {"color_scheme": "dark"}
EAN, OTHER_EAN = "4006381333931", "4006381333948"


@pytest.fixture
def morning(transactional_db, make_warehouse, make_supplier, make_user):
    """A shop after its nightly run: one product below its reorder point, with a suggestion and an alert."""
    ShopSettings.objects.create(pk=1, name="Morning shop", demo_until=DAY + timedelta(days=1))
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    shop = Shop(make_warehouse("riga", name="Riga"), make_supplier(name="Acme"), run, make_user("manager"))
    shop.product(0).name = "Oat milk"
    shop.products[0].save()
    for name in ("replenishment.reorderpoint", "forecasting.forecast", "forecasting.accuracy", "orders.dailydemand",
                 "replenishment.inventoryposition", "replenishment.suggestion", "alerts.alert",
                 "replenishment.kpisnapshot"):  # fmt: skip
        ROWS[name](shop, 0)
    shop.products[0].positions.update(run=run)
    Forecast.objects.update(lead_time_demand_grid=[6.0] * len(GRID))
    return shop


@pytest.fixture
def hall(morning, make_product, make_supplier, make_warehouse):
    """Cups in A-1, jars in B-2 and spare ones in A-9; a purchase of both, a sale of both, a return of a jar."""
    cup = make_product("CUP", name="Enamel cup", barcode=EAN, accepts_backorders=True)
    jar = make_product("JAR", name="Preserving jar", barcode=OTHER_EAN)
    for product in (cup, jar):
        entry = stock.Entry(product.pk, morning.warehouse.pk, 10, "opening", "seed")
        stock.post_movements(entries=[entry], actor=None)
    for walk, (code, aisle, metres, product) in enumerate(
        (("A-1", 1, 2, cup), ("A-9", 1, 18, jar), ("B-2", 2, 3, jar))
    ):
        place = Bin.objects.create(
            warehouse=morning.warehouse, code=code, area=code[0], walk_order=walk, aisle=aisle, position_metres=metres
        )
        stock.put_in_bin(product=product, place=place, actor=None)
    lines = [services.NewPurchaseLine(cup, 12, pack_size=6), services.NewPurchaseLine(jar, 3)]
    bought = services.create_purchase_order(
        supplier=make_supplier(name="Potter"), warehouse=morning.warehouse, lines=lines, actor=None
    )
    services.confirm_purchase_order(order=bought, actor=None)
    channel = SalesChannel.objects.create(code="web", name="Web")
    wish = [services.NewLine(cup, morning.warehouse, 2), services.NewLine(jar, morning.warehouse, 1)]
    sent = services.place_sales_order(channel=channel, lines=wish[1:], actor=None)
    services.ship_sales_order(order=sent, actor=None)
    services.register_return(order=sent, quantities={sent.lines.get().pk: 1}, actor=None, reason="too large")
    services.place_sales_order(channel=channel, lines=wish, actor=None, ship_to="Anna\nBrivibas 1")
    tartu = make_warehouse("tartu", name="Tartu")
    stock.post_movements(entries=[stock.Entry(cup.pk, tartu.pk, 5, "opening", "seed")], actor=None)
    sent = stock.create_transfer(
        source=tartu, destination=morning.warehouse, lines=[stock.TransferWish(cup, 2)], actor=None
    )
    stock.ship_transfer(transfer=sent, actor=None)
    return morning


@pytest.fixture
def person(make_user):
    """Somebody whose password the served product can check: the tests' fast hasher is not among its own."""

    def person(role: str, warehouse=None, *, language: str = "") -> str:
        user = make_user(role, warehouse)
        user.language = language
        user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-the-tests", iterations=1000)
        user.save()
        return user.username

    return person


@pytest.fixture(scope="session")
def address(django_db_setup):
    """Where the shop is served: one server for all tests, which finds the database as each test leaves it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "manage.py", "serve", "--no-worker", "--port", str(port)]
    server = subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/admin/login/", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait_for(url: str, server: subprocess.Popen) -> None:
    for _attempt in range(STARTS_WITHIN_SECONDS * 4):
        assert server.poll() is None, "manage.py serve ended before it answered"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.25)
    pytest.fail(f"nothing answered at {url}")


def until(page: Page, expression: str, *argument) -> None:
    """Playwright's own way evaluates strings inside the page, which a strict policy forbids."""
    for _attempt in range(400):
        with contextlib.suppress(Error):  # the page was left for its next load
            if page.evaluate(expression, *argument):
                return
        page.wait_for_timeout(50)
    pytest.fail(f"never: {expression}")


@dataclass
class Visitor:
    """One browser window; ``trouble`` is what a person with open developer tools would see in red."""

    browser: Browser
    address: str
    options: dict = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page: Page = self.browser.new_context(**self.options).new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", lambda message: message.type == "error" and self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("requestfailed", self._note_failure)
        self.page.on("request", self._note_strangers)

    def _note_failure(self, request) -> None:
        if request.failure != "net::ERR_ABORTED":  # that is the visitor, who went on before it was there
            self.trouble.append(f"failed: {request.url} {request.failure}")

    def _note_strangers(self, request) -> None:
        if request.url.startswith("http") and urlsplit(request.url).netloc != urlsplit(self.address).netloc:
            self.trouble.append(f"other host: {request.url}")

    def barriers(self) -> list[str]:
        """What axe finds serious or critical on the page as it is now."""
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        grave = [one for one in found if one["impact"] in ("serious", "critical")]
        return [f"{one['id']}: {node['html'][:120]}" for one in grave for node in one["nodes"]]

    def is_wide(self) -> bool:
        """Whether the page scrolls sideways."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth") > 1

    def open(self, path: str):
        return self.page.goto(f"{self.address}{path}", wait_until="networkidle")

    def log_in(self, username: str) -> None:
        self.open("/admin/login/?next=/admin/")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(f"{self.address}/admin/")


@pytest.fixture
def visit(chromium, address, morning):
    """``with visit(username) as visitor``: a window, logged in.

    No ORM inside: Playwright's event loop runs in the test's thread meanwhile, and Django would open another
    connection there, which the next test would still hold.
    """

    @contextlib.contextmanager
    def visit(username: str, **options) -> Iterator[Visitor]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            visitor = Visitor(browser, address, options)
            visitor.log_in(username)
            yield visitor
            browser.close()

    return visit
