"""How a rule behaves, as people set it: for the whole shop or for one warehouse."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from alerts.models import RuleSetting
from inventory_site.common import audit
from inventory_site.common.models import User
from stock.models import Warehouse


@transaction.atomic
def set_rule(*, actor: User, rule: str, warehouse: Warehouse | None, values: dict[str, Any]) -> RuleSetting:
    """Write the row of that place, all of it; it holds from the next look at the rule on."""
    before = RuleSetting.objects.filter(rule=rule, warehouse=warehouse).select_for_update(of=("self",)).first()
    row = before or RuleSetting(rule=rule, warehouse=warehouse)
    old = {name: getattr(row, name) for name in values} if before else {}
    changes = {name: [str(old.get(name, "")), str(value)] for name, value in values.items() if old.get(name) != value}
    if before and not changes:
        return row
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    audit.record(actor=actor, action="rulesetting.set", subject=row, changes=changes)
    return row


@transaction.atomic
def forget_rule(*, actor: User, rule: str, warehouse: Warehouse | None) -> None:
    """Take a place's own setting away: what is wider holds there again."""
    row = RuleSetting.objects.filter(rule=rule, warehouse=warehouse).select_for_update(of=("self",)).first()
    if row:
        audit.record(actor=actor, action="rulesetting.forget", subject=row, changes={"thresholds": row.thresholds})
        row.delete()
