"""What a count's page and report tell: who counted how much, where, what differs, and how right the ledger was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Sum
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


def _in_bins() -> QuerySet[CountEntry]:
    """Entries that count and tell a bin: where it was counted, wherever the item lies today."""
    return CountEntry.objects.accepted().filter(bin__isnull=False)


def _told_a_bin() -> Exists:
    return Exists(_in_bins().filter(line=OuterRef("pk")))


def by_area(count: StockCount) -> list[Progress]:
    """Items of each area: where they were counted, the others where they lie; one that is in two is in both."""
    done = count.lines.filter(_told_a_bin(), state__in=DONE)
    seen = (
        _in_bins().filter(line__in=done).order_by().values(area=F("bin__area"))
        .annotate(all=Count("line", distinct=True), done=Count("line", distinct=True), last=Max("captured_at"))
    )  # fmt: skip
    is_done = Q(state__in=DONE)
    rest = (
        count.lines.exclude(pk__in=done.values("pk")).order_by().values(area=F("level__bins__area"))
        .annotate(all=Count("pk", distinct=True), done=Count("pk", distinct=True, filter=is_done),
                  last=Max("captured_at", filter=is_done))
    )  # fmt: skip
    found: dict[str, Progress] = {}
    for row in sorted([*seen, *rest], key=lambda row: row["area"] or ""):
        name = row["area"] or _("no area")
        before = found.get(name, Progress(name, 0, 0, None))
        last = max(filter(None, (before.last_at, row["last"])), default=None)
        found[name] = Progress(name, before.done + row["done"], before.all + row["all"], None, last)
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
    """One row for each area of each of these posted counts, the oldest first; two queries whatever their number.

    An item's area is that of the bins in which it was counted; where nobody told one, of those in which it lies.
    """
    lines = CountLine.objects.filter(count__in=counts, state=Line.POSTED).order_by()
    before = _in_bins().filter(line=OuterRef("line"), bin__area=OuterRef("bin__area"), pk__lt=OuterRef("pk"))
    seen = _in_bins().filter(~Exists(before), line__in=lines).order_by()  # one entry for a line and area
    told = [*_sums(seen, "line__", "bin__area"), *_sums(lines.exclude(_told_a_bin()), "", "level__bins__area")]
    found: dict[tuple, AreaAccuracy] = {}
    for row in sorted(told, key=lambda row: (row["at"], row["of"], row["area"] or "")):
        key = (row["of"], row["area"] or "")
        old = found.get(key, AreaAccuracy(key[1], row["number"], row["at"], 0, 0, Decimal(0), Decimal(0)))
        found[key] = replace(
            old, counted=old.counted + row["n"], exact=old.exact + row["exact"],
            value=old.value + Decimal(row["value"] or 0).quantize(CENT),
            off=old.off + Decimal(row["off"] or 0).quantize(CENT),
        )  # fmt: skip
    return list(found.values())


def _sums(rows: QuerySet, line: str, area: str) -> QuerySet:
    """Of each count and area; ``line`` is the way from a row to its line of the count, ``area`` to the area."""
    return rows.values(
        of=F(f"{line}count"), number=F(f"{line}count__number"), at=F(f"{line}count__closed_at"), area=F(area)
    ).annotate(
        n=Count(f"{line}pk", distinct=True), exact=Count(f"{line}pk", distinct=True, filter=Q(**{f"{line}delta": 0})),
        value=Sum(F(f"{line}expected") * F(f"{line}unit_cost")), off=Sum(Abs(f"{line}cost")),
    )  # fmt: skip
