"""Reads of alerts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class AlertQuerySet(models.QuerySet):
    def visible_to(self, user, permission: str | None = None):
        """Alerts of the user's warehouses, and those of no warehouse in particular."""
        from stock.models import Warehouse

        if not user.is_authenticated:
            return self.none()
        return self.filter(
            Q(warehouse=None) | Q(warehouse__in=Warehouse.objects.visible_to(user, permission).values("pk"))
        )

    def live(self):
        return self.filter(state__in=["open", "acknowledged", "snoozed"])

    def leading(self):
        """One line per cause: of several alerts on one item the worst; the others are its ``of_cause``."""
        return self.filter(leads=True)

    def of_causes(self, causes):
        return self.filter(cause__in=set(causes))

    def to_do(self, today):
        """Open now: not snoozed into the future."""
        return self.live().filter(~Q(state="snoozed") | Q(snoozed_until__lte=today))
