"""Who hears of which alert: what a person chose, narrowed by what rules say and by what the person may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alerts.models import Alert, RuleSetting, Subscription
from inventory_site.common.models import User


@dataclass(frozen=True)
class Audience:
    """Whom each rule is for: roles by (rule, warehouse); a rule without roles is for everybody who subscribed."""

    roles: dict[tuple[str, int | None], frozenset[str]]

    @classmethod
    def load(cls) -> Audience:
        rows = RuleSetting.objects.values_list("rule", "warehouse", "roles")
        return cls({(rule, warehouse): frozenset(roles) for rule, warehouse, roles in rows if roles})

    def includes(self, user: User, alert: Alert) -> bool:
        """Whether the person has a role that the rule is for, there; a superuser has all."""
        told = self.roles.get((alert.rule, alert.warehouse_id)) or self.roles.get((alert.rule, None))
        return not told or user.is_superuser or not told.isdisjoint(_roles_at(user, alert.warehouse_id))


def _roles_at(user: User, warehouse_id: int | None) -> set[str]:
    """The person's roles there; of no warehouse in particular: all that they have."""
    return {row.role for row in user.warehouse_access.all() if warehouse_id in (None, row.warehouse_id) or _is_all(row)}


def _is_all(access) -> bool:
    return access.warehouse_id is None


def may_see(user: User, alert: Alert) -> bool:
    """The same as ``Alert.objects.visible_to`` of one alert, without a query where access was fetched."""
    if user.is_superuser or alert.warehouse_id is None:
        return True
    return any(_is_all(row) or row.warehouse_id == alert.warehouse_id for row in user.warehouse_access.all())


def wants_at_once(subscription: Subscription, alert: Alert) -> bool:
    """By its rule, or by its severity: then of several rules with one cause only the one that leads."""
    if subscription.warehouse_id not in (None, alert.warehouse_id):
        return False
    if alert.rule in subscription.immediate_rules:
        return True
    threshold = subscription.immediate_from
    return threshold is not None and alert.severity >= threshold and alert.leads


def left_to_own(subscription: Subscription, others: Iterable[Subscription]) -> set[int]:
    """Warehouses that a subscription of all leaves to those of the same person that name one."""
    if subscription.warehouse_id is not None:
        return set()
    return {o.warehouse_id for o in others if o.user_id == subscription.user_id and o.warehouse_id is not None}
