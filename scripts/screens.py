"""Take the pictures of docs/screens.md from the demo shop, and write that page: ``make screens``.

The shop of ``make demo`` is copied first, so that what is clicked for a picture changes nothing there.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.error import URLError

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES, TEXT = ROOT / "docs" / "img" / "screens", ROOT / "docs" / "screens.md"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUALITY, WAIT_SECONDS = 72, 60


@dataclass(frozen=True)
class Screen:
    """A picture: where, what it is for in one sentence, and how somebody looks at it. A ``path`` of the form
    ``list » css`` follows that link of the list."""

    name: str
    title: str
    path: str
    words: str
    login: str = "owner"
    language: str = "en"
    width: int = 1280
    scheme: str = "light"
    click: str = ""

    @property
    def options(self) -> dict:
        phone = {"is_mobile": True, "has_touch": True} if self.width < 600 else {}
        return {"viewport": {"width": self.width, "height": 900}, "color_scheme": self.scheme,
                "locale": self.language, **phone}  # fmt: skip


URGENT = "/admin/ » #today-urgent .sw-line-told a"
SCREENS = (
    Screen("today", "Today", "/admin/",
           "What is most urgent, each line with its chart and the button that does it; what the night changed; the "
           "shop in six numbers. It stays up to date while it is open."),
    Screen("today-phone", "Today on a phone, in the dark", "/admin/", "The same at 360 px.", width=360, scheme="dark"),
    Screen("today-chinese", "Today in Chinese", "/admin/",
           "Each person chooses a language; dates, numbers and money follow it.", language="zh-hans"),
    Screen("warnings", "Warnings", "/warnings/",
           "Grouped by what to do: call, order, move, mark down, count, look into it. Printable, as PDF and as CSV."),
    Screen("warnings-clerk", "Warnings of a clerk", "/warnings/", "Only the clerk's warehouse, and no costs.",
           login="clerk", width=360),
    Screen("warning-rules", "Warning rules", "/warnings/rules/",
           "Each rule with its numbers, its severity and who is told, for the shop or for one warehouse."),
    Screen("alert", "One alert", "/admin/alerts/alert/?state__exact=open » #result_list .field-rule_label a",
           "What is known, what happened, and what to do with it: assign, comment, snooze until a day or a change."),
    Screen("alerts", "Alerts", "/admin/alerts/alert/", "All of them, to filter, assign and export."),
    Screen("product", "One product", URGENT,
           "What was asked for and will be, the stock against its reorder point, and the suggestion in one sentence "
           "whose numbers add up."),
    Screen("positions", "Inventory positions", "/admin/replenishment/inventoryposition/",
           "Where each item stands. Filters and columns are one's own; SKUs are pasted from a sheet."),
    Screen("columns", "Columns of a list", "/admin/replenishment/inventoryposition/",
           "Each person chooses.", click="#list-tools details:nth-of-type(2) summary"),
    Screen("products", "Products", "/admin/catalog/product/", "With the demand of twelve weeks and of the next four."),
    Screen("suggestions", "Suggestions", "/admin/replenishment/suggestion/?state__exact=open",
           "What to buy, move, mark down, send back or stop buying, and why."),
    Screen("plan", "This week's purchase", "/admin/replenishment/plan/", "The best use of a budget."),
    Screen("suppliers", "Order by supplier", "/admin/replenishment/suppliers/", "What each delivery would hold."),
    Screen("chase", "Chase late goods", "/admin/replenishment/chase/", "What is late, and what it endangers."),
    Screen("purchase-order", "A purchase order", "/admin/orders/purchaseorder/ » #result_list tbody a",
           "Its lines, what came, its PDF."),
    Screen("receive", "Receive goods", "/admin/orders/purchaseorder/receive/",
           "With a scanner or a phone.", login="clerk", width=360),
    Screen("sales-orders", "Sales orders", "/admin/orders/salesorder/", "What was ordered and what is open."),
    Screen("stock-levels", "Stock levels", "/admin/stock/stocklevel/", "On hand, promised, not sellable."),
    Screen("count-list", "What to count", "/admin/stock/countneed/",
           "Today's list: what is worth counting, and why; opened as a count with one click."),
    Screen("forecast", "One forecast", "/admin/forecasting/forecast/ » #result_list .field-method_in_words a",
           "History, band, what drives it, and how right it was."),
    Screen("accuracy", "Forecast accuracy", "/admin/forecasting/accuracy-figures/", "Model against naive, and people."),
    Screen("overrides", "Overrides by week", "/admin/forecasting/override/grid/", "What people know better."),
    Screen("what-if", "What if", "/admin/replenishment/what-if/", "Service level against money."),
    Screen("key-figures", "Key figures", "/admin/replenishment/key-figures/", "The shop in numbers, with their past."),
    Screen("scorecards", "Supplier scorecards", "/admin/replenishment/supplierscore/", "Who keeps their word."),
    Screen("backtest", "Had you followed us", "/admin/replenishment/backtest-figures/",
           "The shop's own past, replayed in money."),
    Screen("jobs", "Nightly jobs", "/admin/common/jobrun/", "What ran, what failed and why."),
)  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(os.environ.get("SHELFWISE_VAR", ROOT / "var"))
        shutil.copytree(shop, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("valkey"))
        environment = os.environ | {"SHELFWISE_VAR": folder}
        manage = [sys.executable, "manage.py"]
        told = subprocess.run([*manage, "load_demo", "--logins"], cwd=ROOT, env=environment, capture_output=True,
                              text=True, check=True).stdout  # fmt: skip
        logins = dict(re.findall(r"Login: (\w+), password: (\S+)", told))
        if "owner" not in logins:
            sys.exit("There is no demo shop here, or its passwords were changed: run make demo first.")
        for command in ("prepare", "backtest"):
            subprocess.run([*manage, command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        port = _free_port()
        server = subprocess.Popen([*manage, "serve", "--no-worker", "--port", str(port)], cwd=ROOT, env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/admin/login/")
            _take_all(address, logins)
        finally:
            server.terminate()
            server.wait()
    TEXT.write_text(_page())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(url: str) -> None:
    for _attempt in range(WAIT_SECONDS * 4):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.25)
    sys.exit(f"nothing answered at {url}")


def _take_all(address: str, logins: dict[str, str]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for screen in SCREENS:
            page = browser.new_context(**screen.options).new_page()
            _log_in(page, address, screen.login, logins[screen.login], screen.language)
            _open(page, address, screen)
            picture = Image.open(BytesIO(page.screenshot()))
            picture.save(PICTURES / f"{screen.name}.webp", quality=QUALITY, method=6)
            sys.stdout.write(f"{screen.name:16} {page.url.removeprefix(address)}\n")
            page.context.close()
        browser.close()


def _log_in(page: Page, address: str, name: str, password: str, language: str) -> None:
    """Log in, and choose the language, which is kept for the person."""
    page.goto(f"{address}/admin/login/?next=/admin/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{address}/admin/")
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    page.request.post(f"{address}/i18n/setlang/", form={"language": language, "csrfmiddlewaretoken": token})


def _open(page: Page, address: str, screen: Screen) -> None:
    path, _arrow, link = screen.path.partition(" » ")
    page.goto(f"{address}{path}", wait_until="networkidle")
    if link:
        page.goto(page.locator(link).first.evaluate("link => link.href"), wait_until="networkidle")
    if screen.click:
        page.click(screen.click)
    page.wait_for_timeout(400)  # charts that fetched themselves are drawn


def _page() -> str:
    lines = ["# Screens", "", "The pages of the [demo shop](demo.md), as people see them; `make screens` takes the "
             "pictures again.", ""]  # fmt: skip
    for screen in SCREENS:
        lines += [f"## {screen.title}", screen.words, "", f"![{screen.title}](img/screens/{screen.name}.webp)", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
