"""A hall whose shop goes on trading while a clerk counts in it, over a line that comes and goes."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.browser.bad_line import BadLine
from tests.browser.phones import Phone
from tests.http.clients import Client
from tests.http.writes import order_of

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


def go_offline(clerks: Phone, line: BadLine) -> None:
    line.cut()
    clerks.page.wait_for_timeout(150)  # what came through is being written
    clerks.context.set_offline(True)


@dataclass
class Shift:
    """A clerk counts what lies there, while the shop trades; ``expected`` is what was entered, by SKU and bin."""

    clerks: Phone
    line: BadLine
    lying: Hall
    api: Client
    expected: dict[tuple[str, str], int] = field(default_factory=dict)

    def enter(self, place: tuple[str, str]) -> None:
        sku, bin = place
        self.expected[place] = self.lying.shelves[sku][bin]
        self.clerks.count(sku, self.expected[place], bin)
        self.lying.trade(self.api)

    def count_in_a_dead_spot(self, places: list[tuple[str, str]], number: str) -> None:
        """The page is loaded anew, closed and opened again afterwards."""
        go_offline(self.clerks, self.line)
        for place in places:
            self.enter(place)
            self.clerks.shows_unsent(len(self.expected))
        self.clerks.page.reload()
        self.clerks.shows_unsent(len(self.expected))
        self.clerks.page.close()
        self.clerks.new_tab()
        self.clerks.open_count(number)
        self.clerks.shows_unsent(len(self.expected))

    def count_while_it_flaps(self, places: list[tuple[str, str]]) -> None:
        """On and off with each item, while some of the answers are lost; on in the end."""
        for flap, place in enumerate(places):
            self.line.is_up, self.line.lost_share = True, LOST
            self.clerks.context.set_offline(False)
            self.enter(place)
            self.clerks.page.wait_for_timeout(50 + 97 * flap % 400)
            go_offline(self.clerks, self.line)
            self.clerks.shows_unsent(len(self.expected) - len(self.line.taken))
        self.line.is_up, self.line.lost_share = True, 0
        self.clerks.context.set_offline(False)
        self.clerks.shows_unsent(0)


def recounted(clerks: Phone, lying: Hall, api: Client, number: str) -> set[str]:
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


def _kept(clerks: Phone) -> list[dict]:
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
