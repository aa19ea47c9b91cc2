"""What stock to spare is worth when it is kept, marked down or sent back. Pure arrays, money in one currency.

A piece that waits w days for its sale brings its price less the cost of keeping it so long, but never less than what
it fetches as dead stock: v(w) = max(price - h w, salvage), h = unit cost x holding rate / 365. What would wait for
more than a year, or longer than it keeps, is dead stock too: nobody knows what is asked for so late. Pieces are sold
one after the other at the pace of the forecast. What was paid for them is spent either way and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DAYS = 365.0

#: Reductions that are tried, as shares of the price; a guessed elasticity says too little of deeper ones.
STEPS = (0.1, 0.2, 0.3)

#: After so many days what is not sold counts as dead stock.
SELLABLE_DAYS = 365

#: A pace below this is none.
NO_DEMAND = 1e-6


@dataclass(frozen=True)
class Spare:
    """Arrays [rows]: ``pieces`` that nobody waits for, ``surplus`` of them too many, ``daily_demand`` forecast,
    ``sellable_days`` until what is left counts as dead stock."""

    pieces: np.ndarray
    surplus: np.ndarray
    daily_demand: np.ndarray
    price: np.ndarray
    unit_cost: np.ndarray
    sellable_days: np.ndarray


@dataclass(frozen=True)
class Economics:
    """What the shop reckons with: rates a year and of the cost, ``elasticity`` of demand, ``days`` of a markdown."""

    holding_rate: float
    salvage_rate: float
    elasticity: float
    days: int


@dataclass(frozen=True)
class Markdown:
    """The best of STEPS for each row, arrays [rows]; nobody knows that it will be so: it follows from the elasticity.

    ``usual`` and ``sold`` pieces in the days without and with it; ``revenue`` money it brings more (mostly below 0,
    what is sold later or as dead stock included), ``holding`` money of keeping that it saves; gain is their sum.
    """

    step: np.ndarray
    usual: np.ndarray
    sold: np.ndarray
    revenue: np.ndarray
    holding: np.ndarray

    @property
    def gain(self) -> np.ndarray:
        return self.revenue + self.holding


def markdown(spare: Spare, economics: Economics) -> Markdown:
    """The reduction that gains most over keeping everything at its price.

    Ten a day are sold at 10, and what lies for more than 203 days is worth nothing: 30 % less sells double.

    >>> one = [np.array([float(value)]) for value in (20_000, 19_000, 10, 10, 9, 365)]
    >>> best = markdown(Spare(*one), Economics(holding_rate=2.0, salvage_rate=0.0, elasticity=2.0, days=28))
    >>> best.step.tolist(), best.usual.tolist(), best.sold.round(1).tolist(), bool(best.gain[0] > 0)
    ([0.3], [280.0], [571.4], True)
    """
    found = [_reduced(spare, economics, step) for step in STEPS]
    gain = np.array([revenue + holding for _sold, revenue, holding in found])
    best = gain.argmax(axis=0)
    sold, revenue, holding = (np.choose(best, [row[part] for row in found]) for part in range(3))
    usual = np.minimum(spare.daily_demand * economics.days, spare.pieces)
    return Markdown(np.array(STEPS)[best], usual, sold, revenue, holding)


def _reduced(spare: Spare, economics: Economics, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pieces sold in the days, and what revenue and holding change by; arrays [rows]."""
    days, keep = economics.days, _holding_a_day(spare, economics)
    pace = spare.daily_demand * (1 - step) ** -economics.elasticity
    sold = np.minimum(pace * days, spare.pieces)
    waited = np.divide(sold, pace, out=np.zeros_like(sold), where=pace > NO_DEMAND) / 2
    later_revenue, later_holding = kept_from(spare, economics, np.full(len(sold), float(days)), spare.pieces - sold)
    revenue, holding = kept_from(spare, economics, np.zeros(len(sold)), spare.pieces)
    with_it = spare.price * (1 - step) * sold + later_revenue
    return sold, with_it - revenue, holding - (keep * sold * waited + later_holding)


def sent_back(spare: Spare, economics: Economics, quantity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the last ``quantity`` pieces [rows] would have brought, and what keeping them would have cost."""
    rest = spare.pieces - quantity
    start = np.divide(rest, spare.daily_demand, out=np.zeros_like(rest), where=spare.daily_demand > NO_DEMAND)
    return kept_from(spare, economics, start, quantity)


def kept_from(
    spare: Spare, economics: Economics, start_days: np.ndarray, quantity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Revenue of ``quantity`` pieces [rows] sold from ``start_days`` on at the usual pace, and what keeping them costs.

    What would wait so long that it is worth no more than dead stock is let go as such, and keeping it costs nothing.
    """
    keep, pace = _holding_a_day(spare, economics), spare.daily_demand
    salvage = np.minimum(spare.unit_cost * economics.salvage_rate, spare.price)
    worthless, left = spare.sellable_days.copy(), spare.price - salvage
    np.divide(left, keep, out=worthless, where=keep * spare.sellable_days > left)
    moves = pace > NO_DEMAND
    last = start_days + np.divide(quantity, pace, out=np.zeros_like(quantity), where=moves)
    until, since = np.minimum(last, worthless), np.minimum(start_days, worthless)
    for_sale = np.where(moves, pace * (until - since), 0.0)
    revenue = spare.price * for_sale + salvage * (quantity - for_sale)
    return revenue, keep * for_sale * (until + since) / 2


def _holding_a_day(spare: Spare, economics: Economics) -> np.ndarray:
    return spare.unit_cost * economics.holding_rate / DAYS
