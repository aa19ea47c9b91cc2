"""Reads of orders and demand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest, Round

from inventory_site.common.querysets import Lockable
from stock.models import Allocation, Warehouse
from stock.querysets import InWarehouse

#: Wider than an order that is placed here can cost: imported ones add up as they are.
MONEY = models.DecimalField(max_digits=20, decimal_places=2)
PIECES = models.BigIntegerField()
KEPT = F("quantity") - F("cancelled")
#: What the pieces cost that were not cancelled, as ``money.line_amount``: the nudge is a tenth of the smallest price
#: step, for SQLite, whose decimals are floats and may lie a hair below half a cent.
KEPT_AMOUNT = Case(
    When(cancelled=0, then=F("amount")),
    default=Round(KEPT * F("unit_price") + Decimal("0.00001"), precision=2, output_field=MONEY),
    output_field=MONEY,
)


def _sum_of_lines(expression: str | models.expressions.Combinable, field: models.Field) -> Coalesce:
    from orders.models import SalesOrderLine

    rows = SalesOrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    total = rows.annotate(total=Sum(expression, output_field=field)).values("total")
    return Coalesce(models.Subquery(total), 0, output_field=field)


class SalesOrderQuerySet(Lockable):
    def visible_to(self, user, permission: str | None = None):
        """Orders with at least one line in a warehouse that the user may enter, and those merged into such a one."""
        from orders.models import SalesOrderLine

        if user.is_authenticated and user.is_superuser:
            return self
        lines = SalesOrderLine.objects.visible_to(user, permission)
        merged = Q(Exists(lines.filter(order=OuterRef("merged_into"))), merged_into__isnull=False)
        return self.filter(Exists(lines.filter(order=OuterRef("pk"))) | merged)

    def open(self):
        return self.filter(state="open")

    def to_pick(self, warehouses=None):
        """Open ones of which pieces are promised, picked or not; by these warehouses, or by any."""
        from orders.models import SalesOrderLine

        promised = Allocation.objects.open().filter(holder=OuterRef("holder"))
        if warehouses is not None:
            promised = promised.filter(level__warehouse__in=warehouses)
        return self.open().filter(Exists(SalesOrderLine.objects.filter(Exists(promised), order=OuterRef("pk"))))

    def with_stage(self):
        """Annotate ``stage``: what people see of an order. A count can turn allocated into placed again."""
        from orders.models import SalesOrderLine

        promised = (
            SalesOrderLine.objects.filter(order=OuterRef("pk"))
            .order_by()
            .with_allocated()
            .annotate(one=Value(1))
            .values("one")
            .annotate(total=Sum("backordered"))
            .values("total")
        )
        is_all_back = Q(pieces_shipped__gt=0, pieces_returned__gte=F("pieces_shipped"))
        return self.annotate(
            pieces_shipped=_sum_of_lines("shipped", PIECES),
            pieces_returned=_sum_of_lines("returned", PIECES),
            pieces_backordered=Coalesce(models.Subquery(promised), 0, output_field=PIECES),
        ).annotate(
            stage=Case(
                When(is_all_back, state="closed", then=Value("returned")),
                When(state="closed", then=Value("shipped")),
                When(state="open", pieces_shipped__gt=0, then=Value("partly_shipped")),
                When(state="open", pieces_backordered__lte=0, then=Value("allocated")),
                When(state="open", then=Value("placed")),
                default=F("state"),
                output_field=models.CharField(),
            )
        )

    def with_total(self):
        """Annotate ``total`` (what was ordered, cancelled pieces too) and ``due`` (what is to be paid of it).

        Of a wholly cancelled order nothing is due, its shipping neither; a discount takes off no more than the goods.
        """
        total = models.ExpressionWrapper(
            _sum_of_lines("amount", MONEY) + F("shipping_charge") - F("discount"), output_field=MONEY
        )
        nothing = Value(Decimal(0), output_field=MONEY)
        goods = Greatest(F("goods_due") - F("discount"), nothing, output_field=MONEY)
        due = Case(When(pieces_due__gt=0, then=goods + F("shipping_charge")), default=nothing, output_field=MONEY)
        return self.annotate(
            total=total, goods_due=_sum_of_lines(KEPT_AMOUNT, MONEY), pieces_due=_sum_of_lines(KEPT, PIECES)
        ).annotate(due=due)


class SalesOrderLineQuerySet(InWarehouse):
    def visible_to(self, user, permission: str | None = None):
        """Lines whose demand belongs to a warehouse that the user may enter, or that one of these serves or served."""
        if user.is_authenticated and user.is_superuser:
            return self
        warehouses = Warehouse.objects.visible_to(user, permission)
        if not warehouses.query.where:
            return self
        mine = warehouses.values("pk")
        served = Allocation.objects.filter(holder=OuterRef("holder"), level__warehouse__in=mine)
        return self.filter(Q(warehouse__in=mine) | Exists(served.exclude(state="released")))

    def with_allocated(self):
        """Annotate ``allocated_now`` and ``backordered`` = outstanding - open allocations."""
        promised = (
            Allocation.objects.open()
            .filter(holder=OuterRef("holder"))
            .order_by()
            .values("holder")
            .annotate(total=Sum("quantity"))
            .values("total")
        )
        return self.annotate(
            allocated_now=Coalesce(models.Subquery(promised), 0, output_field=models.BigIntegerField())
        ).annotate(backordered=F("quantity") - F("shipped") - F("cancelled") - F("allocated_now"))

    def outstanding(self):
        return self.filter(order__state="open", quantity__gt=F("shipped") + F("cancelled"))


class PurchaseOrderQuerySet(Lockable, InWarehouse):
    def on_order(self):
        """Confirmed and not yet wholly received."""
        return self.filter(state__in=["confirmed", "partly_received"])

    def late(self, today: date):
        return self.on_order().filter(expected_on__lt=today)

    def with_sums(self):
        """Annotate ``count`` of lines, ``pieces``, ``pieces_received`` (those beyond the order too), ``total`` cost."""
        received = F("lines__received") + F("lines__over_received")
        return self.annotate(
            count=Count("lines"), pieces=Sum("lines__quantity"), pieces_received=Sum(received),
            total=Sum(F("lines__quantity") * F("lines__unit_cost")),
        )  # fmt: skip

    def with_overdue(self, today: date):
        """Annotate ``is_overdue``: on order and expected on an earlier day."""
        is_late = Q(state__in=["confirmed", "partly_received"], expected_on__lt=today, expected_on__isnull=False)
        return self.annotate(is_overdue=models.ExpressionWrapper(is_late, output_field=models.BooleanField()))


class PurchaseOrderLineQuerySet(InWarehouse):
    warehouse_path = "order__warehouse"

    def on_order(self):
        """Lines whose goods are bought and still to come."""
        return self.filter(
            Q(order__state__in=["confirmed", "partly_received"]), quantity__gt=F("received") + F("cancelled")
        )


class ReceiptQuerySet(InWarehouse):
    warehouse_path = "line__order__warehouse"

    def standing(self):
        """Those that were not taken back."""
        return self.filter(undone_at__isnull=True)


class OfLineQuerySet(InWarehouse):
    """What hangs at a purchase line."""

    warehouse_path = "line__order__warehouse"


class DeliveryFindingQuerySet(InWarehouse):
    warehouse_path = "order__warehouse"

    def open(self):
        """Not yet cleared up with the supplier."""
        return self.filter(settled_at=None)


class DemandSeriesQuerySet(InWarehouse):
    pass


class DailyDemandQuerySet(InWarehouse):
    warehouse_path = "series__warehouse"


class ReturnLineQuerySet(InWarehouse):
    pass


class ReturnQuerySet(Lockable):
    def visible_to(self, user, permission: str | None = None):
        """Returns with at least one line in a warehouse that the user may enter."""
        from orders.models import ReturnLine

        if user.is_authenticated and user.is_superuser:
            return self
        lines = ReturnLine.objects.visible_to(user, permission).filter(document=OuterRef("pk"))
        return self.filter(Exists(lines))
