"""A phone with an old page, a slow disk or two tabs: nothing is lost, nothing is mixed, nothing is sent twice."""

from __future__ import annotations

import http.client
import random
from collections import Counter
from http.server import BaseHTTPRequestHandler

import pytest

from stock import services
from stock.models import CountEntry
from tests.browser.bad_line import HOP_BY_HOP, BadLine
from tests.browser.conftest import until
from tests.browser.phones import phone

pytestmark = [pytest.mark.browser, pytest.mark.long]
CODES = ("LAMP", "CORD", "BULB")


WRONG_CLOCK = """{
  const Right = Date;
  self.Date = class extends Right {
    constructor(...parts) { parts.length ? super(...parts) : super(Right.now() + (self.ahead ?? 0)); }
    static now() { return Right.now() + (self.ahead ?? 0); }
  };
}"""


@pytest.fixture
def count(morning, make_product):
    products = [make_product(code) for code in CODES]
    return services.open_count(warehouse=morning.warehouse, actor=None, products=products).number


def entered() -> dict[str, int]:
    rows = CountEntry.objects.filter(problem="").order_by("captured_at")
    return {entry.product.sku: entry.counted for entry in rows.select_related("product")}


class Editions(BadLine):
    """The server after an update: other files under the same names; each module tells which edition it is of."""

    edition = 1

    def _carry(self, browser: BaseHTTPRequestHandler, body: bytes) -> None:
        upstream = http.client.HTTPConnection(self.upstream, timeout=30)
        asked = {name: value for name, value in browser.headers.items() if not name.lower().startswith("if-")}
        upstream.request(browser.command, browser.path, body or None, asked)
        answer = upstream.getresponse()
        text = answer.read().replace(b'const VERSION = "', b'const VERSION = "%d-' % self.edition)
        upstream.close()
        if browser.path.startswith("/static/hall/") and browser.path.endswith(".js") and "vendor" not in browser.path:
            text += b"\n(self.editions ||= []).push(%d);" % self.edition
        browser.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"etag", "last-modified"}:
                browser.send_header(name, value)
        browser.send_header("Content-Length", str(len(text)))
        browser.end_headers()
        browser.wfile.write(text)


@pytest.mark.parametrize("is_first_visit", [True, False])
def test_an_update_comes_when_the_person_says_so_whole_and_with_the_queue(
    is_first_visit, count, chromium, address, person
):
    clerk = person("clerk")
    with Editions(address, seed=1) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.keep_page()
        clerks.open_count(count)
        if not is_first_visit:
            clerks.page.reload()
            clerks.page.wait_for_selector(".progress")
        line.cut()
        clerks.context.set_offline(True)
        clerks.count("LAMP", 3)
        clerks.scan("CORD")
        clerks.page.wait_for_selector("#panel .quantity")
        clerks.shows_unsent(2)

        line.edition, line.is_up = 2, True
        clerks.context.set_offline(False)
        clerks.page.evaluate("navigator.serviceWorker.getRegistration('/count/').then((found) => void found.update())")
        clerks.page.wait_for_selector("#notices button")
        clerks.page.evaluate("import('/static/hall/camera.js').then(() => null)")
        assert clerks.page.evaluate("[...new Set(editions)]") == [1]
        clerks.page.click("#notices button")
        until(clerks.page, "() => (self.editions ?? []).includes(2) && document.body.dataset.ready")
        clerks.page.wait_for_selector(".progress")
        clerks.page.evaluate("import('/static/hall/camera.js').then(() => null)")
        assert clerks.page.evaluate("[...new Set(editions)]") == [2]
        clerks.shows_unsent(0)
        assert clerks.errors == []
    assert entered() == {"LAMP": 3, "CORD": 1}


def test_a_sheet_that_is_under_way_already_is_not_asked_for_twice(count, chromium, address, person):
    clerk, asked = person("clerk"), []
    with phone(chromium, address, service_workers="block") as clerks:
        clerks.page.route("**/sheet/", lambda route: asked.append(route))  # and they wait
        clerks.log_in(clerk)
        clerks.wait(lambda: asked)  # what is taken along for dead spots
        clerks.page.goto(f"{address}/count/#/counts/{count}")
        clerks.page.wait_for_selector("h1:text-is('Count')")
        asked[0].continue_()
        clerks.page.wait_for_selector(".progress")
        assert (len(asked), clerks.errors) == (1, [])


SLOW_DISK = """Object.defineProperty(IDBTransaction.prototype, "oncomplete", {
  set(told) { this.addEventListener("complete", () => setTimeout(told, 80)); },
});"""


def test_pieces_scanned_faster_than_the_disk_writes_are_all_counted(count, chromium, address, person):
    clerk = person("clerk")
    dice = random.Random(5)
    scans = [dice.choice(CODES) for _scan in range(25)]
    with phone(chromium, address) as clerks:
        clerks.context.add_init_script(SLOW_DISK)
        clerks.log_in(clerk)
        clerks.open_count(count)
        for code in scans:
            clerks.scan(code)
            clerks.page.wait_for_timeout(60)
        done = "([code, n]) => document.querySelector('#panel .soft')?.textContent.startsWith(code) && "
        until(
            clerks.page, f"{done} document.querySelector('.quantity').value === n",
            [scans[-1], str(scans.count(scans[-1]))],
        )  # fmt: skip
        clerks.page.click("#panel .big.good")
        clerks.shows_unsent(0)
        assert clerks.errors == []
    assert entered() == Counter(scans)


def test_two_tabs_share_one_queue_and_send_each_entry_once(count, chromium, address, person):
    clerk = person("clerk")
    with BadLine(address, seed=3) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.keep_page()
        clerks.open_count(count)
        first = clerks.page
        clerks.new_tab()
        clerks.open_count(count)
        second = clerks.page
        line.cut()
        clerks.context.set_offline(True)
        for page, code, pieces in ((first, "LAMP", 4), (second, "CORD", 5), (first, "BULB", 6)):
            page.bring_to_front()
            clerks.page = page
            clerks.count(code, pieces)
        for page in (first, second):
            until(page, "() => document.querySelector('#unsent').dataset.n === '3'")
        line.is_up, line.lost_share = True, 0.5
        clerks.context.set_offline(False)
        for page in (first, second):
            until(page, "() => document.querySelector('#unsent').dataset.n === '0'")
        assert clerks.errors == []
    assert entered() == {"LAMP": 4, "CORD": 5, "BULB": 6}
    assert CountEntry.objects.count() == 3


def test_a_second_tab_does_not_finish_what_is_typed_in_the_first(count, chromium, address, person):
    clerk = person("clerk")
    with phone(chromium, address) as clerks:
        clerks.log_in(clerk)
        clerks.open_count(count)
        first = clerks.page
        clerks.scan("LAMP")
        first.wait_for_selector("#panel .quantity")
        clerks.new_tab()
        clerks.open_count(count)
        clerks.page.wait_for_timeout(500)
        clerks.page = first
        first.bring_to_front()
        clerks.press(12)
        first.click("#panel .big.good")
        clerks.shows_unsent(0)
        assert clerks.errors == []
    assert entered() == {"LAMP": 12}


@pytest.mark.parametrize(("days", "problem"), [(-1, ""), (1, "future")])
def test_a_clock_that_is_put_right_while_an_entry_waits_holds_up_no_other(
    days, problem, count, chromium, address, person
):
    clerk = person("clerk")
    with phone(chromium, address) as clerks:
        clerks.context.add_init_script(WRONG_CLOCK)
        clerks.context.add_init_script(f"self.ahead ??= {days} * 86_400_000;")
        clerks.log_in(clerk)
        clerks.open_count(count)
        clerks.count("LAMP", 5)
        clerks.shows_unsent(0)
        clerks.context.set_offline(True)
        clerks.count("CORD", 6)
        clerks.page.evaluate("self.ahead = 0")
        clerks.count("BULB", 7)
        clerks.shows_unsent(2)
        clerks.context.set_offline(False)
        clerks.shows_unsent(0)
        assert clerks.page.locator(".entry .bad").count() == bool(problem)  # it is told, and kept for a manager
        assert clerks.errors == []
    rows = CountEntry.objects.order_by("pk").values_list("sent__code", "counted", "problem")
    assert list(rows) == [("LAMP", 5, ""), ("CORD", 6, problem), ("BULB", 7, "")]


def test_a_store_that_is_full_in_the_middle_is_said_and_what_it_holds_is_sent(count, chromium, address, person):
    clerk = person("clerk")
    with BadLine(address, seed=3) as line, phone(chromium, line.address) as clerks:
        clerks.log_in(clerk)
        clerks.keep_page()
        clerks.open_count(count)
        line.cut()
        clerks.context.set_offline(True)
        clerks.count("LAMP", 4)
        clerks.page.evaluate("""() => { IDBObjectStore.prototype.put = () => {
          throw new DOMException("The disk is full", "QuotaExceededError");
        }; }""")
        clerks.scan("CORD")
        clerks.page.wait_for_selector("#said:has-text('could not be kept')")
        clerks.shows_unsent(1)
        clerks.page.reload()
        clerks.page.wait_for_selector(".progress")
        clerks.shows_unsent(1)
        line.is_up = True
        clerks.context.set_offline(False)
        clerks.shows_unsent(0)
    assert entered() == {"LAMP": 4}
