"""Inventory positions: all of them when a run is published, single ones after each movement or order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import numpy as np
from django.db import transaction

from inventory_site.common import outbox
from inventory_site.common.models import JobRun
from replenishment.models import InventoryPosition
from replenishment.positions import Assessment, assess
from replenishment.services import kpis, suggestions
from replenishment.services.facts import LEVELS_AT_ONCE, Batch, Plan, read_batch, unit_cost
from replenishment.services.kpis import Cuts
from stock.models import StockLevel

#: Forecast error (WAPE of lead-time demand) up to which an item is X, and up to which it is Y.
X_UP_TO, Y_UP_TO = 0.5, 1.0

WRITTEN_AT_ONCE = 500
CENT = Decimal("0.01")

COMPUTED = tuple(
    field.attname
    for field in InventoryPosition._meta.concrete_fields
    if field.name not in ("id", "level", "refreshed_at")
)


def publish_run(run: JobRun) -> None:
    """Make the plan of this run the current one: positions and KPI snapshots. Call it in the publishing transaction.

    A run of an older day than the current one (a day made up for later) changes neither.
    """
    newest = JobRun.objects.latest_published(run.kind)
    if newest and (newest.business_date, newest.version) > (run.business_date, run.version):
        return
    cuts = kpis.revenue_cuts_of(run)
    totals = kpis.Totals()
    for ids in _all_levels():
        positions = _recompute(ids, run, cuts)
        totals.add(positions)
        suggestions.withdraw_unneeded(ids, run)  # what moved since they were made was heard of under the plan before
    kpis.save_snapshots(run=run, totals=totals, cuts=cuts)


@transaction.atomic
def refresh_positions(*, level_ids: Iterable[int]) -> int:
    """Recompute these positions; suggestions that are needed no more are withdrawn. Returns how many there were."""
    ids, refreshed = sorted(set(level_ids)), 0
    for at in range(0, len(ids), LEVELS_AT_ONCE):
        part = ids[at : at + LEVELS_AT_ONCE]
        _lock(part)
        run = JobRun.objects.latest_published()  # after the lock: a run may just have been published
        positions = _recompute(part, run, kpis.stored_cuts(run))
        refreshed += len(positions)
        suggestions.withdraw_unneeded(part, run)
    return refreshed


def hear_of_changes(payloads: Sequence[dict[str, Any]]) -> None:
    """Consumer of the outbox: something moved, or was ordered, at these levels. Tells whoever reads positions."""
    ids = sorted({pk for payload in payloads for pk in payload["levels"]})
    refresh_positions(level_ids=ids)
    outbox.publish("positions.changed", {"levels": ids})


@dataclass(frozen=True)
class Difference:
    position: InventoryPosition
    field: str
    stored: Any
    computed: Any


def differing_positions() -> Iterator[Difference]:
    """Recompute every position and yield each field that is not as it is stored; a missing row differs in its level.

    Reads without locks: run it while nothing waits in the outbox.
    """
    run = JobRun.objects.latest_published()
    cuts = kpis.revenue_cuts_of(run) if run else {}
    for ids in _all_levels():
        stored = {row.level_id: row for row in InventoryPosition.objects.filter(level__in=ids)}
        for computed in _positions(read_batch(ids, run), cuts):
            known = stored.get(computed.level_id)
            if known is None:
                yield Difference(computed, "level", None, computed.level_id)
                continue
            for name in COMPUTED:
                if getattr(known, name) != getattr(computed, name):
                    yield Difference(known, name, getattr(known, name), getattr(computed, name))


def _all_levels() -> Iterator[list[int]]:
    ids = StockLevel.objects.order_by("pk").values_list("pk", flat=True).iterator()
    while part := list(islice(ids, LEVELS_AT_ONCE)):
        yield part


def _recompute(level_ids: Sequence[int], run: JobRun | None, cuts: dict[int, Cuts]) -> list[InventoryPosition]:
    _lock(level_ids)
    positions = _positions(read_batch(level_ids, run), cuts)
    InventoryPosition.objects.bulk_create(
        positions,
        update_conflicts=True,
        unique_fields=["level"],
        update_fields=[f.name for f in InventoryPosition._meta.concrete_fields if f.name not in ("id", "level")],
        batch_size=WRITTEN_AT_ONCE,
    )
    return positions


def _lock(level_ids: Sequence[int]) -> None:
    """Make the missing rows and lock all, in one order: who comes second sees what the first has read and written."""
    known = InventoryPosition.objects.filter(level__in=level_ids)
    missing = set(level_ids) - set(known.values_list("level_id", flat=True))
    levels = StockLevel.objects.filter(pk__in=missing).order_by("pk").values_list("pk", "product_id", "warehouse_id")
    InventoryPosition.objects.bulk_create(
        [InventoryPosition(level_id=pk, product_id=product, warehouse_id=place) for pk, product, place in levels],
        ignore_conflicts=True,
        batch_size=WRITTEN_AT_ONCE,
    )
    list(known.order_by("level_id").select_for_update(of=("self",), no_key=True).values_list("pk"))


def _positions(batch: Batch, cuts: dict[int, Cuts]) -> list[InventoryPosition]:
    found = assess(batch.facts)
    columns = {name: getattr(found, name).tolist() for name in Assessment.__dataclass_fields__}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [_position(batch, at, row, cuts) for at, row in enumerate(rows)]


def _position(batch: Batch, at: int, own: dict[str, Any], cuts: dict[int, Cuts]) -> InventoryPosition:
    level, plan, coming = batch.levels[at], batch.plans[at], batch.coming[at]
    cost, runs_out, cover = unit_cost(level, plan), own["runs_out_in_days"], own["days_of_cover"]
    position = InventoryPosition(
        level_id=level.pk, product_id=level.product_id, warehouse_id=level.warehouse_id,
        on_order=coming.pieces, in_transit=coming.in_transit, next_receipt_on=coming.next_receipt_on,
        backordered=batch.backordered[at],
        inventory_position=own["inventory_position"],
        daily_demand=own["daily_demand"],
        days_of_cover=cover if cover < float("inf") else None,
        runs_out_on=batch.today + timedelta(days=runs_out) if runs_out >= 0 else None,
        stock_out_chance=None if np.isnan(own["stock_out_chance"]) else own["stock_out_chance"],
        stock_status=own["status"],
        stock_value=(level.on_hand * cost).quantize(CENT),
        overstock_value=(own["surplus"] * cost).quantize(CENT),
        margin_at_risk=Decimal(own["lost_margin"]).quantize(CENT),
    )  # fmt: skip
    if plan:
        _take_plan(position, plan, cuts)
    if segment := batch.segments[at]:
        position.abc, position.xyz, position.demand_pattern = segment.abc, segment.xyz, segment.pattern
    return position


def _take_plan(position: InventoryPosition, plan: Plan, cuts: dict[int, Cuts]) -> None:
    point = plan.point
    position.run_id, position.supplier_id = point.run_id, point.supplier_id
    position.reorder_point, position.order_up_to_level = point.reorder_point, point.order_up_to_level
    position.order_quantity = point.order_quantity
    position.last_demand_on, position.demand_pattern = point.last_demand_on, point.demand_pattern
    position.wape, position.xyz = plan.wape, _xyz(plan.wape)
    position.abc = kpis.abc(point.yearly_revenue, cuts.get(point.warehouse_id))


def _xyz(wape: float | None) -> str:
    if wape is None:
        return ""
    return "X" if wape <= X_UP_TO else "Y" if wape <= Y_UP_TO else "Z"
