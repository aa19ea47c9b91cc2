"""Scanners that type and cameras that look: each piece is one code, and what a person types stays what it was."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS, until
from tests.browser.film import write_film
from tests.source import ROOT

pytestmark = pytest.mark.browser
POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'"
PAGE = """<!doctype html><html lang="en"><title>Scanning</title><link rel="icon" href="data:,">
<input id="quantity" inputmode="numeric"><button id="button">Done</button><div id="place"></div>
<script type="module" src="/page.js"></script></html>"""
SCRIPT = """
import { listen } from "/static/hall/wedge.js";
import * as camera from "/static/hall/camera.js";
import * as codes from "/static/hall/codes.js";
Object.assign(window, { listen, camera, codes, heard: [], said: [], clicks: 0, violations: [] });
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
document.getElementById("button").onclick = () => { clicks += 1; };
window.film = (more = {}) => camera.scan({ place: document.getElementById("place"), onCode: (code) => heard.push(code),
  say: (sentence) => said.push(sentence), ...more }).then((scanner) => { window.scanner = scanner; });
window.isReady = true;
"""
EAN, ARTICLE, LINK = "4006381333931", "LAMP-40/2 W", "SHELF A-12"


class _Pages(http.server.SimpleHTTPRequestHandler):
    """The modules as they are, on a page as strict as the product's."""

    pages = {"/": ("text/html", PAGE), "/page.js": ("text/javascript", SCRIPT)}
    extensions_map = {".js": "text/javascript", ".wasm": "application/wasm"}

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path not in self.pages:
            return super().do_GET()
        kind, text = self.pages[self.path]
        self.send_response(200)
        for name, value in (("Content-Type", kind), ("Content-Security-Policy", POLICY)):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())
        return None

    def log_message(self, *args):
        pass


@pytest.fixture
def pages():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, directory=ROOT)) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextlib.contextmanager
def opened(
    chromium, pages, *, flags: tuple[str, ...] = (), before: str = "", host: str = "127.0.0.1"
) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *flags])
        page = browser.new_context().new_page()
        page.set_default_timeout(20_000)
        if before:
            page.add_init_script(before)
        page.goto(f"http://{host}:{pages.server_address[1]}/")
        until(page, "window.isReady")
        yield page
        assert page.evaluate("violations") == []
        browser.close()


FAKE = "--use-fake-device-for-media-stream"


def showing(tmp_path, *codes: tuple[str, str, int, float]) -> tuple[str, ...]:
    """Flags of a browser whose camera looks at these codes, one after another."""
    film = write_film(tmp_path / "shelf.y4m", codes)
    return FAKE, "--use-fake-ui-for-media-stream", f"--use-file-for-fake-video-capture={film}"


READ = {
    " 4006381333931\r": EAN,
    "]E04006381333931": EAN,
    "036000291452": "036000291452",
    "]C1010400638133393110A7": EAN,
    "(01)04006381333931(10)A7": EAN,
    "010400638133393117261231\x1d10A7": EAN,
    "]d20104006381333931\x1d21X": EAN,
    "(01)14006381333938": "14006381333938",
    "0104006381333930": "0104006381333930",
    "(01)04006381333930": "(01)04006381333930",
    "0123456789012345": "0123456789012345",
    "https:" + "//id.example/01/04006381333931/10/A7?17=261231": EAN,
    "BOX-01 (blue)": "BOX-01 (blue)",
    "\ufeff\x02AB-7\x03": "AB-7",
}
LONG = {"01234565": "012345000065", "04252614": "042100005264", "01234531": "012300000451", "01234543": "012340000053"}
SPELLINGS = {
    "036000291452": ["036000291452", "0036000291452", "00036000291452"],
    "0036000291452": ["0036000291452", "036000291452", "00036000291452"],
    EAN: [EAN, f"0{EAN}"],
    "96385074": ["96385074"],
    "123456789013": ["123456789013"],
    "LAMP": ["LAMP"],
}


def test_a_wedge_scanner_is_heard_everywhere_and_a_person_is_left_alone(chromium, pages):
    with opened(chromium, pages) as page:
        assert {text: page.evaluate("text => codes.tidy(text)", text) for text in READ} == READ
        assert {text: page.evaluate("text => codes.tidy(text, 'upc_e')", text) for text in LONG} == LONG
        assert {code: page.evaluate("code => codes.spellings(code)", code) for code in SPELLINGS} == SPELLINGS
        page.evaluate("void (window.stop = listen((code) => heard.push(code)))")
        keys, heard = page.keyboard, partial(page.evaluate, "heard.splice(0)")
        quantity = page.locator("#quantity")
        keys.type(f"{EAN}\n", delay=10)
        assert heard() == [EAN]
        quantity.fill("12")
        quantity.focus()
        keys.type(f"{EAN}\n", delay=10)
        keys.type(ARTICLE, delay=10)
        keys.press("Tab")
        assert (heard(), quantity.input_value()) == ([EAN, ARTICLE], "12")
        assert page.evaluate("document.activeElement.id") == "quantity"
        keys.type("0 7 5", delay=130)
        keys.press("Enter")
        keys.type("31\n", delay=10)  # two digits of quick thumbs
        assert (heard(), quantity.input_value()) == ([], "120 7 531")
        page.locator("#button").focus()
        keys.type("A 1\n", delay=10)
        assert (heard(), page.evaluate("clicks")) == (["A 1"], 0)
        keys.press("Enter")
        assert page.evaluate("clicks") == 1
        keys.type(f"{ARTICLE}\n", delay=60)  # a slow radio
        keys.type("31\n", delay=60)  # a quantity, by quick thumbs
        assert (heard(), page.evaluate("clicks")) == ([ARTICLE], 2)
        page.evaluate("stop()")
        quantity.focus()
        keys.type(f"{EAN}\n", delay=10)
        assert (heard(), quantity.input_value()) == ([], f"120 7 531{EAN}")


HIDDEN_KEYS = """() => {
  const field = document.activeElement, sure = { bubbles: true, cancelable: true };
  const key = (name, code) => field.dispatchEvent(new KeyboardEvent("keydown", { key: name, code, ...sure }));
  for (const letter of "AB-40") {  // as Android tells what a scanner types
    key("Unidentified", "");
    field.dispatchEvent(new InputEvent("beforeinput", { inputType: "insertText", data: letter, ...sure }));
    field.value += letter;
  }
  key("Enter", "Enter");
  for (const place of ["KeyA", "Digit7", "Minus", "Digit1"]) key("Process", place);  // while Chinese is typed
  key("Enter", "Enter");
}"""


@pytest.mark.long
def test_a_soft_keyboard_and_an_input_method_hide_the_keys_of_a_scanner_but_not_its_code(chromium, pages):
    with opened(chromium, pages) as page:
        page.evaluate("void listen((code) => heard.push(code))")
        page.locator("#quantity").focus()
        page.evaluate(HIDDEN_KEYS)
        assert page.evaluate("heard") == ["AB-40", "A7-1"]
        assert page.locator("#quantity").input_value() == ""


@pytest.mark.long
def test_each_code_that_the_camera_sees_arrives_once_a_sight(chromium, pages, tmp_path):
    film = showing(tmp_path, ("EAN13", EAN, 330, 7), ("Code128", ARTICLE, 400, -5), ("QR", LINK, 130, 20))
    with opened(chromium, pages, flags=film) as page:
        assert not any("vendor" in path or "decoder" in path for path in pages.asked)
        page.evaluate("film()")
        until(page, "heard.length >= 7 || said.length")
        heard = page.evaluate("heard")
        first = [EAN, ARTICLE, LINK].index(heard[0])
        assert heard == ([EAN, ARTICLE, LINK] * 4)[first : first + len(heard)]
        assert page.evaluate("said") == []
        assert len({path for path in pages.asked if "vendor" in path}) == 3
        page.evaluate("scanner.close()")
        assert page.locator("#place > *").count() == 0
        assert page.evaluate("scanner.camera") is None
        page.evaluate("heard.length = 0")
        page.evaluate("film({ continuous: false, onClosed: () => { window.isOver = true; } })")
        until(page, "window.isOver")
        assert page.evaluate("[heard.length, scanner.isOpen]") == [1, False]


OTHERS = {
    "96385074": ("EAN8", "96385074", 260, 3),
    "0036000291452": ("UPCA", "036000291452", 330, -4),
    "BIN-7": ("Standard39", "BIN-7", 400, 2),
    "14006381333938": ("I2of5", "14006381333938", 420, 0),
    "SHELF B": ("ECC200DataMatrix", "SHELF B", 110, 12),
    EAN: ("Code128", f"\xf1010{EAN}1726123110A7", 560, 0),  # GS1: the item's number, a date, a batch
}


@pytest.mark.long
def test_the_bundled_decoder_reads_every_kind_of_code(chromium, pages, tmp_path):
    with opened(chromium, pages, flags=showing(tmp_path, *OTHERS.values())) as page:
        page.evaluate("film()")
        until(page, "heard.length > 7")  # the film begins anywhere, and with half a sight
        assert set(page.evaluate("heard")) == set(OTHERS)


READER = """
window.sight = null;
window.BarcodeDetector = class {
  static async getSupportedFormats() { return FORMATS; }
  constructor({ formats }) { this.formats = formats; }
  async detect(picture) {
    if (window.isBroken) throw new DOMException("Barcode detection service unavailable", "NotSupportedError");
    const box = { x: picture.width / 2, y: picture.height / 2, width: 10, height: 10 };
    const aside = { rawValue: "ASIDE", format: "code_128", boundingBox: { ...box, x: 0, y: 0 } };
    return window.sight ? [aside, { ...window.sight, boundingBox: box }] : [];
  }
};
"""
FORMATS = '["aztec","ean_13","ean_8","upc_a","upc_e","code_128","code_39","itf","qr_code","data_matrix"]'


@pytest.mark.long
def test_a_browser_that_reads_codes_itself_needs_no_decoder_until_it_fails(chromium, pages, tmp_path):
    film = showing(tmp_path, ("EAN13", EAN, 330, 0))
    with opened(chromium, pages, flags=film, before=READER.replace("FORMATS", FORMATS)) as page:
        see = partial(page.evaluate, "([rawValue, format]) => { window.sight = rawValue && { rawValue, format }; }")
        page.evaluate("film()")
        for sight in (["]C1010400638133393110A7", "code_128"], ["", ""], ["01234565", "upc_e"], ["LAMP", "code_39"]):
            see(sight)
            page.wait_for_timeout(1200)
        assert page.evaluate("heard") == [EAN, "012345000065", "LAMP"]
        assert not any("vendor" in path for path in pages.asked)
        page.evaluate("heard.length = 0; window.isBroken = true")
        until(page, "heard.length")
        assert page.evaluate("[heard[0], said.length]") == [EAN, 0]
    with opened(chromium, pages, flags=film, before=READER.replace("FORMATS", '["qr_code"]')) as page:
        page.evaluate("film()")
        until(page, "heard.length")
        assert page.evaluate("heard[0]") == EAN


@pytest.mark.long
def test_what_keeps_the_camera_from_working_is_said_in_words(chromium, pages, tmp_path):
    def said(page) -> str:
        page.evaluate("said.length = 0; film()")
        until(page, "said.length")
        assert page.evaluate("[said.length, scanner.isOpen, place.childElementCount]") == [1, False, 0]
        return page.evaluate("said[0]")

    with opened(chromium, pages, flags=(FAKE, "--deny-permission-prompts")) as page:
        assert "not allowed on this page" in said(page)
    with opened(chromium, pages) as page:
        assert page.evaluate("camera.canScan()")
        assert "This device has no camera" in said(page)
    with opened(chromium, pages, flags=("--host-resolver-rules=MAP shop.test 127.0.0.1",), host="shop.test") as page:
        assert not page.evaluate("camera.canScan()")
        assert "secure addresses only" in said(page)
    film = showing(tmp_path, ("EAN13", EAN, 330, 0))
    with opened(chromium, pages, flags=film) as page:
        page.context.set_offline(True)
        assert "has to be loaded once" in said(page)
        page.context.set_offline(False)
        page.evaluate("film()")
        until(page, "heard.length")


HIDE = """(isHidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.mark.long
def test_a_page_that_nobody_sees_lets_the_camera_go_and_takes_it_again(chromium, pages, tmp_path):
    film = showing(tmp_path, ("EAN13", EAN, 330, 0))
    with opened(chromium, pages, flags=film) as page:
        page.evaluate("film()")
        until(page, "heard.length")
        track = page.evaluate_handle("scanner.camera.track")
        page.evaluate(HIDE, True)
        state = page.evaluate("(track) => [track.readyState, scanner.camera, scanner.isOpen]", track)
        assert state == ["ended", None, True]
        page.evaluate("heard.length = 0")
        page.evaluate(HIDE, False)
        until(page, "heard.length")
        second = page.evaluate_handle("scanner.camera.track")
        page.evaluate("place.remove()")
        until(page, "(track) => track.readyState === 'ended'", second)
        assert page.evaluate("[scanner.isOpen, said.length]") == [False, 0]


FULL = """async (source) => {
  const heard = {}, shop = { origin: "https://shop.test" };
  const full = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
  const cache = { match: async () => undefined, keys: async () => [], put: full };
  const told = [{ addEventListener: (name, act) => { heard[name] = act; } }, shop, { open: async () => cache }];
  new Function("self", "location", "caches", "fetch", "VERSION", "FILES", source)(
    ...told, async () => new Response("decoder"), "1", []);
  const request = { method: "GET", mode: "cors", url: `${shop.origin}/static/hall/vendor/decoder-1/decoder.wasm` };
  let answer = null;
  heard.fetch({ request, respondWith: (promise) => { answer = promise; } });
  return (await answer).text();
}"""


@pytest.mark.long
def test_a_decoder_that_cannot_be_kept_is_used_all_the_same(chromium):
    source = (ROOT / "static/hall/worker.js").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page()
        assert page.evaluate(FULL, source) == "decoder"
        browser.close()
