"""Where the pieces of sales lines come from."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import BooleanField, ExpressionWrapper, Q, Sum

from orders.models import SalesOrderLine
from stock.models import Allocation, Warehouse


@dataclass(frozen=True)
class Source:
    """Pieces of a line that one warehouse promised (open or picked), shipped, or could not keep its promise for."""

    warehouse_id: int
    code: str
    name: str
    state: str
    quantity: int

    @property
    def is_promised(self) -> bool:
        return self.state in ("open", "picked")


def sources_of(lines: Iterable[SalesOrderLine], user) -> dict[uuid.UUID, list[Source]]:
    """By each line's holder, in one query; warehouses that the user may not enter are left out."""
    promises = Allocation.objects.visible_to(user).filter(holder__in=[line.holder for line in lines])
    picked = ExpressionWrapper(Q(state=Allocation.State.OPEN, picked_at__isnull=False), BooleanField())
    rows = (
        promises.exclude(state=Allocation.State.RELEASED)
        .annotate(is_picked=picked)
        .order_by("level__warehouse__priority", "level__warehouse__code", "state")
        .values_list(
            "holder", "level__warehouse", "level__warehouse__code", "level__warehouse__name", "state",
            "is_picked",
        )
        .annotate(Sum("quantity"))
    )  # fmt: skip
    found: dict[uuid.UUID, list[Source]] = defaultdict(list)
    for holder, pk, code, name, state, is_picked, quantity in rows:
        found[holder].append(Source(pk, code, name, "picked" if is_picked else state, quantity))
    return found


def elsewhere_of(lines: Iterable[SalesOrderLine], user) -> dict[uuid.UUID, int]:
    """Pieces by holder that warehouses promised or shipped which the user may not enter: how many, not which ones."""
    mine = Warehouse.objects.visible_to(user)
    if not mine.query.where:
        return {}
    rows = Allocation.objects.filter(
        holder__in=[line.holder for line in lines], state__in=[Allocation.State.OPEN, Allocation.State.SHIPPED]
    )
    rows = rows.exclude(level__warehouse__in=mine.values("pk"))
    return dict(rows.order_by().values_list("holder").annotate(Sum("quantity")))
