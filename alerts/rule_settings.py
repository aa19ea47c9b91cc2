"""What holds for a rule in a warehouse: its own row, what that leaves empty the shop's, then the rule's defaults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from alerts.models import RuleSetting


@dataclass(frozen=True)
class Holding:
    is_enabled: bool = True
    severity: int | None = None
    thresholds: dict[str, Any] = field(default_factory=dict)
    assigned_to_id: int | None = None
    escalate_after_days: int | None = None


class RuleSettings:
    """All rows of one rule, asked by warehouse."""

    def __init__(self, rows: Iterable[RuleSetting]):
        self._rows = {row.warehouse_id: row for row in rows}
        self._holding: dict[int | None, Holding] = {}

    @classmethod
    def load(cls, code: str) -> RuleSettings:
        return cls(RuleSetting.objects.filter(rule=code))

    def of(self, warehouse_id: int | None) -> Holding:
        if warehouse_id not in self._holding:
            wanted = dict.fromkeys((warehouse_id, None))
            self._holding[warehouse_id] = _merged([self._rows[key] for key in wanted if key in self._rows])
        return self._holding[warehouse_id]


def _merged(rows: list[RuleSetting]) -> Holding:
    """The narrowest row first."""
    if not rows:
        return Holding()
    thresholds: dict[str, Any] = {}
    for row in reversed(rows):
        thresholds |= row.thresholds
    return Holding(
        is_enabled=rows[0].is_enabled,
        severity=_first(row.severity for row in rows),
        thresholds=thresholds,
        assigned_to_id=_first(row.assigned_to_id for row in rows),
        escalate_after_days=_first(row.escalate_after_days for row in rows),
    )


def _first(values: Iterable[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)
