"""What each level of a batch lacks, and what it could spare: the ordering rules on today's stock. Arrays [levels]."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from django.db.models import Sum

from orders.models import PurchaseOrder, PurchaseOrderLine
from replenishment import formulas
from replenishment.models import Policy, PolicyMode
from replenishment.positions import asked_within, assess
from replenishment.services.facts import Batch, Pair
from stock.models import Transfer, TransferLine

#: What a warehouse keeps for itself before it gives to others, if its order-up-to level is no more: days of forecast.
KEPT_DAYS = 28


@dataclass(frozen=True)
class Rules:
    """The ordering rule of each level, arrays [levels]."""

    rule: np.ndarray
    level: np.ndarray
    top: np.ndarray
    order_quantity: np.ndarray
    minimum: np.ndarray
    pack: np.ndarray
    is_stocked: np.ndarray

    def asked(self, position: np.ndarray) -> np.ndarray:
        """Pieces to order; what is not bought for the shelf only fills what customers wait for."""
        lots = formulas.order_lots(position, self.level, self.order_quantity)
        filled = formulas.order_up_to(position, self.top, self.minimum, self.pack)
        owed = formulas.order_up_to(position, 0, self.minimum, self.pack)
        min_max = formulas.order_min_max(position, self.level, self.top, self.minimum, self.pack)
        chosen = [~self.is_stocked, self.rule == Policy.Rule.R_S, self.rule == Policy.Rule.S_S]
        return np.select(chosen, [owed, filled, min_max], lots)


@dataclass(frozen=True)
class Needs:
    """What one batch lacks and could spare.

    ``position`` counts drafts: ``drafted`` pieces on draft orders, ``arriving`` and ``leaving`` on draft transfers.

    ``wanted``  pieces that the rule asks for now, whoever brings them (0: nothing), in packs and minimums
    ``missing`` of these what is missing up to the level; a transfer brings no more
    ``spare``   pieces that could go elsewhere without being missed here
    ``surplus`` pieces too many, however far one looks
    """

    position: np.ndarray
    drafted: np.ndarray
    arriving: np.ndarray
    leaving: np.ndarray
    wanted: np.ndarray
    missing: np.ndarray
    can_buy: np.ndarray
    spare: np.ndarray
    surplus: np.ndarray
    lost_margin: np.ndarray
    yearly_demand: np.ndarray
    rules: Rules


def needs_of(batch: Batch) -> Needs:
    """Two queries. Where the plan is only watched (mode shadow) nothing is wanted and nothing is too much."""
    pairs = [(level.product_id, level.warehouse_id) for level in batch.levels]
    arriving, leaving = _drafted_transfers(pairs)
    drafted = _drafted(pairs)
    rules, can_buy, is_shadow = _rules(batch)
    position = batch.facts.inventory_position + drafted + arriving - leaving
    found = assess(batch.facts)
    wanted = np.where(batch.facts.is_planned & ~is_shadow, rules.asked(position), 0)
    target = np.where(rules.is_stocked, rules.top, 0)
    free = batch.facts.available - batch.facts.backordered - leaving
    kept = np.ceil(asked_within(batch.facts.mean, np.full(len(pairs), KEPT_DAYS)).round(6)).astype(np.int64)
    spare = np.maximum(free - np.maximum(kept, np.where(rules.is_stocked, rules.top, 0)), 0)
    return Needs(
        position=position, drafted=drafted, arriving=arriving, leaving=leaving, wanted=wanted,
        missing=np.minimum(wanted, np.maximum(target - position, 0)), can_buy=can_buy,
        spare=np.where(batch.facts.is_planned & (wanted == 0), spare, 0),
        surplus=np.where(is_shadow, 0, np.maximum(found.surplus - leaving, 0)), lost_margin=found.lost_margin,
        yearly_demand=batch.facts.demand.mean / np.maximum(batch.facts.interval_days, 1) * 365, rules=rules,
    )  # fmt: skip


def with_moved(needs: Needs, came: np.ndarray, went: np.ndarray) -> Needs:
    """The same after ``came`` pieces [levels] arrived from other warehouses and ``went`` left for them."""
    position = needs.position + came - went
    left = np.where(came > 0, needs.rules.asked(position), needs.wanted)
    return replace(
        needs, position=position, arriving=needs.arriving + came, leaving=needs.leaving + went, wanted=left,
        spare=np.maximum(needs.spare - went, 0), surplus=np.maximum(needs.surplus - went, 0),
    )  # fmt: skip


def _rules(batch: Batch) -> tuple[Rules, np.ndarray, np.ndarray]:
    """The rules, where somebody sells the item to us, and where the plan is only watched."""
    points = [plan.point if plan else None for plan in batch.plans]
    rows = [
        (p.rule, p.mode, p.order_up_to_level, p.order_quantity, p.min_order_quantity, p.pack_size, p.supplier_id or 0)
        if p else ("", "", 0, 1, 1, 1, 0)
        for p in points
    ]  # fmt: skip
    rule, mode, *whole = (list(column) for column in zip(*rows, strict=True))
    *lots, supplier = (np.array(column, np.int64) for column in whole)
    rules = Rules(np.array(rule, str), batch.facts.reorder_point, *lots, batch.facts.is_stocked)
    return rules, supplier > 0, np.array(mode, str) == PolicyMode.SHADOW


def _drafted(pairs: list[Pair]) -> np.ndarray:
    """Pieces on draft purchase orders [levels]: decided already, though not bought."""
    lines = PurchaseOrderLine.objects.filter(
        order__state=PurchaseOrder.State.DRAFT, product__in={product for product, _ in pairs}
    )
    sums = lines.order_by().values_list("product", "order__warehouse").annotate(pieces=Sum("quantity"))
    return _in_order({(product, warehouse): pieces for product, warehouse, pieces in sums}, pairs)


def _drafted_transfers(pairs: list[Pair]) -> tuple[np.ndarray, np.ndarray]:
    """Pieces on draft transfers to and from each level [levels]."""
    lines = TransferLine.objects.filter(
        transfer__state=Transfer.State.DRAFT, product__in={product for product, _ in pairs}
    ).values_list("product", "transfer__source", "transfer__destination", "quantity")  # fmt: skip
    to: dict[Pair, int] = {}
    out: dict[Pair, int] = {}
    for product, source, destination, quantity in lines:
        to[product, destination] = to.get((product, destination), 0) + quantity
        out[product, source] = out.get((product, source), 0) + quantity
    return _in_order(to, pairs), _in_order(out, pairs)


def _in_order(found: dict[Pair, int], pairs: list[Pair]) -> np.ndarray:
    return np.array([found.get(pair, 0) for pair in pairs], np.int64)
