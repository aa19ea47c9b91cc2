"""Reads of orders and demand."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from stock.models import Allocation
from stock.querysets import InWarehouse


class SalesOrderQuerySet(models.QuerySet):
    def visible_to(self, user, permission: str | None = None):
        """Orders with at least one line in a warehouse that the user may enter."""
        from orders.models import SalesOrderLine

        if user.is_authenticated and user.is_superuser:
            return self
        lines = SalesOrderLine.objects.visible_to(user, permission).filter(order=OuterRef("pk"))
        return self.filter(Exists(lines))

    def open(self):
        return self.filter(state="open")

    def locked(self):
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


class SalesOrderLineQuerySet(InWarehouse):
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
