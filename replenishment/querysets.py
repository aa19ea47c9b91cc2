"""Reads of policies, positions and suggestions."""

from __future__ import annotations

from django.db import models
from django.db.models import F

from stock.models import StockLevel
from stock.querysets import InWarehouse, SharedOrInWarehouse


class PolicyQuerySet(SharedOrInWarehouse):
    """Policies without a warehouse hold in all of them: to change one takes a role in all."""

    def locked(self):
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)

    def movable(self):
        """Those whose mode the night may move."""
        return self.exclude(mode="").filter(mode_is_pinned=False)


class ModeChangeQuerySet(SharedOrInWarehouse):
    """Seen by whoever sees the policy."""


class ReorderPointQuerySet(InWarehouse):
    def of_run(self, run):
        return self.filter(run=run) if run else self.none()


class InventoryPositionQuerySet(InWarehouse):
    def with_stock(self):
        """Annotate what is live on the level: ``on_hand_now``, ``allocated_now`` and ``available_now``."""
        return self.annotate(
            on_hand_now=F("level__on_hand"),
            allocated_now=F("level__allocated"),
            available_now=F("level__on_hand") - F("level__allocated") - F("level__unsellable"),
        )

    def warning(self):
        """To order, or running out before the next receipt."""
        return self.filter(stock_status__in=["out", "order", "runs_out"])


class SuggestionQuerySet(InWarehouse):
    def visible_to(self, user, permission: str | None = None):
        """A transfer is told to who may see both of its warehouses.

        To do something to them (any permission but to view): stopping a product takes a role wherever it is kept.
        """
        mine = _warehouses(user, permission)
        rows = super().visible_to(user, permission).filter(models.Q(source=None) | models.Q(source__in=mine))
        if permission is None or ".view_" in permission:
            return rows
        elsewhere = StockLevel.objects.filter(product=models.OuterRef("product")).exclude(warehouse__in=mine)
        return rows.exclude(models.Q(kind="stop") & models.Exists(elsewhere))

    def open(self):
        return self.filter(state="open")

    def with_documents(self):
        """With all that a page shows of each, in the same query."""
        return self.select_related(
            "product", "warehouse", "source", "supplier", "alternative", "purchase_line__order",
            "transfer_line__transfer", "promotion", "set_aside", "follows",
        )  # fmt: skip

    def locked(self):
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


class SupplierScoreQuerySet(models.QuerySet):
    def of_all(self):
        """One row a supplier: all warehouses together."""
        return self.filter(warehouse=None)

    def visible_to(self, user, permission: str | None = None):
        """For who works in all warehouses the row of all of them, for others those of theirs."""
        from stock.models import Warehouse

        mine = Warehouse.objects.visible_to(user, permission)
        return self.filter(warehouse__in=mine.values("pk")) if mine.query.where else self.of_all()


class TransferLaneQuerySet(models.QuerySet):
    def visible_to(self, user, permission: str | None = None):
        """Lanes of which the user may see both ends."""
        mine = _warehouses(user, permission)
        return self.filter(source__in=mine, destination__in=mine)


def _warehouses(user, permission: str | None):
    from stock.models import Warehouse

    return Warehouse.objects.visible_to(user, permission).values("pk")
