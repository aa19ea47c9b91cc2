"""Who may act on whole orders and returns."""

from __future__ import annotations

from collections.abc import Iterable

from orders.models import Return, ReturnLine, SalesOrder, SalesOrderLine
from stock.access import require
from stock.models import Warehouse


def require_everywhere(user, permission: str, orders: Iterable[SalesOrder]) -> None:
    """Refuse unless the user's role grants the permission in every warehouse that these orders have lines in."""
    lines = SalesOrderLine.objects.filter(order__in=list(orders))
    require(user, permission, *Warehouse.objects.filter(pk__in=lines.values("warehouse")))


def require_for_return(user, permission: str, document: Return) -> None:
    """Refuse unless the user's role grants the permission in every warehouse that the return goes to."""
    lines = ReturnLine.objects.filter(document=document)
    require(user, permission, *Warehouse.objects.filter(pk__in=lines.values("warehouse")))
