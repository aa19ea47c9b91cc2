"""One product in one warehouse: what was asked for, what will be, what there is, what to do and why."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from catalog.models import Product, Promotion, SupplierProduct
from forecasting import words
from forecasting.data_facts import data_facts
from forecasting.models import Accuracy, Forecast, Launch, StockOutRegression
from forecasting.pages import chart_of, history
from forecasting.pages_anomalies import anomalies_of
from forecasting.pages_charts import PAST_DAYS
from inventory_site.common import charts
from inventory_site.common.admin_acts import new_key
from inventory_site.common.models import JobRun, ShopSettings
from orders.models import SalesOrderLine
from replenishment import chances, plan_notes
from replenishment.coming import Coming, coming_to
from replenishment.how import sums_of
from replenishment.lots_ahead import LotsAhead, lots_ahead
from replenishment.models import InventoryPosition, ReorderPoint, Suggestion
from replenishment.policy_words import SHORT_MODES
from replenishment.product_charts import Stock, stock_chart
from replenishment.shown_suggestions import for_pages
from replenishment.value_charts import weekday_chart
from stock.models import StockLevel, StockMovement, Warehouse

#: The policy that an item is planned by, with all that its name is made of.
POLICY = ("policy__product", "policy__category", "policy__supplier", "policy__warehouse")
LISTED = 10
RECENT, ONE_DAY = timedelta(days=14), timedelta(days=1)


def product(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one product; ``?warehouse=code`` chooses the warehouse, else the one that has most to lose."""
    if not request.user.has_perm("catalog.view_product"):
        raise PermissionDenied
    row = get_object_or_404(Product.objects.visible_to(request.user).select_related("category"), pk=pk)
    levels = StockLevel.objects.visible_to(request.user).filter(product=row).select_related("warehouse")
    levels = list(levels.select_related("position__supplier").order_by("-position__margin_at_risk", "warehouse"))
    level = _chosen(request, levels)
    context = admin.site.each_context(request) | {
        "title": row.name, "product": row, "levels": levels, "level": level, "once_key": new_key(),
        "sees_costs": request.user.has_perm(settings.COST_PERMISSION),
        "may_order": request.user.has_perm("replenishment.change_suggestion"),
        "may_edit": request.user.has_perm("catalog.change_product"),
        "may_plan": request.user.has_perm("replenishment.add_policy"),
        "may_explain": request.user.has_perm("forecasting.change_anomaly"),
        "may_override": request.user.has_perm("forecasting.add_override"),
        "terms": SupplierProduct.objects.filter(product=row).preferred().select_related("supplier").first(),
    }  # fmt: skip
    if level:
        context |= _of_level(level, request.user, ShopSettings.objects.load().today())
    return TemplateResponse(request, "replenishment/product.html", context)


def _chosen(request: HttpRequest, levels: list[StockLevel]) -> StockLevel | None:
    """The level of the warehouse asked for; 404 where that is not one of the person's."""
    code = request.GET.get("warehouse")
    if code:
        get_object_or_404(Warehouse.objects.visible_to(request.user), code=code)
        return next((level for level in levels if level.warehouse.code == code), None)
    return levels[0] if levels else None


def _of_level(level: StockLevel, user, today: date) -> dict[str, Any]:
    """Everything of one item in one warehouse; as many queries for a busy item as for a new one."""
    item = {"product": level.product_id, "warehouse": level.warehouse_id}
    position = getattr(level, "position", None) or InventoryPosition(level=level)
    plan = ReorderPoint.objects.filter(run=position.run_id, **item).select_related(*POLICY).first()
    forecast = Forecast.objects.filter(run=position.run_id, **item).first()
    launch = Launch.objects.filter(run=position.run_id, **item).first()
    due = coming_to(level)
    known = history(item, forecast.first_on - ONE_DAY if forecast else today)
    sales = SalesOrderLine.objects.outstanding().filter(**item).with_allocated().select_related("order")
    return {
        "position": position,
        "plan": plan,
        "plan_mode": SHORT_MODES[plan.mode] if plan else "",
        "plan_notes": plan_notes.sentences(plan.notes) if plan else [],
        "forecast": forecast,
        "facts": _facts(level, position),
        "due": due[:LISTED],
        "sales": list(sales.order_by("pk")[:LISTED]),
        "suggestions": _suggestions(level, user, today),
        "lots": _lots(level, position, plan, forecast, today),
        "promotions": _promotions(level, today),
        "method": words.method(forecast.method) if forecast else "",
        "accuracy": words.accuracy(Accuracy.objects.filter(run=position.run_id, **item).first()),
        "demand_chart": chart_of(known, forecast),
        "weekday_chart": weekday_chart(known.asked, known.without_stock, known.until),
        "sums": sums_of(plan, position) if plan else [],
        "why": words.why(forecast) if forecast else None,
        "launched": words.launch(launch) if launch else "",
        "stock_out_chance": chances.percent(position.stock_out_chance),
        "about_chance": chances.sentences(position, plan, _regression()),
        "anomalies": anomalies_of(product_id=level.product_id, warehouse_id=level.warehouse_id, today=today),
        "data_facts": data_facts(product_id=level.product_id, warehouse_id=level.warehouse_id, until=today),
        "stock_chart": _stock_chart(level, position, plan, forecast, due, today),
        "chart_options": json.dumps(charts.SERIES_OPTIONS),
    }


def _regression() -> StockOutRegression | None:
    """That of the run whose chances are shown."""
    return StockOutRegression.objects.filter(run=JobRun.objects.latest_published()).first()


def _facts(level: StockLevel, position: InventoryPosition) -> dict[str, int]:
    """The parts that add up to the inventory position, as they are now."""
    total = level.on_hand - level.unsellable + position.on_order + position.in_transit
    return {"total": total - level.allocated - position.backordered}


def _suggestions(level: StockLevel, user, today: date) -> list[Suggestion]:
    """Those that are open, and what was decided in the last days; of a kind and way the newest."""
    item = {"product": level.product_id, "warehouse": level.warehouse_id}
    recent = Q(state="open") | Q(state__in=["accepted", "dismissed"], run__business_date__gte=today - RECENT)
    rows = Suggestion.objects.visible_to(user).filter(recent, **item).with_documents()
    newest: dict[tuple, Suggestion] = {}
    for row in sorted(rows.order_by("-pk")[:LISTED], key=lambda s: s.state != "open"):
        newest.setdefault((row.kind, row.source_id), row)
    return for_pages(newest.values(), shows_money=user.has_perm(settings.COST_PERMISSION))


def _lots(level, position, plan, forecast, today: date) -> LotsAhead | None:
    if not plan or not forecast or not plan.is_stocked:
        return None
    return lots_ahead(
        mean=forecast.mean, position=position.inventory_position, unit_cost=plan.unit_cost,
        shelf_life_days=level.product.shelf_life_days, today=today,
    )  # fmt: skip


def _promotions(level: StockLevel, today: date) -> list[Promotion]:
    here = Promotion.objects.known_on(today).filter(product=level.product_id, ends_on__gte=today)
    here = here.filter(warehouse_code__in=["", level.warehouse.code])
    return list(here.order_by("starts_on")[:5])


def _stock_chart(level, position, plan, forecast, due: list[Coming], today: date) -> str:
    """Goods that are late are drawn as coming tomorrow."""
    coming: dict[date, int] = defaultdict(int)
    for row in due:
        coming[max(row.expected_on or today, today + timedelta(days=1))] += row.quantity
    return stock_chart(
        Stock(
            until=today,
            on_hand=_on_hand(level, today) | {today: level.on_hand},
            available=level.available,
            inventory_position=position.inventory_position,
            reorder_point=plan.reorder_point if plan else None,
            due=coming,
            mean=forecast.mean if forecast else [],
        )
    )


def _on_hand(level: StockLevel, today: date) -> dict[date, int]:
    """What was on hand at the end of each day with movements, counted back from now; the ledger says it exactly."""
    zone = ZoneInfo(level.warehouse.time_zone)
    first = datetime.combine(today - timedelta(days=PAST_DAYS), time.min, tzinfo=zone)
    moved = StockMovement.objects.filter(level=level, effective_at__gte=first).order_by()
    by_day = moved.annotate(on=TruncDate("effective_at", tzinfo=zone)).values_list("on").annotate(Sum("quantity"))
    at_end, left = {}, level.on_hand
    for on, quantity in sorted(by_day, reverse=True):
        at_end[min(on, today)] = left
        left -= quantity
    return {first.date(): left} | at_end
