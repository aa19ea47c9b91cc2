"""Day by day: shelves that real demand empties and simulated purchases fill, by the rule of thumb of a busy owner.

What customers asked for is real and stays as it is. Where the simulated shelf is empty, less is shipped than was
asked: the rest of the order is cancelled, as in a shop that accepts no back-orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .choice import DEAD_DAYS
from .sales import Shop
from .suppliers import LATE, SUPPLIERS, Terms, lead_times, terms

#: The owner looks at the pace of these last days, in equal parts, and keeps so many days on top of the lead time.
PACE_DAYS = (28, 91)
SPARE_DAYS = 3
#: Some spare cases as well, but not of the goods that nobody watches.
SPARE_CASES, UNWATCHED_RATE = 2, 0.25
#: After an order the shelf should last so many days longer, or a review period where that is longer.
ORDER_DAYS = 10
#: A bargain bought too much of: which share of the goods that keep, how many days before the end, for how long.
BARGAIN_SHARE, BARGAIN_BEFORE_DAYS, BARGAIN_COVER_DAYS = 0.04, 50, 170
#: A large order with the late supplier not long ago: enough is on its way, and will not be there in time.
WAITED_FOR_SHARE, WAITED_FOR_BEFORE_DAYS, WAITED_FOR_COVER_DAYS = 0.2, 13, 60
#: Left over from a last order before a product was discontinued.
LEFTOVER_BEFORE_DAYS, LEFTOVER_COVER_DAYS = 20, 75
#: Some deliveries come in two parts.
SPLIT_RATE, SPLIT_SHARE, SPLIT_DAYS = 0.04, 0.6, 3
#: When a day's sale leaves the shelf, as a share of the day, unless the shelf is empty sooner.
SALE_TIME = 0.75
RETURN_RATE, RETURN_DAYS = 0.006, (2, 11)


@dataclass(frozen=True)
class Purchases:
    """One entry per purchase line; ``series`` is the place in the simulation's series."""

    series: np.ndarray
    ordered_day: np.ndarray
    quantity: np.ndarray


@dataclass(frozen=True)
class Receipts:
    """One entry per delivery that arrived by the last day; ``line`` is the place in the purchases."""

    line: np.ndarray
    day: np.ndarray
    quantity: np.ndarray


@dataclass(frozen=True)
class Returns:
    """One entry per return; it is back on the shelf in the morning of ``day``."""

    series: np.ndarray
    sold_day: np.ndarray
    day: np.ndarray
    quantity: np.ndarray


@dataclass(frozen=True)
class Simulation:
    """A series is a product in a warehouse that lists it: ``product`` and ``warehouse`` are their places in the shop.

    ``first_day`` is when it was first sold; ``opening`` was on the shelf that morning. ``demand``, ``shipped`` and
    ``on_hand`` (at the day's end) are int [series, day].
    """

    terms: Terms
    product: np.ndarray
    warehouse: np.ndarray
    first_day: np.ndarray
    opening: np.ndarray
    demand: np.ndarray
    shipped: np.ndarray
    on_hand: np.ndarray
    purchases: Purchases
    receipts: Receipts
    returns: Returns

    @cached_property
    def stocked_out_rate(self) -> np.ndarray:
        """Share of each day [series, day] without stock: the last piece goes at ``shipped / demand`` of the day."""
        with np.errstate(invalid="ignore", divide="ignore"):
            sold_out_at = np.where(self.demand > 0, self.shipped / self.demand, 0.0)
        sold_out_at = np.where(self.shipped == self.demand, SALE_TIME, sold_out_at)
        rate = np.where(self.on_hand == 0, 1 - np.where(self.shipped > 0, sold_out_at, 0.0), 0.0)
        return np.where(np.arange(self.demand.shape[1]) >= self.first_day[:, None], rate, 0.0)


def simulate(shop: Shop, *, seed: int = 1) -> Simulation:
    """The same shop and seed give the same simulation."""
    rng = np.random.default_rng(seed)
    shop_terms = terms(shop, rng)
    product, warehouse = np.nonzero(shop.listed)
    demand = shop.demand[product, warehouse]
    first_day = (demand > 0).argmax(axis=1)
    extra = _extra_orders(shop, shop_terms, product, demand.shape, rng)
    shelf = _Shelf(shop_terms, product, warehouse, demand, first_day, extra, rng)
    for day in range(demand.shape[1]):
        shelf.live(day)
    return Simulation(
        terms=shop_terms, product=product, warehouse=warehouse, first_day=first_day, opening=shelf.opening,
        demand=demand, shipped=shelf.shipped, on_hand=shelf.on_hand_by_day,
        purchases=shelf.purchases(), receipts=shelf.receipts(), returns=shelf.returns(),
    )  # fmt: skip


def pace(demand: np.ndarray, first_day: np.ndarray) -> np.ndarray:
    """Pieces a day [series, day] as the owner sees them at the end of each day; the first weeks are an estimate."""
    days = np.arange(demand.shape[1])
    sums = np.concatenate([np.zeros((len(demand), 1)), demand.cumsum(axis=1)], axis=1)
    seen = np.zeros(demand.shape)
    for window in PACE_DAYS:
        start = np.maximum(days[None, :] + 1 - window, first_day[:, None])
        length = np.maximum(days[None, :] + 1 - start, 1)
        seen += (sums[:, 1:] - np.take_along_axis(sums, np.minimum(start, days + 1), axis=1)) / length / len(PACE_DAYS)
    month = np.minimum(first_day + PACE_DAYS[0], demand.shape[1])
    guess = (np.take_along_axis(sums, month[:, None], axis=1)[:, 0]) / np.maximum(month - first_day, 1)
    return np.where(days[None, :] < (first_day + PACE_DAYS[0])[:, None], guess[:, None], seen)


def _extra_orders(
    shop: Shop, terms: Terms, product: np.ndarray, shape: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """Days of cover bought on top [series, day]: bargains, large orders, the last ones of what was discontinued."""
    extra, days = np.zeros(shape), shape[1]
    sold = shop.demand.sum(axis=1) > 0
    last = days - 1 - sold[:, ::-1].argmax(axis=1)
    keeps = np.array([not p.is_fresh for p in shop.products])
    is_current = last >= days - DEAD_DAYS

    def some(of: np.ndarray, share: float) -> np.ndarray:
        places = np.flatnonzero(of)
        count = min(len(places), max(1, round(share * len(places))))
        return np.isin(product, rng.choice(places, count, replace=False))

    extra[some(keeps & is_current, BARGAIN_SHARE), days - BARGAIN_BEFORE_DAYS] = BARGAIN_COVER_DAYS
    waited_for = some(is_current & (terms.supplier == LATE), WAITED_FOR_SHARE)
    extra[waited_for, days - WAITED_FOR_BEFORE_DAYS] = WAITED_FOR_COVER_DAYS
    for discontinued in np.flatnonzero(keeps & ~is_current):
        extra[product == discontinued, last[discontinued] - LEFTOVER_BEFORE_DAYS] = LEFTOVER_COVER_DAYS
    return extra


class _Shelf:
    """The state of every shelf while the days go by; ``live`` is called once a day, in order."""

    def __init__(self, terms: Terms, product: np.ndarray, warehouse: np.ndarray, demand: np.ndarray,
                 first_day: np.ndarray, extra: np.ndarray, rng: np.random.Generator) -> None:  # fmt: skip
        series, days = demand.shape
        self.rng, self.demand, self.first_day, self.extra = rng, demand, first_day, extra
        self.supplier, self.warehouse = terms.supplier[product], warehouse
        self.pack, self.minimum = terms.pack_size[product], terms.min_order_quantity[product]
        self.lead = np.array([s.lead_time_days for s in SUPPLIERS])[self.supplier]
        self.review = np.array([s.review_period_days for s in SUPPLIERS])[self.supplier]
        self.real_lead = lead_times(days, warehouse.max() + 1, rng)
        self.spare = SPARE_CASES * self.pack * (rng.random(series) >= UNWATCHED_RATE)
        self.pace = pace(demand, first_day)
        at_start = self.pace[np.arange(series), first_day]
        self.opening = self._packs(at_start * (self.lead + self.review + SPARE_DAYS + ORDER_DAYS / 2) + self.spare)
        self.on_hand = np.zeros(series, int)
        self.on_order = np.zeros(series, int)
        self.delivered = np.zeros((days, series), int)
        self.returned = np.zeros((days, series), int)
        self.shipped = np.zeros(demand.shape, int)
        self.on_hand_by_day = np.zeros(demand.shape, int)
        self.lines: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.arrivals: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.came_back: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        self.line_count = 0

    def live(self, day: int) -> None:
        """Goods arrive in the morning, customers come, and in the evening the owner orders."""
        self.on_hand += np.where(self.first_day == day, self.opening, 0) + self.delivered[day] + self.returned[day]
        self.on_order -= self.delivered[day]
        sold = np.minimum(self.demand[:, day], self.on_hand)
        self.on_hand -= sold
        self.shipped[:, day] = sold
        self.on_hand_by_day[:, day] = self.on_hand
        self._take_back(day, sold)
        self._order(day)

    def _packs(self, quantity: np.ndarray) -> np.ndarray:
        """Rounded up to whole packs, and at least the minimum."""
        return np.maximum(np.ceil(quantity / self.pack).astype(int) * self.pack, self.minimum)

    def _take_back(self, day: int, sold: np.ndarray) -> None:
        quantity = self.rng.binomial(sold, RETURN_RATE)
        back = day + self.rng.integers(*RETURN_DAYS, len(sold))
        series = np.flatnonzero((quantity > 0) & (back < len(self.returned)))
        np.add.at(self.returned, (back[series], series), quantity[series])
        self.came_back.append((series, np.full(len(series), day), back[series], quantity[series]))

    def _order(self, day: int) -> None:
        pace = self.pace[:, day]
        position = self.on_hand + self.on_order
        reorder_point = pace * (self.lead + self.review + SPARE_DAYS) + self.spare
        up_to = reorder_point + pace * np.maximum(self.review, ORDER_DAYS)
        on_sale = self.first_day <= day
        is_due = on_sale & ((day + self.warehouse) % self.review == 0) & (pace > 0) & (position <= reorder_point)
        wanted = np.where(is_due, up_to - position, 0) + self.extra[:, day] * pace
        series = np.flatnonzero(wanted > 0)
        quantity = self._packs(wanted)[series]
        self.on_order[series] += quantity
        self.lines.append((series, np.full(len(series), day), quantity))
        self._deliver(day, series, quantity)

    def _deliver(self, day: int, series: np.ndarray, quantity: np.ndarray) -> None:
        """Plan when the lines arrive; what would come after the last day is still on order then."""
        line = self.line_count + np.arange(len(series))
        self.line_count += len(series)
        arrives = day + self.real_lead[self.supplier[series], self.warehouse[series], day]
        is_split = self.rng.random(len(series)) < SPLIT_RATE
        first = np.where(is_split, np.maximum(1, (quantity * SPLIT_SHARE).astype(int)), quantity)
        for at, part in ((arrives, first), (arrives + SPLIT_DAYS, quantity - first)):
            here = (part > 0) & (at < len(self.delivered))
            np.add.at(self.delivered, (at[here], series[here]), part[here])
            self.arrivals.append((line[here], at[here], part[here]))

    def purchases(self) -> Purchases:
        return Purchases(*(np.concatenate(parts) for parts in zip(*self.lines, strict=True)))

    def receipts(self) -> Receipts:
        return Receipts(*(np.concatenate(parts) for parts in zip(*self.arrivals, strict=True)))

    def returns(self) -> Returns:
        return Returns(*(np.concatenate(parts) for parts in zip(*self.came_back, strict=True)))
