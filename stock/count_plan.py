"""What to count today: every item within its class's period, and the most money found for the minutes that are left.

Pure: arrays in, arrays out. Days are counted from today on (0), money in the shop's currency, times in seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

#: Until the shop's own counts tell: to find, count and enter an item, and to walk to another bin.
ITEM_SECONDS, BIN_SECONDS = 25.0, 20.0
#: From so many gaps between entries on, their median counts as much as the guess; a longer gap was a break.
KNOWN_GAPS, LONGEST_GAP = 50.0, 600.0
#: A and B are the items that make the first 80 and 95 % of the value that is sold.
A_UP_TO, B_UP_TO = 0.80, 0.95
FARTHEST = 3650
#: So many items that do not fit any more are passed over for smaller ones behind them.
MOST_MISSED = 200


@dataclass(frozen=True)
class Pace:
    """Seconds of an item, and of each change of bin."""

    item: float = ITEM_SECONDS
    bin: float = BIN_SECONDS

    def seconds(self, items: np.ndarray | int, bins: np.ndarray | int):
        return self.item * items + self.bin * bins


def pace_of(gaps: np.ndarray, is_new_bin: np.ndarray) -> Pace:
    """From the seconds between one person's entries of one count; ``is_new_bin`` where the bin changed in between.

    Medians, since breaks are long; drawn towards the guesses while there are few.

    >>> pace_of(np.array([]), np.array([], bool))
    Pace(item=25.0, bin=20.0)
    """
    use = (gaps > 0) & (gaps <= LONGEST_GAP)
    item = _drawn(gaps[use & ~is_new_bin], ITEM_SECONDS)
    both = _drawn(gaps[use & is_new_bin], item + BIN_SECONDS)
    return Pace(round(item, 1), round(max(both - item, 0.0), 1))


def _drawn(gaps: np.ndarray, guess: float) -> float:
    known = len(gaps) / (len(gaps) + KNOWN_GAPS)
    return float(known * np.median(gaps) + (1 - known) * guess) if len(gaps) else guess


def classes_by_value(value: np.ndarray) -> np.ndarray:
    """A, B or C [items] by what they moved in a year at cost; what moved nothing is C.

    >>> classes_by_value(np.array([5.0, 80, 15, 0])).tolist()
    ['B', 'A', 'B', 'C']
    """
    order = np.argsort(-value, kind="stable")
    before = np.cumsum(value[order]) - value[order]
    total = value.sum()
    found = np.full(len(value), "C")
    if total > 0:
        share = before / total
        found[order] = np.where(share < A_UP_TO - 1e-9, "A", np.where(share < B_UP_TO + 1e-9, "B", "C"))
        found[value <= 0] = "C"
    return found


@dataclass(frozen=True)
class Work:
    """Items [items]: seconds to count alone, days until due (negative: overdue), days of the class's period, days since
    the last count, and the money that counting it is expected to find. ``bins`` [items]: where it lies; of
    ``seconds``, each of them takes ``bin_seconds``, which are saved where the list goes there anyway."""

    seconds: np.ndarray
    due_in: np.ndarray
    period: np.ndarray
    since: np.ndarray
    money: np.ndarray
    bins: Sequence[Collection[int]] = ()
    bin_seconds: float = 0.0


@dataclass(frozen=True)
class DayPlan:
    """``chosen`` are places of items, in the order of the list; ``for_cycle`` [items] those that are in it for their
    period, ``seconds`` [items] what each takes on this list. ``day`` [items]: when the cycle comes to an item at this
    budget, 0 for today. Seconds a day that the cycle takes: ``steady`` on the average, ``urgent`` to be in time for all
    deadlines as they stand."""

    chosen: np.ndarray
    for_cycle: np.ndarray
    seconds: np.ndarray
    day: np.ndarray
    steady: float
    urgent: float


def plan_day(work: Work, budget: float, works_on: Sequence[bool] = (True,) * 7) -> DayPlan:
    """Today's list within ``budget`` seconds; ``works_on`` says of today and the days after (in weeks) who counts.

    The cycle takes, of the most urgent items, as much as it needs a day to be in time for every deadline without ever
    needing more: the largest, over all days h, of the work due until h, spread over the days until then (the optimal
    speed of F. Yao, A. Demers and S. Shenker, 1995); and on the average as much as it takes for ever, the sum of
    seconds over periods, below which deadlines only pile up: that of items past half of their period only. The rest of
    the time goes to what finds most money a minute.
    """
    rate = work.money / np.maximum(work.seconds, 1e-9)
    order = np.lexsort((-rate, np.maximum(work.due_in, 0)))
    cumulated = np.cumsum(work.seconds[order])
    open_share = max(sum(works_on), 1) / len(works_on)
    urgent = float((cumulated / _open_days(np.maximum(work.due_in[order], 0), works_on)).max(initial=0.0))
    steady = float((work.seconds / np.maximum(work.period, 1)).sum()) / open_share
    is_ripe = 2 * work.since[order] >= work.period[order]
    before = cumulated - work.seconds[order]
    is_due = (before < urgent - 1e-6) | ((before < steady - 1e-6) & is_ripe)
    day = np.zeros(len(order), int)
    speed = max(min(max(urgent, steady), budget), 1e-3) * open_share
    day[order] = np.clip(np.ceil(cumulated / speed - 1e-6) - 1, 0, FARTHEST).astype(int)
    for_cycle = np.zeros(len(order), bool)
    if not works_on[0]:
        return DayPlan(np.array([], int), for_cycle, work.seconds, day, steady, urgent)
    walk = _Walk(work, budget)
    walk.take(order[is_due], most_missed=0)
    for_cycle[walk.chosen] = True
    by_money = np.argsort(-rate, kind="stable")
    walk.take(by_money[~for_cycle[by_money] & (work.money[by_money] > 0)], most_missed=MOST_MISSED)
    chosen = np.array(walk.chosen, int)
    return DayPlan(
        chosen[np.argsort(-work.money[chosen], kind="stable")], for_cycle, walk.seconds, day, steady, urgent
    )  # fmt: skip


def _open_days(due_in: np.ndarray, works_on: Sequence[bool]) -> np.ndarray:
    """Days of work from today until each due day, both counted; at least one."""
    week = np.cumsum(np.array(works_on, int))
    whole, rest = np.divmod(due_in + 1, len(week))
    return np.maximum(whole * week[-1] + np.where(rest > 0, week[rest - 1], 0), 1)


class _Walk:
    """The list while it grows: an item in a bin where the list goes already takes less."""

    def __init__(self, work: Work, budget: float):
        self.work, self.left, self.seconds = work, budget, work.seconds.copy()
        self.chosen: list[int] = []
        self.visited: set[int] = set()

    def take(self, places: np.ndarray, *, most_missed: int) -> None:
        """Those that fit, in this order, until so many did not."""
        for place in places.tolist():
            bins = set(self.work.bins[place]) if self.work.bins else set()
            needed = float(self.work.seconds[place]) - self.work.bin_seconds * len(bins & self.visited)
            if needed <= self.left + 1e-6:
                self.left -= needed
                self.seconds[place] = needed
                self.visited |= bins
                self.chosen.append(place)
            elif most_missed == 0:
                return
            else:
                most_missed -= 1
