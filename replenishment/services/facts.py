"""Read all that positions and suggestions are made of, for some stock levels, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from forecasting.engine import GRID, LeadTimeDemand
from forecasting.engine.stock_out import StockOutModel
from forecasting.models import Accuracy, Forecast, Segment
from forecasting.services import HORIZON
from inventory_site.common.models import JobRun, ShopSettings
from orders.models import PurchaseOrderLine, SalesOrderLine
from replenishment.models import InventoryPosition, ReorderPoint
from replenishment.positions import Facts
from replenishment.services import by_hand
from replenishment.services.stock_outs import regression_of
from stock.models import StockLevel, TransferLine

Pair = tuple[int, int]  # product, warehouse

#: Levels read at once: what bounds memory, and the length of a list in a query.
LEVELS_AT_ONCE = 1000

#: What a plan reads of a forecast; taking the rest of its lists apart takes longer than all else here.
OF_FORECAST = (
    "run_id", "product_id", "warehouse_id", "first_on", "mean", "lead_time_demand_mean", "lead_time_demand_grid",
    "lead_time_demand_excess",
)  # fmt: skip


@dataclass(frozen=True)
class Coming:
    """What is on its way to one item: bought (``pieces``) and from our other warehouses (``in_transit``)."""

    pieces: int = 0
    in_transit: int = 0
    next_receipt_on: date | None = None

    def and_also(self, expected_on: date | None, *, pieces: int = 0, in_transit: int = 0) -> Coming:
        days = [day for day in (self.next_receipt_on, expected_on) if day]
        return Coming(self.pieces + pieces, self.in_transit + in_transit, min(days, default=None))


@dataclass(frozen=True)
class Plan:
    """What the newest run that planned an item says of it."""

    point: ReorderPoint
    mean: np.ndarray
    forecast: Forecast
    wape: float | None


@dataclass(frozen=True)
class Batch:
    """Some levels by primary key, and for each what is known of it; ``today`` is the first day that is not over."""

    today: date
    run: JobRun | None
    levels: list[StockLevel]
    plans: list[Plan | None]
    coming: list[Coming]
    backordered: list[int]
    facts: Facts
    segments: list[Segment | None]


def first_open_day(run: JobRun | None) -> date:
    """The day after the one that the newest run closed: positions are told from there until the next run."""
    return run.business_date + timedelta(days=1) if run else ShopSettings.objects.load().today()


def read_batch(level_ids: Sequence[int], run: JobRun | None) -> Batch:
    """Levels, plans and open orders as they are now. ``run`` is the one whose outputs are, or become, current.

    An item that ``run`` did not plan (its part was set aside) keeps the plan that its position stands on.
    """
    today = first_open_day(run)
    levels = list(StockLevel.objects.filter(pk__in=level_ids).select_related("product").order_by("pk"))
    pairs = [(level.product_id, level.warehouse_id) for level in levels]
    plans = _with_by_hand(levels, _plans(levels, run, today), run)
    on_its_way, waiting = _coming(pairs, today), _backordered(pairs)
    coming = [on_its_way[pair] for pair in pairs]
    backordered = [waiting.get(pair, 0) for pair in pairs]
    facts = _facts(today, levels, plans, coming, backordered, regression_of(run))
    segments = _segments(pairs)
    return Batch(today, run, levels, plans, coming, backordered, facts, [segments.get(pair) for pair in pairs])


def _in(pairs: Sequence[Pair]) -> tuple[set[int], set[int]]:
    return {product for product, _ in pairs}, {warehouse for _, warehouse in pairs}


def _segments(pairs: Sequence[Pair]) -> dict[Pair, Segment]:
    products, warehouses = _in(pairs)
    rows = Segment.objects.filter(product__in=products, warehouse__in=warehouses).only(
        "product_id", "warehouse_id", "abc", "xyz", "pattern"
    )  # fmt: skip
    return {(row.product_id, row.warehouse_id): row for row in rows}


def _coming(pairs: Sequence[Pair], today: date) -> dict[Pair, Coming]:
    """Pieces bought or in transit and still to come, and the day on which the first of them are expected."""
    products, warehouses = _in(pairs)
    found: dict[Pair, Coming] = defaultdict(Coming)
    lines = PurchaseOrderLine.objects.on_order().filter(product__in=products, order__warehouse__in=warehouses)
    for line in lines.select_related("order").order_by("pk"):
        pair = line.product_id, line.order.warehouse_id
        due_on = _expected(line.promised_on or line.order.expected_on, today)
        found[pair] = found[pair].and_also(due_on, pieces=line.outstanding)
    sent = TransferLine.objects.on_the_way().filter(product__in=products, transfer__destination__in=warehouses)
    for line in sent.select_related("transfer").order_by("pk"):
        pair = line.product_id, line.transfer.destination_id
        found[pair] = found[pair].and_also(_expected(line.transfer.expected_on, today), in_transit=line.in_transit)
    return found


def _expected(promised: date | None, today: date) -> date | None:
    """An overdue delivery is taken to need as many days more as it is late already."""
    if promised is None or promised >= today:
        return promised
    return today + (today - promised)


def _backordered(pairs: Sequence[Pair]) -> dict[Pair, int]:
    """Accepted and not promised: outstanding pieces of open sales lines less their open allocations."""
    products, warehouses = _in(pairs)
    lines = SalesOrderLine.objects.outstanding().filter(product__in=products, warehouse__in=warehouses)
    found: dict[Pair, int] = defaultdict(int)
    for product, warehouse, pieces in lines.with_allocated().values_list("product_id", "warehouse_id", "backordered"):
        found[product, warehouse] += max(pieces, 0)
    return found


def _plans(levels: Sequence[StockLevel], run: JobRun | None, today: date) -> dict[Pair, Plan]:
    if run is None:
        return {}
    runs = {(level.product_id, level.warehouse_id): run.pk for level in levels}
    found = _plans_of(runs, today)
    unplanned = [level.pk for level in levels if (level.product_id, level.warehouse_id) not in found]
    older = InventoryPosition.objects.filter(level__in=unplanned, run__isnull=False).exclude(run=run)
    kept = {(product, warehouse): of for product, warehouse, of in older.values_list("product", "warehouse", "run")}
    return found | (_plans_of(kept, today) if kept else {})


def _plans_of(runs: dict[Pair, int], today: date) -> dict[Pair, Plan]:
    """The plan of each item in the run that is named for it."""
    products, warehouses = _in(list(runs))
    chosen = {"run__in": set(runs.values()), "product__in": products, "warehouse__in": warehouses}
    points = {
        (row.product_id, row.warehouse_id): row
        for row in ReorderPoint.objects.filter(**chosen)
        if runs.get((row.product_id, row.warehouse_id)) == row.run_id
    }
    forecasts = Forecast.objects.filter(**chosen).only(*OF_FORECAST)
    errors = {
        (product, warehouse, of): wape
        for product, warehouse, of, wape in Accuracy.objects.filter(**chosen).values_list(
            "product_id", "warehouse_id", "run_id", "wape"
        )
    }
    return {
        pair: Plan(points[pair], _from(row, today), row, errors.get((*pair, row.run_id)))
        for row in forecasts
        if (pair := (row.product_id, row.warehouse_id)) in points and runs[pair] == row.run_id
    }


def _with_by_hand(levels: list[StockLevel], known: dict[Pair, Plan], run: JobRun | None) -> list[Plan | None]:
    """The plan of each level; numbers set by hand since, or without any plan, hold at once."""
    items, plans = by_hand.set_for(levels, run), []
    for level in levels:
        plan = known.get((level.product_id, level.warehouse_id))
        if item := items.get(level.pk):
            amended = by_hand.amend(plan.point if plan else None, item)
            plan = replace(plan, point=amended) if plan else Plan(amended, _NOTHING, _NO_FORECAST, None)
        plans.append(plan)
    return plans


def _from(forecast: Forecast, today: date) -> np.ndarray:
    """The forecast's mean from ``today`` on, HORIZON days; what an old one does not reach is its mean."""
    mean = np.array(forecast.mean, float)
    ahead = mean[max((today - forecast.first_on).days, 0) :][:HORIZON]
    return np.concatenate([ahead, np.full(HORIZON - len(ahead), mean.mean())])


def law_of(forecasts: Sequence[Forecast]) -> LeadTimeDemand:
    """The law of each forecast's lead-time demand; one that was stored without its grid is sure of its mean."""
    grids = [row.lead_time_demand_grid or [row.lead_time_demand_mean] * len(GRID) for row in forecasts]
    return LeadTimeDemand(
        mean=np.array([row.lead_time_demand_mean for row in forecasts], float),
        quantiles=np.array(grids, float).reshape(-1, len(GRID)),
        excess=np.array([row.lead_time_demand_excess for row in forecasts], float),
    )


def _facts(
    today: date, levels: list[StockLevel], plans: list[Plan | None], coming: list[Coming], backordered: list[int],
    regression: StockOutModel | None,
) -> Facts:  # fmt: skip
    points = [plan.point if plan else _NO_POINT for plan in plans]
    forecasts = [plan.forecast if plan else _NO_FORECAST for plan in plans]
    demand = law_of(forecasts)
    lead_time = np.array([point.lead_time_days for point in points], float)
    margins = [
        max(point.unit_price - unit_cost(level, plan), Decimal(0))
        for level, plan, point in zip(levels, plans, points, strict=True)
    ]
    return Facts(
        on_hand=_whole(level.on_hand for level in levels),
        allocated=_whole(level.allocated for level in levels),
        unsellable=_whole(level.unsellable for level in levels),
        on_order=_whole(row.pieces for row in coming),
        in_transit=_whole(row.in_transit for row in coming),
        backordered=_whole(backordered),
        is_planned=np.array([plan is not None for plan in plans], bool),
        is_forecast=np.array([row.pk is not None for row in forecasts], bool),
        is_stocked=np.array([point.is_stocked for point in points], bool),
        is_dormant=np.array([point.is_dormant for point in points], bool),
        reorder_point=_whole(point.reorder_point for point in points),
        order_up_to_level=_whole(point.order_up_to_level for point in points),
        mean=np.array([plan.mean if plan else _NOTHING for plan in plans], float).reshape(-1, HORIZON),
        demand=demand,
        interval_days=lead_time + np.array([point.review_period_days for point in points], float),
        lead_time_days=lead_time,
        receipt_in_days=_receipt_in_days(today, coming, lead_time),
        unit_margin=np.array(margins, float),
        demand_pattern=np.array([point.demand_pattern for point in points], str),
        regression=regression,
    )


def _receipt_in_days(today: date, coming: list[Coming], lead_time: np.ndarray) -> np.ndarray:
    """NaN where nothing is on its way; what has no date is taken to be ordered now."""
    days = [(row.next_receipt_on - today).days if row.next_receipt_on else np.nan for row in coming]
    pieces = _whole(row.pieces + row.in_transit for row in coming)
    return np.where((pieces > 0) & np.isnan(days), np.ceil(lead_time), days)


def unit_cost(level: StockLevel, plan: Plan | None) -> Decimal:
    """As last night's plan has it, so that a new price in the catalogue waits for the next run like all else."""
    return plan.point.unit_cost if plan else level.product.unit_cost


def _whole(values) -> np.ndarray:
    return np.array(list(values), np.int64)


_NOTHING = np.zeros(HORIZON)
_NO_POINT = ReorderPoint(
    lead_time_days=0, review_period_days=0, reorder_point=0, order_up_to_level=0, unit_price=Decimal(0),
    is_stocked=False,
)  # fmt: skip
_NO_FORECAST = Forecast(lead_time_demand_mean=0.0, lead_time_demand_grid=[0.0] * len(GRID))
