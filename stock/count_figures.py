"""What a count's page and report tell: who counted how much, where, what differs, and how right the ledger was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Abs
from django.utils.translation import gettext as _

from stock.models import CountEntry, CountLine, StockCount

Line = CountLine.State
DONE = (Line.COUNTED, Line.POSTED)
TOP = 10
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Progress:
    """Of one person or area: items counted of how many (None: nobody's share), and how many an hour."""

    name: str
    done: int
    all: int | None
    per_hour: int | None
    last_at: datetime | None = None

    @property
    def to_do(self) -> int | None:
        return None if self.all is None else self.all - self.done

    @property
    def rate(self) -> int | None:
        """Done, in per cent."""
        return None if not self.all else round(100 * self.done / self.all)


def by_person(count: StockCount) -> list[Progress]:
    """Who counted how many items; the hour is that between the first and the last entry."""
    rows = (
        CountEntry.objects.accepted().filter(count=count, line__isnull=False).order_by().values("actor__username")
        .annotate(items=Count("line", distinct=True), first=Min("captured_at"), last=Max("captured_at"))
        .order_by("-items", "actor__username")
    )  # fmt: skip
    found = []
    for row in rows:
        hours = (row["last"] - row["first"]).total_seconds() / 3600
        # between n entries there are n - 1 gaps; a minute says nothing about an hour
        pace = round((row["items"] - 1) / hours) if hours > 1 / 60 and row["items"] > 1 else None
        found.append(Progress(row["actor__username"] or _("a program"), row["items"], None, pace, row["last"]))
    return found


def by_area(count: StockCount) -> list[Progress]:
    """Items of each area; one that lies in two is in both."""
    done = Q(state__in=DONE)
    rows = (
        count.lines.order_by().values(area=F("level__bins__area"))
        .annotate(all=Count("pk", distinct=True), done=Count("pk", distinct=True, filter=done),
                  last=Max("captured_at", filter=done))
        .order_by("area")
    )  # fmt: skip
    found: dict[str, Progress] = {}
    for row in rows:
        name = row["area"] or _("no area")
        before = found.get(name, Progress(name, 0, 0, None))
        found[name] = Progress(name, before.done + row["done"], before.all + row["all"], None, row["last"])
    return list(found.values())


def item_accuracy(exact: int, counted: int) -> float | None:
    """Share of items that were exactly as the ledger said."""
    return exact / counted if counted else None


def value_accuracy(off: Decimal, value: Decimal) -> float | None:
    """1 less the money that was off, up or down, over the money that the ledger said was there; at least 0."""
    return max(0.0, 1 - float(off / value)) if value else None


@dataclass(frozen=True)
class Variance:
    """What counted lines differ by: items, pieces and money up and down. Lines that were not counted are not in it."""

    counted: int
    exact: int
    gained: int
    lost: int
    gains: Decimal
    losses: Decimal
    value: Decimal

    @property
    def net(self) -> Decimal:
        return self.gains + self.losses

    @property
    def absolute(self) -> Decimal:
        return self.gains - self.losses

    @property
    def item_accuracy(self) -> float | None:
        return item_accuracy(self.exact, self.counted)

    @property
    def value_accuracy(self) -> float | None:
        return value_accuracy(self.absolute, self.value)


def variance(count: StockCount) -> Variance:
    done = count.lines.filter(state__in=DONE)
    up, down = Q(delta__gt=0), Q(delta__lt=0)
    told = done.aggregate(
        counted=Count("pk"), exact=Count("pk", filter=Q(delta=0)), gained=Sum("delta", filter=up),
        lost=Sum("delta", filter=down), gains=Sum("cost", filter=up), losses=Sum("cost", filter=down),
        value=Sum(F("expected") * F("unit_cost")),
    )  # fmt: skip
    money = {name: Decimal(told[name] or 0).quantize(CENT) for name in ("gains", "losses", "value")}
    return Variance(told["counted"], told["exact"], told["gained"] or 0, told["lost"] or 0, **money)


def differences(count: StockCount, *, by_cost: bool) -> QuerySet[CountLine]:
    """Lines that differ, the largest first: by money, or by pieces for who may not see costs."""
    size = Abs("cost") if by_cost else Abs("delta")
    lines = count.lines.filter(state__in=DONE).exclude(delta=0).select_related("level__product", "first_by")
    return lines.annotate(size=size).order_by("-size", "pk")


def waiting(count: StockCount) -> int:
    """Items that nobody has counted, or that something is still to be done about."""
    return count.lines.exclude(state__in=[*DONE, Line.LEFT]).count()


@dataclass(frozen=True)
class AreaAccuracy:
    """How right the ledger was in one area by one posted count."""

    area: str
    number: str
    at: datetime
    counted: int
    exact: int
    value: Decimal
    off: Decimal

    @property
    def item_accuracy(self) -> float | None:
        return item_accuracy(self.exact, self.counted)

    @property
    def value_accuracy(self) -> float | None:
        return value_accuracy(self.off, self.value)


def accuracy_by_area(counts: QuerySet[StockCount]) -> list[AreaAccuracy]:
    """One row for each area of each of these posted counts, the oldest first; one query whatever their number."""
    lines = CountLine.objects.filter(count__in=counts, state=Line.POSTED).order_by()
    rows = (
        lines.values("count", "count__number", "count__closed_at", area=F("level__bins__area"))
        .annotate(
            counted=Count("pk", distinct=True), exact=Count("pk", distinct=True, filter=Q(delta=0)),
            value=Sum(F("expected") * F("unit_cost")), off=Sum(Abs("cost")),
        )
        .order_by("count__closed_at", "count", "area")
    )  # fmt: skip
    return [
        AreaAccuracy(
            row["area"] or "", row["count__number"], row["count__closed_at"], row["counted"], row["exact"],
            Decimal(row["value"] or 0).quantize(CENT), Decimal(row["off"] or 0).quantize(CENT),
        )
        for row in rows
    ]  # fmt: skip
