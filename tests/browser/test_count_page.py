"""Counting on a phone whose connection comes and goes, while the shop goes on selling the same items."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection

from inventory_site.common.models import ApiToken, ShopSettings
from orders.models import SalesChannel
from stock import services
from stock.models import Bin, CountEntry, CountLine, StockCount, StockLevel
from tests.browser.bad_line import BadLine
from tests.browser.phones import clock_off, phone
from tests.browser.trading import Hall, Shift, go_offline, recounted
from tests.http.clients import Client

pytestmark = pytest.mark.browser


@pytest.fixture
def make_hall(morning, make_product, make_warehouse):
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
def test_counts_survive_dead_spots_and_lost_answers(items, flaps, make_hall, api, person, chromium, address):
    lying, count = make_hall(items, seed=items)
    clerk, sequence = person("clerk"), lying.places()
    with BadLine(address, seed=flaps) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.open_count(count.number)
        clerks.keep_page()
        shift = Shift(clerks, line, lying, api)
        shift.count_in_a_dead_spot(sequence[:-flaps], count.number)
        shift.count_while_it_flaps(sequence[-flaps:])
        again = recounted(clerks, lying, api, count.number)
        clerks.page.click("text=Post the count")
        clerks.page.wait_for_selector("text=The differences are in the stock")
        assert clerks.errors == []
        assert line.lost > 0 or flaps < 20
    assert len(shift.expected) == len(sequence)
    assert_entered_once(count, shift.expected, again)
    assert list(CountLine.objects.filter(count=count).values_list("state", flat=True)) == ["posted"] * items
    assert_on_hand_is_what_lies_there(lying)


def assert_entered_once(count: StockCount, expected: dict[tuple[str, str], int], again: set[str]) -> None:
    """Each place has one entry with the right pieces; ``again`` are those of items that were counted once more."""
    entries = CountEntry.objects.filter(count=count).select_related("bin")
    first = [entry for entry in entries if str(entry.uuid) not in again]
    assert entries.count() == len(expected) + len(again)
    assert not entries.exclude(problem="").exists()
    assert {(entry.sent["code"], entry.sent["bin"]): entry.counted for entry in first} == expected


def assert_on_hand_is_what_lies_there(lying: Hall) -> None:
    boxed = Counter(lying.picked.values())
    truth = {sku: shelf.total() + boxed[sku] for sku, shelf in lying.shelves.items()}
    rows = StockLevel.objects.filter(warehouse__code="riga", product__sku__startswith="H-")
    assert dict(rows.values_list("product__sku", "on_hand")) == truth
    assert not rows.differing_from_ledger().exists()


@pytest.mark.long
def test_a_queue_is_its_owners_whoever_logs_in(make_hall, person, chromium, address):
    _lying, count = make_hall(3, seed=1)
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
        clerks.page.click("text=somebody else takes this device")
        clerks.page.wait_for_url("**/count/login/")
        clerks.open()
        clerks.page.wait_for_selector("a.big:text-is('Log in')")
        assert clerks.errors == []
    sent = CountEntry.objects.filter(count=count).values_list("actor__username", "sent__code", "counted")
    assert set(sent) == {(clerk, "H-00", 11), (clerk, "H-01", 12), (other, "H-02", 13)}


def told(count: StockCount) -> list[tuple[str, int, str]]:
    """What the server has, in the order in which it came: code, pieces, problem."""
    rows = CountEntry.objects.filter(count=count).order_by("pk")
    return list(rows.values_list("sent__code", "counted", "problem"))


@pytest.mark.long
def test_what_was_counted_is_undone_sent_or_not(make_hall, person, chromium, address):
    _lying, count = make_hall(3, seed=2)
    clerk = person("clerk")
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
        assert clerks.errors == []
    assert told(count) == [("H-00", 11, "withdrawn")]


@pytest.mark.long
def test_what_nobody_knows_or_comes_too_late_is_kept_for_a_manager(make_hall, person, make_user, chromium, address):
    _lying, count = make_hall(3, seed=2)
    clerk, manager = person("clerk"), make_user("manager")
    with BadLine(address, seed=2) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.open_count(count.number)
        clerks.keep_page()
        go_offline(clerks, line)
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
        clerks.page.wait_for_selector("text=This count is closed.")
        clerks.page.wait_for_selector("#said:has-text('this count was closed before')")
        assert clerks.errors == []
    assert told(count) == [("nobody-knows", 4, "unknown"), ("H-02", 0, ""), ("H-00", 5, "closed")]


@pytest.mark.long
def test_an_entry_that_breaks_the_server_holds_up_no_other(make_hall, person, chromium, address):
    _lying, count = make_hall(3, seed=4)
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
def test_a_scan_waits_for_its_screen_or_is_said_to_be_of_no_use(make_hall, person, chromium, address):
    _lying, count = make_hall(2, seed=5)
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


@pytest.mark.long
def test_a_phone_whose_clock_is_a_day_ahead_counts_as_of_now(make_hall, person, chromium, address):
    _lying, count = make_hall(3, seed=3)
    clerk = person("clerk")
    with BadLine(address, seed=3) as line, phone(chromium, line.address) as clerks:
        clerks.context.add_init_script(clock_off(days=1))
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
