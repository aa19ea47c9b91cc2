"""A suggestion before it is written: what to do about one need, for how much, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from inventory_site.common.models import JobRun
from replenishment.models import Suggestion

Kind = Suggestion.Kind
CENT = Decimal("0.01")

#: Kind, product, warehouse, source (0: none): of each at most one is open.
Key = tuple[str, int, int, int]

#: What a night writes anew on a suggestion that is open already.
UPDATED = (
    "run", "supplier", "alternative", "quantity", "unit_cost", "cost", "margin_at_risk", "price", "until_on",
    "needs_decision", "reason_code", "reason_terms", "follows",
)  # fmt: skip


@dataclass(frozen=True)
class Proposal:
    """``terms`` are those of ``replenishment.reasons``; their ``need`` tells how much is at stake, in pieces."""

    kind: str
    product_id: int
    warehouse_id: int
    quantity: int
    code: str
    terms: dict[str, Any]
    at_stake: Decimal
    cost: Decimal = Decimal(0)
    unit_cost: Decimal = Decimal(0)
    source_id: int | None = None
    supplier_id: int | None = None
    alternative_id: int | None = None
    price: Decimal | None = None
    until_on: date | None = None
    needs_decision: bool = False

    @property
    def key(self) -> Key:
        return self.kind, self.product_id, self.warehouse_id, self.source_id or 0

    @property
    def need(self) -> int:
        return self.terms["need"]

    def fill(self, suggestion: Suggestion, run: JobRun) -> Suggestion:
        suggestion.run, suggestion.kind = run, self.kind
        suggestion.product_id, suggestion.warehouse_id = self.product_id, self.warehouse_id
        suggestion.source_id, suggestion.supplier_id = self.source_id, self.supplier_id
        suggestion.alternative_id = self.alternative_id
        suggestion.quantity, suggestion.unit_cost, suggestion.cost = self.quantity, self.unit_cost, self.cost
        suggestion.margin_at_risk, suggestion.price, suggestion.until_on = self.at_stake, self.price, self.until_on
        suggestion.needs_decision = self.needs_decision
        suggestion.reason_code, suggestion.reason_terms = self.code, self.terms
        return suggestion


def key_of(suggestion: Suggestion) -> Key:
    return suggestion.kind, suggestion.product_id, suggestion.warehouse_id, suggestion.source_id or 0


def money(value: float | Decimal) -> Decimal:
    return Decimal(value).quantize(CENT)
