"""Reorder points that moved much from one night to the next, and what moved them, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Case, F, FloatField, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Abs, Cast
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from inventory_site.common.models import JobRun, User
from replenishment.models import ReorderPoint

SHARE = 0.3
#: From 1 to 2 pieces is twice as much, and news to nobody.
LEAST_PIECES = 3
#: A driver is named from this relative change on.
NAMED = 0.05


@dataclass(frozen=True)
class Moved:
    """One item's plan now and the night before."""

    now: ReorderPoint
    before: ReorderPoint
    drivers: list[str] = field(default_factory=list)

    @property
    def share(self) -> float | None:
        """None where there was no reorder point to speak of."""
        return self.now.reorder_point / self.before.reorder_point - 1 if self.before.reorder_point else None

    @property
    def is_up(self) -> bool:
        return self.now.reorder_point > self.before.reorder_point


def moved_points(user: User, *, shown: int) -> tuple[list[Moved], int]:
    """The largest moves that the person may see and how many there are; three queries and that of the runs."""
    now = JobRun.objects.latest_published()
    runs = JobRun.objects.published().filter(kind="nightly")
    before = (
        runs.filter(business_date__lt=now.business_date).order_by("-business_date", "-version").first() if now else None
    )
    if before is None:
        return [], 0
    found = _moved(ReorderPoint.objects.visible_to(user).of_run(now), before)
    keys = list(found.order_by("-moved_by", "pk").values_list("pk", flat=True))
    chosen = ReorderPoint.objects.filter(pk__in=keys[:shown]).select_related("product", "warehouse", "supplier")
    rows = sorted(chosen, key=lambda row: keys.index(row.pk))
    old = ReorderPoint.objects.of_run(before).filter(product__in={row.product_id for row in rows})
    past = {(row.product_id, row.warehouse_id): row for row in old.select_related("supplier")}
    pairs = [(row, past[row.product_id, row.warehouse_id]) for row in rows]
    return [Moved(row, was, drivers(row, was)) for row, was in pairs], len(keys)


def _moved(points: QuerySet[ReorderPoint], before: JobRun) -> QuerySet[ReorderPoint]:
    same = ReorderPoint.objects.filter(run=before, product=OuterRef("product"), warehouse=OuterRef("warehouse"))
    points = points.annotate(was=Subquery(same.values("reorder_point")[:1])).exclude(was=None)
    points = points.annotate(moved_by=Abs(F("reorder_point") - F("was")))
    base = Case(When(was__gt=0, then=Cast("was", FloatField())), default=1.0, output_field=FloatField())
    return points.filter(moved_by__gte=LEAST_PIECES, moved_by__gt=SHARE * base)


def drivers(now: ReorderPoint, before: ReorderPoint) -> list[str]:
    """What changed between the two plans, the strongest first; what a person set stands alone."""
    if now.set_by_hand:
        return [_("set by hand")]
    found = [(_relative(read(now), read(before)), tell, read(before), read(now)) for read, tell in DRIVERS]
    told = [(abs(change), tell(was, is_)) for change, tell, was, is_ in found if abs(change) >= NAMED]
    words = [text for _change, text in sorted(told, key=lambda pair: -pair[0])]
    if now.supplier_id != before.supplier_id:
        words.insert(0, _("now bought from %(supplier)s") % {"supplier": now.supplier or "–"})
    if before.set_by_hand:
        words.insert(0, _("no longer set by hand"))
    return words or [_("many small changes")]


def _relative(now: float, before: float) -> float:
    return (now - before) / before if before else float(bool(now))


def _a_day(row: ReorderPoint) -> float:
    return row.lead_time_demand / max(row.lead_time_days + row.review_period_days, 1)


def _spread(row: ReorderPoint) -> float:
    """Safety stock for each piece expected: how unsure the demand is, at the same target."""
    return row.safety_stock / max(row.lead_time_demand, 1)


def _n(value: float) -> str:
    rounded = round(value, 2 if value < 10 else 0)
    return number_format(int(rounded) if rounded == int(rounded) else rounded, use_l10n=True)


def _demand(was: float, now: float) -> str:
    return _("forecast %(was)s → %(now)s a day") % {"was": _n(was), "now": _n(now)}


def _lead_time(was: float, now: float) -> str:
    return _("lead time %(was)s → %(now)s days") % {"was": _n(was), "now": _n(now)}


def _review(was: float, now: float) -> str:
    return _("ordered every %(was)s → %(now)s days") % {"was": _n(was), "now": _n(now)}


def _target(was: float, now: float) -> str:
    return _("target %(was)s → %(now)s %%") % {"was": _n(was * 100), "now": _n(now * 100)}


def _uncertainty(was: float, now: float) -> str:
    return _("demand is less certain") if now > was else _("demand is more certain")


Driver = tuple[Callable[[ReorderPoint], float], Callable[[float, float], str]]
DRIVERS: tuple[Driver, ...] = (
    (_a_day, _demand),
    (lambda row: row.lead_time_days, _lead_time),
    (lambda row: float(row.review_period_days), _review),
    (lambda row: row.target_rate, _target),
    (_spread, _uncertainty),
)
