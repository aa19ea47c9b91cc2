"""A supplier who cannot deliver all that is wanted: its capacity is shared by what pieces are expected to earn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from django.db.models import Sum

from catalog.models import Supplier
from inventory_site.common.models import JobRun
from replenishment.formulas import lot_size
from replenishment.models import Suggestion, SupplierScore
from replenishment.optimise.allocation import allocate
from replenishment.optimise.worth import rows_of
from replenishment.services.facts import read_batch
from replenishment.services.needs import needs_of
from replenishment.services.proposals import money
from stock.models import StockLevel

#: Needs of one supplier that are weighed, those with most at stake; the others wait.
MOST_NEEDS = 1000


def capacities() -> dict[int, float]:
    """Pieces a week by supplier: as declared, else as learned; suppliers without a limit are not in it."""
    learned = SupplierScore.objects.of_all().exclude(weekly_capacity=None).values_list("supplier", "weekly_capacity")
    declared = Supplier.objects.exclude(weekly_capacity=None).values_list("pk", "weekly_capacity")
    return {pk: float(pieces) for pk, pieces in (*learned, *declared)}


def split_scarce(run: JobRun) -> list[dict]:
    """Suppliers of whom more is proposed than they deliver in a week."""
    limits = capacities()
    sums = _purchases(run).filter(supplier__in=limits).order_by().values_list("supplier").annotate(Sum("quantity"))
    return [{"supplier": pk} for pk, wanted in sorted(sums) if wanted > limits[pk]]


def share_scarce(run: JobRun, payload: dict) -> Callable[[], None]:
    """Give each need its share, in whole packs; what gets none needs a decision. Sharing again changes nothing."""

    def write() -> None:
        rows = _purchases(run).filter(supplier=payload["supplier"]).locked().order_by("-margin_at_risk", "pk")
        rows, limit = list(rows[:MOST_NEEDS]), capacities().get(payload["supplier"])
        if limit is None or not rows:
            return
        wanted = sum(row.reason_terms["order"] for row in rows)
        for row, share in zip(rows, _shares(run, rows, int(limit)), strict=True):
            order = row.reason_terms["order"]
            row.quantity, row.needs_decision = min(share, order) or order, not share
            row.cost = money(row.quantity * row.unit_cost)
            row.reason_terms = row.reason_terms | {"capacity": int(limit), "wanted": wanted, "share": min(share, order)}
        Suggestion.objects.bulk_update(rows, ["quantity", "needs_decision", "cost", "reason_terms"], batch_size=200)

    return write


def _purchases(run: JobRun):
    """Those that do not need a decision for another reason."""
    rows = Suggestion.objects.open().filter(run=run, kind=Suggestion.Kind.PURCHASE)
    return rows.exclude(reason_code="minimum_above_year")


def _shares(run: JobRun, rows: list[Suggestion], limit: int) -> list[int]:
    """Pieces for each row, no more together than ``limit``: shares are rounded down to packs, the rest is not given."""
    pairs = {(row.product_id, row.warehouse_id): at for at, row in enumerate(rows)}
    levels = StockLevel.objects.filter(product__in={p for p, _w in pairs}, warehouse__in={w for _p, w in pairs})
    ids = [pk for pk, *pair in levels.values_list("pk", "product_id", "warehouse_id") if tuple(pair) in pairs]
    batch = read_batch(ids, run)
    needs = needs_of(batch)
    none = np.zeros(len(ids), int)
    found = allocate(
        rows_of(batch.facts.demand, np.arange(len(ids))), np.array([limit]), product=none, warehouse=none,
        position=needs.position, margin=np.maximum(batch.facts.unit_margin, 0.01),
    )  # fmt: skip
    shares = [0] * len(rows)
    for at, level in enumerate(batch.levels):
        point, row = batch.plans[at].point, pairs[level.product_id, level.warehouse_id]
        packs = int(found.quantity[at]) // max(point.pack_size, 1) * max(point.pack_size, 1)
        least = int(lot_size(1, point.min_order_quantity, point.pack_size))
        shares[row] = packs if packs >= least else 0
    return shares
