"""The plan of counts: how wrong each level may be, when its turn is, and what is on today's list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from zoneinfo import ZoneInfo

import numpy as np
from django.db import transaction
from django.db.models import Count, F, Sum
from django.utils.translation import gettext as _

from inventory_site.common.bulk import insert_rows, update_rows
from inventory_site.common.models import User
from stock.count_errors import Doubt, expected_error, learn, phantom_chance
from stock.count_plan import DayPlan, Work, classes_by_value, plan_day
from stock.errors import NothingToCount
from stock.models import CountLine, CountNeed, StockCount, StockLevel, Warehouse
from stock.services.count_history import (
    DAY,
    Groups,
    Levels,
    Lived,
    Sales,
    exposure_of,
    past_counts,
    read_found,
    read_levels,
    read_pace,
    read_sales,
    signs_since,
    since_counted,
)
from stock.services.counts import CountRules, open_count
from stock.services.levels import shop_now

COLUMNS = (
    "abc", "rank", "is_for_cycle", "chance", "pieces", "cost", "seconds", "counted_at", "due_on", "turn_on", "why",
    "planned_on",
)  # fmt: skip
CENT = Decimal("0.01")
#: An open warning about a level's stock makes an error there so many times as likely.
DOUBT_WEIGHT = 4.0
#: From which chance on a silent shelf is told as a reason.
SILENT_FROM = 0.05
FAR = 10**6


@dataclass(frozen=True)
class KnownAbove:
    """What apps above know of a level: the planning's class, and the code of a warning that doubts its stock."""

    abc: str = ""
    doubt: str = ""


@transaction.atomic
def tell_needs(*, warehouse: Warehouse, told: Mapping[int, KnownAbove]) -> None:
    """Keep what apps above know of these levels, by primary key; what is said of no level is forgotten."""
    _hold(warehouse)
    needs = {need.level_id: need for need in CountNeed.objects.filter(level__warehouse=warehouse)}
    _insert_missing(warehouse, told.keys() - needs.keys())
    needs = {need.level_id: need for need in CountNeed.objects.filter(level__warehouse=warehouse).order_by("pk")}
    changed = []
    for level, need in needs.items():
        one = told.get(level, KnownAbove())
        if (need.told_abc, need.told_doubt) != (one.abc, one.doubt):
            changed.append((one.abc, one.doubt, need.pk))
    update_rows(CountNeed, ("told_abc", "told_doubt"), changed)


def _hold(warehouse: Warehouse) -> None:
    """One at a time plans a warehouse's counts, or opens one of its list: who asks twice at once waits."""
    Warehouse.objects.locked().get(pk=warehouse.pk)


def _insert_missing(warehouse: Warehouse, level_ids: Collection[int]) -> None:
    today = shop_now().date()
    CountNeed.objects.bulk_create(
        (
            CountNeed(level_id=level, due_on=today, turn_on=today, planned_on=today)
            for level in StockLevel.objects.filter(warehouse=warehouse).values_list("pk", flat=True)
            if level in level_ids
        ),
        ignore_conflicts=True,
        batch_size=500,
    )


def plan_counts(*, warehouse: Warehouse) -> int:
    """Plan this warehouse anew: how many items are on today's list. Reads first, then writes in one transaction."""
    rows = planned_counts(warehouse)
    write_count_plan(warehouse, rows)
    return sum(row.rank is not None for row in rows)


def planned_counts(warehouse: Warehouse) -> list[CountNeed]:
    """The plan of each level, not yet written."""
    now, zone = shop_now(), ZoneInfo(warehouse.time_zone)
    today, levels = now.astimezone(zone).date(), read_levels(warehouse)
    if not len(levels.pk):
        return []
    needs = CountNeed.objects.filter(level__warehouse=warehouse)
    told = {level: KnownAbove(abc, doubt) for level, abc, doubt in needs.values_list("level", "told_abc", "told_doubt")}
    sales = read_sales(warehouse, levels, now)
    doubts = [told.get(pk, KnownAbove()).doubt for pk in levels.pk.tolist()]
    off, silent, lines, signs = _doubt(warehouse, levels, sales, doubts, now)
    classes = _classes(levels, sales, told)
    work = _work(warehouse, levels, classes, off, now, zone)
    plan = plan_day(work, 60.0 * warehouse.count_minutes, _works_on(warehouse, today))
    facts = _Facts(
        levels=levels, sales=sales, classes=classes, off=off, silent=silent, lines=lines, signs=signs, doubts=doubts,
        past=past_counts(warehouse), work=work, plan=plan, today=today,
    )  # fmt: skip
    return [facts.row(place) for place in range(len(levels.pk))]


def _doubt(
    warehouse: Warehouse, levels: Levels, sales: Sales, doubts: list[str], now: datetime
) -> tuple[Doubt, np.ndarray, np.ndarray, np.ndarray]:
    """What is expected off, the chance of a phantom, handled lines since the last count, and signs of errors."""
    groups = Groups()
    found = read_found(groups)
    places = [(warehouse.pk, levels.area.get(pk, "")) for pk in levels.pk.tolist()]
    of_level = groups.of(levels.category, places)
    model = learn(found, groups.sizes)
    since = since_counted(warehouse)
    days = np.array([(now - (at or now)) / DAY for at in levels.known_at])
    exposure = exposure_of(since, Lived(levels.pk.tolist(), days, levels.on_hand, levels.unit_cost, of_level))
    signs = signs_since(warehouse, since, levels)
    weight = np.where([bool(doubt) for doubt in doubts], DOUBT_WEIGHT, 1.0)
    off = expected_error(model, exposure, levels.pk, levels.on_hand, signs=signs, weight=weight)
    silent = phantom_chance(
        off, levels.available, sales=sales.lines, sold_days=sales.days, silent_days=sales.silent_days
    )
    pieces = off.pieces + silent * np.maximum(levels.on_hand - off.pieces, 0.0)
    chance = 1 - (1 - off.chance) * (1 - silent)
    return Doubt(off.errors, chance, pieces, off.size), silent, exposure.amounts[:, 2:].sum(axis=1), signs


def _classes(levels: Levels, sales: Sales, told: Mapping[int, KnownAbove]) -> list[str]:
    """The planning's class where it has one, else by what the level moved in a year at cost."""
    own = classes_by_value(sales.pieces * levels.unit_cost).tolist()
    return [told.get(pk, KnownAbove()).abc or own[place] for place, pk in enumerate(levels.pk.tolist())]


def _work(warehouse: Warehouse, levels: Levels, classes: list[str], off: Doubt, now: datetime, zone: ZoneInfo) -> Work:
    pace = read_pace(warehouse)
    places = np.array([max(len(levels.bins.get(pk, ())), 1) for pk in levels.pk.tolist()])
    periods = np.array([period_of(warehouse, letter) for letter in classes])
    today = now.astimezone(zone).date()
    since = np.array([(today - (at or now).astimezone(zone).date()).days for at in levels.known_at])
    busy = set(CountLine.objects.in_open_counts().filter(level__warehouse=warehouse).values_list("level", flat=True))
    is_busy = np.array([pk in busy for pk in levels.pk.tolist()])
    money = np.where(is_busy, 0.0, off.pieces * levels.unit_cost)
    due_in = np.where(is_busy, FAR, periods - since)
    bins = [levels.bins.get(pk, ()) for pk in levels.pk.tolist()]
    return Work(pace.seconds(np.ones(len(places)), places), due_in, periods, since, money, bins, pace.bin)


def period_of(warehouse: Warehouse, letter: str) -> int:
    """Days within which items of this class are counted."""
    return getattr(warehouse, f"count_days_{letter.lower()}")


def _works_on(warehouse: Warehouse, today: date) -> list[bool]:
    """Who counts on the seven days from today on; a warehouse that is always closed counts every day."""
    closed = set(warehouse.closed_weekdays)
    return [len(closed) > 6 or (today.weekday() + ahead) % 7 not in closed for ahead in range(7)]


@dataclass(kw_only=True)
class _Facts:
    """All that rows are made of."""

    levels: Levels
    sales: Sales
    classes: list[str]
    off: Doubt
    silent: np.ndarray
    lines: np.ndarray
    signs: np.ndarray
    doubts: list[str]
    past: Mapping[int, tuple[int, int]]
    work: Work
    plan: DayPlan
    today: date

    def __post_init__(self):
        self.ranks = {int(place): rank for rank, place in enumerate(self.plan.chosen, start=1)}

    def row(self, place: int) -> CountNeed:
        levels, pk = self.levels, int(self.levels.pk[place])
        due_in = self._due_in(place)
        cost = Decimal(float(self.off.pieces[place])) * Decimal(float(levels.unit_cost[place]))
        return CountNeed(
            level_id=pk, abc=self.classes[place], rank=self.ranks.get(place),
            is_for_cycle=bool(self.plan.for_cycle[place]), chance=round(float(self.off.chance[place]), 4),
            pieces=round(float(self.off.pieces[place]), 3), cost=cost.quantize(CENT),
            seconds=round(float(self.plan.seconds[place])), counted_at=levels.counted_at[place],
            due_on=self.today + timedelta(days=due_in),
            turn_on=self.today + timedelta(days=int(self.plan.day[place])),
            why=self._why(place, pk, due_in), planned_on=self.today,
        )  # fmt: skip

    def _due_in(self, place: int) -> int:
        return int(self.work.period[place] - self.work.since[place])

    def _why(self, place: int, pk: int, due_in: int) -> list:
        """Codes and their terms; ``stock.count_words`` makes a sentence of them."""
        (differed, counts), told = self.past.get(pk, (0, 0)), []
        told.append(["never" if self.levels.counted_at[place] is None else "days", int(self.work.since[place])])
        if self.lines[place]:
            told.append(["lines", int(self.lines[place])])
        if differed:
            told.append(["past", differed, counts])
        if self.silent[place] >= SILENT_FROM:
            usual = self.sales.days[place] / max(self.sales.lines[place], 1)
            told.append(["silent", int(self.sales.silent_days[place]), round(float(usual), 1)])
        if self.signs[place]:
            told.append(["signs", int(self.signs[place])])
        if self.doubts[place]:
            told.append(["doubt", self.doubts[place]])
        told.append(["overdue" if due_in < 0 else "due", self.classes[place], abs(due_in)])
        return told


@transaction.atomic
def write_count_plan(warehouse: Warehouse, rows: list[CountNeed]) -> None:
    """Write the plan over the one before; levels that are not planned any more leave it."""
    _hold(warehouse)
    known = dict(CountNeed.objects.filter(level__warehouse=warehouse).order_by("pk").values_list("level", "pk"))
    gone = known.keys() - {row.level_id for row in rows}
    CountNeed.objects.filter(pk__in=[known[level] for level in gone]).delete()
    values = attrgetter(*COLUMNS)
    update_rows(CountNeed, COLUMNS, ((*values(row), known[row.level_id]) for row in rows if row.level_id in known))
    insert_rows(
        CountNeed, ("level_id", "told_abc", "told_doubt", *COLUMNS),
        ((row.level_id, "", "", *values(row)) for row in rows if row.level_id not in known),
    )  # fmt: skip


@dataclass(frozen=True)
class PlanSums:
    """A warehouse's plan in numbers. ``steady_minutes`` a day keep every item within its period."""

    warehouse: Warehouse
    items: int
    minutes: float
    cost: Decimal
    overdue: int
    overdue_minutes: float
    steady_minutes: float
    planned_on: date | None

    @property
    def is_short(self) -> bool:
        """The minutes a day do not keep every item within its period."""
        return self.steady_minutes > self.warehouse.count_minutes

    @property
    def catch_up_days(self) -> int | None:
        """Days until nothing is overdue any more; None where the minutes never suffice."""
        spare = self.warehouse.count_minutes - self.steady_minutes
        return None if spare <= 0 else round(self.overdue_minutes / spare + 0.5)


def plan_sums(warehouses: Collection[Warehouse], today: date) -> list[PlanSums]:
    """The plans of these warehouses, in three queries whatever their number.

    Items, minutes and cost are those of today's lists without what an open count has already.
    """
    needs = CountNeed.objects.filter(level__warehouse__in=[place.pk for place in warehouses]).order_by()
    place = F("level__warehouse")
    listed = {
        row["place"]: row
        for row in needs.listed()
        .without_open_count()
        .values(place=place)
        .annotate(n=Count("pk"), seconds=Sum("seconds"), money=Sum("cost"))
    }
    late = {
        row["place"]: row
        for row in needs.filter(due_on__lt=today).values(place=place).annotate(n=Count("pk"), seconds=Sum("seconds"))
    }
    steady: dict[int, float] = {}
    planned: dict[int, date] = {}
    places = {place.pk: place for place in warehouses}
    for row in needs.values("abc", "planned_on", place=place).annotate(seconds=Sum("seconds")):
        key = row["place"]
        steady[key] = steady.get(key, 0.0) + row["seconds"] / period_of(places[key], row["abc"])
        planned[key] = max(planned.get(key, row["planned_on"]), row["planned_on"])
    return [_sums(one, listed.get(one.pk), late.get(one.pk), steady, planned.get(one.pk)) for one in warehouses]


def _sums(place: Warehouse, listed, late, steady: Mapping[int, float], planned_on: date | None) -> PlanSums:
    closed = len(set(place.closed_weekdays)) % 7
    listed = listed or {"n": 0, "seconds": 0, "money": Decimal(0)}
    late = late or {"n": 0, "seconds": 0}
    return PlanSums(
        place, listed["n"], listed["seconds"] / 60, listed["money"], late["n"], late["seconds"] / 60,
        steady.get(place.pk, 0.0) / 60 * 7 / (7 - closed), planned_on,
    )  # fmt: skip


@transaction.atomic
def open_planned_count(
    *,
    warehouse: Warehouse,
    actor: User | None,
    rules: CountRules | None = None,
    minutes: int | None = None,
    note: str = "",
) -> StockCount:
    """A count of today's list (of its first items that fit into ``minutes``); what another count has is left out."""
    _hold(warehouse)
    needs = CountNeed.objects.listed().filter(level__warehouse=warehouse).without_open_count()
    chosen, seconds = [], 0
    for need in needs.order_by("rank").select_related("level__product"):
        if minutes is not None and chosen and seconds + need.seconds > 60 * minutes:
            break
        seconds += need.seconds
        chosen.append(need.level.product)
    if not chosen:
        raise NothingToCount(_("Nothing is left on today's list of %(place)s.") % {"place": warehouse.code})
    note = note or _("What to count of %(day)s") % {"day": shop_now().date().isoformat()}
    return open_count(warehouse=warehouse, actor=actor, products=chosen, rules=rules, note=note)
