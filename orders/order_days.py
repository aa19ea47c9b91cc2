"""The days on which a supplier takes orders: its weekdays, without public holidays and days without orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from catalog.models import Supplier, SupplierClosure
from inventory_site.common.public_holidays import holidays_between

#: Whoever takes no order for so long counts as taking them again: nothing is planned further ahead.
LONGEST_DAYS = 400


@dataclass(frozen=True)
class OrderDays:
    """No ``weekdays``: every day. ``country`` two letters or ""; ``closures`` are (first, last) days."""

    weekdays: frozenset[int] = frozenset()
    country: str = ""
    closures: tuple[tuple[date, date], ...] = ()

    def includes(self, day: date) -> bool:
        if self.weekdays and day.weekday() not in self.weekdays:
            return False
        if any(first <= day <= last for first, last in self.closures):
            return False
        return not (self.country and holidays_between(self.country, day, day))

    def next(self, day: date) -> date:
        """The first day, from this one on, on which the supplier takes orders.

        >>> OrderDays(frozenset({0, 3})).next(date(2026, 3, 27))
        datetime.date(2026, 3, 30)
        >>> OrderDays(country="DE", closures=((date(2026, 1, 2), date(2026, 1, 4)),)).next(date(2026, 1, 1))
        datetime.date(2026, 1, 5)
        """
        return _next(self, day)

    def gap(self, day: date, *, at_least: int = 1) -> int:
        """Days between the next two chances to order: what is ordered at the first must last until the second.

        >>> mondays = OrderDays(frozenset({0}))
        >>> mondays.gap(date(2026, 3, 25)), mondays.gap(date(2026, 3, 25), at_least=8)
        (7, 14)
        """
        return _gap(self, day, max(at_least, 1))


EVERY_DAY = OrderDays()


@lru_cache(maxsize=4096)  # asked for every product of a supplier alike
def _next(days: OrderDays, day: date) -> date:
    ahead = (day + timedelta(days=n) for n in range(LONGEST_DAYS))
    return next((later for later in ahead if days.includes(later)), day + timedelta(days=LONGEST_DAYS))


@lru_cache(maxsize=4096)
def _gap(days: OrderDays, day: date, at_least: int) -> int:
    first = days.next(day)
    return (days.next(first + timedelta(days=at_least)) - first).days


def order_days_of(suppliers: Iterable[Supplier]) -> dict[int, OrderDays]:
    """By primary key, in one query."""
    found = {supplier.pk: supplier for supplier in suppliers}
    closed: dict[int, list[tuple[date, date]]] = {pk: [] for pk in found}
    rows = SupplierClosure.objects.filter(supplier__in=found).order_by("first_on")
    for supplier, first, last in rows.values_list("supplier_id", "first_on", "last_on"):
        closed[supplier].append((first, last))
    return {
        pk: OrderDays(frozenset(supplier.order_weekdays), supplier.country, tuple(closed[pk]))
        for pk, supplier in found.items()
    }
