"""Locks in one order, and claims of work: a conditional update that must change exactly one row."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

#: How long a claim holds; living workers renew it every ``RENEWED_EVERY``, so a dead one is noticed soon.
LEASE = timedelta(seconds=60)
RENEWED_EVERY = timedelta(seconds=15)
MAX_FAILURES = 3
MAX_ATTEMPTS = 10


class Lockable(models.QuerySet):
    def locked(self):
        """Lock the rows in primary-key order, so that two callers cannot deadlock; rows that point here don't wait."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


class JobRunQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everybody may see how the night went."""
        return self if user.is_authenticated else self.none()

    def running(self):
        return self.filter(state="running")

    def published(self):
        """Those whose outputs became current; what follows (alerts, digests) may still be running."""
        return self.filter(Q(state="published") | Q(published_at__isnull=False))

    def latest_published(self, kind: str = "nightly"):
        """The run whose outputs people see, or None."""
        return self.published().filter(kind=kind).order_by("-business_date", "-version").first()


class Claimable(models.QuerySet):
    """Rows with state, token, lease_until and attempts."""

    def claimable(self):
        """Open, or claimed by somebody whose lease has run out."""
        return self.filter(Q(state="open") | Q(state="claimed", lease_until__lt=timezone.now()))

    def claim(self, pk: Any) -> uuid.UUID | None:
        """Take the row for ``LEASE``; None where somebody else has it or it is finished."""
        token = uuid.uuid4()
        changed = (
            self.claimable()
            .filter(pk=pk)
            .update(state="claimed", token=token, lease_until=timezone.now() + LEASE, attempts=F("attempts") + 1)
        )
        return token if changed == 1 else None

    def renew(self, pk: Any, token: uuid.UUID) -> bool:
        """Lengthen a lease that is still ours."""
        return self.filter(pk=pk, token=token, state="claimed").update(lease_until=timezone.now() + LEASE) == 1


class JobPartitionQuerySet(Claimable):
    def unfinished(self):
        return self.filter(state__in=["open", "claimed"])

    def finish(self, pk: Any, token: uuid.UUID) -> bool:
        """Mark done where the token is still its own; call it first in the transaction of the outputs.

        It locks the row, so that of two workers who both believe it is theirs one writes and the other is refused.
        """
        changed = self.filter(pk=pk, token=token, state="claimed").update(
            state="done", finished_at=timezone.now(), lease_until=None, error=""
        )
        return changed == 1

    def give_back(self, pk: Any, token: uuid.UUID) -> None:
        """Leave the row to others at once; it was no failure."""
        self.filter(pk=pk, token=token, state="claimed").update(state="open", lease_until=None)

    def fail(self, pk: Any, token: uuid.UUID, error: str) -> None:
        """Give the partition back, or set it aside at the third failure."""
        mine = self.filter(pk=pk, token=token, state="claimed")
        mine.filter(failures__gte=MAX_FAILURES - 1).update(
            state="quarantined", failures=F("failures") + 1, error=error, finished_at=timezone.now(), lease_until=None
        )
        mine.update(state="open", failures=F("failures") + 1, error=error, lease_until=None)

    def quarantine_exhausted(self) -> int:
        """Set aside what killed its worker too often to ever report a failure."""
        return (
            self.claimable()
            .filter(attempts__gte=MAX_ATTEMPTS)
            .update(
                state="quarantined", error="its worker died each time", finished_at=timezone.now(), lease_until=None
            )
        )


class OutboxDeliveryQuerySet(Claimable):
    pass
