"""The lines of the warning pages: what to do, about what, and the button that does it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db.models import Case, CharField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from alerts.models import Alert
from alerts.rules import RULES
from alerts.rules.base import Action
from alerts.sentences import sentence
from inventory_site.common.models import User
from orders.models import PurchaseOrder, PurchaseOrderLine
from replenishment.models import InventoryPosition, Suggestion
from replenishment.shown_suggestions import for_pages
from replenishment.small_charts import daily_sparks, delivery_sparks, stock_sparks
from stock.models import StockLevel

ACCEPTED_DAYS = 14
#: Rules whose lines show demand, not stock.
OF_DEMAND = frozenset({"demand_anomaly"})


class Todo:
    """What a line asks for; the page is in this order where nothing else decides."""

    ORDER, TRANSFER, CHASE, REDUCE, COUNT, CHECK = "order", "transfer", "chase", "reduce", "count", "check"
    LABELS: ClassVar[dict[str, Promise]] = {
        ORDER: _("Order"),
        TRANSFER: _("Move from another warehouse"),
        CHASE: _("Call the supplier"),
        REDUCE: _("Mark down, send back or stop buying"),
        COUNT: _("Count"),
        CHECK: _("Look into it"),
    }


@dataclass
class Group:
    """The alerts that ask for one thing: all are counted, the dearest are shown."""

    todo: str
    count: int
    money: Decimal
    severity: int
    alerts: list[Alert] = field(default_factory=list)

    @property
    def label(self) -> Promise:
        return Todo.LABELS[self.todo]

    @property
    def more(self) -> int:
        return self.count - len(self.alerts)


def may_do(user: User) -> dict[str, bool]:
    """Which buttons of the lines the person gets; the services behind them ask again, for the warehouse."""
    asked = {
        "may_order": "replenishment.change_suggestion", "may_handle": "alerts.change_alert",
        "may_count": "stock.add_stockmovement", "may_explain": "forecasting.change_anomaly",
        "may_mark_down": "catalog.add_promotion",
    }  # fmt: skip
    return {name: user.has_perm(permission) for name, permission in asked.items()}


def with_todo(alerts: QuerySet) -> QuerySet:
    """Annotate ``todo``: the action of the rule, or a transfer where one is proposed."""
    by_action: dict[str, list[str]] = defaultdict(list)
    for code, rule in RULES.items():
        by_action[rule.action if rule.action in Todo.LABELS else Todo.CHECK].append(code)
    transfers = Suggestion.objects.open().filter(kind=Suggestion.Kind.TRANSFER)
    own = transfers.filter(product=OuterRef("product"), warehouse=OuterRef("warehouse"))
    # The products are looked up in one list, so that few alerts ask for their own.
    is_transfer = Q(rule__in=by_action.pop(Todo.ORDER, []), product__in=transfers.values("product")) & Exists(own)
    cases = [When(is_transfer, then=Value(Todo.TRANSFER))]
    cases += [When(rule__in=codes, then=Value(action)) for action, codes in by_action.items()]
    ordered = [code for code, rule in RULES.items() if rule.action == Action.ORDER]
    cases.append(When(rule__in=ordered, then=Value(Todo.ORDER)))
    return alerts.annotate(todo=Case(*cases, default=Value(Todo.CHECK), output_field=CharField()))


def groups_of(alerts: QuerySet, *, sees_costs: bool, shown: int) -> list[Group]:
    """Three queries, however many alerts there are. Without costs the order tells nothing of them."""
    found = with_todo(alerts)
    totals = found.order_by().values("todo").annotate(n=Count("pk"), sum=Sum("money_at_risk"), top=Max("severity"))
    groups = {row["todo"]: Group(row["todo"], row["n"], row["sum"] or Decimal(0), row["top"]) for row in totals}
    order = ordering(sees_costs)
    place = Window(RowNumber(), partition_by=[F("todo")], order_by=order)
    # Only keys are numbered and sorted: with their terms tens of thousands of alerts take five times as long.
    best = list(found.annotate(place=place).filter(place__lte=shown).order_by().values_list("pk", flat=True))
    rows = with_todo(alerts.model.objects.filter(pk__in=best)).select_related("product", "warehouse", "supplier")
    for alert in rows.order_by(*order):
        groups[alert.todo].alerts.append(alert)
    return sorted(groups.values(), key=lambda g: (-g.severity, -g.money if sees_costs else 0, g.todo))


def ordering(sees_costs: bool) -> list[str]:
    return ["-severity", "-money_at_risk", "pk"] if sees_costs else ["-severity", "opened_on", "pk"]


def complete(alerts: Sequence[Alert], user: User, *, currency: str, today: date, charts: bool = True) -> None:
    """Give each alert what its line shows; the same number of queries for one as for a thousand."""
    sees_costs = user.has_perm(settings.COST_PERMISSION)
    suggestions = _suggestions(alerts, user, today, sees_costs)
    others = _others(alerts)
    orders = _orders_to_chase(alerts)
    levels = _levels_to_count(alerts)
    for alert in alerts:
        item = (alert.product_id, alert.warehouse_id)
        alert.sentence = sentence(alert.code, alert.terms, currency, shows_money=sees_costs)
        alert.rule_label = RULES[alert.rule].label if alert.rule in RULES else alert.rule
        alert.others = others.get(alert.cause, [])
        alert.suggestion = suggestions.get((*item, alert.todo == Todo.REDUCE))
        alert.order = orders.get(alert.terms.get("order")) or orders.get(item)
        alert.level_id = levels.get(item)
        alert.is_handled = bool(alert.suggestion and alert.suggestion.state == Suggestion.State.ACCEPTED)
    if charts:
        _draw(alerts, today)


def _suggestions(alerts: Sequence[Alert], user: User, today: date, sees_costs: bool) -> dict[tuple, Suggestion]:
    """By product, warehouse and whether it is about surplus: what is open, else what was accepted these days."""
    products = {alert.product_id for alert in alerts if alert.product_id}
    accepted = Q(state=Suggestion.State.ACCEPTED, decided_at__date__gte=today - timedelta(days=ACCEPTED_DAYS))
    accepted &= ~Q(purchase_line__order__state__in=["received", "cancelled"])
    found = Suggestion.objects.visible_to(user).filter(Q(state=Suggestion.State.OPEN) | accepted, product__in=products)
    rows = found.with_documents().order_by("margin_at_risk", "-pk") if products else ()
    shown = sorted(for_pages(rows, shows_money=sees_costs), key=lambda row: row.state == Suggestion.State.OPEN)
    return {(row.product_id, row.warehouse_id, row.kind in Suggestion.EXITS): row for row in shown}


def _others(alerts: Sequence[Alert]) -> dict[str, list[str]]:
    """What else is known of the same cause, in words."""
    found: dict[str, list[str]] = defaultdict(list)
    causes = [alert.cause for alert in alerts if alert.cause]
    for cause, rule in Alert.objects.live().of_causes(causes).filter(leads=False).values_list("cause", "rule"):
        label = str(RULES[rule].label) if rule in RULES else rule
        if label not in found[cause]:
            found[cause].append(label)
    return found


def _orders_to_chase(alerts: Sequence[Alert]) -> dict:
    """The purchase order that an alert names, or the next that brings its item; by id and by item."""
    chased = [alert for alert in alerts if alert.todo == Todo.CHASE]
    named = {alert.terms["order"] for alert in chased if alert.terms.get("order")}
    lines = PurchaseOrderLine.objects.on_order().filter(
        product__in={alert.product_id for alert in chased if alert.product_id},
        order__warehouse__in={alert.warehouse_id for alert in chased},
    )
    found: dict = {}
    for line in lines.select_related("order__supplier").order_by("-order__expected_on", "pk"):
        found[line.product_id, line.order.warehouse_id] = line.order
    return found | {order.pk: order for order in PurchaseOrder.objects.filter(pk__in=named).select_related("supplier")}


def _levels_to_count(alerts: Sequence[Alert]) -> dict[tuple[int, int], int]:
    counted = [alert for alert in alerts if alert.todo == Todo.COUNT and alert.product_id]
    levels = StockLevel.objects.filter(
        product__in={a.product_id for a in counted}, warehouse__in={a.warehouse_id for a in counted}
    )
    return {(product, place): pk for pk, product, place in levels.values_list("pk", "product", "warehouse")}


def _draw(alerts: Sequence[Alert], today: date) -> None:
    """Stock of its item, or, where a whole delivery is late, of the item that it keeps waiting most; odd demand."""
    waiting = _waiting_for(
        [alert.terms["order"] for alert in alerts if not alert.product_id and "order" in alert.terms]
    )
    items = {(alert.product_id, alert.warehouse_id) for alert in alerts if alert.product_id}
    known = InventoryPosition.objects.select_related("level").filter(
        product__in={product for product, _place in items}, warehouse__in={place for _product, place in items}
    )
    positions = [row for row in known if (row.product_id, row.warehouse_id) in items]
    sparks = stock_sparks([*positions, *waiting.values()], today)
    odd = [alert for alert in alerts if alert.rule in OF_DEMAND and alert.product_id]
    demand = daily_sparks([(alert.product_id, alert.warehouse_id) for alert in odd], today) if odd else {}
    suppliers = {a.supplier_id for a in alerts if a.supplier_id and not a.product_id and "order" not in a.terms}
    deliveries = delivery_sparks(suppliers, today) if suppliers else {}
    for alert in alerts:
        alert.waiting = waiting.get(alert.terms.get("order")) if not alert.product_id else None
        about = alert.waiting or alert
        item = (about.product_id, about.warehouse_id)
        alert.spark = demand.get(item) if alert.rule in OF_DEMAND else sparks.get(item)
        if not alert.spark and not alert.product_id:
            alert.spark = deliveries.get((alert.supplier_id, alert.warehouse_id))


def _waiting_for(orders: Sequence[int]) -> dict[int, InventoryPosition]:
    """For each late order the position with the most margin at risk among its items. Two queries."""
    lines = PurchaseOrderLine.objects.on_order().filter(order__in=orders).select_related("order")
    wanted = {(line.product_id, line.order.warehouse_id): line.order_id for line in lines}
    positions = InventoryPosition.objects.select_related("level", "product").filter(
        product__in={product for product, _place in wanted}, warehouse__in={place for _product, place in wanted}
    )
    found: dict[int, InventoryPosition] = {}
    for row in positions.order_by("margin_at_risk", "pk"):
        if order := wanted.get((row.product_id, row.warehouse_id)):
            found[order] = row
    return found
