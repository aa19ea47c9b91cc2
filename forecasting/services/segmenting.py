"""Once a month: the usual years of the shop, and the classes of every item; a new item is judged on its first night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from django.db.models import Exists, OuterRef

from forecasting import segments
from forecasting.models import Accuracy, SeasonalShape, Segment
from forecasting.panels import Calendar, Keys, panel_of, read_numbers
from forecasting.segments import PERIOD_DAYS, PERIODS
from inventory_site.common.models import JobRun
from orders.models import DemandSeries

YEAR_DAYS = PERIODS * PERIOD_DAYS
#: Series with a whole year that the shapes are learned from; more only take longer.
SHAPED_BY = 4_000
#: Error of the back-test up to which an item is X, and up to which it is Y.
XYZ_BORDERS = (0.5, 1.0)
WRITTEN_AT_ONCE = 500

Pair = tuple[int, int]


@dataclass(frozen=True)
class Worth:
    """What items are worth [items], and from which worth an item is A, and B, in its warehouse; NaN where unknown."""

    value: np.ndarray
    a_from: np.ndarray
    b_from: np.ndarray


def is_month_due(run: JobRun) -> bool:
    """Nobody was judged in this month yet, but by this very run or an earlier version of it."""
    others = Segment.objects.judged_in(run.business_date).exclude(judged_on=run.business_date)
    return not others.exists()


def unjudged_series(run: JobRun) -> list[int]:
    """Series without a segment, by primary key."""
    judged = Segment.objects.filter(product=OuterRef("product"), warehouse=OuterRef("warehouse"))
    known = DemandSeries.objects.filter(first_on__lte=run.business_date)
    return list(known.filter(~Exists(judged)).order_by("pk").values_list("pk", flat=True))


def learn_shapes(run: JobRun) -> Callable[[], None]:
    """Usual years of the items that have seen one; returns what writes them in place of last month's."""
    until = run.business_date
    known = DemandSeries.objects.filter(first_on__lte=until - timedelta(days=YEAR_DAYS - 1), closed_on__gte=until)
    ids = np.array(list(known.order_by("pk").values_list("pk", flat=True)), np.int64)
    ids = ids[:: len(ids) // SHAPED_BY + 1]
    sql = """SELECT series_id, ({day}) / 28, SUM(demand) FROM orders_dailydemand
             WHERE series_id IN {ids} AND on_date BETWEEN {since} AND {until} GROUP BY 1, 2"""
    found = read_numbers(sql, 3, ids, Calendar(until - timedelta(days=YEAR_DAYS - 1), until, 0))
    periods = np.zeros((len(ids), PERIODS))
    periods[np.searchsorted(ids, found[:, 0].astype(np.int64)), np.floor(found[:, 1]).astype(int)] = found[:, 2]
    shapes = segments.seasonal_shapes(periods)

    def write() -> None:
        SeasonalShape.objects.all().delete()
        SeasonalShape.objects.bulk_create(
            SeasonalShape(number=number, ends_on=until, index=index.round(4).tolist())
            for number, index in enumerate(shapes, start=1)
        )

    return write


def judge(run: JobRun, series: list[int], worth_of: Callable[[Keys], Worth]) -> Callable[[], None]:
    """Classes of these series by their last year; one near a border keeps its class. Returns what writes them."""
    until = run.business_date
    panel, keys = panel_of(series, since=until - timedelta(days=YEAR_DAYS - 1), until=until)
    pairs = list(zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True))
    wanted = {"product__in": set(keys.product.tolist()), "warehouse__in": set(keys.warehouse.tolist())}
    before = {(row.product_id, row.warehouse_id): row for row in Segment.objects.filter(**wanted)}
    was = [before.get(pair) for pair in pairs]
    wapes = Accuracy.objects.filter(run=run, **wanted).values_list("product_id", "warehouse_id", "wape")
    known = {row[:2]: row[2] for row in wapes}
    wape = np.array([known.get(pair) for pair in pairs], float)
    rows = _judged(run, pairs, was, segments.rhythm(panel.demand), wape, worth_of(keys))
    for row, shape in zip(rows, _shapes_of(panel.demand, panel.category, until), strict=True):
        row.shape = shape
    names = [f.name for f in Segment._meta.concrete_fields if f.name not in ("id", "product", "warehouse")]

    def write() -> None:
        Segment.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["product", "warehouse"], update_fields=names,
            batch_size=WRITTEN_AT_ONCE,
        )  # fmt: skip

    return write


def _judged(
    run: JobRun, pairs: list[Pair], was: list[Segment | None], found: segments.Rhythm, wape: np.ndarray, worth: Worth
) -> list[Segment]:
    told = {
        "abc": (_abc(worth, _column(was, "abc")), _abc(worth, np.full(len(pairs), ""))),
        "xyz": (_xyz(wape, _column(was, "xyz")), _xyz(wape, np.full(len(pairs), ""))),
        "pattern": (segments.patterns(found, _column(was, "pattern")), segments.patterns(found)),
    }
    measures = {"gap": found.gap, "variation": found.variation, "wape": wape, "of_a": worth.value / worth.a_from}
    rows = []
    for at, ((product, warehouse), old) in enumerate(zip(pairs, was, strict=True)):
        classes = {name: str(values[at]) for name, (values, _plain) in told.items()}
        is_same = old is not None and all(getattr(old, name) == value for name, value in classes.items())
        rows.append(
            Segment(
                product_id=product, warehouse_id=warehouse, judged_on=run.business_date, **classes,
                since_on=old.since_on if is_same else run.business_date,
                kept={name: str(plain[at]) for name, (values, plain) in told.items() if values[at] != plain[at]},
                measures={
                    name: round(float(values[at]), 3) for name, values in measures.items() if np.isfinite(values[at])
                },
            )
        )  # fmt: skip
    return rows


def _column(was: list[Segment | None], name: str) -> np.ndarray:
    return np.array([getattr(row, name) if row else "" for row in was], str)


def _abc(worth: Worth, before: np.ndarray) -> np.ndarray:
    def reaches(border: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
        ratio = np.nan_to_num(worth.value / border, nan=0.0)
        return segments.classified(ratio, [1.0], np.where(before == "", -1, np.isin(before, classes))) == 1

    return np.where(reaches(worth.a_from, ("A",)), "A", np.where(reaches(worth.b_from, ("A", "B")), "B", "C"))


def _xyz(wape: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Without an error the class stays what it was."""
    number = np.array(["XYZ".find(letter) if letter else -1 for letter in before.tolist()], int)
    found = np.array(list("XYZ"))[segments.classified(np.nan_to_num(wape), XYZ_BORDERS, number)]
    return np.where(np.isnan(wape), before, found)


def _shapes_of(demand: np.ndarray, category: np.ndarray, until: date) -> list[int | None]:
    known = list(SeasonalShape.objects.order_by("number"))
    if not known or not len(demand):
        return [None] * len(demand)
    shapes = np.stack([_turned(shape, until) for shape in known])
    groups = np.unique(category, return_inverse=True)[1]
    chances = segments.shape_chances(segments.periods_of(demand), shapes, groups)
    return [known[at].number for at in chances.argmax(axis=1)]


def _turned(shape: SeasonalShape, until: date) -> np.ndarray:
    """The shape's index by periods that end on ``until``."""
    at = np.arange(PERIODS) + (until - shape.ends_on).days / PERIOD_DAYS
    return np.interp(at, np.arange(PERIODS), shape.index, period=PERIODS)


class Season:
    """How busy each day of the year is in each category, by the shapes of its items; 1 is the mean."""

    def __init__(self) -> None:
        self.shapes = {shape.number: shape for shape in SeasonalShape.objects.all()}
        judged = Segment.objects.filter(shape__in=self.shapes).values_list("product__category_id", "shape")
        counts = Counter(judged) if self.shapes else Counter()
        self.mixes: dict[str, Counter] = {}
        for (category, number), members in counts.items():
            self.mixes.setdefault(str(category or ""), Counter())[number] += members
        self.everything = sum(self.mixes.values(), Counter())

    def by_day(self, categories: np.ndarray, first_on: date, days: int) -> np.ndarray:
        """[categories, days] from ``first_on`` on; all 1 where no shape is known."""
        if not self.everything:
            return np.ones((len(categories), days))
        by_name = {name: self._index(self.mixes.get(name, self.everything), first_on, days) for name in set(categories)}
        return np.stack([by_name[name] for name in categories])

    def _index(self, mix: Counter, first_on: date, days: int) -> np.ndarray:
        total = np.zeros(days)
        for number, members in mix.items():
            shape = self.shapes[number]
            # the middle of the last period lies half a period before its end
            at = (np.arange(days) + (first_on - shape.ends_on).days) / PERIOD_DAYS + PERIODS - 0.5
            total += members * np.interp(at, np.arange(PERIODS), shape.index, period=PERIODS)
        return total / max(mix.total(), 1)
