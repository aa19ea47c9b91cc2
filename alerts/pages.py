"""The warnings as a page for people, per warehouse and printable."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Count, F, Max, Sum, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from alerts.models import Alert
from alerts.rules import RULES
from alerts.rules.base import Action
from alerts.sentences import sentence
from inventory_site.common.admin_acts import new_key
from inventory_site.common.models import ShopSettings
from replenishment.models import Suggestion
from replenishment.shown_suggestions import for_pages
from stock.models import Warehouse

SHOWN = 20


@dataclass
class Group:
    """The alerts of one rule: all are counted, the dearest are shown."""

    rule: str
    count: int
    money: Decimal
    severity: int
    alerts: list[Alert] = field(default_factory=list)

    @property
    def label(self) -> str:
        return str(RULES[self.rule].label) if self.rule in RULES else self.rule

    @property
    def more(self) -> int:
        return self.count - len(self.alerts)


@login_required
@permission_required("alerts.view_alert", raise_exception=True)
def warnings(request: HttpRequest, code: str = "") -> HttpResponse:
    """What to do, grouped by cause; ``code`` narrows to one warehouse, 404 where it is not the person's."""
    mine = Warehouse.objects.visible_to(request.user)
    warehouse = get_object_or_404(mine, code=code) if code else None
    shop = ShopSettings.objects.load()
    to_do = Alert.objects.visible_to(request.user).to_do(shop.today())
    if warehouse:
        to_do = to_do.filter(warehouse=warehouse)
    sees_costs = request.user.has_perm(settings.COST_PERMISSION)
    groups = _groups(to_do, sees_costs)
    shown = [alert for group in groups for alert in group.alerts]
    _complete(shown, request.user, sees_costs, shop.currency)
    context = {
        "groups": groups, "warehouses": mine, "chosen": warehouse, "sees_costs": sees_costs, "today": shop.today(),
        "total": sum(group.count for group in groups), "once_key": new_key(),
        "money": sum((group.money for group in groups), Decimal(0)),
        "may_order": request.user.has_perm("replenishment.change_suggestion"),
        "may_handle": request.user.has_perm("alerts.change_alert"),
    }  # fmt: skip
    return render(request, "alerts/warnings.html", context)


def _groups(to_do, sees_costs: bool) -> list[Group]:
    """Two queries, however many alerts there are. Without costs the order tells nothing of them."""
    order = ["-severity", "-money_at_risk", "pk"] if sees_costs else ["-severity", "opened_on", "pk"]
    totals = to_do.order_by().values("rule").annotate(n=Count("pk"), sum=Sum("money_at_risk"), top=Max("severity"))
    groups = {row["rule"]: Group(row["rule"], row["n"], row["sum"] or Decimal(0), row["top"]) for row in totals}
    place = Window(RowNumber(), partition_by=[F("rule")], order_by=order)
    best = to_do.annotate(place=place).filter(place__lte=SHOWN).select_related("product", "warehouse", "supplier")
    for alert in best.order_by(*order):
        groups[alert.rule].alerts.append(alert)
    return sorted(groups.values(), key=lambda g: (-g.severity, -g.money if sees_costs else 0, g.rule))


def _complete(alerts: list[Alert], user, sees_costs: bool, currency: str) -> None:
    """Give each alert its sentence, its proposed action and the open suggestion that answers it, if there is one."""
    products = {alert.product_id for alert in alerts if alert.product_id}
    waiting = Suggestion.objects.visible_to(user).open().filter(product__in=products).with_documents()
    suggestions = {
        (row.product_id, row.warehouse_id, row.kind in Suggestion.EXITS): row
        for row in for_pages(waiting.order_by("margin_at_risk", "-pk") if products else (), shows_money=sees_costs)
    }
    for alert in alerts:
        rule = RULES.get(alert.rule)
        alert.sentence = sentence(alert.code, alert.terms, currency, shows_money=sees_costs)
        alert.action = rule.action if rule else Action.CHECK
        alert.action_label = Action.LABELS[alert.action]
        is_surplus = alert.action == Action.REDUCE
        alert.suggestion = suggestions.get((alert.product_id, alert.warehouse_id, is_surplus))
