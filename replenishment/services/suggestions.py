"""What to buy: proposed each night for what is at its reorder point, decided by people, one open proposal an item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Q, Sum

from inventory_site.common.models import JobRun, ShopSettings
from orders.models import PurchaseOrder, PurchaseOrderLine
from replenishment import formulas
from replenishment.models import Policy, ReorderPoint, Suggestion
from replenishment.positions import assess
from replenishment.services.facts import LEVELS_AT_ONCE, Batch, Pair, read_batch
from stock.models import StockLevel

#: A dismissal holds this long, unless what is missing grows to this many times what was missing then.
DISMISSED_FOR = timedelta(days=28)
GROWN = 1.5

WRITTEN_AT_ONCE = 500
CENT = Decimal("0.01")
UPDATED = ("run", "supplier", "quantity", "unit_cost", "cost", "margin_at_risk", "reason_code", "reason_terms")


@dataclass(frozen=True)
class Proposal:
    """A purchase that the plan asks for; ``terms`` are those of ``replenishment.explain``."""

    point: ReorderPoint
    quantity: int
    code: str
    terms: dict[str, Any]
    margin_at_risk: Decimal

    def fill(self, suggestion: Suggestion, run: JobRun) -> Suggestion:
        suggestion.run, suggestion.supplier_id = run, self.point.supplier_id
        suggestion.quantity, suggestion.unit_cost = self.quantity, self.point.unit_cost
        suggestion.cost = (self.quantity * self.point.unit_cost).quantize(CENT)
        suggestion.margin_at_risk = self.margin_at_risk
        suggestion.reason_code, suggestion.reason_terms = self.code, self.terms
        return suggestion


def split_suggestions(run: JobRun) -> list[dict]:
    """All stock levels in ranges of primary keys."""
    ids = list(StockLevel.objects.order_by("pk").values_list("pk", flat=True))
    parts = [ids[at : at + LEVELS_AT_ONCE] for at in range(0, len(ids), LEVELS_AT_ONCE)]
    return [{"first": part[0], "last": part[-1]} for part in parts]


def make_suggestions(run: JobRun, payload: dict) -> Callable[[], None]:
    """Propose what this run's plan asks for at the levels from ``first`` to ``last``.

    All is read within the writing transaction, under lock of the open suggestions: what somebody accepts at this
    moment is either seen as a draft or still open. Works before and after the run is published.
    """

    def write() -> None:
        levels = StockLevel.objects.filter(pk__range=(payload["first"], payload["last"]))
        ids = list(levels.values_list("pk", flat=True))
        pending = _open_suggestions(ids)
        batch = read_batch(ids, run)
        wanted = proposals(batch)
        refused = _refused(batch, wanted)
        kept = [wanted[pair].fill(row, run) for pair, row in pending.items() if pair in wanted]
        new = [
            proposal.fill(Suggestion(product_id=pair[0], warehouse_id=pair[1]), run)
            for pair, proposal in wanted.items()
            if pair not in pending and pair not in refused
        ]
        _supersede(row for pair, row in pending.items() if pair not in wanted)
        Suggestion.objects.bulk_update(kept, UPDATED, batch_size=WRITTEN_AT_ONCE)
        Suggestion.objects.bulk_create(new, batch_size=WRITTEN_AT_ONCE)

    return write


def withdraw_unneeded(level_ids: Sequence[int], run: JobRun | None) -> None:
    """Close open suggestions of these levels whose need is gone. Those of a run that is not published yet stay."""
    current = Q(run=run) | Q(run__in=JobRun.objects.published())
    pending = _open_suggestions(level_ids, current)
    if not pending:
        return
    levels = StockLevel.objects.filter(
        pk__in=level_ids, product__in={product for product, _ in pending}
    ).values_list("pk", flat=True)  # fmt: skip
    batch = read_batch(list(levels), run)
    wanted = proposals(batch)
    planned = {
        (level.product_id, level.warehouse_id)
        for level, plan in zip(batch.levels, batch.plans, strict=True)
        if plan is not None
    }
    _supersede(row for pair, row in pending.items() if pair in planned and pair not in wanted)


def _open_suggestions(level_ids: Sequence[int], *conditions: Q) -> dict[Pair, Suggestion]:
    """By item, locked."""
    pairs = set(StockLevel.objects.filter(pk__in=level_ids).values_list("product_id", "warehouse_id"))
    products, warehouses = {product for product, _ in pairs}, {warehouse for _, warehouse in pairs}
    rows = Suggestion.objects.open().filter(*conditions, product__in=products, warehouse__in=warehouses).locked()
    return {pair: row for row in rows if (pair := (row.product_id, row.warehouse_id)) in pairs}


def _supersede(rows) -> None:
    gone = [row.pk for row in rows]
    Suggestion.objects.filter(pk__in=gone).update(state=Suggestion.State.SUPERSEDED)


def proposals(batch: Batch) -> dict[Pair, Proposal]:
    """What the ordering rules ask for, by item. Pieces in draft orders are counted as if they were on order."""
    drafted = _drafted(batch)
    position = batch.facts.inventory_position + drafted
    order = _orders(batch, position)
    margins = assess(batch.facts).lost_margin
    found = {}
    for at in np.flatnonzero(order).tolist():
        point = batch.plans[at].point
        code, terms = _reason(batch, at, int(order[at]), int(drafted[at]))
        found[point.product_id, point.warehouse_id] = Proposal(
            point, int(order[at]), code, terms, Decimal(float(margins[at])).quantize(CENT)
        )
    return found


def _drafted(batch: Batch) -> np.ndarray:
    """Pieces on draft purchase orders [levels]: decided already, though not bought."""
    pairs = [(level.product_id, level.warehouse_id) for level in batch.levels]
    lines = PurchaseOrderLine.objects.filter(
        order__state=PurchaseOrder.State.DRAFT, product__in={product for product, _ in pairs}
    )
    sums = lines.order_by().values_list("product", "order__warehouse").annotate(pieces=Sum("quantity"))
    found = {(product, warehouse): pieces for product, warehouse, pieces in sums}
    return np.array([found.get(pair, 0) for pair in pairs], np.int64)


def _orders(batch: Batch, position: np.ndarray) -> np.ndarray:
    """Pieces to order [levels]; what is not bought for the shelf only fills what customers wait for."""
    points = [plan.point if plan else None for plan in batch.plans]

    def column(name: str, missing: int) -> np.ndarray:
        return np.array([getattr(point, name) if point else missing for point in points], np.int64)

    minimum, pack = column("min_order_quantity", 1), column("pack_size", 1)
    lots = formulas.order_lots(position, batch.facts.reorder_point, column("order_quantity", 1))
    top = batch.facts.order_up_to_level
    filled = formulas.order_up_to(position, top, minimum, pack)
    min_max = formulas.order_min_max(position, batch.facts.reorder_point, top, minimum, pack)
    owed = formulas.order_up_to(position, 0, minimum, pack)
    up_to, to_level = (
        np.array([bool(point) and point.rule == rule for point in points], bool)
        for rule in (Policy.Rule.R_S, Policy.Rule.S_S)
    )
    can_buy = np.array([bool(point) and point.supplier_id is not None for point in points], bool)
    return np.select([~can_buy, ~batch.facts.is_stocked, up_to, to_level], [0, owed, filled, min_max], lots)


def _reason(batch: Batch, at: int, order: int, drafted: int) -> tuple[str, dict[str, Any]]:
    """Code and terms of the sentence; ``position`` is the sum of its parts, ``level`` of what is expected and safe."""
    point, level = batch.plans[at].point, batch.levels[at]
    up_to = point.rule == Policy.Rule.R_S
    height = point.height
    position = int(batch.facts.inventory_position[at]) + drafted
    terms = {
        "order": order, "pack_size": point.pack_size, "order_quantity": point.order_quantity, "position": position,
        "on_hand": level.on_hand, "unsellable": level.unsellable, "on_order": batch.coming[at].pieces,
        "in_transit": batch.coming[at].in_transit, "allocated": level.allocated,
        "backordered": batch.backordered[at], "drafted": drafted,
        "level": height, "policy": point.rule, "expected": height - point.safety_stock,
        "safety_stock": point.safety_stock, "undershoot": point.undershoot,
        "by_hand": point.set_by_hand, "interval": round(point.lead_time_days + point.review_period_days, 1),
        "unit": "day", "target": "cycle_service_level" if point.fill_rate is None else "fill_rate",
        "target_rate": point.target_rate,
        "need": point.order_up_to_level - position,
    }  # fmt: skip
    if not point.is_stocked:
        return "order_owed", terms
    return ("order_up_to" if up_to else "order_lots"), terms


def _refused(batch: Batch, wanted: dict[Pair, Proposal]) -> set[Pair]:
    """Items whose last dismissal still holds."""
    zone = ShopSettings.objects.load().zone
    since = datetime.combine(batch.today - DISMISSED_FOR, time.min, zone)
    rows = Suggestion.objects.filter(
        state=Suggestion.State.DISMISSED, decided_at__gte=since, product__in={product for product, _ in wanted}
    ).order_by("decided_at", "pk")  # fmt: skip
    last = {(row.product_id, row.warehouse_id): row.reason_terms["need"] for row in rows}
    return {pair for pair, need in last.items() if pair in wanted and wanted[pair].terms["need"] <= GROWN * need}
