"""A supplier has stopped delivering: several orders overdue, and nothing came since the first of them was due."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, Sum
from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, AlertRule, Finding, Threshold, register
from catalog.models import SupplierProduct
from orders.models import PurchaseOrder, Receipt
from replenishment.models import InventoryPosition

NAMED = 3  # other suppliers, those of the most items first


@register
class SupplyInterruption(AlertRule):
    code, label = "supply_interruption", _("Supplier stopped delivering")
    severity, action = Severity.CRITICAL, Action.CHASE
    is_live = True
    thresholds = {
        "orders": Threshold(2, _("orders overdue, at least"), minimum=1),
        "days": Threshold(7, _("days without a delivery, at least"), minimum=1),
    }
    sentences = {
        "supply_interruption": _(
            "%(supplier)s has stopped delivering to %(warehouse)s: orders overdue %(orders)s, the first since "
            "%(since_on)s, and nothing came after it. Items in danger: %(items)s, with %(risk_money)s of margin at "
            "risk; of these other suppliers sell %(elsewhere)s: %(others)s."
        ),
    }

    def findings(self):
        endangered, last_received, others = _endangered(), _last_received(), _others()
        for row in self._overdue():
            key = (row["supplier"], row["warehouse"])
            came_on = last_received.get(key)
            if row["orders"] >= self.threshold("orders", row["warehouse"]) and self._is_over(
                row["since"], came_on, key
            ):
                yield self._finding(row, endangered.get(key, (0, Decimal(0), 0)), others.get(key, []))

    def _overdue(self):
        late = PurchaseOrder.objects.late(self.today).order_by().values("supplier", "warehouse")
        named = late.annotate(
            orders=Count("pk"), since=Min("expected_on"), supplier_name=Min("supplier__name"),
            warehouse_name=Min("warehouse__name"),
        )  # fmt: skip
        return named.order_by("supplier", "warehouse")

    def _is_over(self, since: date, came_on: date | None, key: tuple[int, int]) -> bool:
        waited = (self.today - since).days >= self.threshold("days", key[1])
        return waited and (came_on is None or came_on < since)

    def _finding(self, row: dict, endangered: tuple[int, Decimal, int], others: list[str]) -> Finding:
        items, money, elsewhere = endangered
        return Finding(
            subject=f"supply:{row['supplier']}:{row['warehouse']}",
            money=money,
            warehouse_id=row["warehouse"],
            supplier_id=row["supplier"],
            terms={
                "supplier": row["supplier_name"],
                "warehouse": row["warehouse_name"],
                "orders": row["orders"],
                "since_on": row["since"].isoformat(),
                "items": items,
                "risk_money": str(money),
                "elsewhere": elsewhere,
                "others": ", ".join(others[:NAMED]) + (" …" if len(others) > NAMED else "") if others else "–",
            },
        )


def _last_received() -> dict[tuple[int, int], date]:
    standing = Receipt.objects.filter(undone_at=None).order_by()
    rows = standing.values_list("line__order__supplier", "line__order__warehouse")
    return {(supplier, place): at.date() for supplier, place, at in rows.annotate(Max("received_at"))}


def _others() -> dict[tuple[int, int], list[str]]:
    """By supplier and warehouse who else sells what is asked for there."""
    terms = SupplierProduct.objects.filter(supplier__is_active=True).annotate(
        usual=F("product__positions__supplier"),
        place=F("product__positions__warehouse"),
        rate=F("product__positions__daily_demand"),
    )
    other = terms.filter(usual__isnull=False, rate__gt=0).exclude(usual=F("supplier")).order_by()
    named = other.values_list("usual", "place", "supplier__name").annotate(items=Count("pk"))
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    for usual, place, name, _items in named.order_by("-items", "supplier__name"):
        found[usual, place].append(name)
    return found


def _endangered() -> dict[tuple[int, int], tuple[int, Decimal, int]]:
    """By supplier and warehouse: items that are asked for, their margin at risk, and how many others sell them."""
    others = SupplierProduct.objects.filter(product=OuterRef("product"), supplier__is_active=True)
    rows = InventoryPosition.objects.filter(supplier__isnull=False, daily_demand__gt=0).order_by()
    rows = rows.annotate(has_other=Exists(others.exclude(supplier=OuterRef("supplier"))))
    sums = rows.values_list("supplier", "warehouse").annotate(
        Count("pk"), Sum("margin_at_risk"), elsewhere=Count("pk", filter=Q(has_other=True))
    )
    return {(supplier, place): tuple(figures) for supplier, place, *figures in sums}
