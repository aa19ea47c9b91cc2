"""Ways out for stock that is too much: back to the supplier, marked down, or bought no more."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

import numpy as np

from catalog.models import Promotion, SupplierProduct
from inventory_site.common.models import ShopSettings
from replenishment.models import PolicyMode
from replenishment.positions import OVERSTOCK_DAYS, asked_within
from replenishment.services.facts import Batch
from replenishment.services.needs import Needs
from replenishment.services.proposals import Kind, Proposal, money
from replenishment.spare import SELLABLE_DAYS, Economics, Markdown, Spare, markdown, sent_back
from stock.models import Warehouse


@dataclass(frozen=True)
class Terms:
    """Who takes a product back, and what is credited for a piece."""

    supplier_id: int
    supplier: str
    rate: float
    credit: float


def exits_of(batch: Batch, needs: Needs, shop: ShopSettings) -> list[Proposal]:
    """At most one for each level: what gains most, and more than the work of it costs (the shop's cost of an order)."""
    rows = np.flatnonzero((needs.surplus > 0) & batch.facts.is_planned)
    found = _sold_or_sent(batch, needs, rows, shop) if len(rows) else []
    taken = {proposal.product_id for proposal in found}
    return found + [stop for stop in _stops(batch, shop) if stop.product_id not in taken]


def _sold_or_sent(batch: Batch, needs: Needs, rows: np.ndarray, shop: ShopSettings) -> list[Proposal]:
    economics = Economics(float(shop.holding_rate), float(shop.salvage_rate), float(shop.price_elasticity),
                          shop.markdown_days)  # fmt: skip
    spare = _spare(batch, needs, rows)
    cheaper = markdown(spare, economics)
    products = {batch.levels[at].product_id for at in rows}
    back, running = _taken_back(products), _promoted(products, batch.today)
    later, kept = sent_back(spare, economics, spare.surplus)
    codes = dict(Warehouse.objects.values_list("pk", "code"))
    least, found = float(shop.order_cost), []
    for row, at in enumerate(rows.tolist()):
        level = batch.levels[at]
        options: list[Proposal] = []
        if terms := back.get(level.product_id):
            options.append(_return(batch, needs, at, terms, later[row], kept[row]))
        places = running.get(level.product_id, set())
        if not places & {"", codes[level.warehouse_id]} and cheaper.sold[row] > cheaper.usual[row]:
            options.append(_markdown(batch, needs, at, cheaper, row, shop))
        best = max(options, key=lambda option: option.at_stake, default=None)
        if best and best.at_stake > least:
            found.append(best)
    return found


def _spare(batch: Batch, needs: Needs, rows: np.ndarray) -> Spare:
    points = [batch.plans[at].point for at in rows]
    free = batch.facts.available - batch.facts.backordered - needs.leaving
    return Spare(
        pieces=free[rows].astype(float), surplus=needs.surplus[rows].astype(float),
        daily_demand=batch.facts.mean[rows].mean(axis=1), price=np.array([float(p.unit_price) for p in points]),
        unit_cost=np.array([float(p.unit_cost) for p in points]),
        sellable_days=np.array([min(batch.levels[at].product.shelf_life_days or SELLABLE_DAYS, SELLABLE_DAYS)
                                for at in rows], float),
    )  # fmt: skip


def _base(batch: Batch, needs: Needs, at: int) -> dict:
    """What all sentences about surplus begin with: ``free`` = ``needed`` + ``surplus``."""
    surplus = int(needs.surplus[at])
    free = int(batch.facts.available[at] - batch.facts.backordered[at] - needs.leaving[at])
    used = int(np.ceil(asked_within(batch.facts.mean[[at]], np.array([OVERSTOCK_DAYS]))[0].round(6)))
    rate = round(float(batch.facts.mean[at].mean()), 2)
    return {"free": free, "needed": free - surplus, "surplus": surplus, "days": OVERSTOCK_DAYS, "expected": used,
            "rate": rate, "need": surplus}  # fmt: skip


def _return(batch: Batch, needs: Needs, at: int, terms: Terms, later: float, kept: float) -> Proposal:
    level, quantity = batch.levels[at], int(needs.surplus[at])
    credit, later_money, kept_money = money(terms.credit * quantity), money(float(later)), money(float(kept))
    told = _base(batch, needs, at) | {
        "quantity": quantity, "supplier": terms.supplier, "rate_credited": terms.rate, "credit": str(credit),
        "later": str(later_money), "holding": str(kept_money), "gain": str(credit - later_money + kept_money),
    }  # fmt: skip
    return Proposal(
        Kind.RETURN, level.product_id, level.warehouse_id, quantity, "return_surplus", told,
        at_stake=credit - later_money + kept_money, unit_cost=batch.plans[at].point.unit_cost,
        supplier_id=terms.supplier_id,
    )  # fmt: skip


def _markdown(batch: Batch, needs: Needs, at: int, found: Markdown, row: int, shop: ShopSettings) -> Proposal:
    level, point = batch.levels[at], batch.plans[at].point
    step = Decimal(str(found.step[row]))
    price = money(point.unit_price * (1 - step))
    revenue, holding = money(float(found.revenue[row])), money(float(found.holding[row]))
    until = batch.today + timedelta(days=shop.markdown_days)
    told = _base(batch, needs, at) | {
        "step": float(step), "price": str(price), "old_price": str(point.unit_price), "until": until.isoformat(),
        "period": shop.markdown_days, "usual": round(float(found.usual[row])), "sold": round(float(found.sold[row])),
        "elasticity": float(shop.price_elasticity), "revenue": str(revenue), "holding": str(holding),
        "gain": str(revenue + holding),
    }  # fmt: skip
    return Proposal(
        Kind.MARKDOWN, level.product_id, level.warehouse_id, int(needs.surplus[at]), "markdown_surplus", told,
        at_stake=revenue + holding, unit_cost=point.unit_cost, price=price, until_on=until,
    )  # fmt: skip


def _stops(batch: Batch, shop: ShopSettings) -> list[Proposal]:
    """Products that nobody has asked for in any warehouse for long, and whose stock costs more than they earn."""
    found = []
    numbered = enumerate(batch.levels)
    for _product, group in groupby(sorted(numbered, key=lambda pair: pair[1].product_id), lambda p: p[1].product_id):
        rows = [at for at, _level in group]
        if proposal := _stop(batch, rows, shop):
            found.append(proposal)
    return found


def _stop(batch: Batch, rows: list[int], shop: ShopSettings) -> Proposal | None:
    levels, plans = [batch.levels[at] for at in rows], [batch.plans[at] for at in rows]
    on_hand = sum(level.on_hand for level in levels)
    product = levels[0].product
    if not on_hand or not product.is_active or not all(plan and plan.point.is_dormant for plan in plans):
        return None
    if any(plan.point.mode == PolicyMode.SHADOW for plan in plans):
        return None
    asked = max((plan.point.last_demand_on for plan in plans if plan.point.last_demand_on), default=None)
    silent = (batch.today - (asked or product.created_at.astimezone(shop.zone).date())).days
    keeping = money(sum(level.on_hand * plan.point.unit_cost for level, plan in zip(levels, plans, strict=True))
                    * Decimal(shop.holding_rate))  # fmt: skip
    earned = money(sum(
        plan.point.yearly_revenue - plan.point.yearly_demand * plan.point.unit_cost for plan in plans
    ))  # fmt: skip
    if silent < shop.stop_after_days or keeping <= max(earned, Decimal(0)):
        return None
    terms = {
        "days": silent, "last": asked.isoformat() if asked else "", "on_hand": on_hand, "keeping": str(keeping),
        "earned": str(earned), "gain": str(keeping - earned), "need": on_hand,
    }  # fmt: skip
    most = max(levels, key=lambda level: (level.on_hand, -level.pk))
    return Proposal(
        Kind.STOP, product.pk, most.warehouse_id, on_hand, "stop_dead" if asked else "stop_never_asked", terms,
        at_stake=keeping - earned, unit_cost=plans[0].point.unit_cost,
    )  # fmt: skip


def _taken_back(products: set[int]) -> dict[int, Terms]:
    """By product, the supplier who credits most."""
    rows = SupplierProduct.objects.filter(
        product__in=products, accepts_returns=True, return_rate__gt=0, supplier__is_active=True
    ).select_related("supplier").order_by("pk")  # fmt: skip
    found: dict[int, Terms] = {}
    for row in rows:
        credit = float(row.unit_cost * row.return_rate)
        if row.product_id not in found or credit > found[row.product_id].credit:
            found[row.product_id] = Terms(row.supplier_id, row.supplier.name, float(row.return_rate), credit)
    return found


def _promoted(products: set[int], today: date) -> dict[int, set[str]]:
    """Warehouse codes ("": everywhere) in which each product is, or will be, promoted."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = Promotion.objects.filter(product__in=products, ends_on__gte=today)
    for product, code in rows.values_list("product", "warehouse_code"):
        found[product].add(code)
    return found
