"""What is missing as proposals: moved from where it is spare, the rest bought."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from inventory_site.common.models import JobRun
from replenishment.formulas import lot_size
from replenishment.lead_times import Distribution
from replenishment.models import LeadTime, Policy
from replenishment.services.alternatives import Alternative, alternatives_of
from replenishment.services.facts import Batch
from replenishment.services.moves import Move
from replenishment.services.needs import Needs
from replenishment.services.proposals import Kind, Proposal, money
from stock.models import Warehouse

#: A delivery is told as the days between which four of five arrive.
FIRST, LAST = 0.1, 0.9


def transfers_of(batch: Batch, needs: Needs, moves: list[Move]) -> list[Proposal]:
    """Each tells what the source keeps and what the same pieces would cost bought."""
    names = dict(Warehouse.objects.values_list("pk", "name")) if moves else {}
    return [_transfer(batch, needs, move, names) for move in moves]


def _transfer(batch: Batch, needs: Needs, move: Move, names: dict[int, str]) -> Proposal:
    source, target, point = batch.levels[move.source], batch.levels[move.target], batch.plans[move.target].point
    freight, bought = money(move.freight), money(move.quantity * point.unit_cost)
    spare, free = int(needs.spare[move.source]), _free(batch, needs, move.source)
    missing = int(needs.missing[move.target])
    terms = _stock(batch, needs, move.target) | {
        "quantity": move.quantity, "source": names[source.warehouse_id], "free": free, "kept": free - spare,
        "spare": spare, "days": move.days, "buy_days": round(point.lead_time_days), "freight": str(freight),
        "bought": str(bought), "saved": str(bought - freight), "can_buy": bool(needs.can_buy[move.target]),
        "missing": missing, "level": int(needs.position[move.target]) + missing, "need": move.quantity,
    }  # fmt: skip
    share = move.quantity / max(missing, 1)
    return Proposal(
        Kind.TRANSFER, target.product_id, target.warehouse_id, move.quantity,
        "transfer_before_buying" if needs.can_buy[move.target] else "transfer_only", terms,
        at_stake=money(float(needs.lost_margin[move.target]) * min(share, 1.0)), cost=freight,
        unit_cost=point.unit_cost, source_id=source.warehouse_id,
    )  # fmt: skip


def _free(batch: Batch, needs: Needs, at: int) -> int:
    return int(batch.facts.available[at] - batch.facts.backordered[at] - needs.leaving[at])


def purchases_of(batch: Batch, needs: Needs, after: Needs, run: JobRun | None, order_cost: float) -> list[Proposal]:
    """What is still missing after the moves. A smallest order that lasts for more than a year needs a decision."""
    rows = np.flatnonzero((after.wanted > 0) & after.can_buy)
    if not len(rows):
        return []
    arrivals, others = _arrivals(batch, rows, run), alternatives_of(batch, after, rows, run, order_cost)
    made = [_purchase(batch, needs, after, at, arrivals) for at in rows.tolist()]
    return [_with(proposal, others.get(at)) for at, proposal in zip(rows.tolist(), made, strict=True)]


def _with(proposal: Proposal, other: Alternative | None) -> Proposal:
    if other is None:
        return proposal
    return replace(proposal, alternative_id=other.supplier_id, terms=proposal.terms | other.told)


def _purchase(batch: Batch, needs: Needs, after: Needs, at: int, arrivals: dict) -> Proposal:
    point, order = batch.plans[at].point, int(after.wanted[at])
    terms = _stock(batch, after, at) | _plan_terms(point, order, int(after.position[at]))
    first, last = _arrival(point, arrivals)
    terms |= {"first": first, "last": last, "rate": round(point.lead_time_demand / terms["interval"], 2)}
    cost = money(order * point.unit_cost)
    year = max(round(float(after.yearly_demand[at])), 0)
    lasts = order > year + max(-int(after.position[at]), 0) and order <= _smallest(point)
    terms |= {"year": year, "cost": str(cost)}
    code = (
        ("buy_lots", "buy_up_to")[point.rule in (Policy.Rule.R_S, Policy.Rule.S_S)] if point.is_stocked else "buy_owed"
    )
    share = after.wanted[at] / max(needs.wanted[at], 1)
    return Proposal(
        Kind.PURCHASE, point.product_id, point.warehouse_id, order, "minimum_above_year" if lasts else code,
        terms | (_beyond(point, order, year) if lasts else {}),
        at_stake=money(float(needs.lost_margin[at]) * min(float(share), 1.0)), cost=cost, unit_cost=point.unit_cost,
        supplier_id=point.supplier_id, needs_decision=bool(lasts),
    )  # fmt: skip


def _arrival(point, arrivals: dict) -> tuple[int, int]:
    """The product's own days, else its supplier's, else the plan's."""
    usual = round(point.lead_time_days)
    own = arrivals.get((point.supplier_id, point.product_id))
    return own or arrivals.get((point.supplier_id, None)) or (usual, usual)


def _smallest(point) -> int:
    """The fewest whole packs that reach the minimum order."""
    return int(lot_size(1, point.min_order_quantity, point.pack_size))


def _beyond(point, order: int, year: int) -> dict[str, Any]:
    """What of the smallest order stands there after a year; ``order`` = ``year`` + ``beyond``."""
    return {"beyond": order - year, "tied": str(money((order - year) * point.unit_cost))}


def _stock(batch: Batch, needs: Needs, at: int) -> dict[str, Any]:
    """The parts that add up to the inventory position, drafts included."""
    level = batch.levels[at]
    return {
        "position": int(needs.position[at]), "on_hand": level.on_hand, "unsellable": level.unsellable,
        "on_order": batch.coming[at].pieces, "in_transit": batch.coming[at].in_transit, "allocated": level.allocated,
        "backordered": batch.backordered[at], "drafted": int(needs.drafted[at]), "arriving": int(needs.arriving[at]),
        "leaving": int(needs.leaving[at]),
    }  # fmt: skip


def _plan_terms(point, order: int, position: int) -> dict[str, Any]:
    """``level`` = ``expected`` + ``safety_stock``; ``after`` = ``position`` + ``order``."""
    return {
        "order": order, "pack_size": point.pack_size, "order_quantity": point.order_quantity,
        "minimum": point.min_order_quantity, "level": point.height, "top": point.order_up_to_level,
        "policy": point.rule, "after": position + order, "expected": point.height - point.safety_stock,
        "safety_stock": point.safety_stock,
        "undershoot": point.undershoot, "by_hand": point.set_by_hand,
        "interval": round(point.lead_time_days + point.review_period_days, 1) or 1.0, "unit": "day",
        "target": "cycle_service_level" if point.fill_rate is None else "fill_rate", "target_rate": point.target_rate,
        "need": point.order_up_to_level - position,
    }  # fmt: skip


def _arrivals(batch: Batch, rows: np.ndarray, run: JobRun | None) -> dict[tuple[int, int | None], tuple[int, int]]:
    """By supplier and product (None: all of it) the days between which four of five deliveries come."""
    points = [batch.plans[at].point for at in rows]
    known = LeadTime.objects.filter(run=run, supplier__in={p.supplier_id for p in points})
    own = known.filter(product__in={p.product_id for p in points}) | known.filter(product=None)
    return {
        (supplier, product): _between(Distribution.of(stored))
        for supplier, product, stored in own.values_list("supplier_id", "product_id", "distribution")
    }


def _between(lead_time: Distribution) -> tuple[int, int]:
    until = lead_time.chances.cumsum()
    first, last = (int(lead_time.days[min(int((until < share).sum()), len(until) - 1)]) for share in (FIRST, LAST))
    return first, last
