"""Asking twice has one effect and one answer.

with transaction.atomic():
    once = claim(principal="user:1", operation="sales-orders.place", key=key, body=body)
    if once.is_new:
        once.store(201, place(...))
return once.status, once.answer
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory_site.common.errors import KeyReused
from inventory_site.common.models import IdempotencyKey

KEPT = timedelta(days=30)


@dataclass
class Once:
    """The row of one key; ``is_new`` where the effect is still to be made, in this same transaction."""

    row_id: int
    is_new: bool
    status: int = 0
    answer: Any = None

    def store(self, status: int, answer: Any) -> None:
        """Keep the answer of a success; a refusal must raise instead, so that the key rolls back."""
        text = json.dumps(answer, cls=DjangoJSONEncoder)
        self.status, self.answer = status, json.loads(text)
        IdempotencyKey.objects.filter(pk=self.row_id).update(status=status, answer=text)


def fingerprint(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


def claim(*, principal: str, operation: str, key: str, body: Any) -> Once:
    """Insert the key, or wait for its first user and read what that answered.

    Must run inside the transaction of the effect. The unique index makes the second caller wait for
    the first; where the first rolled back, the second's own row goes in.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an idempotency key belongs in the transaction of its effect")
    mark = fingerprint(body)
    name = {"principal": principal, "operation": operation, "key": key}
    made = _insert(**name, fingerprint=mark)
    if made is not None:
        return Once(made, is_new=True)
    found = IdempotencyKey.objects.get(**name)
    if found.fingerprint != mark:
        raise KeyReused(_("The key “%(key)s” was used before for another request. Send a new key.") % {"key": key})
    return Once(found.pk, is_new=False, status=found.status, answer=json.loads(found.answer or "null"))


def _insert(**fields: str) -> int | None:
    """The new row's primary key, in one statement; None where the key is there already."""
    table = connection.ops.quote_name(IdempotencyKey._meta.db_table)
    fields |= {"status": 0, "created_at": timezone.now()}
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({', '.join(['%s'] * len(fields))})"
            " ON CONFLICT DO NOTHING RETURNING id",
            list(fields.values()),
        )
        row = cursor.fetchone()
    return row and row[0]


def forget_old() -> int:
    """Drop keys older than ``KEPT``; phones come back after a week-end, not after a month."""
    return IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
