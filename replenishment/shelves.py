"""How much of each item to hold where the room is short: what keeping a piece costs against what it saves, a year.

Pure. Pieces are weighed in bands. One for safety saves the margin of the sales that it serves; one of a lot saves its
part of the orders that smaller lots would take. Both are worth less the more there are, so the first are held first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replenishment.optimise.storage import Stored, store
from replenishment.optimise.worth import expected_short
from replenishment.what_if import DAYS_A_YEAR, Items, outcome

#: Bands of safety and of the lot, each of equal width, of one item.
SAFETY_BANDS, LOT_BANDS = 6, 4


@dataclass(frozen=True)
class Wanted:
    """What is planned, arrays [items]: ``level`` pieces to order up to, the ``least_lot``, ``volume`` of a piece.

    Items that are not ``is_weighed`` (set by hand, cost or price unknown) are held as planned.
    """

    items: Items
    level: np.ndarray
    least_lot: np.ndarray
    volume: np.ndarray
    is_weighed: np.ndarray

    @property
    def on_the_way(self) -> np.ndarray:
        """Pieces of the level that are asked for before the goods are here: they never stand on the shelf."""
        items = self.items
        lead_days = np.maximum(items.interval_days - items.review_days, 0)
        return np.floor(np.minimum(self._a_day * lead_days, self._safe))

    @property
    def shelf(self) -> np.ndarray:
        """Pieces that stand there when all has just arrived."""
        return self.level - self.on_the_way

    @property
    def least(self) -> np.ndarray:
        """Pieces of the shelf that are held whatever the room: the smallest lot, and what is sold between reviews."""
        lot = self.level - self._safe
        sold = np.ceil(self._a_day * self.items.review_days)
        return np.where(self.is_weighed, np.minimum(np.maximum(self.least_lot, sold), lot), self.shelf)

    @property
    def _a_day(self) -> np.ndarray:
        return self.items.demand.mean / np.maximum(self.items.interval_days, 1e-9)

    @property
    def _safe(self) -> np.ndarray:
        """Pieces of the level that are there for demand, the others being the lot."""
        return np.where(self.items.fills, self.level, np.minimum(self.items.reorder_point, self.level))


@dataclass(frozen=True)
class Bands:
    """Pieces that may be held or not, arrays [bands]; ``keeping`` and ``worth`` are money a piece and year."""

    item: np.ndarray
    width: np.ndarray
    keeping: np.ndarray
    worth: np.ndarray

    def paying(self) -> Bands:
        """Those that are worth more than keeping them costs; the others are held nowhere, whatever the room."""
        pays = self.worth > self.keeping
        return Bands(self.item[pays], self.width[pays], self.keeping[pays], self.worth[pays])

    def pieces(self, share: np.ndarray, items: int) -> np.ndarray:
        """Whole pieces [items] where of each band that ``share`` is held."""
        sums = np.bincount(self.item, weights=self.width * share, minlength=items)
        return np.floor(sums + 1e-6)


@dataclass(frozen=True)
class Held:
    """``level`` to order up to within the room, ``free`` what it would be with room for all [items].

    ``litre`` is money a year that one unit of room more would save, ``missed`` what the short room costs a year.
    """

    level: np.ndarray
    free: np.ndarray
    litre: float
    missed: float


def hold(wanted: Wanted, *, room: float, taken: float, holding_rate: float, order_cost: float) -> Held:
    """The levels that cost least within ``room``, of which ``taken`` stands full of what is beyond the plan.

    Raises ``Infeasible`` where even the least of each item does not fit; its amount is the room that is missing.
    """
    count, bands = len(wanted.items), bands_of(wanted, holding_rate=holding_rate, order_cost=order_cost)
    paying = bands.paying()
    found = _stored(paying, wanted.volume[paying.item], room, taken + float(wanted.volume @ wanted.least))
    share = 1 - found.short[:-1, 0] / paying.width
    fixed = wanted.on_the_way + wanted.least
    return Held(
        fixed + paying.pieces(share, count), fixed + paying.pieces(np.ones(len(share)), count),
        float(found.room_price[0]), max(found.cost - float(paying.width @ paying.keeping), 0.0),
    )  # fmt: skip


def _stored(bands: Bands, volume: np.ndarray, room: float, full: float) -> Stored:
    """One period, the year, over which a band that is held is kept; the last row is what stands there anyway."""
    none = np.zeros(len(bands.item))
    return store(
        np.append(bands.width, 0.0)[:, None], np.array([room]), on_hand=np.append(none, 1.0),
        holding_cost=np.zeros(len(none) + 1), shortage_cost=np.append(bands.worth, 0.0),
        unit_cost=np.append(bands.keeping, 0.0), volume=np.append(volume, full),
    )  # fmt: skip


def bands_of(wanted: Wanted, *, holding_rate: float, order_cost: float) -> Bands:
    """Of items that are weighed: safety between what is on the way and the reorder point, the lot from its least on."""
    items, keeping = wanted.items, wanted.items.unit_cost * holding_rate
    orders = outcome(items, None, holding_rate=holding_rate, order_cost=order_cost).orders
    margin = np.maximum(items.unit_price - items.unit_cost, 0)
    safety = _edges(wanted.on_the_way, wanted._safe, SAFETY_BANDS)
    reach = safety - np.where(items.fills, 0.0, items.correction)[:, None]
    served = -np.diff(expected_short(items.demand, reach), axis=1)
    yearly = wanted._a_day * DAYS_A_YEAR
    lots = np.maximum(_edges(wanted.least, wanted.level - wanted._safe, LOT_BANDS), 1.0)
    saved = -np.diff((order_cost * yearly)[:, None] / lots, axis=1)
    parts = [
        _bands(wanted, safety, served * (orders * margin)[:, None], keeping),
        _bands(wanted, lots, saved, keeping / 2),  # a lot is there whole on its first day, and gone on its last
    ]
    return Bands(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _edges(low: np.ndarray, high: np.ndarray, bands: int) -> np.ndarray:
    return low[:, None] + np.maximum(high - low, 0)[:, None] * np.linspace(0, 1, bands + 1)


def _bands(wanted: Wanted, edges: np.ndarray, worth: np.ndarray, keeping: np.ndarray) -> tuple[np.ndarray, ...]:
    """Item, width, cost of keeping and worth of a piece, of bands that have any."""
    width = np.diff(edges, axis=1)
    item, band = np.nonzero((width > 1e-9) & wanted.is_weighed[:, None])
    return item, width[item, band], keeping[item], worth[item, band] / width[item, band]
