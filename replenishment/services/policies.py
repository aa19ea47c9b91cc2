"""Which policy holds for an item: the narrowest one that matches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from replenishment.models import Policy
from stock.models import StockLevel
from stock.services import levels as stock_levels

#: An item without any policy is planned by the model's own defaults.
USUAL = Policy()


@dataclass(frozen=True)
class Scope:
    """What a policy can name, from narrow to wide; all primary keys."""

    product: int | None
    category: int | None
    supplier: int | None
    warehouse: int | None


def resolve_policies(items: Iterable[Scope]) -> list[Policy]:
    """The policy of each item, in order. Two policies can't tie: equally narrow ones would be one row.

    Where several parts are named, a policy for product and warehouse beats one for the product, which beats one for
    category and warehouse: the narrowest part decides first.
    """
    items = list(items)
    products = {item.product for item in items}
    known = {
        (policy.product_id, policy.category_id, policy.supplier_id, policy.warehouse_id): policy
        for policy in Policy.objects.filter(Q(product=None) | Q(product__in=products))
    }
    patterns = sorted({tuple(part is not None for part in scope) for scope in known}, reverse=True)
    return [_narrowest(item, known, patterns) for item in items]


def tell_changed(product_ids: Iterable[int]) -> None:
    """A policy that names a product changed: what it sets by hand holds at once, so positions are computed again."""
    levels = StockLevel.objects.filter(product__in=set(product_ids))
    stock_levels.tell_changed(levels.values_list("pk", flat=True), topic="policies.changed")


def _narrowest(item: Scope, known: dict[tuple, Policy], patterns: list[tuple[bool, ...]]) -> Policy:
    own = (item.product, item.category, item.supplier, item.warehouse)
    for pattern in patterns:
        scope = tuple(part if named else None for part, named in zip(own, pattern, strict=True))
        if all(part is not None for part, named in zip(scope, pattern, strict=True) if named) and scope in known:
            return known[scope]
    return USUAL
