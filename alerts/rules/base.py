"""What every rule is: a query that yields findings, a sentence, a proposed action."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rule_settings import RuleSettings
from inventory_site.common.models import ShopSettings
from replenishment.models import InventoryPosition


class Action:
    """What a page offers to do about an alert."""

    ORDER, CHASE, REDUCE, COUNT, CHECK = "order", "chase", "reduce", "count", "check"
    LABELS: ClassVar[dict[str, Promise]] = {
        ORDER: _("Order"),
        CHASE: _("Call the supplier"),
        REDUCE: _("Sell off or stop buying"),
        COUNT: _("Count it"),
        CHECK: _("Look into it"),
    }


@dataclass(frozen=True)
class Threshold:
    """A number of a rule that a shop may set otherwise, everywhere or in one warehouse."""

    default: float
    label: Promise
    help: Promise | str = ""
    minimum: float = 0


@dataclass(frozen=True)
class Finding:
    """One cause on one subject. ``terms`` are JSON: dates as ISO text in ``…_on``, money as text in ``…_money``.

    Findings of one product in one warehouse are one line for people, whichever rules they come from.
    """

    subject: str
    terms: Mapping[str, Any]
    money: Decimal = Decimal(0)
    code: str = ""  # which of the rule's sentences; empty: the rule's own
    severity: int = 0  # at least this one; what the shop set for the rule holds where that is more
    warehouse_id: int | None = None
    product_id: int | None = None
    supplier_id: int | None = None

    @property
    def cause(self) -> str:
        is_item = self.product_id is not None and self.warehouse_id is not None
        return f"item:{self.product_id}:{self.warehouse_id}" if is_item else self.subject


@dataclass
class AlertRule(ABC):
    """A rule reads what is there now and never writes; ``alerts.services`` opens and closes."""

    today: date
    settings: RuleSettings = field(default_factory=lambda: RuleSettings(()))
    shop: ShopSettings = field(default_factory=ShopSettings.objects.load)
    only: frozenset[int] | None = None  # of the positions at these stock levels; None: everywhere

    code: ClassVar[str]
    label: ClassVar[Promise]
    severity: ClassVar[int] = Severity.WARNING
    action: ClassVar[str] = Action.CHECK
    thresholds: ClassVar[dict[str, Threshold]] = {}
    sentences: ClassVar[dict[str, Promise]]
    doubts_stock: ClassVar[bool] = False  # what it finds may not lie there as the ledger says: worth counting
    is_live: ClassVar[bool] = False  # all of its findings are looked at again within seconds of any movement

    @abstractmethod
    def findings(self) -> Iterable[Finding]:
        """The same number of queries for any number of findings; no writes."""

    def threshold(self, name: str, warehouse_id: int | None = None) -> Any:
        """What holds in that warehouse: its own, the shop's, or the rule's default."""
        own = self.settings.of(warehouse_id).thresholds
        return own.get(name, self.thresholds[name].default)


class PositionRule(AlertRule):
    """A rule about items in one warehouse that have a certain stock status; heard of within seconds of a movement."""

    statuses: ClassVar[tuple[str, ...]]

    def positions(self):
        found = InventoryPosition.objects.with_stock().filter(stock_status__in=self.statuses)
        if self.only is not None:
            found = found.filter(level__in=self.only)
        return found.select_related("product", "warehouse", "supplier").order_by("pk")

    def findings(self) -> Iterable[Finding]:
        for position in self.positions():
            if finding := self.finding(position):
                yield finding

    @abstractmethod
    def finding(self, position: InventoryPosition) -> Finding | None:
        """None: this one is not worth an alert."""

    def about(self, position: InventoryPosition, money: Decimal, /, *, code: str = "", **terms: Any) -> Finding:
        return Finding(
            subject=position_subject(position.product_id, position.warehouse_id),
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


def position_subject(product_id: int, warehouse_id: int) -> str:
    return f"position:{product_id}:{warehouse_id}"


RULES: dict[str, type[AlertRule]] = {}


def register(rule: type[AlertRule]) -> type[AlertRule]:
    """Make a rule known under its code."""
    if rule.code in RULES:
        raise ValueError(f"two rules are called {rule.code}")
    RULES[rule.code] = rule
    return rule
