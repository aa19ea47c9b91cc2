"""The night puts on drafts what its policy lets it: items in mode automatic, never what needs a decision."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Exists, OuterRef

from inventory_site.common.models import JobRun
from replenishment.models import PolicyMode, Suggestion
from replenishment.readiness import known_enough
from replenishment.services.decisions import accept_suggestions

Kind = Suggestion.Kind


def split_automatic(run: JobRun) -> list[dict]:
    """The suppliers of such purchases, and the ways of such transfers: each fills a draft of its own."""
    rows = _automatic(run).order_by()
    suppliers = rows.filter(kind=Kind.PURCHASE).values_list("supplier", flat=True).distinct()
    ways = rows.filter(kind=Kind.TRANSFER).values_list("source", "warehouse").distinct()
    return [{"supplier": supplier} for supplier in sorted(suppliers)] + [
        {"source": source, "warehouse": warehouse} for source, warehouse in sorted(ways)
    ]


def draft_automatic(run: JobRun, payload: dict) -> Callable[[], None]:
    """Accept them in nobody's name; what a person decided meanwhile stays as it is."""
    kind = Kind.PURCHASE if "supplier" in payload else Kind.TRANSFER

    def write() -> None:
        rows = _automatic(run).filter(kind=kind, **payload).locked()
        if chosen := list(rows):
            accept_suggestions(suggestions=chosen, actor=None)

    return write


def _automatic(run: JobRun):
    """Of items in that mode, unless their plan stands on a default that nobody has confirmed."""
    item = {"product": OuterRef("product"), "warehouse": OuterRef("warehouse")}
    own = known_enough(run).filter(mode=PolicyMode.AUTOMATIC, **item)
    open_ones = Suggestion.objects.open().filter(run=run, needs_decision=False, kind__in=[Kind.PURCHASE, Kind.TRANSFER])
    return open_ones.filter(Exists(own))
