"""What is entered into a count, and what it says then."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils import timezone

from stock import services
from stock.models import StockLevel
from stock.services import Sent


def sent(counted, code="CUP", ago=0, **fields) -> Sent:
    """Seen so many minutes ago."""
    return Sent(**{"uuid": uuid.uuid4(), "captured_at": timezone.now() - timedelta(minutes=ago)} | fields,
                code=code, counted=counted)  # fmt: skip


def enter(count, actor, *entries: Sent, **clock) -> list[str]:
    """What became of each: its problem, if it has one."""
    return [
        taken.entry.problem for taken in services.record_entries(count=count, entries=entries, actor=actor, **clock)
    ]


def line(count, sku="CUP"):
    return count.lines.get(level__product__sku=sku)


def on_hand(sku="CUP") -> int:
    return StockLevel.objects.get(product__sku=sku).on_hand
