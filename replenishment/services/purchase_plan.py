"""This week's purchase: open suggestions as an integer programme under budget, room and suppliers' terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from django.db.models import F, Sum

from catalog.models import PriceBreak, Supplier, SupplierProduct
from inventory_site.common.models import JobRun, ShopSettings
from replenishment.models import Suggestion
from replenishment.optimise.budget import Binding, Limits, Plan, Suppliers, plan_purchase
from replenishment.optimise.errors import BadRow, Infeasible, NotSolved, Shortfall
from replenishment.optimise.greedy import plan_greedily
from replenishment.optimise.lots import Items
from replenishment.optimise.worth import rows_of
from replenishment.services.facts import Batch, read_batch
from replenishment.services.needs import needs_of
from replenishment.services.proposals import money
from replenishment.services.scarcity import capacities
from stock.models import StockLevel, Warehouse

#: Needs that are weighed at once: of more, those with most at stake. Five thousand take some ten seconds.
MOST_NEEDS = 5000

SECONDS = 6.0
PRICE = Decimal("0.0001")


@dataclass(frozen=True)
class Line:
    """One suggestion: ``quantity`` (0: not this week) for ``cost``, beside what was suggested."""

    suggestion: Suggestion
    quantity: int
    cost: Decimal


@dataclass(frozen=True)
class Told:
    """A limit by name: which ("budget", "volume", "capacity", "minimum_order"), of whom, and a number about it."""

    limit: str
    of: str
    amount: Decimal
    left: Decimal = Decimal(0)


@dataclass(frozen=True)
class WeeklyPlan:
    """What to buy this week; ``shortfalls`` tell why nothing can be planned, ``is_greedy`` that no solver proved it.

    ``coin`` is what one coin more of budget would bring, ``gap`` the share that the best plan could gain more (None:
    unknown). ``left_out`` suggestions could not be weighed (no cost, no forecast), each with why.
    """

    budget: Decimal | None
    lines: list[Line] = field(default_factory=list)
    goods: Decimal = Decimal(0)
    freight: Decimal = Decimal(0)
    gain: Decimal = Decimal(0)
    gap: float | None = None
    coin: float = 0.0
    binding: list[Told] = field(default_factory=list)
    shortfalls: list[Told] = field(default_factory=list)
    held_back: list[tuple[Suggestion, Decimal]] = field(default_factory=list)
    left_out: list[tuple[Suggestion, str]] = field(default_factory=list)
    not_weighed: int = 0
    is_greedy: bool = False

    @property
    def spent(self) -> Decimal:
        return self.goods + self.freight

    @property
    def chosen(self) -> list[Line]:
        return [line for line in self.lines if line.quantity]


def weekly_plan(suggestions, *, budget: Decimal | None, seconds: float = SECONDS) -> WeeklyPlan:
    """Plan the open purchases among ``suggestions`` (a queryset that the person may decide on)."""
    wanted = suggestions.filter(kind=Suggestion.Kind.PURCHASE, needs_decision=False, state=Suggestion.State.OPEN)
    wanted = wanted.order_by("-margin_at_risk", "pk")
    rows = list(wanted.select_related("product", "warehouse", "supplier")[:MOST_NEEDS])
    more = wanted.count() - len(rows) if len(rows) == MOST_NEEDS else 0
    if not rows:
        return WeeklyPlan(budget)
    problem = problem_of(rows)
    limits = Limits(float(budget) if budget is not None else np.inf, problem.room)
    try:
        plan, is_greedy = plan_purchase(problem.items, problem.terms, limits, seconds=seconds), False
    except NotSolved:
        try:
            plan, is_greedy = plan_greedily(problem.items, problem.terms, limits), True
        except Infeasible as infeasible:
            return WeeklyPlan(budget, shortfalls=problem.named(infeasible.shortfalls), left_out=problem.left_out)
    except Infeasible as infeasible:
        return WeeklyPlan(budget, shortfalls=problem.named(infeasible.shortfalls), left_out=problem.left_out)
    return _told(problem, plan, budget, more, is_greedy)


@dataclass(frozen=True)
class Problem:
    """The programme's arrays, and the rows that they stand for."""

    rows: list[Suggestion]
    items: Items
    terms: Suppliers
    suppliers: list[Supplier]
    room: np.ndarray
    warehouses: list[Warehouse]
    left_out: list[tuple[Suggestion, str]]

    def named(self, found: Sequence[Shortfall]) -> list[Told]:
        return [Told(row.limit, self._of(row.limit, row.index), money(row.amount)) for row in found]

    def binding(self, found: Sequence[Binding]) -> list[Told]:
        """The budget first; prices keep four decimals, since a coin may bring less than a cent."""
        order = sorted(found, key=lambda row: row.limit != "budget")
        return [
            Told(row.limit, self._of(row.limit, row.index), Decimal(row.price).quantize(PRICE), money(row.left))
            for row in order
        ]

    def _of(self, limit: str, index: int) -> str:
        if limit == "volume":
            return str(self.warehouses[index])
        return "" if limit == "budget" else str(self.suppliers[index])


def problem_of(rows: list[Suggestion]) -> Problem:
    """A row that cannot be planned is left out with why, and the others go on."""
    run = JobRun.objects.latest_published()
    pairs = {(row.product_id, row.warehouse_id): row for row in rows}
    levels = StockLevel.objects.filter(product__in={p for p, _ in pairs}, warehouse__in={w for _, w in pairs})
    ids = [pk for pk, *pair in levels.values_list("pk", "product_id", "warehouse_id") if tuple(pair) in pairs]
    batch = read_batch(ids, run)
    ordered = [pairs[level.product_id, level.warehouse_id] for level in batch.levels]
    suppliers = list(Supplier.objects.filter(pk__in={row.supplier_id for row in ordered}).order_by("pk"))
    warehouses = list(Warehouse.objects.filter(pk__in={row.warehouse_id for row in ordered}).order_by("pk"))
    items = _items(batch, ordered, suppliers, warehouses)
    faults = {fault.row: fault for fault in items.faults()}
    unknown = {at for at, row in enumerate(ordered) if not row.unit_cost or batch.plans[at] is None}
    kept = np.array([at for at in range(len(ordered)) if at not in faults and at not in unknown], int)
    left_out = [(ordered[at], _why(faults.get(at))) for at in sorted({*faults, *unknown})]
    return Problem([ordered[at] for at in kept], items.take(kept), _terms(suppliers), suppliers,
                   _free_room(warehouses), warehouses, left_out)  # fmt: skip


def _why(fault: BadRow | None) -> str:
    return fault.field if fault else "unit_cost"


def _items(batch: Batch, rows: list[Suggestion], suppliers: list[Supplier], warehouses: list[Warehouse]) -> Items:
    own = SupplierProduct.objects.filter(supplier__in=suppliers, product__in={row.product_id for row in rows})
    terms = {(t.supplier_id, t.product_id): t for t in own}
    breaks: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for row in PriceBreak.objects.filter(terms__in=own).order_by("terms", "min_quantity"):
        breaks[row.terms_id].append((row.min_quantity, float(row.unit_cost)))
    known = [terms.get((row.supplier_id, row.product_id)) for row in rows]
    points = [plan.point if plan else None for plan in batch.plans]
    shop, position = ShopSettings.objects.load(), needs_of(batch).position
    place = {supplier.pk: at for at, supplier in enumerate(suppliers)}
    room = {warehouse.pk: at for at, warehouse in enumerate(warehouses)}
    most = [p.maximum_stock - int(x) if p and p.maximum_stock is not None else np.inf
            for p, x in zip(points, position, strict=True)]  # fmt: skip
    return Items.of(
        rows_of(batch.facts.demand, np.arange(len(rows))), interval_days=np.maximum(batch.facts.interval_days, 1),
        position=position, price=[float(p.unit_price) if p else 0.0 for p in points],
        unit_cost=[float(t.unit_cost if t else row.unit_cost) for t, row in zip(known, rows, strict=True)],
        holding_rate=float(shop.holding_rate),
        min_order_quantity=[t.min_order_quantity if t else 1 for t in known],
        pack_size=[t.pack_size if t else 1 for t in known],
        price_breaks=[tuple(breaks[t.pk]) if t else () for t in known],
        supplier=[place[row.supplier_id] for row in rows], warehouse=[room[row.warehouse_id] for row in rows],
        volume=[float(row.product.volume_ml or 0) for row in rows], required=np.maximum(-position, 0),
        max_order_quantity=np.maximum(most, 0.0),
    )  # fmt: skip


def _terms(suppliers: list[Supplier]) -> Suppliers:
    """What a supplier delivers in a week is as declared, else as learned; no limit where neither tells one."""
    limits = capacities()
    return Suppliers.of(
        len(suppliers), freight_cost=[float(s.freight_cost) for s in suppliers],
        free_freight_from=[np.inf if s.free_freight_from is None else float(s.free_freight_from) for s in suppliers],
        minimum_order_cost=[float(s.minimum_order_cost) for s in suppliers],
        capacity=[limits.get(s.pk, np.inf) for s in suppliers],
    )  # fmt: skip


def _free_room(warehouses: list[Warehouse]) -> np.ndarray:
    """Room that is not taken by what is on hand [warehouses]; what has no known volume takes none."""
    held = StockLevel.objects.filter(warehouse__in=warehouses, product__volume_ml__isnull=False, on_hand__gt=0)
    sums = held.order_by().values_list("warehouse").annotate(taken=Sum(F("on_hand") * F("product__volume_ml")))
    taken = dict(sums)
    return np.array([
        np.inf if w.room_ml is None else max(float(w.room_ml - (taken.get(w.pk) or 0)), 0.0) for w in warehouses
    ])  # fmt: skip


def _told(problem: Problem, plan: Plan, budget: Decimal | None, more: int, is_greedy: bool) -> WeeklyPlan:
    lines = [
        Line(row, quantity, money(cost))
        for row, quantity, cost in zip(problem.rows, plan.quantity.tolist(), plan.cost.tolist(), strict=True)
    ]
    held = list(zip((problem.rows[at] for at in plan.held_back), map(money, plan.held_back_cost), strict=True))
    return WeeklyPlan(
        budget=budget, lines=lines, goods=sum((line.cost for line in lines), Decimal(0)),
        freight=money(float(plan.freight_cost.sum())), gain=money(plan.gain), gap=None if is_greedy else plan.gap,
        coin=plan.coin, binding=problem.binding(plan.binding), held_back=held, left_out=problem.left_out,
        not_weighed=more, is_greedy=is_greedy,
    )  # fmt: skip
