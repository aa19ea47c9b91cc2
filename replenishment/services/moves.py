"""Transfers before purchases: what one warehouse can spare goes where it is missing, if that is cheaper."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from inventory_site.common.models import ShopSettings
from replenishment.models import TransferLane
from replenishment.optimise.allocation import allocate
from replenishment.optimise.transfers import Lanes, Need, Surplus, plan_transfers
from replenishment.optimise.worth import rows_of
from replenishment.positions import days_until_receipt
from replenishment.services.facts import Batch
from replenishment.services.needs import Needs
from stock.models import Warehouse

#: Product, from warehouse, to warehouse.
Way = tuple[int, int, int]


@dataclass(frozen=True)
class Network:
    """Days and freight a piece from warehouse to warehouse [from, to], inf: no way; ``place`` numbers warehouses."""

    place: dict[int, int]
    days: np.ndarray
    freight: np.ndarray

    @classmethod
    def load(cls, shop: ShopSettings) -> Network:
        """The shop's usual days and freight, but for lanes that say otherwise; closed warehouses have no way."""
        place = {pk: at for at, pk in enumerate(Warehouse.objects.active().order_by("pk").values_list("pk", flat=True))}
        size = (len(place), len(place))
        days, freight = np.full(size, float(shop.transfer_days)), np.full(size, float(shop.transfer_cost))
        for lane in TransferLane.objects.filter(source__in=place, destination__in=place):
            at = place[lane.source_id], place[lane.destination_id]
            days[at], freight[at] = lane.days, float(lane.cost_per_piece) if lane.is_open else np.inf
        return cls(place, days, freight)


@dataclass(frozen=True)
class Move:
    """``quantity`` pieces from level ``source`` to level ``target`` of the batch; ``freight`` is money in all."""

    source: int
    target: int
    quantity: int
    days: int
    freight: float


def moves_of(batch: Batch, needs: Needs, network: Network, refused: Collection[Way], handling: float) -> list[Move]:
    """Moves after which a need costs less than by buying alone, handling of each move and purchase included.

    Where less can be spared than is missing in several places, it goes where it is expected to earn most.
    """
    place = np.array([network.place.get(level.warehouse_id, -1) for level in batch.levels])
    product = np.array([level.product_id for level in batch.levels])
    turned_down = {(p, source) for p, source, _to in refused}
    gives = (needs.spare > 0) & (place >= 0) & np.isin(product, product[(needs.missing > 0) & (place >= 0)])
    gives &= [(level.product_id, level.warehouse_id) not in turned_down for level in batch.levels]
    sources = np.flatnonzero(gives)
    targets = np.flatnonzero((needs.missing > 0) & (place >= 0) & np.isin(product, product[sources]))
    if not len(sources) or not len(targets):
        return []
    wanted = _shared(batch, needs, product, sources, targets)
    need = _needs(batch, needs, product, place, targets, wanted)
    surplus = Surplus(product[sources], place[sources], needs.spare[sources])
    plan = plan_transfers(surplus, need, Lanes(network.freight, network.days))
    found = [
        Move(int(sources[source]), int(targets[target]), int(quantity), int(network.days[lane]),
             float(network.freight[lane] * quantity))
        for source, target, quantity in zip(plan.surplus, plan.need, plan.quantity, strict=True)
        for lane in [(place[sources[source]], place[targets[target]])]
    ]  # fmt: skip
    return _worth_while(found, batch, needs, handling)


def _needs(
    batch: Batch, needs: Needs, product: np.ndarray, place: np.ndarray, targets: np.ndarray, wanted: np.ndarray
) -> Need:
    """Waiting costs the margin that is expected to be lost until the next receipt, spread over pieces and days."""
    wait = days_until_receipt(batch.facts)[targets]
    pieces = np.maximum(needs.missing[targets], 1)
    cost = _unit_costs(batch)[targets]
    buy = np.where(needs.can_buy[targets], cost, np.inf)
    delay = needs.lost_margin[targets] / (pieces * wait)
    lead = batch.facts.lead_time_days[targets]
    shortage = np.where(needs.can_buy[targets], cost + delay * lead + 1, batch.facts.unit_margin[targets])
    return Need(product[targets], place[targets], wanted, buy, lead, delay, shortage)


def _shared(batch: Batch, needs: Needs, product: np.ndarray, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Pieces that each target may get [targets]: what is missing, or its share of what can be spared."""
    wanted, known = needs.missing[targets].copy(), np.unique(product)
    spare = np.bincount(np.searchsorted(known, product[sources]), needs.spare[sources], len(product))
    pool = np.searchsorted(known, product[targets])
    asked, waiting = np.bincount(pool, wanted, len(product)), np.bincount(pool, minlength=len(product))
    scarce = np.flatnonzero((asked > spare)[pool] & (waiting > 1)[pool])
    if not len(scarce):
        return wanted
    rows = targets[scarce]
    pools, numbers = np.unique(pool[scarce], return_inverse=True)
    margin = np.maximum(
        batch.facts.unit_margin[rows], 0.01
    )  # without a margin pieces still go where they are asked for
    found = allocate(
        rows_of(batch.facts.demand, rows), spare[pools], product=numbers, warehouse=np.zeros(len(rows), int),
        position=needs.position[rows], margin=margin,
    )  # fmt: skip
    wanted[scarce] = np.minimum(wanted[scarce], found.quantity)
    return wanted


def _worth_while(found: list[Move], batch: Batch, needs: Needs, handling: float) -> list[Move]:
    """Without the moves of a need that would be dearer than buying only: what is still bought comes in whole lots."""
    cost, by_target = _unit_costs(batch), {}
    for move in found:
        by_target.setdefault(move.target, []).append(move)
    moved = np.zeros(len(batch.levels), np.int64)
    for move in found:
        moved[move.target] += move.quantity
    after = np.where(needs.can_buy, needs.rules.asked(needs.position + moved), 0)
    before = np.where(needs.can_buy, needs.wanted, 0)
    kept = []
    for target, moves in by_target.items():
        spent = sum(move.freight + handling for move in moves)
        left = after[target] * cost[target] + handling * (after[target] > 0)
        alone = before[target] * cost[target] + handling * (before[target] > 0)
        if not needs.can_buy[target]:
            alone = moved[target] * batch.facts.unit_margin[target]
        if spent + left < alone:
            kept += moves
    return kept


def _unit_costs(batch: Batch) -> np.ndarray:
    return np.array([float(plan.point.unit_cost) if plan else 0.0 for plan in batch.plans])


def moved_to(moves: list[Move], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pieces that come to and go from each level [levels]."""
    to, out = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for move in moves:
        to[move.target] += move.quantity
        out[move.source] += move.quantity
    return to, out
