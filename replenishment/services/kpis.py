"""The shop's figures of one day by warehouse, and the revenue cuts that make an item A, B or C."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.db.models import ExpressionWrapper, F, FloatField, Sum

from inventory_site.common.models import JobRun
from orders.models import DailyDemand
from replenishment.models import InventoryPosition, KpiSnapshot, ReorderPoint
from replenishment.positions import revenue_cuts

FILL_RATE_DAYS = 28


@dataclass(frozen=True)
class Cuts:
    """Revenue of a year from which an item is A, and from which it is B; None where nothing was sold."""

    a_from: Decimal | None
    b_from: Decimal | None


@dataclass
class Sums:
    items: int = 0
    without_stock: int = 0
    stock_value: Decimal = Decimal(0)
    overstock_value: Decimal = Decimal(0)


@dataclass
class Totals:
    """Sums by warehouse over the positions of a run, taken in as they are written."""

    by_warehouse: dict[int, Sums] = field(default_factory=lambda: defaultdict(Sums))

    def add(self, positions: Iterable[InventoryPosition]) -> None:
        for row in positions:
            sums = self.by_warehouse[row.warehouse_id]
            sums.stock_value += row.stock_value
            sums.overstock_value += row.overstock_value
            if row.daily_demand > 0:
                sums.items += 1
                sums.without_stock += row.stock_status == InventoryPosition.StockStatus.OUT


def revenue_cuts_of(run: JobRun) -> dict[int, Cuts]:
    """By warehouse, from what this run says of the last 365 days."""
    revenues = defaultdict(list)
    sold = ReorderPoint.objects.filter(run=run, yearly_revenue__gt=0)
    for warehouse, revenue in sold.values_list("warehouse_id", "yearly_revenue").iterator():
        revenues[warehouse].append(revenue)
    return {warehouse: Cuts(*revenue_cuts(values)) for warehouse, values in revenues.items()}


def stored_cuts(run: JobRun | None) -> dict[int, Cuts]:
    """Those of the published run, as its snapshots keep them."""
    if run is None:
        return {}
    kept = KpiSnapshot.objects.filter(on_date=run.business_date).values_list("warehouse_id", "a_from", "b_from")
    return {warehouse: Cuts(a_from, b_from) for warehouse, a_from, b_from in kept}


def abc(revenue: Decimal, cuts: Cuts | None) -> str:
    """A: the best sellers that bring 80 % of a warehouse's revenue; B: those up to 95 %; C: the rest."""
    if cuts and cuts.a_from is not None and revenue >= cuts.a_from:
        return "A"
    return "B" if cuts and cuts.b_from is not None and revenue >= cuts.b_from else "C"


def save_snapshots(*, run: JobRun, totals: Totals, cuts: dict[int, Cuts]) -> None:
    """One row per warehouse for the run's day; a newer version of the run overwrites it."""
    served, costs = _served(run), _yearly_costs(run)
    rows = [
        KpiSnapshot(
            warehouse_id=warehouse, on_date=run.business_date, stock_value=sums.stock_value,
            overstock_value=sums.overstock_value,
            stocked_out_rate=sums.without_stock / sums.items if sums.items else 0.0,
            fill_rate=served.get(warehouse),
            turnover=_ratio(costs.get(warehouse, (0, 0))[0], sums.stock_value),
            days_of_cover=_ratio(sums.stock_value, costs.get(warehouse, (0, 0))[1]),
            a_from=own.a_from, b_from=own.b_from,
        )
        for warehouse, sums in sorted(totals.by_warehouse.items())
        for own in [cuts.get(warehouse, Cuts(None, None))]
    ]  # fmt: skip
    names = [f.name for f in KpiSnapshot._meta.concrete_fields if f.name not in ("id", "warehouse", "on_date")]
    KpiSnapshot.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["warehouse", "on_date"], update_fields=names
    )


def _ratio(above: Decimal | float, below: Decimal | float) -> float | None:
    return round(float(above) / float(below), 4) if below else None


def _served(run: JobRun) -> dict[int, float]:
    """Share of what was asked for in the last 28 days that was shipped in them, at most 1."""
    days = DailyDemand.objects.filter(
        on_date__gt=run.business_date - timedelta(days=FILL_RATE_DAYS), on_date__lte=run.business_date
    )
    sums = days.order_by().values("series__warehouse").annotate(asked=Sum("demand"), shipped=Sum("sales"))
    return {row["series__warehouse"]: min(row["shipped"] / row["asked"], 1.0) for row in sums if row["asked"]}


def _yearly_costs(run: JobRun) -> dict[int, tuple[float, float]]:
    """By warehouse: cost of what was asked for in a year, and of what is expected in a day."""
    days = F("lead_time_days") + F("review_period_days")
    year = ExpressionWrapper(F("yearly_demand") * F("unit_cost"), FloatField())
    day = ExpressionWrapper(F("lead_time_demand") * F("unit_cost") / days, FloatField())
    points = ReorderPoint.objects.filter(run=run).order_by()
    return {
        warehouse: (float(in_a_year), float(in_a_day))
        for warehouse, in_a_year, in_a_day in points.values_list("warehouse").annotate(year=Sum(year), day=Sum(day))
    }
