"""What every rule is: a query that yields findings, a sentence, a proposed action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from alerts.models import RuleSetting, Severity
from inventory_site.common.models import ShopSettings
from replenishment.models import InventoryPosition


class Action:
    """What a page offers to do about an alert."""

    ORDER, CHASE, REDUCE, CHECK = "order", "chase", "reduce", "check"
    LABELS: ClassVar[dict[str, Promise]] = {
        ORDER: _("Order"),
        CHASE: _("Call the supplier"),
        REDUCE: _("Sell off or stop buying"),
        CHECK: _("Look into it"),
    }


@dataclass(frozen=True)
class Finding:
    """One cause on one subject. ``terms`` are JSON: dates as ISO text in ``…_on``, money as text in ``…_money``."""

    subject: str
    severity: int
    terms: Mapping[str, Any]
    money: Decimal = Decimal(0)
    code: str = ""  # which of the rule's sentences; empty: the rule's own
    warehouse_id: int | None = None
    product_id: int | None = None
    supplier_id: int | None = None


@dataclass
class AlertRule:
    """A rule reads what is there now and never writes; ``alerts.services`` opens and closes."""

    today: date
    setting: RuleSetting | None = None
    shop: ShopSettings = field(default_factory=ShopSettings.objects.load)

    code: ClassVar[str]
    label: ClassVar[Promise]
    severity: ClassVar[int] = Severity.WARNING
    action: ClassVar[str] = Action.CHECK
    thresholds: ClassVar[dict[str, Any]] = {}
    sentences: ClassVar[dict[str, Promise]]

    def findings(self) -> Iterable[Finding]:
        """One query, no writes."""
        raise NotImplementedError

    def threshold(self, name: str) -> Any:
        """The shop's own value, or the rule's default."""
        own = self.setting.thresholds if self.setting else {}
        return own.get(name, self.thresholds[name])

    @property
    def level(self) -> int:
        return (self.setting and self.setting.severity) or self.severity


class PositionRule(AlertRule):
    """A rule about items in one warehouse that have a certain stock status."""

    statuses: ClassVar[tuple[str, ...]]

    def positions(self):
        found = InventoryPosition.objects.with_stock().filter(stock_status__in=self.statuses)
        return found.select_related("product", "warehouse", "supplier").order_by("pk")

    def findings(self) -> Iterable[Finding]:
        for position in self.positions():
            if finding := self.finding(position):
                yield finding

    def finding(self, position: InventoryPosition) -> Finding | None:
        raise NotImplementedError

    def about(self, position: InventoryPosition, money: Decimal, /, *, code: str = "", **terms: Any) -> Finding:
        return Finding(
            subject=f"position:{position.product_id}:{position.warehouse_id}",
            severity=self.level,
            money=money,
            code=code,
            warehouse_id=position.warehouse_id,
            product_id=position.product_id,
            supplier_id=position.supplier_id,
            terms={
                "sku": position.product.sku,
                "product": position.product.name,
                "warehouse": position.warehouse.name,
                "available": position.available_now,
                "on_order": position.on_order,
                **terms,
            },
        )


RULES: dict[str, type[AlertRule]] = {}


def register(rule: type[AlertRule]) -> type[AlertRule]:
    """Make a rule known under its code."""
    if rule.code in RULES:
        raise ValueError(f"two rules are called {rule.code}")
    RULES[rule.code] = rule
    return rule
