"""A clerk's phone: the page under /count/ in a real browser, and what it should say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.browser.conftest import FLAGS, PASSWORD, PHONE

FAST_KEYS = 5  # milliseconds between the keys of a scanner
READY = "body[data-ready]"


WRONG_CLOCK = """(() => {
  const Right = Date, ahead = %d * 86_400_000;
  globalThis.Date = class extends Right {
    constructor(...told) { told.length ? super(...told) : super(Right.now() + ahead); }
    static now() { return Right.now() + ahead; }
  };
})()"""


def clock_off(*, days: int) -> str:
    """A script for a phone whose clock is so many days ahead, or behind where they are negative."""
    return WRONG_CLOCK % days


@dataclass
class Phone:
    context: BrowserContext
    address: str
    page: Page = field(init=False)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.new_tab()

    def new_tab(self) -> None:
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: dialog.accept())

    def log_in(self, username: str) -> None:
        self.page.goto(f"{self.address}/admin/login/?next=/count/")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(f"{self.address}/count/")
        self.page.wait_for_selector(READY)

    def open(self, place: str = "") -> None:
        self.page.goto(f"{self.address}/count/{place}")
        self.page.wait_for_selector(READY)

    def open_count(self, number: str) -> None:
        self.page.goto(f"{self.address}/count/#/counts/{number}")
        self.page.wait_for_selector(".progress")

    def keep_page(self) -> None:
        """Wait until the service worker has all files."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        self.wait(lambda: self.page.evaluate("navigator.serviceWorker.controller !== null"))

    def scan(self, code: str) -> None:
        """As a scanner that is a keyboard does, whatever has the focus."""
        self.page.keyboard.type(f"{code}\n", delay=FAST_KEYS)

    def press(self, number: int) -> None:
        """With fingers, on the keypad."""
        for digit in str(number):
            self.page.click(f".keys .key:text-is('{digit}')")

    def count(self, code: str, pieces: int, bin: str = "") -> None:
        """Scan the bin, if there is one, and the item; say how many."""
        if bin:
            self.scan(bin)
            self.wait(lambda: self.page.input_value("#bin") == bin)
        elif self.page.is_visible("#bin"):
            self.page.select_option("#bin", "")
        self.scan(code)
        self.page.wait_for_selector("#panel .quantity")
        self.press(pieces)
        self.page.wait_for_selector(f".quantity:text-is('{pieces}')")
        self.page.click("#panel .big.good")
        self.page.wait_for_selector("#panel .quantity", state="detached")

    def shows_unsent(self, number: int) -> None:
        """The badge says so, and stays there."""
        self.page.wait_for_selector(f"#unsent[data-n='{number}']")

    def wait(self, is_so: Callable[[], object]) -> None:
        """The page's policy forbids what Playwright's own waiting for functions is made of."""
        for _look in range(400):
            if is_so():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("it never came to be")


@contextmanager
def phone(chromium: str, address: str, flags: tuple[str, ...] = (), **options) -> Iterator[Phone]:
    """No ORM inside: Playwright's event loop runs in the test's thread meanwhile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *flags])
        yield Phone(browser.new_context(**PHONE, **options), address)
        browser.close()
