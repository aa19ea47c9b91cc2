"""What the phone's page promises at any address: it works in dead spots, is small and strict, fits thumbs and eyes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from inventory_site.hall.files import folder, kept_addresses, kept_names
from stock import services
from stock.models import Bin, CountEntry, StockLevel
from tests.browser.conftest import EAN, until
from tests.browser.film import write_film
from tests.browser.phones import Phone, phone
from tests.browser.rules import WATCH, faults, violations
from tests.browser.wire import Wire, wire
from tests.lan import chromium_flags
from tests.nightly.test_serve import serving

pytestmark = pytest.mark.browser
NAME = "shop.test"
FIRST_VISIT = 300_000  # bytes at most, the decoder of the camera's pictures apart
ALLOWED = {
    "default-src": {"'none'"},
    "script-src": {"'self'", "'wasm-unsafe-eval'"},
    "object-src": {"'none'"},
    "base-uri": {"'none'"},
}


def policy_of(response) -> dict[str, set[str]]:
    parts = (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: set(sources) for name, *sources in parts}


def test_the_page_is_strict_and_what_the_phone_keeps_of_it_is_small(client, db):
    page = client.get("/count/")
    policy = policy_of(page)
    assert {name: policy[name] for name in ALLOWED} == ALLOWED
    assert not any("unsafe-inline" in sources or "*" in sources for sources in policy.values())
    assert b"<script>" not in page.content and b" style=" not in page.content and b"onclick" not in page.content
    assert "'unsafe-eval'" not in page.headers["Content-Security-Policy"]
    said = [client.get(path).content for path in kept_addresses() if path.startswith("/count/")]
    kept = [(folder().parent / name).read_bytes() for name in kept_names()]
    assert sum(map(len, [*said, *kept])) < FIRST_VISIT * 0.8
    assert not any("vendor" in path for path in kept_addresses())


@pytest.fixture
def count(morning, make_product):
    """A count of three items, one of them in two bins."""
    products = [make_product("LAMP", name="Lamp", barcode=EAN), make_product("LAMP-40/2 W", name="Bulb of 40 W"),
                make_product("CORD", name="Cord with a name that is longer than any phone is wide, " * 2)]  # fmt: skip
    for product in products:
        entry = services.Entry(product.pk, morning.warehouse.pk, 20, "opening", "seed")
        services.post_movements(entries=[entry], actor=None)
    bins = [Bin.objects.create(warehouse=morning.warehouse, code=f"B-{n}", walk_order=n) for n in range(2)]
    StockLevel.objects.get(product=products[2]).bins.set(bins)
    return services.open_count(warehouse=morning.warehouse, actor=None, products=products).number


@contextmanager
def over_https(tmp_path, chromium, *more: str, **options) -> Iterator[tuple[Phone, Wire]]:
    """A phone that knows the shop by a name in its network, and has its authority installed."""
    with (
        serving(tmp_path, "--lan", "--host", "127.0.0.1", "--name", NAME, "--no-worker") as shop,
        wire(shop.port) as line,
    ):
        assert "https://" in shop.said(), shop.said()
        flags = (*chromium_flags(tmp_path / "lan", NAME), *more)
        with phone(chromium, f"https://{NAME}:{line.port}", flags, **options) as clerks:
            clerks.context.add_init_script(WATCH)
            strangers: list[str] = []
            clerks.context.on("request", lambda one: NAME not in one.url.split("/")[2] and strangers.append(one.url))
            yield clerks, line
            assert (strangers, clerks.errors, violations(clerks)) == ([], [], [])


def entered() -> list[tuple[str, int]]:
    return sorted(CountEntry.objects.filter(problem="").values_list("product__sku", "counted"))


@pytest.mark.long
def test_it_works_offline_from_the_first_visit_at_a_name_that_is_not_localhost(tmp_path, chromium, person, count):
    clerk = person("clerk")
    with over_https(tmp_path, chromium) as (clerks, line):
        clerks.page.goto(f"{clerks.address}/count/")
        clerks.page.click("text=Log in >> nth=-1")
        clerks.page.fill("input[name=username]", clerk)
        clerks.page.fill("input[name=password]", "correct-horse")
        clerks.page.click("button[type=submit]")
        clerks.page.wait_for_selector("body[data-ready]")
        clerks.keep_page()
        clerks.page.wait_for_load_state("networkidle")
        assert clerks.page.evaluate("[isSecureContext, location.hostname]") == [True, NAME]
        assert line.received < FIRST_VISIT

        line.cut()
        clerks.page.reload()
        clerks.page.click("a[href='#/counts']")
        clerks.page.click(f"a[href='#/counts/{count}']")
        clerks.page.wait_for_selector(".progress")
        clerks.scan("LAMP-40/2 W")
        clerks.page.wait_for_selector("#panel .quantity")
        clerks.page.wait_for_timeout(200)  # the pad takes the keys of fingers after a moment
        assert clerks.page.evaluate("document.querySelector('.quantity').value") == "1"
        clerks.page.click("#panel .big.good")
        clerks.page.wait_for_selector("#panel .quantity", state="detached")
        clerks.count("LAMP", 7)
        clerks.shows_unsent(2)
        clerks.page.close()
        clerks.new_tab()
        clerks.open()
        clerks.page.click("a[href='#/counts']")
        clerks.page.click(f"a[href='#/counts/{count}']")
        clerks.count("LAMP-40/2 W", 12)
        clerks.shows_unsent(3)
        line.mend()
        clerks.shows_unsent(0)
    assert entered() == [("LAMP", 7), ("LAMP-40/2 W", 1), ("LAMP-40/2 W", 12)]


@pytest.mark.long
def test_at_an_address_without_https_it_says_so_at_once_and_still_queues_while_it_is_open(
    tmp_path, chromium, person, count, monkeypatch
):
    clerk = person("clerk")
    monkeypatch.setenv("ALLOWED_HOSTS", f"{NAME},127.0.0.1")
    with (
        serving(tmp_path, "--no-worker") as shop,
        wire(shop.port) as line,
        phone(chromium, f"http://{NAME}:{line.port}", (f"--host-resolver-rules=MAP {NAME} 127.0.0.1",)) as clerks,
    ):
        clerks.log_in(clerk)
        assert "This address is not secure (https)" in clerks.page.inner_text("#notices")
        clerks.open_count(count)
        clerks.page.click(".scan button[type=button]")
        clerks.page.wait_for_selector("#said:has-text('Browsers give the camera to secure addresses only')")
        line.cut()
        clerks.count("LAMP", 5)
        clerks.count("LAMP-40/2 W", 6)
        clerks.shows_unsent(2)
        line.mend()
        clerks.shows_unsent(0)
        assert clerks.errors == []
    assert entered() == [("LAMP", 5), ("LAMP-40/2 W", 6)]


REFUSALS = {
    "at once": "indexedDB.open = () => { throw new DOMException('no', 'SecurityError'); };",
    "when it opens": """indexedDB.open = () => {
      const request = { error: new DOMException("no", "InvalidStateError") };
      setTimeout(() => request.onerror(new Event("error")));
      return request;
    };""",
    "when it writes": """IDBObjectStore.prototype.put = () => {
      throw new DOMException("full", "QuotaExceededError");
    };""",
    "by silence": "indexedDB.open = () => new EventTarget();",
}


@pytest.mark.long
@pytest.mark.parametrize("how", REFUSALS)
def test_a_browser_that_keeps_nothing_is_told_of_at_once(how, chromium, address, person, count):
    clerk = person("clerk")
    with phone(chromium, address) as clerks:
        clerks.context.add_init_script(REFUSALS[how])
        clerks.log_in(clerk)
        clerks.page.wait_for_selector("#notices:has-text('This browser refuses to keep anything')")
        clerks.page.click("a[href='#/counts']")
        clerks.page.click(f"a[href='#/counts/{count}']")
        clerks.page.wait_for_selector(".progress")
        clerks.count("LAMP", 9)
        clerks.shows_unsent(0)
        assert clerks.errors == []
    assert entered() == [("LAMP", 9)]


@pytest.mark.long
def test_the_decoder_comes_with_the_first_use_of_the_camera_and_stays(tmp_path, chromium, person, count):
    clerk = person("clerk")
    film = write_film(tmp_path / "shelf.y4m", [("EAN13", EAN, 330, 6)])
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
              f"--use-file-for-fake-video-capture={film}")  # fmt: skip
    with over_https(tmp_path / "shop", chromium, *camera) as (clerks, line):
        asked: list[str] = []
        clerks.context.on("request", lambda request: asked.append(request.url))
        clerks.log_in(clerk)
        clerks.keep_page()
        clerks.open_count(count)
        clerks.scan("CORD")  # which bin: nothing is counted yet
        assert not any("/vendor/" in url for url in asked)
        clerks.page.click(".scan button[type=button]")
        until(clerks.page, "() => document.querySelector('#panel h2')?.textContent === 'Lamp'")
        until(clerks.page, "() => document.querySelector('.quantity')?.value === '2'")
        assert any(url.endswith(".wasm") for url in asked)
        clerks.page.click("#panel .big.good")
        clerks.shows_unsent(0)
        line.cut()
        clerks.page.reload()
        clerks.page.wait_for_selector(".progress")
        clerks.page.click(".scan button[type=button]")
        clerks.page.wait_for_selector("#panel .quantity")
        assert "could not be loaded" not in clerks.page.inner_text("#said")
        clerks.page.click(".scan button[type=button]")
        until(clerks.page, "() => document.querySelector('.camera').hidden")
        clerks.shows_unsent(1)
        line.mend()
        clerks.page.click("#panel .big.good")
        clerks.shows_unsent(0)


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_screen_fits_thumbs_narrow_phones_and_weak_eyes(scheme, language, chromium, address, person, count):
    clerk = person("clerk", language=language)
    found = []
    with phone(chromium, address, color_scheme=scheme) as clerks:
        clerks.context.add_init_script(WATCH)
        clerks.log_in(clerk)
        clerks.open()
        tiles = clerks.page.eval_on_selector_all("a.tile", "tiles => tiles.map((tile) => tile.hash)")
        assert "#/counts" in tiles
        for place in ["", *tiles, "#/queue", f"#/counts/{count}"]:
            clerks.open(place)
            clerks.page.wait_for_load_state("networkidle")
            found += faults(clerks, place or "home")
        clerks.scan("CORD")
        clerks.page.wait_for_selector("#panel .card")
        found += faults(clerks, "which bin")
        clerks.scan("NOBODY-KNOWS")
        clerks.page.wait_for_selector("#panel .quantity")
        found += faults(clerks, "unknown")
        clerks.scan("LAMP")
        clerks.page.wait_for_selector("#panel .quantity")
        clerks.page.click("#panel .key.small")
        clerks.page.wait_for_selector(".packed")
        found += faults(clerks, "packs")
        clerks.page.click("#panel .big.good")
        clerks.shows_unsent(0)
        found += faults(clerks, "counted")
        clerks.context.clear_cookies()
        clerks.page.reload()
        clerks.page.wait_for_selector("body[data-ready]")
        found += faults(clerks, "logged out")
        clerks.page.click("a[href='/count/login/']")
        found += faults(clerks, "log in")
        assert (clerks.errors, violations(clerks)) == ([], [])
    assert found == []
