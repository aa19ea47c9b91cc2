"""Which policies hold for an item: the narrowest decides, wider ones fill in what it leaves open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from forecasting.models import Segment
from replenishment.models import InventoryPosition, Policy, PolicyMode
from replenishment.models.policies import LEVEL_CEILING, LEVEL_FLOOR
from stock.models import StockLevel
from stock.services import levels as stock_levels

Pair = tuple[int, int]  # product, warehouse

#: An item without any policy is planned by the model's own defaults.
USUAL = Policy()

#: What a policy can name, from narrow to wide. Where two match, the first part that only one of them names decides.
PARTS = ("product_id", "category_id", "abc", "xyz", "supplier_id", "warehouse_id")


#: The same of an inventory position, without the product.
REST_OF_ITEM = ("product__category_id", "abc", "xyz", "supplier_id", "warehouse_id")


@dataclass(frozen=True)
class Scope:
    """What an item is, from narrow to wide: primary keys, and letters of its class ("" where it has none)."""

    product: int | None
    category: int | None
    supplier: int | None
    warehouse: int | None
    abc: str = ""
    xyz: str = ""

    @property
    def parts(self) -> tuple:
        return self.product, self.category, self.abc, self.xyz, self.supplier, self.warehouse


@dataclass(frozen=True)
class Planned:
    """What an item is planned by, with all that its policies say together.

    ``policy`` is the narrowest, None where there is none; ``mode_of``, ``least_of`` and ``most_of`` those that set the
    mode, the least and the most.
    """

    policy: Policy | None
    rule: str
    target: str
    cycle_service_level: float
    fill_rate: float | None
    shortage_cost: Decimal
    level_floor: float
    level_ceiling: float
    review_period_days: int | None
    minimum_stock: int | None
    order_quantity: int | None
    reorder_point_floor: int | None
    maximum_stock: int | None
    mode: str
    mode_of: Policy | None
    least_of: Policy | None
    most_of: Policy | None

    @property
    def product_id(self) -> int | None:
        return self.policy.product_id if self.policy else None


def with_classes(scopes: Sequence[Scope]) -> list[Scope]:
    """The same with each item's class; asks the database only where some policy names a class."""
    if not Policy.objects.exclude(abc="", xyz="").exists():
        return list(scopes)
    products = {scope.product for scope in scopes}
    rows = Segment.objects.filter(product__in=products).values_list("product_id", "warehouse_id", "abc", "xyz")
    known = {(product, warehouse): (abc, xyz) for product, warehouse, abc, xyz in rows}
    return [
        replace(scope, abc=found[0], xyz=found[1]) if (found := known.get((scope.product, scope.warehouse))) else scope
        for scope in scopes
    ]


def resolve_policies(items: Iterable[Scope]) -> list[Planned]:
    """What each item is planned by, in order; three queries at most. Items with the same policies share one answer.

    Where several parts are named, a policy for product and warehouse beats one for the product, which beats one for
    category and warehouse: the narrowest part decides first. Two can't tie: equally narrow ones would be one row.
    """
    items = with_classes(list(items))
    products = {item.product for item in items}
    named = Policy.objects.filter(Q(product=None) | Q(product__in=products))
    known = {tuple([getattr(policy, part) or None for part in PARTS]): policy for policy in named}
    patterns = sorted({_pattern(scope) for scope in known}, reverse=True)
    answers: dict[tuple[int, ...], Planned] = {}
    return [_answer(_matching(item, known, patterns), answers) for item in items]


def _pattern(scope: tuple) -> tuple[bool, ...]:
    return tuple([part is not None for part in scope])


def _matching(item: Scope, known: dict[tuple, Policy], patterns: list[tuple[bool, ...]]) -> list[Policy]:
    """All policies that hold for the item, the narrowest first."""
    own, found = [part or None for part in item.parts], []
    for pattern in patterns:
        scope = tuple([part if named else None for part, named in zip(own, pattern, strict=True)])
        # Where the item lacks a part that the pattern names, the scope is a wider one, whose turn comes later.
        if scope in known and _pattern(scope) == pattern:
            found.append(known[scope])
    return found


def winning_over(scope: Scope, items: QuerySet[InventoryPosition]) -> int:
    """How many policies with a target are narrower than one for ``scope`` and match one of ``items``; three queries.

    They need not name what ``scope`` names: for a category's items, one for a product of it wins.
    """
    own = _pattern(tuple([part or None for part in scope.parts]))
    found = [tuple([part or None for part in row]) for row in Policy.objects.exclude(target="").values_list(*PARTS)]
    rivals = [rival for rival in found if _pattern(rival) > own]
    if not rivals:
        return 0
    kept: dict[int | None, set[tuple]] = defaultdict(set)
    named = Policy.objects.exclude(target="").exclude(product=None).values("product")
    for product, *rest in items.filter(product__in=named).values_list("product_id", *REST_OF_ITEM):
        kept[product].add(tuple(rest))
    kept[None] = set(items.values_list(*REST_OF_ITEM).distinct())
    return sum(any(_matches(rival[1:], rest) for rest in kept[rival[0]]) for rival in rivals)


def _matches(told: tuple, item: tuple) -> bool:
    return all(part is None or part == own for part, own in zip(told, item, strict=True))


def _answer(chain: Sequence[Policy], answers: dict[tuple[int, ...], Planned]) -> Planned:
    key = tuple([policy.pk for policy in chain])
    if key not in answers:
        answers[key] = combined(chain)
    return answers[key]


def combined(chain: Sequence[Policy]) -> Planned:
    """What these policies, from narrow to wide, say together."""
    full = next((at for at, policy in enumerate(chain) if policy.target), None)
    basis = USUAL if full is None else chain[full]
    amending = [*chain[: len(chain) if full is None else full], basis]

    def first(name: str, among: Sequence[Policy]) -> Policy | None:
        return next((policy for policy in among if getattr(policy, name) not in (None, "")), None)

    def amended(name: str):
        found = first(name, amending)
        return getattr(found, name) if found else None

    limits = ("reorder_point_floor", "maximum_stock", "mode")
    least_of, most_of, mode_of = (first(name, chain) for name in limits)
    by_hand = first("minimum_stock", amending)
    return Planned(
        policy=chain[0] if chain else None, rule=basis.rule, target=basis.target,
        cycle_service_level=basis.cycle_service_level, fill_rate=basis.fill_rate,
        shortage_cost=basis.shortage_cost or Decimal(0), level_floor=basis.level_floor or LEVEL_FLOOR,
        level_ceiling=basis.level_ceiling or LEVEL_CEILING,
        **{name: amended(name) for name in ("review_period_days", "minimum_stock", "order_quantity")},
        reorder_point_floor=least_of.reorder_point_floor if least_of else None,
        maximum_stock=most_of.maximum_stock if most_of else None,
        mode=mode_of.mode if mode_of else PolicyMode.SUGGEST.value,
        mode_of=mode_of, least_of=by_hand or least_of, most_of=most_of,
    )  # fmt: skip


def ensure_policies(scopes: Sequence[dict[str, Any]], **usual: Any) -> list[tuple[Policy, bool]]:
    """The policies of exactly these scopes, in order and locked, each with whether it was made just now (of ``usual``).

    Call it in a transaction. Of two who make the same policy at once the later one waits, and gets the other's.
    """
    while True:
        # All are made before any is locked, so that nobody waits for a row while holding one that others wait for.
        made = [Policy.objects.get_or_create(**scope, defaults=usual) for scope in scopes]
        kept = {policy.pk: policy for policy in Policy.objects.locked().filter(pk__in=[row.pk for row, _ in made])}
        if all(row.pk in kept for row, _ in made):  # else somebody deleted one in between
            return [(kept[row.pk], is_new) for row, is_new in made]


def tell_changed(product_ids: Iterable[int | None]) -> None:
    """A policy that names a product changed: what it sets by hand holds at once, so positions are computed again."""
    levels = StockLevel.objects.filter(product__in=set(product_ids) - {None})
    stock_levels.tell_changed(levels.values_list("pk", flat=True), topic="policies.changed")
