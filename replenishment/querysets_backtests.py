"""Reads of back-tests."""

from __future__ import annotations

from django.db import models
from django.db.models import Sum

from stock.querysets import InWarehouse

#: What adds up over items.
SUMS = (
    "items", "demand", "short", "lost", "lost_margin", "stock_value", "holding_cost", "lines", "orders", "order_cost",
    "cycles", "in_time",
)  # fmt: skip


class BacktestQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those with results of a warehouse that the user may enter, and those that are still at work."""
        from replenishment.models import BacktestResult

        if not user.is_authenticated:
            return self.none()
        mine = BacktestResult.objects.visible_to(user).filter(backtest=models.OuterRef("pk"))
        return self.filter(models.Exists(mine) | ~models.Q(run__state="published"))


class BacktestResultQuerySet(InWarehouse):
    def summed(self, *by: str):
        """Sums of ``SUMS`` by these fields."""
        return self.order_by().values(*by).annotate(**{f"total_{name}": Sum(name) for name in SUMS})
