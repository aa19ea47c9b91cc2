#!/usr/bin/env python
"""How much of the money in wrong records is found by counting a few items: by our list, by value (ABC), at random.

  python bench/count_list.py                     # 5,000 items with demand made up here, 20 shops
  python bench/count_list.py --data SALES.parquet  # demand and prices of a file of sales lines
  python bench/count_list.py --small             # in seconds, to see that it works

Each shop sells for a year and a half from shelves that are not what its ledger says: now and then somebody takes
another item than the one on the list, a delivery holds less than its papers, small dear things are stolen, a case
falls and nobody writes it down. How often, differs by item, by look-alikes, by supplier and by how fragile things are;
none of that is told to the list, which sees what a shop sees: its ledger and what its counts found. The shop counts by
a plain ABC cycle until the day of the comparison. Chances are scaled (on two other shops) so that one item of a hundred
is wrong that day. Nothing here is taken from the formulas of stock/count_errors.py, and nothing there from here.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stock.count_errors import SOURCES, Exposure, Found, expected_error, learn, phantom_chance
from stock.count_plan import classes_by_value

#: What columns may be called in a file of sales lines.
NAMES = {
    "sku": ("sku", "StockCode", "item_id"),
    "date": ("date", "InvoiceDate"),
    "quantity": ("quantity", "Quantity"),
    "price": ("price", "UnitPrice"),
}
SHARES = (0.02, 0.05, 0.10)
WRONG = 0.01
DAYS = 540
CYCLE = {"A": 30, "B": 90, "C": 365}
CATEGORIES, SUPPLIERS = 25, 40
#: Chances of a line or a day before scaling: a wrong item taken, a delivery wrong, a piece stolen, one broken.
TAKEN_WRONG, DELIVERED_WRONG, STOLEN, BROKEN = 0.004, 0.012, 0.0006, 0.0012
#: A customer who finds nothing where the ledger promises it: so many of such days end with a correction by hand.
NOTICED = 0.3


@dataclass(frozen=True)
class Demand:
    """Pieces and order lines [items, days], cost of a piece [items]."""

    pieces: np.ndarray
    lines: np.ndarray
    cost: np.ndarray


def made_up(items: int, days: int, seed: int) -> Demand:
    """From a piece in two months to dozens a day; half of a line has one piece."""
    rng = np.random.default_rng(seed)
    rate = rng.lognormal(-2.2, 1.7, (items, 1))
    lines = rng.poisson(np.minimum(rate, 15) * rng.gamma(1.5, 1 / 1.5, (items, days)))
    pieces = lines + rng.negative_binomial(np.maximum(lines, 1), 0.55) * (lines > 0)
    return Demand(pieces, lines, rng.lognormal(1.8, 1.1, items))


def read(file: Path) -> Demand:
    """The file's items; negative quantities and items without a price are left out."""
    import pandas as pd

    table = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    names = {ours: next(name for name in theirs if name in table) for ours, theirs in NAMES.items()}
    table = table[(table[names["quantity"]] > 0) & (table[names["price"]] > 0)]
    item = pd.Categorical(table[names["sku"]]).codes
    date = pd.to_datetime(table[names["date"]])
    day = (date - date.min()).dt.days.to_numpy()
    shape = (item.max() + 1, day.max() + 1)
    quantity = np.minimum(table[names["quantity"]].to_numpy(), 500)
    lines, pieces = np.zeros(shape, int), np.zeros(shape, int)
    np.add.at(lines, (item, day), 1)
    np.add.at(pieces, (item, day), quantity)
    price = table.groupby(item)[names["price"]].median().to_numpy()
    return Demand(pieces, lines, price * 0.6)


def sample(demand: Demand, items: int, days: int, rng: np.random.Generator) -> Demand:
    """So many items, some twice where the file has fewer; its days again and again from a day by chance."""
    chosen = rng.permutation(np.resize(rng.permutation(len(demand.cost)), items))
    at = (np.arange(days) + rng.integers(demand.pieces.shape[1])) % demand.pieces.shape[1]
    return Demand(demand.pieces[np.ix_(chosen, at)], demand.lines[np.ix_(chosen, at)], demand.cost[chosen])


@dataclass
class Nature:
    """What makes an item's record wrong; the list never sees it."""

    alike: np.ndarray  # int [items]: the item that is taken for it
    confusing: np.ndarray
    careless: np.ndarray  # of its supplier
    tempting: np.ndarray
    fragile: np.ndarray

    @classmethod
    def of(cls, cost: np.ndarray, category: np.ndarray, rng: np.random.Generator) -> Nature:
        items = len(cost)
        order = np.lexsort((rng.random(items), category))
        alike = np.empty(items, int)
        alike[order] = np.roll(order, -1)
        supplier = rng.lognormal(0, 0.8, SUPPLIERS)[rng.integers(SUPPLIERS, size=items)]
        is_small = rng.random(CATEGORIES)[category] < 0.4
        dear = np.clip(cost / np.median(cost), 0.1, 8)
        return cls(
            alike, rng.lognormal(0, 0.9, items) * rng.lognormal(0, 0.5, CATEGORIES)[category], supplier,
            np.where(is_small, dear, 0.1) * rng.lognormal(0, 0.7, items),
            rng.lognormal(0, 0.6, CATEGORIES)[category] * rng.lognormal(0, 0.5, items),
        )  # fmt: skip


@dataclass
class Shop:
    """The ledger and the shelf of each item from day to day, and what a shop writes down of it."""

    demand: Demand
    seed: int
    scale: float
    rng: np.random.Generator = field(init=False)

    def __post_init__(self):
        rng = self.rng = np.random.default_rng([self.seed, 7])
        items = len(self.demand.cost)
        self.category = rng.integers(CATEGORIES, size=items)
        self.nature = Nature.of(self.demand.cost, self.category, rng)
        mean = self.demand.pieces.mean(axis=1)
        self.lead = rng.integers(3, 20, items)
        self.lot = np.maximum(np.ceil(mean * rng.integers(15, 60, items)), 2).astype(int)
        self.minimum = np.ceil(mean * self.lead * 1.6 + 1).astype(int)
        self.pack = np.maximum(self.lot // rng.integers(1, 7, items), 1)
        self.ledger = self.minimum + self.lot
        self.shelf = self.ledger.copy()
        self.coming = np.zeros((items, 21), int)
        zero = np.zeros(items)
        self.days, self.sold, self.sold_pieces, self.came, self.came_pieces, self.signs = (
            zero.copy() for _ in range(6)
        )
        self.lines_all, self.last_sale, self.last_in = zero.copy(), zero - 1, zero.copy()
        value = self.demand.pieces[:, : DAYS // 2].sum(axis=1) * self.demand.cost
        self.classes = classes_by_value(value)
        self.period = np.array([CYCLE[letter] for letter in self.classes])
        self.next_count = (rng.random(items) * self.period).astype(int) + 20
        self.counted_on = zero.copy()
        self.found: list[tuple] = []

    def live(self) -> Shop:
        for day in range(self.demand.pieces.shape[1]):
            self._receive(day)
            self._sell(day)
            self._lose()
            self._count(day)
            self._order()
        return self

    def _receive(self, day: int) -> None:
        """What is less (or, seldom, more) than its papers: a pack, or a good part of all."""
        lots, self.coming = self.coming[:, 0], np.roll(self.coming, -1, axis=1)
        self.coming[:, -1] = 0
        at = np.flatnonzero(lots)
        wrong = self.rng.random(len(at)) < DELIVERED_WRONG * self.scale * self.nature.careless[at]
        off = np.where(
            self.rng.random(len(at)) < 0.7, self.pack[at], np.ceil(lots[at] * self.rng.random(len(at)) * 0.6)
        )
        off = np.minimum(off, lots[at]) * np.where(self.rng.random(len(at)) < 0.75, -1, 1)
        self.shelf[at] += lots[at] + np.where(wrong, off, 0).astype(int)
        self.ledger[at] += lots[at]
        self.came[at] += 1
        self.came_pieces[at] += lots[at]
        self.last_in[at] = day

    def _sell(self, day: int) -> None:
        asked, lines = self.demand.pieces[:, day], self.demand.lines[:, day]
        offered = np.minimum(asked, self.ledger)
        got = np.minimum(offered, np.maximum(self.shelf, 0))
        missed = np.flatnonzero((got < offered) & (self.rng.random(len(got)) < NOTICED))
        self.ledger -= got
        self.shelf -= got
        self.signs[missed] += 1
        self.ledger[missed] = self.shelf[missed]
        sold = np.where(got > 0, np.minimum(lines, got), 0)
        self.sold += sold
        self.sold_pieces += got
        self.lines_all += sold
        self.last_sale[got > 0] = day
        chance = TAKEN_WRONG * self.scale * self.nature.confusing
        for item in np.flatnonzero(self.rng.random(len(got)) < -np.expm1(-chance * sold)).tolist():
            other, pieces = self.nature.alike[item], max(round(got[item] / sold[item]), 1)
            taken = min(pieces, int(self.shelf[other]))
            self.shelf[other] -= taken
            self.shelf[item] += taken

    def _lose(self) -> None:
        """By theft, a few pieces at a time; by damage, more often what is many and fragile."""
        items = len(self.shelf)
        stolen = self.rng.random(items) < STOLEN * self.scale * self.nature.tempting
        busy = 0.3 + np.sqrt(self.shelf.clip(0)) / 6
        broken = self.rng.random(items) < BROKEN * self.scale * self.nature.fragile * busy
        some = stolen * self.rng.integers(1, 4, items) + broken * np.ceil(self.pack * self.rng.random(items)).astype(
            int
        )
        self.shelf -= np.minimum(some, self.shelf.clip(0))

    def _count(self, day: int) -> None:
        at = np.flatnonzero(self.next_count == day)
        if len(at):
            lived = (column[at].copy() for column in self.lived)
            self.found.append((at, *lived, self.ledger[at], (self.shelf - self.ledger)[at]))
            self.ledger[at] = self.shelf[at]
            for column in (self.days, self.sold, self.sold_pieces, self.came, self.came_pieces, self.signs):
                column[at] = 0
            self.counted_on[at] = day
            self.next_count[at] = day + self.period[at]
        self.days += 1

    @property
    def lived(self) -> tuple[np.ndarray, ...]:
        return self.days, self.sold, self.sold_pieces, self.came, self.came_pieces

    def _order(self) -> None:
        short = np.flatnonzero(self.ledger + self.coming.sum(axis=1) <= self.minimum)
        np.add.at(self.coming, (short, self.lead[short]), self.lot[short])

    @property
    def error(self) -> np.ndarray:
        return np.abs(self.shelf - self.ledger)


def exposure(shop: Shop, item: np.ndarray, lived: tuple[np.ndarray, ...], ledger: np.ndarray) -> Exposure:
    """What the ledger tells, as the shop's plan of counts reads it."""
    days, sold, sold_pieces, came, came_pieces = lived
    amounts, pieces = np.zeros((len(item), len(SOURCES))), np.ones((len(item), len(SOURCES)))
    amounts[:, :4] = np.array([days, days * np.sqrt(ledger), sold, came]).T
    pieces[:, 2] = np.where(sold > 0, sold_pieces / np.maximum(sold, 1), 1)
    pieces[:, 1] = pieces[:, 3] = np.where(came > 0, came_pieces / np.maximum(came, 1), np.maximum(ledger / 2, 1))
    groups = np.array([shop.category[item], np.zeros(len(item), int)]).T
    return Exposure(amounts, pieces, shop.demand.cost[item], groups)


def ours(shop: Shop) -> np.ndarray:
    """Expected error in money, the largest first."""
    item, *lived, ledger, delta = (np.concatenate(column) for column in zip(*shop.found, strict=True))
    model = learn(Found(exposure(shop, item, lived, ledger), item, delta), [CATEGORIES, 1])
    everything = np.arange(len(shop.ledger))
    now = exposure(shop, everything, shop.lived, shop.ledger)
    off = expected_error(model, now, everything, shop.ledger, signs=shop.signs, weight=np.ones(len(everything)))
    today = shop.demand.pieces.shape[1]
    silent = phantom_chance(
        off, shop.ledger, sales=shop.lines_all, sold_days=shop.last_sale + 1,
        silent_days=today - np.maximum(shop.last_sale, shop.last_in),
    )  # fmt: skip
    pieces = off.pieces + silent * np.maximum(shop.ledger - off.pieces, 0)
    return np.argsort(-pieces * shop.demand.cost, kind="stable")


def by_value(shop: Shop) -> np.ndarray:
    """A before B before C, in each the largest value moved first."""
    value = shop.demand.pieces[:, -365:].sum(axis=1) * shop.demand.cost
    return np.argsort(-value, kind="stable")


def by_cycle(shop: Shop) -> np.ndarray:
    """A before B before C, in each what waits longest, measured by its period."""
    waited = (shop.demand.pieces.shape[1] - shop.counted_on) / shop.period
    return np.lexsort((-waited, shop.classes))


def by_stock(shop: Shop) -> np.ndarray:
    return np.argsort(-shop.ledger * shop.demand.cost, kind="stable")


def at_random(shop: Shop) -> np.ndarray:
    return np.random.default_rng([shop.seed, 11]).permutation(len(shop.ledger))


def knowing_chances(shop: Shop) -> np.ndarray:
    """Who knew how much each item errs, but not whether it has: about the best that a list can do."""
    nature, (days, sold, sold_pieces, came, _pieces) = shop.nature, shop.lived
    taken = TAKEN_WRONG * nature.confusing * np.maximum(sold_pieces, sold)
    for_it = np.zeros_like(taken)
    np.add.at(for_it, nature.alike, taken)
    late = DELIVERED_WRONG * nature.careless * came * (0.7 * shop.pack + 0.3 * 0.3 * shop.lot)
    stolen = STOLEN * nature.tempting * days * 2
    broken = BROKEN * nature.fragile * (0.3 + np.sqrt(shop.ledger) / 6) * days * shop.pack / 2
    return np.argsort(-(taken + for_it + late + stolen + broken) * shop.demand.cost, kind="stable")


def knowing(shop: Shop) -> np.ndarray:
    """What somebody would count who knew: the most that can be found."""
    return np.argsort(-shop.error * shop.demand.cost, kind="stable")


LISTS: dict[str, Callable[[Shop], np.ndarray]] = {
    "our list": ours,
    "ABC, largest value first": by_value,
    "ABC cycle, waiting longest first": by_cycle,
    "largest stock value first": by_stock,
    "at random": at_random,
    "(who knew every chance)": knowing_chances,
    "(who knew every error)": knowing,
}


@dataclass(frozen=True)
class Measured:
    """Share of the money found [shops, shares], by list; share of wrong records and money in them [shops]."""

    found: dict[str, np.ndarray]
    wrong: np.ndarray
    money: np.ndarray


def calibrated(shops: Callable[[int, float], Shop], wanted: float) -> float:
    """The scale at which so many of the records are wrong, on shops that are not measured."""
    scale = 1.0
    for _ in range(4):
        wrong = np.mean([(shops(1000 + n, scale).error > 0).mean() for n in range(2)])
        scale *= wanted / max(wrong, wanted / 50)
    return scale


def measured(items: int, days: int, seeds: Sequence[int], data: Demand | None = None, wrong: float = WRONG) -> Measured:
    def shop(seed: int, scale: float) -> Shop:
        rng = np.random.default_rng([seed, 3])
        demand = sample(data, items, days, rng) if data else made_up(items, days, seed)
        return Shop(demand, seed, scale).live()

    scale = calibrated(shop, wrong)
    found: dict[str, list] = {name: [] for name in LISTS}
    share, money = [], []
    for seed in seeds:
        one = shop(seed, scale)
        at_stake = one.error * one.demand.cost
        share.append((one.error > 0).mean())
        money.append(at_stake.sum())
        for name, order in LISTS.items():
            ranked = np.cumsum(at_stake[order(one)])
            found[name].append([ranked[round(share * items) - 1] / at_stake.sum() for share in SHARES])
    return Measured({name: np.array(rows) for name, rows in found.items()}, np.array(share), np.array(money))


def tell(result: Measured) -> None:
    shops = len(result.wrong)
    print(f"{shops} shops; {result.wrong.mean():.2%} of the records wrong, {result.money.mean():,.0f} of money in them")
    print(f"{'share of that money found':36}" + "".join(f"{f'{share:.0%} counted':>22}" for share in SHARES))
    for name, rows in result.found.items():
        cells = (f"{mean:.1%} ± {spread:.1%}" for mean, spread in zip(rows.mean(axis=0), rows.std(axis=0), strict=True))
        print(f"{name:36}" + "".join(f"{cell:>22}" for cell in cells))
    mine = result.found["our list"][:, 1]
    for name in [name for name in LISTS if name != "our list" and not name.startswith("(")]:
        more = (mine > result.found[name][:, 1]).sum()
        print(f"5 % counted: our list finds more than “{name}” in {more} of {shops} shops")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a file of sales lines")
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--seeds", type=int, default=20, help="how many shops")
    parser.add_argument("--first-seed", type=int, default=0, help="other shops than those the list was made with")
    parser.add_argument("--small", action="store_true")
    told = parser.parse_args()
    began = time.perf_counter()
    items, days, count, wrong = (800, 300, 4, 0.05) if told.small else (told.items, DAYS, told.seeds, WRONG)
    seeds = range(told.first_seed, told.first_seed + count)
    tell(measured(items, days, seeds, read(told.data) if told.data else None, wrong))
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
