"""Real promotions: what the weekly mailer advertised and what stood on display in most stores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from . import source

WEEKS = 53
#: A promotion counts for the shop when at least this share of the stores ran it.
STORE_SHARE = 0.5
#: A smaller markdown than this is a rounding of loyalty prices, not a price promotion.
MIN_DISCOUNT = 0.05
#: Neighbouring weeks are one promotion while the discount moves by less than this.
SAME_DISCOUNT = 0.04
#: How far the plan reaches past the last day, and from where in the year it is taken.
AHEAD_WEEKS, YEAR_WEEKS = 2, 52


@dataclass(frozen=True)
class RealPromotion:
    """``product`` is the place in the shop's products; ``discount_rate`` 0-1 of the regular price.

    ``is_planned``: it starts after the last day of sales; the real one of a year before, run again (simulated).
    """

    product: int
    starts_on: date
    ends_on: date
    discount_rate: float
    in_mailer: bool
    on_display: bool
    is_planned: bool = False


def promotion_weeks(product_ids: list[int]) -> np.ndarray:
    """Share of the stores [product, week, (mailer, display)] that ran each product, read batch by batch."""
    place = {product_id: i for i, product_id in enumerate(product_ids)}
    stores: set[int] = set()
    counts = np.zeros((len(product_ids), WEEKS, 2))
    columns = ("product_id", "store_id", "display_location", "mailer_location", "week")
    for batch in source.batches("promotions", columns, product_ids):
        rows = source.arrays(batch)
        at = np.fromiter((place[i] for i in rows["product_id"]), int, len(rows["product_id"])), rows["week"] - 1
        stores.update(np.unique(rows["store_id"]).tolist())
        for kind, column in enumerate(("mailer_location", "display_location")):
            np.add.at(counts[:, :, kind], at, rows[column].astype(str) != "0")
    return np.minimum(counts / max(1, len(stores)), 1)


def promotions(weeks: np.ndarray, discounts: np.ndarray, *, first_on: date, last_on: date) -> tuple[RealPromotion, ...]:
    """Runs of equal weeks as promotions, then those of a year ago repeated for the weeks ahead."""
    active = weeks >= STORE_SHARE
    rate = np.where(np.nan_to_num(discounts) >= MIN_DISCOUNT, np.nan_to_num(discounts), 0.0)
    past = [
        RealPromotion(product, starts, min(ends, last_on), round(depth, 2), *flags)
        for product in range(len(weeks))
        for starts, ends, depth, flags in _runs(active[product], rate[product], first_on)
    ]
    year = timedelta(weeks=YEAR_WEEKS)
    ahead = [
        RealPromotion(p.product, p.starts_on + year, p.ends_on + year, p.discount_rate, p.in_mailer, p.on_display, True)
        for p in past
        if last_on < p.starts_on + year <= last_on + timedelta(weeks=AHEAD_WEEKS) and p.discount_rate
    ]
    return (*past, *ahead)


def _runs(active: np.ndarray, rate: np.ndarray, first_on: date) -> list[tuple[date, date, float, tuple[bool, bool]]]:
    """Neighbouring weeks with the same flags and about the same discount; a week without a discount is none."""
    runs, start = [], 0
    flags = [(bool(mailer), bool(display)) for mailer, display in active]
    for week in range(1, WEEKS + 1):
        if week < WEEKS and flags[week] == flags[start] and abs(rate[week] - rate[start]) < SAME_DISCOUNT:
            continue
        if any(flags[start]) and rate[start]:
            depth = float(np.mean(rate[start:week]))
            runs.append((_monday(start, first_on), _monday(week, first_on) - timedelta(days=1), depth, flags[start]))
        start = week
    return runs


def _monday(week: int, first_on: date) -> date:
    """The first day of a week: week 0 is the Sunday the year starts on, the others start on Mondays."""
    return first_on if week == 0 else first_on + timedelta(days=7 * week - 6)
