"""Take in what people tell of the outside: weather, advertising."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from forecasting.models import Signal, SignalKind
from inventory_site.common import audit
from stock.models import Warehouse

WRITTEN_AT_ONCE = 1000


@dataclass(frozen=True)
class Word:
    """One value of a signal on a day, known from ``known_on`` on; without a warehouse it holds everywhere."""

    name: str
    on_date: date
    value: float
    known_on: date
    warehouse: Warehouse | None = None

    @property
    def key(self) -> tuple[str, int, date, date]:
        return self.name, self.warehouse.pk if self.warehouse else 0, self.on_date, self.known_on


@transaction.atomic
def tell_signals(*, words: Sequence[Word], actor: Any) -> tuple[int, int]:
    """Write the words, a later one over an earlier one of the same key; returns how many are new and how many changed.

    Telling the same again changes nothing. Signals of a new name take the mean where nothing is told ahead.
    """
    wanted = {word.key: word for word in words}
    names = sorted({word.name for word in words})
    SignalKind.objects.bulk_create((SignalKind(name=name) for name in names), ignore_conflicts=True)
    kinds = list(SignalKind.objects.filter(name__in=names).order_by("name").select_for_update())  # tellers take turns
    days = [word.on_date for word in words]
    there = Signal.objects.filter(name__in=names, on_date__gte=min(days), on_date__lte=max(days)) if words else []
    rows = {(row.name, row.warehouse_id or 0, row.on_date, row.known_on): row for row in there}
    changed = [row for key, row in rows.items() if key in wanted and row.value != wanted[key].value]
    for row in changed:
        row.value = wanted[row.name, row.warehouse_id or 0, row.on_date, row.known_on].value
    Signal.objects.bulk_update(changed, ["value"], batch_size=WRITTEN_AT_ONCE)
    new = [
        Signal(name=word.name, warehouse=word.warehouse, on_date=word.on_date, value=word.value, known_on=word.known_on)
        for key, word in wanted.items()
        if key not in rows
    ]
    Signal.objects.bulk_create(new, batch_size=WRITTEN_AT_ONCE)
    if new or changed:
        told = {"names": ", ".join(names)[:200], "new": len(new), "changed": len(changed)}
        audit.record(actor=actor, action="signal.tell", subject=kinds[0], changes=told)
    return len(new), len(changed)
