"""Reads of subscriptions, and the states of messages on their way."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from inventory_site.common.querysets import Claimable

MANAGE = "alerts.manage_subscription"
#: After so many tries, spread over a day, nobody expects it to work.
MAX_ATTEMPTS = 10


def of_person(user, path: str = "") -> Q:
    """One's own, and those of warehouses whose people one manages; those of all warehouses, for who manages all."""
    from stock.models import Warehouse

    managed = Warehouse.objects.visible_to(user, MANAGE)
    own = Q(**{f"{path}user": user}) | Q(**{f"{path}warehouse__in": managed.values("pk")})
    return own if managed.query.where else own | Q(**{f"{path}warehouse": None})


class SubscriptionQuerySet(models.QuerySet):
    def visible_to(self, user, permission: str | None = None):
        return self.filter(of_person(user)) if user.is_authenticated else self.none()

    def active(self):
        """Switched on, of people who still work here."""
        return self.filter(is_active=True, user__is_active=True)

    def for_digests(self):
        return self.active().filter(wants_digest=True)

    def immediate(self):
        return self.active().filter(Q(immediate_from__isnull=False) | ~Q(immediate_rules=[]))

    def with_people(self):
        """All that is asked of a subscription when a message is written, in two queries."""
        return self.select_related("user", "warehouse", "channel").prefetch_related("user__warehouse_access")

    def locked(self):
        """One writer of messages at a time; rows that only point here don't wait."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


class NoticeQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(delivery=None)

    def due(self):
        return self.waiting().filter(due_at__lte=timezone.now())


class DeliveryQuerySet(Claimable):
    def visible_to(self, user, permission: str | None = None):
        """Messages of subscriptions that one sees; tests of channels, for who manages all warehouses."""
        return self.filter(of_person(user, "subscription__")) if user.is_authenticated else self.none()

    def claimable(self):
        return super().claimable().filter(due_at__lte=timezone.now())

    def _end(self, pk: int, token: uuid.UUID, **fields) -> bool:
        """Write how it went where the token is still its own; False where somebody else has it meanwhile."""
        mine = self.filter(pk=pk, token=token, state="claimed")
        return mine.update(token=None, lease_until=None, **fields) == 1

    def mark_sent(self, pk: int, token: uuid.UUID) -> bool:
        return self._end(pk, token, state="sent", sent_at=timezone.now(), error="")

    def mark_failed(self, pk: int, token: uuid.UUID, reason: str) -> bool:
        return self._end(pk, token, state="failed", error=reason)

    def mark_cancelled(self, pk: int, token: uuid.UUID) -> bool:
        return self._end(pk, token, state="cancelled", error="")

    def put_off(self, pk: int, token: uuid.UUID, reason: str, until: datetime) -> bool:
        """Try again later."""
        return self._end(pk, token, state="open", error=reason, due_at=until)

    def hold_up(self, channel_id: int | None, wait: timedelta) -> int:
        """Leave what waits for a channel that is down for a while, so that it takes no time from others."""
        until = timezone.now() + wait
        return self.filter(state="open", channel=channel_id, due_at__lt=until).update(due_at=until)

    def give_up_exhausted(self, reason: str) -> int:
        """Set aside what killed its sender too often to ever report a failure."""
        spent = self.claimable().filter(attempts__gte=MAX_ATTEMPTS)
        return spent.update(state="failed", token=None, lease_until=None, error=reason)

    def in_turn(self):
        """What could be sent now: of each channel one after another, what was tried least first."""
        order = [F("attempts").asc(), F("due_at").asc(), F("pk").asc()]
        turn = models.Window(models.functions.RowNumber(), partition_by=[F("channel")], order_by=order)
        return self.claimable().annotate(turn=turn).order_by("turn", "attempts", "pk")
