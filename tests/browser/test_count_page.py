"""Counting on a phone whose connection comes and goes, while the shop goes on selling the same items."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection

from inventory_site.common.models import ApiToken, ShopSettings
from orders.models import SalesChannel
from stock import services
from stock.models import Bin, CountEntry, CountLine, StockCount, StockLevel
from tests.browser.bad_line import BadLine
from tests.browser.phones import phone
from tests.http.clients import Client
from tests.http.writes import order_of

pytestmark = pytest.mark.browser
LOST = 0.3


@dataclass
class Hall:
    """What really lies in which bin; the ledger was told something else. ``trade`` changes both over the API."""

    dice: random.Random
    shelves: dict[str, Counter] = field(default_factory=dict)  # by SKU: pieces by bin, "" for none
    picked: dict[str, str] = field(default_factory=dict)  # SKU by order: a piece in a box that has not left yet

    def places(self) -> list[tuple[str, str]]:
        return [(sku, bin) for sku, shelf in self.shelves.items() for bin in shelf]

    def trade(self, api: Client) -> None:
        """Sell, pick, send off, buy, or move away a piece of something."""
        sku = self.dice.choice(list(self.shelves))
        bin = max(self.shelves[sku], key=lambda place: self.shelves[sku][place])
        kind = self.dice.choice(["sell", "pick", "send off", "buy", "move"])
        api.close()  # the server hangs up on who is silent, and a clerk's next count may take its time
        if kind == "send off" and self.picked:
            order, _sku = self.picked.popitem()
            self._made(api, f"picks/{order}/ship")
        elif kind == "buy":
            lines = [{"product": sku, "quantity": 2}]
            made = self._made(api, "purchase-orders", {"supplier": "S1", "warehouse": "riga", "lines": lines})
            self._made(api, f"purchase-orders/{made['number']}/confirm")
            self._made(api, f"purchase-orders/{made['number']}/receive")
            self.shelves[sku][bin] += 2
        elif self.shelves[sku][bin] > 0:
            if kind == "move":
                lines = [{"product": sku, "quantity": 1}]
                made = self._made(api, "transfers", {"source": "riga", "destination": "tartu", "lines": lines})
                self._made(api, f"transfers/{made['number']}/ship")
            else:
                made = self._made(api, "sales-orders", order_of((sku, 1)))
                if kind == "pick":
                    self._made(api, f"picks/{made['number']}/pick")
                    self.picked[made["number"]] = sku
                else:
                    self._made(api, f"sales-orders/{made['number']}/ship")
            self.shelves[sku][bin] -= 1

    @staticmethod
    def _made(api: Client, path: str, body: dict | None = None) -> dict:
        answer = api.post(path, body)
        assert answer.status in (200, 201), answer
        return answer.body


@pytest.fixture
def hall(morning, make_product, make_warehouse):
    """A maker of halls: items with errors of the ledger, each seventh in two bins, and a count of all of them."""
    ShopSettings.objects.update(demo_until=None)
    make_warehouse("tartu")
    SalesChannel.objects.create(code="web", name="Web")
    bins = [Bin.objects.create(warehouse=morning.warehouse, code=f"B-{n}", walk_order=n) for n in range(3)]

    def make(items: int, seed: int) -> tuple[Hall, StockCount]:
        made = Hall(random.Random(seed))
        products = []
        for number in range(items):
            product = make_product(f"H-{number:02}", name=f"Thing {number}", barcode=f"40063813{number:05}")
            products.append(product)
            lies = made.dice.randint(20, 60)
            entry = services.Entry(product.pk, morning.warehouse.pk, lies + made.dice.randint(-9, 9), "opening", "seed")
            services.post_movements(entries=[entry], actor=None)
            shelf = Counter({"": lies})
            if number % 7 == 3:
                shelf = Counter({"B-0": lies // 2, "B-2": lies - lies // 2})
                StockLevel.objects.get(product=product).bins.set([bins[0], bins[2]])
            made.shelves[product.sku] = shelf
        return made, services.open_count(warehouse=morning.warehouse, actor=None, products=products)

    return make


@pytest.fixture
def api(make_user, address):
    _token, text = ApiToken.objects.issue(user=make_user("owner"), name="shop")
    client = Client(urlsplit(address).port, text)
    yield client
    client.close()


SIZES = [pytest.param(4, 2, id="small"), pytest.param(50, 20, id="fifty", marks=pytest.mark.long)]


@pytest.mark.parametrize(("items", "flaps"), SIZES)
def test_counts_survive_dead_spots_and_lost_answers(items, flaps, hall, api, person, chromium, address):
    lying, count = hall(items, seed=items)
    clerk = person("clerk")
    sequence = lying.places()
    expected: dict[tuple[str, str], int] = {}
    with BadLine(address, seed=flaps) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.open_count(count.number)
        clerks.keep_page()
        made = 0

        def enter(sku: str, bin: str) -> None:
            nonlocal made
            clerks.count(sku, lying.shelves[sku][bin], bin)
            expected[sku, bin] = lying.shelves[sku][bin]
            made += 1
            lying.trade(api)

        go_offline(clerks, line)
        for place in sequence[:-flaps]:
            enter(*place)
            clerks.shows_unsent(made)
        clerks.page.reload()
        clerks.shows_unsent(made)
        clerks.page.close()
        clerks.new_tab()
        clerks.open_count(count.number)
        clerks.shows_unsent(made)

        for flap, place in enumerate(sequence[-flaps:]):
            line.is_up, line.lost_share = True, LOST
            clerks.context.set_offline(False)
            enter(*place)
            clerks.page.wait_for_timeout(50 + 97 * flap % 400)
            go_offline(clerks, line)
            clerks.shows_unsent(made - len(line.taken))
        line.is_up, line.lost_share = True, 0
        clerks.context.set_offline(False)
        clerks.shows_unsent(0)
        again = recounted(clerks, lying, api, count.number)
        clerks.page.click("text=Post the count")
        clerks.page.wait_for_selector("text=The differences are in the stock")
        assert clerks.errors == []
        assert line.lost > 0 or flaps < 20
    entries = CountEntry.objects.filter(count=count).select_related("bin")
    first = {
        (entry.sent["code"], entry.sent["bin"]): entry.counted for entry in entries if str(entry.uuid) not in again
    }
    assert len(expected) == made == len(sequence)
    assert entries.count() == made + len(again)
    assert not entries.exclude(problem="").exists()
    assert first == expected
    assert list(CountLine.objects.filter(count=count).values_list("state", flat=True)) == ["posted"] * items
    boxed = Counter(lying.picked.values())
    truth = {sku: shelf.total() + boxed[sku] for sku, shelf in lying.shelves.items()}
    rows = StockLevel.objects.filter(warehouse__code="riga", product__sku__startswith="H-")
    assert dict(rows.values_list("product__sku", "on_hand")) == truth
    assert not rows.differing_from_ledger().exists()


@pytest.mark.long
def test_a_queue_is_its_owners_whoever_logs_in(hall, person, chromium, address):
    _lying, count = hall(3, seed=1)
    clerk, other = person("clerk"), person("clerk")
    with BadLine(address, seed=1) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.open_count(count.number)
        clerks.keep_page()
        go_offline(clerks, line)
        clerks.count("H-00", 11)
        clerks.count("H-01", 12)
        clerks.shows_unsent(2)
        session = clerks.context.cookies()
        clerks.context.clear_cookies()  # it expired meanwhile
        line.is_up = True
        clerks.context.set_offline(False)
        clerks.page.wait_for_selector(f"text=log in again as {clerk}")
        clerks.shows_unsent(2)

        clerks.log_in(other)
        clerks.shows_unsent(2)
        clerks.page.click("#unsent")
        clerks.page.wait_for_selector(f"li:nth-child(2) >> text=it is sent when {clerk} is logged in here")
        clerks.page.click("text=Send now")
        clerks.page.wait_for_timeout(1500)
        clerks.shows_unsent(2)
        clerks.open_count(count.number)
        clerks.page.wait_for_selector("text=0 of 3 counted")
        clerks.count("H-02", 13)
        clerks.shows_unsent(2)

        clerks.context.clear_cookies()
        clerks.context.add_cookies(session)  # the first tab's person is back, as after a login
        clerks.open()
        clerks.shows_unsent(0)
        assert clerks.errors == []
    sent = CountEntry.objects.filter(count=count).values_list("actor__username", "sent__code", "counted")
    assert set(sent) == {(clerk, "H-00", 11), (clerk, "H-01", 12), (other, "H-02", 13)}


@pytest.mark.long
def test_what_is_undone_unknown_or_refused(hall, person, make_user, chromium, address):
    _lying, count = hall(3, seed=2)
    clerk, manager = person("clerk"), make_user("manager")
    with BadLine(address, seed=2) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.open_count(count.number)
        clerks.keep_page()
        clerks.count("H-00", 11)
        clerks.shows_unsent(0)
        clerks.page.click(".entry >> text=Undo")  # the server has it: it is told to forget it
        clerks.shows_unsent(0)
        clerks.page.wait_for_selector("text=0 of 3 counted")
        clerks.shows_unsent(0)
        go_offline(clerks, line)
        clerks.count("H-01", 12)
        clerks.page.click(".entry >> text=Undo")  # the server never hears of it
        clerks.shows_unsent(0)

        clerks.scan("nobody-knows")
        clerks.page.wait_for_selector("text=is not on this list")
        clerks.press(4)
        clerks.page.click("#panel .big.good")
        clerks.count("H-02", 0)
        clerks.shows_unsent(2)
        line.is_up = True
        clerks.context.set_offline(False)
        clerks.shows_unsent(0)
        clerks.page.wait_for_selector("text=nobody knows this code. It is kept")

        go_offline(clerks, line)
        clerks.count("H-00", 5)
        with ThreadPoolExecutor() as elsewhere:
            elsewhere.submit(_cancel, count, manager).result()
        line.is_up = True
        clerks.context.set_offline(False)
        clerks.shows_unsent(0)
        clerks.page.wait_for_selector("text=this count was closed before")
        assert clerks.errors == []
    rows = CountEntry.objects.filter(count=count).order_by("pk").values_list("sent__code", "counted", "problem")
    assert list(rows) == [
        ("H-00", 11, "withdrawn"), ("nobody-knows", 4, "unknown"), ("H-02", 0, ""), ("H-00", 5, "closed"),
    ]  # fmt: skip


@pytest.mark.long
def test_an_entry_that_breaks_the_server_holds_up_no_other(hall, person, chromium, address):
    _lying, count = hall(3, seed=4)
    clerk = person("clerk")
    with BadLine(address, seed=4) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.open_count(count.number)
        clerks.keep_page()
        go_offline(clerks, line)
        for sku in ("H-00", "H-01", "H-02"):
            clerks.count(sku, 7)
        line.is_up, line.breaks_at = True, "H-01"
        clerks.context.set_offline(False)
        clerks.shows_unsent(1)
        clerks.page.click("#unsent")
        clerks.page.wait_for_selector("text=The server could not do this.")
        line.breaks_at = ""
        clerks.page.click("text=Send again")
        clerks.shows_unsent(0)
        assert clerks.errors == []
    assert set(CountEntry.objects.filter(count=count).values_list("sent__code", flat=True)) == {"H-00", "H-01", "H-02"}


@pytest.mark.long
def test_a_scan_waits_for_its_screen_or_is_said_to_be_of_no_use(hall, person, chromium, address):
    _lying, count = hall(2, seed=5)
    clerk = person("clerk")
    with BadLine(address, seed=5) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.open("#/counts")
        clerks.page.wait_for_selector(f"text={count.number}")
        clerks.scan("H-00")
        clerks.page.wait_for_selector("text=“H-00” was not used: nothing is scanned on this screen.")

        line.slow = 1.5
        clerks.page.goto(f"{line.address}/count/#/counts/{count.number}")
        clerks.scan("H-01")
        assert not clerks.page.is_visible(".progress")
        clerks.page.wait_for_selector("#panel .quantity:text-is('1')")
        line.slow = 0
        clerks.scan("H-01")
        clerks.page.wait_for_selector("#panel .quantity:text-is('2')")

        clerks.page.goto(f"{line.address}/count/#/")
        clerks.page.wait_for_selector(".tiles")
        clerks.scan("H-00")
        clerks.page.wait_for_selector("#item >> text=Thing 0")
        assert clerks.errors == []


A_DAY_AHEAD = """(() => {
  const Right = Date, ahead = 86_400_000;
  globalThis.Date = class extends Right {
    constructor(...told) { told.length ? super(...told) : super(Right.now() + ahead); }
    static now() { return Right.now() + ahead; }
  };
})()"""


@pytest.mark.long
def test_a_phone_whose_clock_is_a_day_ahead_counts_as_of_now(hall, person, chromium, address):
    _lying, count = hall(3, seed=3)
    clerk = person("clerk")
    with BadLine(address, seed=3) as line, phone(chromium, line.address) as clerks:
        clerks.context.add_init_script(A_DAY_AHEAD)
        clerks.log_in(clerk)
        clerks.open_count(count.number)
        clerks.count("H-00", 11)
        clerks.shows_unsent(0)
        assert clerks.errors == []
    entry = CountEntry.objects.get(count=count)
    assert entry.problem == ""
    assert timedelta(0) < entry.received_at - entry.captured_at < timedelta(seconds=20)


def _cancel(count: StockCount, manager) -> None:
    services.cancel_count(count=count, actor=manager)
    connection.close()


def go_offline(clerks, line: BadLine) -> None:
    line.cut()
    clerks.page.wait_for_timeout(150)  # what came through is being written
    clerks.context.set_offline(True)


def recounted(clerks, lying: Hall, api: Client, number: str) -> set:
    """Items that were traded between the counts of their bins are asked for again: count them in peace."""
    before = {entry["uuid"] for entry in _kept(clerks)}
    while moved := _moved(api, number):
        clerks.page.reload()
        clerks.page.wait_for_selector(".progress")
        assert clerks.page.locator("text=count all of them again").count() > 0
        for sku in moved:
            for bin, pieces in lying.shelves[sku].items():
                clerks.count(sku, pieces, bin)
        clerks.shows_unsent(0)
    clerks.page.reload()
    clerks.page.wait_for_selector("text=Everything on this list is counted.")
    return {entry["uuid"] for entry in _kept(clerks)} - before


def _moved(api: Client, number: str) -> list[str]:
    rows = api.get(f"/api/v1/stock-counts/{number}/items/?page_size=500").body["results"]
    assert {row["state"] for row in rows} <= {"counted", "moved"}
    return [row["product"] for row in rows if row["state"] == "moved"]


def _kept(clerks) -> list[dict]:
    """The phone's own book of entries."""
    return clerks.page.evaluate(
        """() => new Promise((resolve, reject) => {
             const open = indexedDB.open("shelfwise");
             open.onsuccess = () => {
               const rows = open.result.transaction("entries").objectStore("entries").getAll();
               rows.onsuccess = () => { open.result.close(); resolve(rows.result); };
               rows.onerror = () => reject(rows.error);
             };
           })"""
    )
