"""New items from those that are like them: launch curves and a start that fades into their own demand. Pure arrays.

An item's demand in its period a since launch is Poisson around rate × curve[a] × season. What its look-alikes sold is
a gamma prior of the rate, worth ``weight`` periods' surprises; its own demand turns the prior into the posterior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasting.engine import GRID, calibration
from forecasting.engine.calibration import Calibration
from forecasting.engine.classical import SCORED, pinball
from forecasting.methods import gamma_quantiles

#: Periods (weeks, or buckets of the panel) that make a launch, and those of the curve after which it is level.
LAUNCH, CURVE = 8, 16
#: Launches that pull a category's curve to that of all.
CURVE_PRIOR = 20.0
#: Launches held out to choose by, and items that are looked at as donors; more only take longer.
MOST_HELD, MOST_DONORS = 400, 5_000
#: The best-sellers beyond this share of the donors count like the last below it: one of them makes no rule.
CAP = 0.98
#: Fewer held-out launches than this choose nothing: the settings below hold.
LEAST_HELD = 12
#: Ages, in periods, at which the start is tried on held-out launches.
AGES = (0, 1, 2, 4)
#: The gamma prior's shapes, and how many pieces come at once (dispersion), among which held-out launches choose.
WEIGHTS = (0.2, 0.4, 0.8, 1.6, 3.2)
DISPERSIONS = (1.0, 4.0, 16.0, 64.0, 256.0)
#: What likeness counts, in powers of e; the first value holds where nothing can be learned.
LIKENESS = {
    "name": (6.0, 0.0, 3.0, 9.0, 12.0, 16.0),
    "price": (1.0, 0.0, 2.0, 3.0, 5.0),
    "category": (2.0, 0.0, 1.0, 3.0, 4.0),
    "supplier": (0.5, 0.0, 1.0, 2.0),
    "product": (5.0, 0.0, 2.0, 8.0),
    "successor": (12.0,),
    "month": (0.5, 0.0, 1.0, 2.0),
    "launched": (0.5, 0.0, 1.0, 2.0),
}


@dataclass(frozen=True)
class Items:
    """What is known of items before they sell; arrays [items]. Empty texts and NaN prices are unknown."""

    name: np.ndarray
    category: np.ndarray
    supplier: np.ndarray
    price: np.ndarray
    product: np.ndarray
    place: np.ndarray

    def part(self, rows: np.ndarray) -> Items:
        return Items(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Past:
    """``demand`` [items, periods] by calendar, 0 before the start; ``start`` [items], the period of the launch;
    ``is_old`` [items]: it was there before the records, so its launch is not seen; ``season`` [items, periods and
    ahead] multiplies each period's demand, or None; ``year`` periods of a year."""

    demand: np.ndarray
    start: np.ndarray
    is_old: np.ndarray
    season: np.ndarray | None = None
    year: int = 52

    @property
    def periods(self) -> int:
        return self.demand.shape[1]

    def part(self, rows: np.ndarray) -> Past:
        season = None if self.season is None else self.season[rows]
        return replace(self, demand=self.demand[rows], start=self.start[rows], is_old=self.is_old[rows], season=season)


@dataclass(frozen=True)
class Start:
    """The posterior of items' rates: gamma with ``shape`` [items] and mean ``rate`` [items] in pieces a period;
    ``prior`` [items] the rate that look-alikes alone would give, ``own_share`` [items] how much is the item's own."""

    rate: np.ndarray
    shape: np.ndarray
    prior: np.ndarray
    own_share: np.ndarray
    curves: np.ndarray

    def usual(self, age: np.ndarray) -> np.ndarray:
        """Demand at rate 1 from the launch up to each age in periods [items, ages]; ages may be fractions."""
        return np.array([_area(curve, own) for curve, own in zip(self.curves, age, strict=True)]).reshape(age.shape)


@dataclass(frozen=True)
class Launches:
    """What was learned from past launches; ``categories`` name the rows of ``curves`` [categories + 1, CURVE], of
    which the last is that of all."""

    items: Items
    past: Past
    categories: np.ndarray
    curves: np.ndarray
    likeness: dict[str, float]
    weight: float
    shape: float
    dispersion: float
    at_launch: Calibration
    later: Calibration
    held: int

    def curves_of(self, items: Items) -> np.ndarray:
        """The launch curve of each item's category [items, CURVE]; that of all for an unknown one."""
        if not len(self.categories):
            return self.curves[np.full(len(items.name), -1)]
        at = np.minimum(np.searchsorted(self.categories, items.category), len(self.categories) - 1)
        return self.curves[np.where(self.categories[at] == items.category, at, -1)]

    def prior(self, new: Items, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rates that look-alikes alone give items launched in period ``now`` [items], and the share of each donor
        in them [items, donors] (rows sum to 1)."""
        likeness = _parts(new, now, self.items, self.past)
        rates, known = known_rates(self, now, new)
        shares, prior = _mixed(sum(self.likeness[name] * part for name, part in likeness.items()), rates, known)
        return prior, shares

    def posterior(self, new: Items, prior: np.ndarray, sold: np.ndarray, usual: np.ndarray) -> Start:
        """The rates once ``sold`` pieces [items] are known, in periods that at rate 1 sell ``usual`` [items]."""
        shape = self.weight + sold / self.dispersion
        told, thought = usual / self.dispersion, self.weight / np.maximum(prior, 1e-6)
        return Start(shape / (thought + told), shape, prior, told / (thought + told), self.curves_of(new))

    def quantiles(self, start: Start, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Calibrated quantiles [items, grid] of a window's demand with these means, and the excess above them."""
        raw, unit = self.raw_quantiles(start, mean), np.maximum(mean, 1e-6)
        fresh = start.own_share <= 0
        at_launch, later = self.at_launch.apply(raw, unit), self.later.apply(raw, unit)
        return np.where(fresh[:, None], at_launch[0], later[0]), np.where(fresh, at_launch[1], later[1])

    def raw_quantiles(self, start: Start, mean: np.ndarray) -> np.ndarray:
        shape = np.where(start.own_share > 0, start.shape, self.shape)
        return gamma_quantiles(mean, mean * self.dispersion + mean**2 / shape, GRID)


def learn(items: Items, past: Past, *, length: int = LAUNCH) -> Launches:
    """Curves, what likeness counts, and the prior's weight, all by launches that are held out one by one.

    A held-out launch sees only what was sold before it. ``length`` is the window to be right for, in periods.
    """
    rows = _donors(past)
    items, past = items.part(rows), past.part(rows)
    unknown = calibration.fit(np.zeros((0, len(GRID))), np.zeros(0), np.zeros(0), np.empty(0))
    likeness = {name: tried[0] for name, tried in LIKENESS.items()}
    found = Launches(items, past, *_curves(items, past), likeness, 0.8, 0.8, 4.0, unknown, unknown, 0)
    held = _held(past, length)
    if len(held) < LEAST_HELD:
        return found
    found = replace(found, held=len(held))
    trial = _Trial(found, held, length)
    found = replace(found, likeness=trial.best_likeness())
    return trial.calibrated(trial.best_weights(found))


def known_rates(found: Launches, now: np.ndarray, new: Items) -> tuple[np.ndarray, np.ndarray]:
    """Each donor's rate as it was known before period ``now`` [new, donors], raised to the new item's place, and how
    well it is known, 0-1; 0 for what had not begun."""
    past, curves = found.past, found.curves_of(found.items)
    total = np.concatenate([np.zeros((len(past.demand), 1)), np.cumsum(_even(past), axis=1)], axis=1)
    now = np.minimum(now, past.periods)[:, None]
    first = np.where(past.is_old, np.maximum(now - LAUNCH, past.start), past.start)
    last = np.maximum(np.where(past.is_old, now, np.minimum(past.start + LAUNCH, now)), first)
    donors = np.arange(len(total))
    sold = total[donors, last] - total[donors, np.minimum(first, last)]
    reached = np.concatenate([np.zeros((len(curves), 1)), np.cumsum(curves, axis=1)], axis=1)
    age = last - first
    usual = np.where(past.is_old, age * curves[:, -1], reached[donors, np.minimum(age, LAUNCH)])
    rate = (sold + 0.25) / np.maximum(usual + 0.25, 0.25)
    if len(curves):
        usually = np.minimum(rate, np.quantile(rate, CAP, axis=1, keepdims=True))
        rate = np.where(_same(new.product, found.items.product) > 0, rate, usually)
    return rate * _sizes(found.items, rate, age, new.place), np.minimum(age / LAUNCH, 1.0)


def _sizes(items: Items, rate: np.ndarray, age: np.ndarray, place: np.ndarray) -> np.ndarray:
    """How much more is asked for where the new item is sold than at each donor's place [new, donors]."""
    names, at = np.unique(items.place, return_inverse=True)
    if len(names) <= 1:
        return np.ones_like(rate)
    known = (age > 0).astype(float)
    mean = np.stack([(rate * known)[:, at == k].sum(axis=1) + 1.0 for k in range(len(names))], axis=1)
    mean = mean / np.stack([known[:, at == k].sum(axis=1) + 1.0 for k in range(len(names))], axis=1)
    own = np.minimum(np.searchsorted(names, place), len(names) - 1)
    here = np.where(names[own] == place, mean[np.arange(len(mean)), own], mean.mean(axis=1))
    return here[:, None] / mean[:, at]


def _even(past: Past) -> np.ndarray:
    """Demand with the season taken out."""
    return past.demand if past.season is None else past.demand / np.maximum(past.season[:, : past.periods], 0.1)


def own_demand(past: Past, curves: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pieces sold before ``now``, the season taken out, and the periods at rate 1 in which they were [items]."""
    at = np.arange(past.periods)
    seen = (at >= past.start[:, None]) & (at < now[:, None])
    age = np.clip(at - past.start[:, None], 0, CURVE - 1)
    usual = np.where(seen, np.take_along_axis(curves, age, axis=1), 0.0).sum(axis=1)
    return np.where(seen, _even(past), 0.0).sum(axis=1), usual


def _area(curve: np.ndarray, age: np.ndarray) -> np.ndarray:
    """The curve summed up to each age, which may lie within a period or beyond the curve."""
    whole = np.concatenate([[0.0], np.cumsum(curve)])
    inside = np.interp(np.minimum(age, CURVE), np.arange(CURVE + 1), whole)
    return inside + np.maximum(age - CURVE, 0) * curve[-1]


def _donors(past: Past) -> np.ndarray:
    """Rows of the items to learn from: what began, launches first, the newest of them first."""
    begun = np.flatnonzero(past.start < past.periods)
    order = np.lexsort((-past.start[begun], past.is_old[begun]))
    return np.sort(begun[order[:MOST_DONORS]])


def _held(past: Past, length: int) -> np.ndarray:
    """The newest launches whose first periods are all known, and before which at least two periods were."""
    rows = np.flatnonzero(~past.is_old & (past.start + length <= past.periods) & (past.start >= 2))
    return np.sort(rows[np.argsort(-past.start[rows], kind="stable")[:MOST_HELD]])


def _curves(items: Items, past: Past) -> tuple[np.ndarray, np.ndarray]:
    """Names of the categories, and demand by period since launch relative to the first LAUNCH periods' mean, drawn
    to the curve of all; items that sold more count more, but by the root."""
    rows = np.flatnonzero(~past.is_old & (past.start + CURVE <= past.periods))
    even = _even(past)
    sold = np.stack([even[row, past.start[row] : past.start[row] + CURVE] for row in rows] or [np.zeros(CURVE)])
    total = np.maximum(sold[:, :LAUNCH].sum(axis=1, keepdims=True), 1.0)
    weight = np.sqrt(total) * (sold.sum(axis=1, keepdims=True) > 0)
    shares = np.minimum(sold * LAUNCH / total, 4.0)
    everything = _smooth((weight * shares).sum(axis=0) + 10.0, weight.sum() + 10.0)
    names = np.unique(items.category[rows]) if len(rows) else np.empty(0, str)
    curves = []
    for name in names:
        own = items.category[rows] == name
        mean = _smooth((weight[own] * shares[own]).sum(axis=0) + 1e-9, weight[own].sum() + 1e-9)
        curves.append((own.sum() * mean + CURVE_PRIOR * everything) / (own.sum() + CURVE_PRIOR))
    return names, np.stack([*curves, everything])


def _smooth(sums: np.ndarray, weight: float) -> np.ndarray:
    """The curve, its second half evened out, since few launches tell of it."""
    curve = sums / weight
    curve[LAUNCH:] = np.clip(curve[LAUNCH:].mean(), 0.2, 2.0)
    return curve * LAUNCH / curve[:LAUNCH].sum()


def _parts(new: Items, start: np.ndarray, donors: Items, past: Past) -> dict[str, np.ndarray]:
    """How alike new items and donors are in each respect [new, donors]; 0 where it is unknown or nothing."""
    price = np.abs(np.log(np.maximum(new.price, 0.01))[:, None] - np.log(np.maximum(donors.price, 0.01)))
    turn = np.abs(start[:, None] - past.start) % past.year / past.year
    month = np.where(past.is_old, 0.25, np.minimum(turn, 1 - turn))
    same = _same(new.product, donors.product)
    return {
        "name": _same_words(new.name, donors.name),
        "price": -np.nan_to_num(np.minimum(price, 3.0), nan=0.7),
        "category": _same(new.category, donors.category),
        "supplier": _same(new.supplier, donors.supplier),
        "product": same,
        "successor": same * (new.place[:, None] == donors.place),  # what it replaces: nothing else is it, here
        "month": -2.0 * month,
        "launched": np.broadcast_to(1.0 - past.is_old, price.shape),
    }


def _same(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    return ((some[:, None] == others) & (some != "")[:, None]).astype(float)


def _same_words(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosine of the names' words by tf-idf [some, others]; all 0 where names hold no words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not len(some) or not len(others):
        return np.zeros((len(some), len(others)))
    words = TfidfVectorizer(token_pattern=r"(?u)[^\W\d_]{2,}", sublinear_tf=True)
    try:
        words.fit([*some, *others])
    except ValueError:  # not a single word
        return np.zeros((len(some), len(others)))
    return (words.transform(some) @ words.transform(others).T).toarray()


def _mixed(likeness: np.ndarray, rates: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares [new, donors] that sum to 1, and the mean rate [new]; without any donor one piece in ten periods."""
    shares = np.exp(likeness - likeness.max(axis=1, keepdims=True, initial=-1e9)) * known
    total = shares.sum(axis=1, keepdims=True)
    shares = shares / np.maximum(total, 1e-300)
    return shares, np.where(total[:, 0] > 0, (shares * rates).sum(axis=1), 0.1)


class _Trial:
    """Held-out launches, each planned with what was known at its start and at some ages after."""

    def __init__(self, found: Launches, held: np.ndarray, length: int):
        self.found, self.held = found, held
        self.items, self.past = found.items.part(held), found.past.part(held)
        self.ages = [age for age in AGES if age < length]
        self.rates, self.known = known_rates(found, self.past.start, self.items)
        self.known[np.arange(len(held)), held] = 0.0
        self.parts = _parts(self.items, self.past.start, found.items, found.past)
        for name in ("product", "successor"):
            self.parts[name][np.arange(len(held)), held] = 0.0
        sold = np.concatenate([np.zeros((len(held), 1)), np.cumsum(self.past.demand, axis=1)], axis=1)
        row, end = np.arange(len(held)), self.past.start + length
        self.asked = {age: sold[row, end] - sold[row, self.past.start + age] for age in self.ages}
        self.length = length
        self.prior = np.ones(len(held))

    def mixed(self, counts: dict[str, float]) -> np.ndarray:
        return _mixed(sum(counts[name] * part for name, part in self.parts.items()), self.rates, self.known)[1]

    def best_likeness(self) -> dict[str, float]:
        """One respect after the other, twice, by the gamma deviance of the whole launch, which suits any size."""
        counts = dict(self.found.likeness)
        told = [name for name in counts if np.ptp(self.parts[name]) > 0]
        for name in [*told, *told]:
            losses = {value: self._deviance(self.mixed(counts | {name: value})) for value in LIKENESS[name]}
            counts[name] = min(losses, key=losses.get)
        self.prior = self.mixed(counts)
        return counts

    def _deviance(self, rate: np.ndarray) -> float:
        ratio = (self.asked[0] + 1.0) / (rate * self.season(0) + 1.0)
        return float((ratio - 1 - np.log(ratio)).mean())

    def season(self, age: int) -> np.ndarray:
        """Periods at rate 1 from ``age`` to the end of the window [held], the season in."""
        curves = self.found.curves_of(self.items)
        at = self.past.start[:, None] + np.arange(age, self.length)
        usual = curves[:, np.minimum(np.arange(age, self.length), CURVE - 1)]
        if self.past.season is not None:
            usual = usual * np.take_along_axis(self.past.season, at, axis=1)
        return usual.sum(axis=1)

    def windows(self, found: Launches, ages: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """At each age: quantiles before calibration [held, grid], means and what was asked for [held]."""
        said = []
        for age in ages:
            sold, usual = own_demand(self.past, found.curves_of(self.items), self.past.start + age)
            start = found.posterior(self.items, self.prior, sold, usual)
            mean = start.rate * self.season(age)
            said.append((found.raw_quantiles(start, mean), mean, self.asked[age]))
        return said

    def best_weights(self, found: Launches) -> Launches:
        """The prior's weight, the dispersion, and the spread of a launch, with the least pinball loss."""
        tried = [replace(found, weight=weight, dispersion=pieces) for weight in WEIGHTS for pieces in DISPERSIONS]
        found = min(tried, key=lambda one: self._loss(one, self.ages[1:]))
        return min((replace(found, shape=shape) for shape in WEIGHTS), key=lambda one: self._loss(one, self.ages[:1]))

    def _loss(self, found: Launches, ages: Sequence[int]) -> float:
        unit = np.sqrt(np.maximum(self.prior * self.length, 1.0))
        return sum(
            float((pinball(asked, quantiles, SCORED) / unit).mean())
            for quantiles, _mean, asked in self.windows(found, ages)
        )

    def calibrated(self, found: Launches) -> Launches:
        """Shifts for items that have sold nothing yet, and for those that have."""
        said = self.windows(found, self.ages)
        return replace(found, at_launch=_calibration(said[:1]), later=_calibration(said[1:] or said))


def _calibration(said: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Calibration:
    quantiles, mean, asked = (np.concatenate(part) for part in zip(*said, strict=True))
    part_of_a_piece = np.random.default_rng(1).random(len(asked))  # rounding up then gives the quantile of the pieces
    weight = np.full(len(asked), 1.0 / len(said))
    return calibration.fit(quantiles, asked - part_of_a_piece, mean, calibration.edges_of(mean), weight)


def nearest(shares: np.ndarray, number: int = 3) -> list[list[tuple[int, float]]]:
    """For each new item its donors with the largest shares, and those shares; none under one in a hundred."""
    order = np.argsort(-shares, axis=1, kind="stable")[:, :number]
    return [
        [(int(at), float(shares[row, at])) for at in places if shares[row, at] >= 0.01]
        for row, places in enumerate(order)
    ]
