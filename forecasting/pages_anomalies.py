"""What is odd about one item, for its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from forecasting import anomaly_words
from forecasting.models import Anomaly

#: What was explained in the last days can be undone on the item's page.
SHOWN = timedelta(days=28)


@dataclass(frozen=True)
class Shown:
    row: Anomaly
    sentence: str
    feature: str
    consequence: str


def anomalies_of(*, product_id: int, warehouse_id: int, today: date) -> list[Shown]:
    """Open ones, and those that somebody explained lately; one query."""
    recent = Q(state=Anomaly.State.OPEN) | Q(state__in=Anomaly.EXPLAINED, explained_on__gte=today - SHOWN)
    rows = Anomaly.objects.filter(recent, product=product_id, warehouse=warehouse_id).select_related("explained_by")
    return [
        Shown(row, anomaly_words.sentence(row), anomaly_words.feature(row), anomaly_words.consequence(row))
        for row in rows.order_by("-pk")[:5]
    ]


def open_anomalies(*, product_id: int, warehouse_id: int) -> list[str]:
    """A sentence for each that nobody has explained; one query."""
    rows = Anomaly.objects.open().filter(product=product_id, warehouse=warehouse_id).order_by("pk")
    return [f"{anomaly_words.sentence(row)} {anomaly_words.consequence(row)}" for row in rows]
