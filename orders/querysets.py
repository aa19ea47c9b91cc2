"""Reads of orders and demand."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Coalesce

from stock.models import Allocation, Warehouse
from stock.querysets import InWarehouse

MONEY = models.DecimalField(max_digits=16, decimal_places=2)


def _sum_of_lines(expression: str | F, field: models.Field) -> Coalesce:
    from orders.models import SalesOrderLine

    rows = SalesOrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    total = rows.annotate(total=Sum(expression, output_field=field)).values("total")
    return Coalesce(models.Subquery(total), 0, output_field=field)


class SalesOrderQuerySet(models.QuerySet):
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

    def locked(self):
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)

    def with_stage(self):
        """Annotate ``stage``: what people see of an order. A count can turn allocated into placed again."""
        from orders.models import SalesOrderLine

        pieces = models.BigIntegerField()
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
            pieces_shipped=_sum_of_lines("shipped", pieces),
            pieces_returned=_sum_of_lines("returned", pieces),
            pieces_backordered=Coalesce(models.Subquery(promised), 0, output_field=pieces),
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
        """Annotate ``total``: what the ordered pieces cost, cancelled ones too, with shipping and without discount."""
        return self.annotate(
            total=models.ExpressionWrapper(
                _sum_of_lines("amount", MONEY) + F("shipping_charge") - F("discount"), output_field=MONEY
            )
        )


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


class PurchaseOrderQuerySet(InWarehouse):
    def on_order(self):
        """Confirmed and not yet wholly received."""
        return self.filter(state__in=["confirmed", "partly_received"])

    def late(self, today: date):
        return self.on_order().filter(expected_on__lt=today)

    def locked(self):
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


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


class DemandSeriesQuerySet(InWarehouse):
    pass


class DailyDemandQuerySet(InWarehouse):
    warehouse_path = "series__warehouse"


class ReturnLineQuerySet(InWarehouse):
    pass


class ReturnQuerySet(models.QuerySet):
    def visible_to(self, user, permission: str | None = None):
        """Returns with at least one line in a warehouse that the user may enter."""
        from orders.models import ReturnLine

        if user.is_authenticated and user.is_superuser:
            return self
        lines = ReturnLine.objects.visible_to(user, permission).filter(document=OuterRef("pk"))
        return self.filter(Exists(lines))

    def locked(self):
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)
