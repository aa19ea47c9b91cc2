"""Write audit rows with the business transaction; chain them afterwards, so that no write waits for another."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from inventory_site.common.models import Audit

SEALED_AT_ONCE = 5000


def record(*, actor: Any, action: str, subject: Any, changes: dict | None = None) -> Audit:
    """One row: who did what to which row. Call it inside the transaction of the change."""
    return Audit.objects.create(
        actor=actor if getattr(actor, "pk", None) else None,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_key=str(subject.pk),
        changes=json.loads(json.dumps(changes or {}, cls=DjangoJSONEncoder)),
    )


def _link(previous: str, row: Audit) -> str:
    told = [
        previous, row.pk, row.actor_id, row.action, row.subject_type, row.subject_key, row.changes,
        row.recorded_at.isoformat(),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@transaction.atomic
def seal() -> int:
    """Chain the rows that committed since; returns how many. Two sealers at once wait for each other."""
    last = Audit.objects.filter(position__isnull=False).select_for_update().order_by("-position").first()
    position, chain = (last.position, last.chain) if last else (0, "")
    rows = list(Audit.objects.filter(position__isnull=True).order_by("pk")[:SEALED_AT_ONCE])
    for row in rows:
        position, chain = position + 1, _link(chain, row)
        row.position, row.chain = position, chain
    Audit.objects.bulk_update(rows, ["position", "chain"], batch_size=500)
    return len(rows)


def broken_links() -> list[int]:
    """Primary keys of sealed rows that were changed, or that follow a missing one."""
    broken, previous, expected = [], "", 1
    for row in Audit.objects.filter(position__isnull=False).order_by("position").iterator():
        if row.position != expected or row.chain != _link(previous, row):
            broken.append(row.pk)
        previous, expected = row.chain, row.position + 1
    return broken
