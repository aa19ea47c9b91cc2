"""The warnings as a page for people, per warehouse: grouped by what to do, printable, and as files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from alerts.models import Alert
from alerts.pages_files import WRITERS, file_of
from alerts.pages_lines import Group, Todo, complete, groups_of, may_do, ordering, with_todo
from alerts.pages_live import live_token
from inventory_site.common.admin_acts import new_key
from inventory_site.common.models import ShopSettings
from stock.models import Warehouse

SHOWN, A_PAGE = 10, 50


@login_required
@permission_required("alerts.view_alert", raise_exception=True)
def warnings(request: HttpRequest, code: str = "") -> HttpResponse:
    """What to do, grouped; ``code`` narrows to one warehouse, 404 where it is not the person's.

    ``?do=order`` shows all of one group in pages, ``?as=csv`` and ``?as=pdf`` answer with a file.
    """
    mine = Warehouse.objects.visible_to(request.user)
    warehouse = get_object_or_404(mine, code=code) if code else None
    shop = ShopSettings.objects.load()
    today = shop.today()
    alerts = Alert.objects.visible_to(request.user).to_do(today).leading()
    if warehouse:
        alerts = alerts.filter(warehouse=warehouse)
    chosen = request.GET.get("do", "")
    if chosen and chosen not in Todo.LABELS:
        raise Http404
    if kind := WRITERS.get(request.GET.get("as", "")):
        return file_of(kind, _of(alerts, chosen), request.user, shop, warehouse)
    context = _page(request, alerts, chosen) if chosen else _overview(request, alerts)
    shown = [alert for group in context["groups"] for alert in group.alerts]
    complete(shown, request.user, currency=shop.currency, today=today)
    context |= _common(request, today) | {"warehouses": mine, "chosen": warehouse, "do": chosen}
    return render(request, "alerts/warnings.html", context)


def _common(request: HttpRequest, today: date) -> dict:
    return {
        "today": today,
        "once_key": new_key(),
        "live_token": live_token(request.user),
        "sees_costs": request.user.has_perm(settings.COST_PERMISSION),
        **may_do(request.user),
    }


def _of(alerts: QuerySet, chosen: str) -> QuerySet:
    alerts = with_todo(alerts)
    return alerts.filter(todo=chosen) if chosen else alerts


def _overview(request: HttpRequest, alerts: QuerySet) -> dict:
    groups = groups_of(alerts, sees_costs=request.user.has_perm(settings.COST_PERMISSION), shown=SHOWN)
    total, money = sum(group.count for group in groups), sum((group.money for group in groups), Decimal(0))
    return {"groups": groups, "total": total, "money": money}


def _page(request: HttpRequest, alerts: QuerySet, chosen: str) -> dict:
    """One group, a page of it."""
    rows = _of(alerts, chosen).select_related("product", "warehouse", "supplier")
    page = Paginator(rows.order_by(*ordering(request.user.has_perm(settings.COST_PERMISSION))), A_PAGE).get_page(
        request.GET.get("page")
    )
    shown = list(page.object_list)
    severity = rows.aggregate(top=Max("severity"))["top"] or 1
    group = Group(chosen, page.paginator.count, Decimal(0), severity, shown)
    return {"groups": [group] if shown else [], "total": group.count, "money": Decimal(0), "page": page}
