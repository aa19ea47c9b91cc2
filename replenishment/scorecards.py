"""How a supplier keeps its word: pure, from lines of its orders. Days are whole, rates from 0 to 1.

A line is due on the day that was first promised for it, or expected when it was ordered: later promises move nothing,
or whoever puts off each delivery in time would never be late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from replenishment.lead_times import Distribution, Seen, learn, merged
from replenishment.optimise.sourcing import learned_capacity

#: So many orders in a row have to be late, by more than their usual spread and by more than a day.
IN_A_ROW, AT_LEAST_DAYS = 3, 1.0
#: Spread of delays over the lead time where little is known, and the orders that this is worth.
USUAL_SPREAD, SPREAD_WEIGHT = 0.15, 3.0
#: Orders before the last ones that tell what is usual.
LOOKED_BACK = 20

#: A drift: the newest quarter of the orders (3 to 10) against those before, with this chance of error, by a tenth.
DRIFT_CHANCE, DRIFT_SHARE = 0.01, 0.1

#: Capacity is learned over months of four weeks, of which at least some had something due.
MONTH, MONTHS, FEWEST_MONTHS = timedelta(days=28), 13, 4


@dataclass(frozen=True)
class Line:
    """One line of a confirmed order; ``wanted`` pieces, ``given_up`` of them cancelled; ``came`` are (day, pieces)."""

    order: int
    product: int
    ordered_on: date
    due_on: date
    wanted: int
    given_up: int
    unit_cost: float
    came: tuple[tuple[date, int], ...] = ()

    @property
    def is_open(self) -> bool:
        return self.outstanding > 0

    @property
    def outstanding(self) -> int:
        return max(self.wanted - self.given_up - sum(pieces for _, pieces in self.came), 0)

    def share_by(self, day: date) -> float:
        return min(sum(pieces for on, pieces in self.came if on <= day) / self.wanted, 1.0)

    def known_on(self, day: date) -> Line:
        return replace(self, came=tuple((on, pieces) for on, pieces in self.came if on <= day))


@dataclass(frozen=True)
class Drift:
    """Lead times became ``days`` longer (shorter below 0); by chance alone with ``chance``."""

    days: float
    chance: float
    recent: int
    before: int


@dataclass(frozen=True)
class Scorecard:
    """One supplier over a window; None where there is nothing to judge by. ``late_by_days`` tells a late supplier."""

    orders: int = 0
    lines: int = 0
    on_time_rate: float | None = None
    in_full_rate: float | None = None
    on_time_in_full_rate: float | None = None
    lead_time_low: int | None = None
    lead_time_median: int | None = None
    lead_time_high: int | None = None
    price_rate: float | None = None
    late_lines: int = 0
    late_pieces: int = 0
    late_by_days: float | None = None
    drift: Drift | None = None
    weekly_capacity: float | None = None


def scorecard(lines: Sequence[Line], until: date, window_days: int) -> Scorecard:
    """What the lines say at the end of ``until``: those that were due in the window, prices against those before it."""
    first = until - timedelta(days=window_days - 1)
    known = [line.known_on(until) for line in lines if line.ordered_on <= until]
    judged = [line for line in known if first <= line.due_on <= until]
    late = [line for line in known if line.is_open and line.due_on < until]
    days = lead_times(known, first, until)
    return Scorecard(
        orders=len({line.order for line in judged}), lines=len(judged),
        on_time_rate=_mean(judged, lambda line: line.share_by(line.due_on)),
        in_full_rate=_mean([line for line in judged if not line.is_open or line in late], _is_full),
        on_time_in_full_rate=_mean(judged, lambda line: line.share_by(line.due_on) >= 1),
        **{f"lead_time_{name}": days and days.quantile(q) for name, q in
           (("low", 0.1), ("median", 0.5), ("high", 0.9))},
        price_rate=price_rate(known, first, window_days),
        late_lines=len(late), late_pieces=sum(line.outstanding for line in late),
        late_by_days=late_by(known, until), drift=drift(by_order(known, _days)),
        weekly_capacity=capacity(known, until),
    )  # fmt: skip


def _is_full(line: Line) -> float:
    return float(line.share_by(date.max) >= 1)


def _mean(lines: Sequence[Line], value: Callable[[Line], float]) -> float | None:
    return float(np.mean([value(line) for line in lines])) if lines else None


def lead_times(lines: Iterable[Line], first: date, until: date) -> Distribution | None:
    """Of the orders since ``first``; what waits counts as waiting."""
    arrived, waiting = [], []
    for line in (line for line in lines if line.ordered_on >= first):
        kept = max(line.wanted - line.given_up, 1)
        arrived += [(max((on - line.ordered_on).days, 0), pieces / kept) for on, pieces in line.came]
        if line.outstanding:
            waiting.append(((until - line.ordered_on).days, line.outstanding / kept))
    if not arrived:
        return None
    seen = Seen.of(arrived, waiting)
    law = learn(seen.arrived, seen.arrived_weight, seen.waiting, seen.waiting_weight, Distribution.sure(0), 0.0)
    return merged(law.days, law.chances)


def by_order(lines: Iterable[Line], value: Callable[[Line], float | None]) -> list[float]:
    """The mean of each order's lines, the order that was placed first in front; lines without a value are left out."""
    found: dict[tuple[date, int], list[float]] = defaultdict(list)
    for line in lines:
        if (known := value(line)) is not None:
            found[line.ordered_on, line.order].append(known)
    return [float(np.mean(found[key])) for key in sorted(found)]


def _days(line: Line) -> float | None:
    """Mean days that the pieces which came took."""
    pieces = sum(count for _, count in line.came)
    return sum(max((on - line.ordered_on).days, 0) * count for on, count in line.came) / pieces if pieces else None


def delay(line: Line, until: date) -> float | None:
    """Mean days behind the due day, of what came and of what is late already; None where nothing is due yet."""
    told = [((on - line.due_on).days, pieces) for on, pieces in line.came]
    if line.outstanding and line.due_on < until:
        told.append(((until - line.due_on).days, line.outstanding))
    total = sum(pieces for _, pieces in told)
    return sum(days * pieces for days, pieces in told) / total if total else None


def late_by(lines: Sequence[Line], until: date) -> float | None:
    """Median delay of the last three orders, where each is later than the supplier's usual spread; else None.

    Three of three, so that one lost parcel proves nothing: of a supplier that is late by its spread one time in six,
    one in 200 such threes looks so.
    """
    delays = by_order(lines, lambda line: delay(line, until))
    if len(delays) < IN_A_ROW:
        return None
    days = float(np.mean([(line.due_on - line.ordered_on).days for line in lines]))
    last, before = np.array(delays[-IN_A_ROW:]), np.array(delays[:-IN_A_ROW][-LOOKED_BACK:])
    return float(np.median(last)) if (last > tolerated(before, days)).all() else None


def tolerated(before: np.ndarray, lead_days: float) -> float:
    """Days behind that are nothing special: a day, or the spread of earlier delays, outliers not counted.

    >>> round(tolerated(np.array([0, 1, -1, 0, 30]), 10.0), 1), round(tolerated(np.array([-4, 4, -3, 3, 0.0]), 10.0), 1)
    (1.5, 3.6)
    """
    usual = USUAL_SPREAD * lead_days
    own = 1.4826 * float(np.median(np.abs(before - np.median(before)))) if len(before) else 0.0
    variance = (SPREAD_WEIGHT * usual**2 + len(before) * own**2) / (SPREAD_WEIGHT + len(before))
    return max(AT_LEAST_DAYS, float(np.sqrt(variance)))


def drift(days: Sequence[float]) -> Drift | None:
    """The newest orders against those before by ranks (Mann & Whitney 1947), the shift by Hodges & Lehmann (1963).

    Ranks, so that one order that took a year weighs no more than the slowest of the others.

    >>> drift([7, 8, 6, 7, 9, 7, 8, 7, 6, 8, 12, 13, 12]).days
    5.0
    >>> drift([7, 8, 6, 7, 9, 7, 8, 7, 6, 8, 7, 30, 8]) is None
    True
    """
    from scipy.stats import mannwhitneyu  # takes long to import

    count = min(max(len(days) // 4, IN_A_ROW), 10)
    recent, before = np.array(days[-count:], float), np.array(days[:-count][-2 * LOOKED_BACK :], float)
    if len(before) < 2 * IN_A_ROW:
        return None
    shift = float(np.median(recent[:, None] - before))
    chance = float(mannwhitneyu(recent, before, method="exact").pvalue)
    if chance > DRIFT_CHANCE or abs(shift) < max(AT_LEAST_DAYS, DRIFT_SHARE * float(np.median(before))):
        return None
    return Drift(shift, chance, len(recent), len(before))


def price_rate(lines: Iterable[Line], first: date, window_days: int) -> float | None:
    """What was bought since ``first`` over what the same would have cost in as many days before; None: nothing alike.

    Products that were not bought in both are left out. 1.05: five per cent dearer.
    """
    paid: list[dict[int, list[tuple[int, float]]]] = [defaultdict(list), defaultdict(list)]
    for line in lines:
        age = (first - line.ordered_on).days
        if age <= window_days and line.unit_cost > 0:
            paid[age > 0][line.product].append((line.wanted, line.unit_cost))
    now, before = ({product: np.array(rows) for product, rows in part.items()} for part in paid)
    both = now.keys() & before.keys()
    cost = sum(now[product].prod(axis=1).sum() for product in both)
    usual = sum(now[product][:, 0].sum() * np.average(before[product][:, 1], weights=before[product][:, 0])
                for product in both)  # fmt: skip
    return float(cost / usual) if usual else None


def capacity(lines: Iterable[Line], until: date) -> float | None:
    """Pieces a week that the supplier delivers with an even chance, learned over four-week months; None: no limit seen.

    What came within a month of its day counts as delivered: a supplier who is late is not taken for a small one.
    """
    asked, came = np.zeros(MONTHS), np.zeros(MONTHS)
    for line in lines:
        month = MONTHS - 1 - (until - MONTH - line.due_on) // MONTH
        if 0 <= month < MONTHS:  # what is due later may still come
            asked[month] += line.wanted
            came[month] += line.wanted * line.share_by(line.due_on + MONTH)
    if np.count_nonzero(asked) < FEWEST_MONTHS:
        return None
    found = float(learned_capacity(asked[None], came[None])[0])
    return found / 4 if np.isfinite(found) else None
