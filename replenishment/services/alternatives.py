"""Another supplier for a purchase, where the usual one is dear, late or cannot deliver it all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from catalog.models import SupplierProduct
from inventory_site.common.models import JobRun
from replenishment.lead_times import Distribution
from replenishment.models import LeadTime
from replenishment.optimise.sourcing import Offers, lateness_cost, split_need
from replenishment.services.facts import Batch
from replenishment.services.needs import Needs
from replenishment.services.proposals import money
from replenishment.services.scarcity import capacities

#: Another supplier must be so much cheaper a piece, lateness reckoned in, to be named.
WORTH_NAMING = 0.02

#: Splits of one part of the night, each a small integer programme: those with most at stake.
MOST_SPLITS = 20


@dataclass(frozen=True)
class Offer:
    """What a piece costs from this supplier: its price, and what waiting longer than planned is expected to cost."""

    terms: SupplierProduct
    lead_time: Distribution
    lateness: float
    capacity: float

    @property
    def piece(self) -> float:
        return float(self.terms.unit_cost) + self.lateness


@dataclass(frozen=True)
class Alternative:
    """Who could deliver, and how the whole order there differs in money from the usual supplier."""

    supplier_id: int
    told: dict


def alternatives_of(
    batch: Batch, after: Needs, rows: np.ndarray, run: JobRun | None, order_cost: float
) -> dict[int, Alternative]:
    """By row: where a split of the order would give most of it to another supplier than the one it is planned with."""
    products = {batch.levels[at].product_id for at in rows}
    terms = SupplierProduct.objects.filter(product__in=products, supplier__is_active=True)
    by_product: dict[int, list[SupplierProduct]] = defaultdict(list)
    for row in terms.select_related("supplier").order_by("pk"):
        by_product[row.product_id].append(row)
    several = [at for at in rows.tolist() if len(by_product[batch.levels[at].product_id]) > 1]
    if not several:
        return {}
    known = _lead_times({t.supplier_id for own in by_product.values() for t in own}, products, run)
    limits = capacities()
    offers = {at: [_offer(t, batch, after, at, known, limits) for t in by_product[batch.levels[at].product_id]]
              for at in several}  # fmt: skip
    tempting = [at for at in several if _is_tempting(offers[at], batch, after, at)]
    tempting = sorted(tempting, key=lambda at: -after.lost_margin[at])[:MOST_SPLITS]
    found = {at: _chosen(offers[at], batch, after, at, order_cost) for at in tempting}
    return {at: chosen for at, chosen in found.items() if chosen}


def _lead_times(suppliers: set[int], products: set[int], run: JobRun | None) -> dict[tuple, Distribution]:
    rows = LeadTime.objects.filter(run=run, supplier__in=suppliers)
    own = rows.filter(product__in=products) | rows.filter(product=None)
    return {
        (supplier, product): Distribution.of(stored)
        for supplier, product, stored in own.values_list("supplier_id", "product_id", "distribution")
    }


def _offer(terms: SupplierProduct, batch: Batch, after: Needs, at: int, known: dict, limits: dict) -> Offer:
    own, usual = known.get((terms.supplier_id, terms.product_id)), known.get((terms.supplier_id, None))
    days = terms.supplier.lead_time_days if terms.lead_time_days is None else terms.lead_time_days
    declared = Distribution.sure(days)
    lead_time, planned = own or usual or declared, batch.plans[at].point.lead_time_days
    delay = after.lost_margin[at] / (max(int(after.wanted[at]), 1) * max(planned, 1.0))
    return Offer(terms, lead_time, lateness_cost(lead_time.days, lead_time.chances, planned, delay),
                 limits.get(terms.supplier_id, np.inf))  # fmt: skip


def _usual(offers: list[Offer], batch: Batch, at: int) -> Offer | None:
    mine = batch.plans[at].point.supplier_id
    return next((offer for offer in offers if offer.terms.supplier_id == mine), None)


def _is_tempting(offers: list[Offer], batch: Batch, after: Needs, at: int) -> bool:
    usual = _usual(offers, batch, at)
    if usual is None:
        return False
    others = [offer for offer in offers if offer is not usual]
    best = min(offer.piece for offer in others)
    return best < usual.piece * (1 - WORTH_NAMING) or usual.capacity < after.wanted[at]


def _chosen(offers: list[Offer], batch: Batch, after: Needs, at: int, order_cost: float) -> Alternative | None:
    order, usual = int(after.wanted[at]), _usual(offers, batch, at)
    split = split_need(
        np.array([order]),
        Offers(
            unit_cost=np.array([float(o.terms.unit_cost) for o in offers]),
            order_cost=np.full(len(offers), order_cost), lateness_cost=np.array([o.lateness for o in offers]),
            min_order_quantity=np.array([o.terms.min_order_quantity for o in offers]),
            pack_size=np.array([o.terms.pack_size for o in offers]),
            capacity=np.array([[o.capacity] for o in offers]),
        ),
        holding_cost=0.0, shortage_cost=max(o.piece for o in offers) + float(batch.facts.unit_margin[at]) + order_cost,
    )  # fmt: skip
    shares = split.quantity.sum(axis=1)
    best = offers[int(shares.argmax())]
    if not shares.max() or best is usual:
        return None
    least, most = int(best.lead_time.days[0]), int(best.lead_time.days[-1])
    difference = money(order * (best.terms.unit_cost - usual.terms.unit_cost))
    told = {"alternative": best.terms.supplier.name, "alternative_first": least, "alternative_last": most,
            "difference": str(difference), "is_short": usual.capacity < order}  # fmt: skip
    return Alternative(best.terms.supplier_id, told)
