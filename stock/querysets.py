"""Reads of stock; ``with_…`` annotates, adjectives filter."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce


class WarehouseQuerySet(models.QuerySet):
    def visible_to(self, user, permission: str | None = None):
        """Those in which the user has a role (one that grants ``permission``, where it is named)."""
        from inventory_site.common.roles import roles_granting

        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        access = user.warehouse_access.all()
        if permission is not None:
            access = access.filter(role__in=roles_granting(permission))
        if access.filter(warehouse=None).exists():
            return self
        return self.filter(pk__in=access.values("warehouse"))

    def active(self):
        return self.filter(is_active=True)


class InWarehouse(models.QuerySet):
    """Rows that lead to a warehouse along ``warehouse_path``."""

    warehouse_path = "warehouse"

    def visible_to(self, user, permission: str | None = None):
        from stock.models import Warehouse

        if user.is_authenticated and user.is_superuser:
            return self
        warehouses = Warehouse.objects.visible_to(user, permission)
        if not warehouses.query.where:  # all of them: a subquery would only keep the database from using its indexes
            return self
        return self.filter(**{f"{self.warehouse_path}__in": warehouses.values("pk")})


class StockLevelQuerySet(InWarehouse):
    def with_available(self):
        """Annotate ``available_now`` = on hand - allocated - unsellable."""
        return self.annotate(available_now=F("on_hand") - F("allocated") - F("unsellable"))

    def locked(self):
        """Lock the rows in primary-key order, so that two callers cannot deadlock."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)

    def differing_from_ledger(self):
        """Levels whose cached sums are not those of their movements and open allocations."""
        from stock.models import Allocation, StockMovement

        moved = StockMovement.objects.filter(level=models.OuterRef("pk")).order_by().values("level")
        promised = Allocation.objects.filter(level=models.OuterRef("pk"), state="open").order_by().values("level")
        return self.annotate(
            moved=Coalesce(
                models.Subquery(moved.annotate(total=Sum("quantity")).values("total")),
                0,
                output_field=models.BigIntegerField(),
            ),
            promised=Coalesce(
                models.Subquery(promised.annotate(total=Sum("quantity")).values("total")),
                0,
                output_field=models.BigIntegerField(),
            ),
        ).exclude(Q(on_hand=F("moved")) & Q(allocated=F("promised")))


class StockMovementQuerySet(InWarehouse):
    warehouse_path = "level__warehouse"


class AllocationQuerySet(InWarehouse):
    warehouse_path = "level__warehouse"

    def open(self):
        return self.filter(state="open")

    def oldest_first(self):
        """By when the promise was made: part of one that was handed over is as old as the whole."""
        return self.order_by("created_at", "pk")


class StockSnapshotQuerySet(InWarehouse):
    warehouse_path = "level__warehouse"


class SetAsideQuerySet(InWarehouse):
    warehouse_path = "level__warehouse"


class TransferQuerySet(models.QuerySet):
    def visible_to(self, user, permission: str | None = None):
        """Transfers from or to a warehouse that the user may enter."""
        from stock.models import Warehouse

        if user.is_authenticated and user.is_superuser:
            return self
        warehouses = Warehouse.objects.visible_to(user, permission)
        if not warehouses.query.where:
            return self
        mine = warehouses.values("pk")
        return self.filter(Q(source__in=mine) | Q(destination__in=mine))

    def locked(self):
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)
