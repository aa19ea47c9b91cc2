"""Cycle service level and budget against stock value, lost sales and orders: what-if, live."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST

from catalog.models import Category, Product, Supplier
from inventory_site.common import charts
from inventory_site.common.admin_acts import new_key, run_once, safe_next
from inventory_site.common.errors import DomainError
from inventory_site.common.models import Audit, ShopSettings
from inventory_site.common.numbers import percent, typed_amount, whole_number
from replenishment import what_if
from replenishment.models import Policy
from replenishment.reach import require_reach
from replenishment.services import what_if as services
from replenishment.services.what_if import Where
from replenishment.what_if import LEVELS, Curve
from stock.models import Warehouse

VIEW, PLAN = "replenishment.view_reorderpoint", "replenishment.add_policy"
USUAL_LEVEL = 0.95
MOST_BUDGET = 10**12

#: Rows of the comparison: key, label, whether it is money.
ROWS = (
    ("stock_value", _lazy("mean stock value"), True),
    ("lost_pieces", _lazy("pieces lost a year"), False),
    ("lost_margin", _lazy("margin lost a year"), True),
    ("orders", _lazy("order lines a year"), False),
    ("holding_cost", _lazy("holding cost a year"), True),
    ("order_cost", _lazy("order cost a year"), True),
    ("cost", _lazy("together a year"), True),
)


@dataclass(frozen=True)
class Asked:
    """What the form says; a budget that is given decides the level. ``problem`` is a sentence where it can't."""

    where: Where
    level: float
    budget: float | None
    problem: str = ""

    @classmethod
    def of(cls, told: QueryDict, user) -> Asked:
        where = Where(
            category=_row(Category.objects.all(), told.get("category")),
            supplier=_row(Supplier.objects.all(), told.get("supplier")),
            warehouse=_row(Warehouse.objects.visible_to(user), told.get("warehouse")),
        )
        budget, problem = None, ""
        if text := told.get("budget", "").strip():
            found = typed_amount(text)
            if found is not None and 0 < found < MOST_BUDGET:
                budget = float(found)
            else:
                problem = _("The budget is not an amount above 0.")
        return cls(where, level_of(told), budget, problem)


def _row(rows, text: str | None):
    """The row with that key; 404 where it is not one that the person may see."""
    if not text:
        return None
    number = whole_number(text)
    if number is None:
        raise Http404
    return get_object_or_404(rows, pk=number)


def level_of(told: QueryDict) -> float:
    """The level of the slider, in tenths of a per cent."""
    tenths = whole_number(told.get("level"), 4)
    return min(max(USUAL_LEVEL if tenths is None else tenths / 1000, LEVELS[0]), LEVELS[-1])


def whole_shop(request: HttpRequest) -> HttpResponse:
    """The page; asked by htmx only its answer, which is all that a moved slider changes."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    asked = Asked.of(request.GET, request.user)
    context = answer_of(request, asked) | {"once_key": new_key(), "may_plan": request.user.has_perm(PLAN)}
    if request.headers.get("HX-Request"):
        return render(request, "replenishment/what_if_answer.html", context)
    context |= admin.site.each_context(request) | {"title": _("What if"), "choices": _choices(request, asked.where)}
    return TemplateResponse(request, "replenishment/what_if.html", context)


def answer_of(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    """What the level (or the budget) means, beside what is planned now."""
    shop, sees_costs = ShopSettings.objects.load(), request.user.has_perm(settings.COST_PERMISSION)
    told = services.told_for(request.user, asked.where)
    curve, level, problem = told.curve, asked.level, asked.problem
    if asked.budget is not None and sees_costs:
        found = curve.highest_within(asked.budget)
        level, problem = (LEVELS[0], _too_little(curve, asked.budget, shop.currency)) if found is None else (found, "")
    return {
        "items": told.items, "problem": problem, "level": level, "level_tenths": round(1000 * level),
        "level_text": percent(level), "rows": _rows(curve.planned, curve.at(level), sees_costs),
        "sees_costs": sees_costs, "without_cost": told.without_cost if sees_costs else 0,
        "fixed": told.fixed, "narrower": services.narrower_policies(request.user, asked.where),
        "chart": _chart(curve, level) if told.items and sees_costs else "", "chart_options": json.dumps(_options()),
        "where": asked.where, "budget": asked.budget, "applied": services.last_applied(asked.where),
    }  # fmt: skip


def _too_little(curve: Curve, budget: float, currency: str) -> str:
    least = curve.points[0]["stock_value"]
    return _(
        "The budget is too small by %(missing)s %(currency)s: at a cycle service level of 50 %% the shelves still hold "
        "%(least)s."
    ) % {"missing": _number(least - budget), "least": _number(least), "currency": currency}


def _rows(now: dict[str, float], then: dict[str, float], sees_costs: bool) -> list[dict[str, str]]:
    shares = {"name": _("expected fill rate"), "now": _fill(now), "then": _fill(then), "change": ""}
    rows = [
        {"name": str(label), "now": _number(now[key]), "then": _number(then[key]),
         "change": _signed(then[key] - now[key]), "strong": key == "cost"}
        for key, label, is_money in ROWS if sees_costs or not is_money
    ]  # fmt: skip
    return [*rows, shares]


def _fill(told: dict[str, float]) -> str:
    return percent(1 - told["lost_pieces"] / told["demand"] if told["demand"] else None)


def _number(value: float) -> str:
    """Whole from a hundred on; of a single product a tenth still matters."""
    return number_format(round(value) if abs(value) >= 100 else round(value, 1), force_grouping=True)


def _signed(value: float) -> str:
    return ("+" if round(value, 1) > 0 else "") + _number(value) if round(value, 1) else "0"


def _chart(curve: Curve, level: float) -> str:
    """Lost margin by stock value over all levels, with now and then as points."""

    def dot(told: dict[str, float]) -> dict[str, int]:
        return {"x": round(told["stock_value"]), "y": round(told["lost_margin"])}

    grey = {"borderColor": charts.QUIET, "backgroundColor": charts.QUIET}
    line = {"label": _("all levels"), "data": [dot(point) for point in curve.points], "showLine": True,
            "pointRadius": 0, "borderWidth": 2, **grey}  # fmt: skip
    now = {"label": _("as planned"), "data": [dot(curve.planned)], "pointRadius": 6, "backgroundColor": charts.QUIET}
    then = {"label": percent(level), "data": [dot(curve.at(level))], "pointRadius": 6,
            "backgroundColor": charts.PRIMARY}  # fmt: skip
    return json.dumps({"datasets": [then, now, line]})


def _options() -> dict[str, Any]:
    return charts.scatter_options(_("mean stock value"), _("margin lost a year"))


def _choices(request: HttpRequest, where: Where) -> list[dict[str, Any]]:
    offered = (
        ("warehouse", _("Warehouse"), Warehouse.objects.visible_to(request.user).order_by("code"), where.warehouse),
        ("category", _("Category"), Category.objects.order_by("name"), where.category),
        ("supplier", _("Supplier"), Supplier.objects.order_by("name"), where.supplier),
    )
    return [
        {"name": name, "label": label, "options": [("", _("all"), chosen is None)] + [
            (pk, text, chosen is not None and pk == chosen.pk) for pk, text in rows.values_list("pk", "name")
        ]}
        for name, label, rows, chosen in offered
    ]  # fmt: skip


def product(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer for one product in one warehouse, for the slider on its page."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    row = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    warehouse = get_object_or_404(Warehouse.objects.visible_to(request.user), code=request.GET.get("warehouse", ""))
    context = product_answer(request, row, warehouse, level_of(request.GET)) | {"once_key": new_key()}
    return render(request, "replenishment/what_if_product.html", context)


def product_answer(request: HttpRequest, row: Product, warehouse: Warehouse, level: float) -> dict[str, Any]:
    """``rows`` is empty where the item is not planned."""
    shop, sees_costs = ShopSettings.objects.load(), request.user.has_perm(settings.COST_PERMISSION)
    items = services.items_for(request.user, Where(product=row, warehouse=warehouse))
    costs = {"holding_rate": float(shop.holding_rate), "order_cost": float(shop.order_cost)}
    told: dict[str, Any] = {
        "product": row, "warehouse": warehouse, "level_tenths": round(1000 * level),
        "level_text": percent(level), "sees_costs": sees_costs, "may_plan": request.user.has_perm(PLAN),
    }  # fmt: skip
    told["applied"] = services.last_applied(Where(product=row, warehouse=warehouse))
    if not len(items) or not items.is_stocked[0]:
        return told
    now, then = (what_if.outcome(items, at, **costs) for at in (None, level))
    points = {"name": _("reorder point"), "now": _number(now.reorder_point[0]), "then": _number(then.reorder_point[0]),
              "change": f"{then.reorder_point[0] - now.reorder_point[0]:+,d}"}  # fmt: skip
    return told | {"rows": [points, *_rows(now.total(), then.total(), sees_costs)], "is_fixed": bool(items.is_fixed[0])}


@require_POST
def apply(request: HttpRequest) -> HttpResponse:
    """Make it a policy, or take that back (``undo`` names the audit row)."""
    where = Asked.of(request.POST, request.user).where
    where = replace(where, product=_row(Product.objects.visible_to(request.user), request.POST.get("product")))
    applied = _row(Audit.objects.filter(action=services.APPLIED), request.POST.get("undo"))
    require_reach(request.user, PLAN, _warehouse_of(applied) if applied else where.warehouse)
    back = safe_next(request, reverse("what-if"))
    try:
        if applied:
            said = run_once(request, "what-if-undo", lambda: _taken_back(request, applied))
            messages.success(request, said)
        else:
            run_once(request, "what-if-apply", lambda: _applied(request, where))
            messages.success(request, _("It is a policy now, and holds from the next night on. You can take it back."))
    except DomainError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(back)


def _applied(request: HttpRequest, where: Where) -> int:
    return services.apply_level(level=level_of(request.POST), where=where, actor=request.user)[1].pk


def _taken_back(request: HttpRequest, applied: Audit) -> str:
    services.take_back(applied=applied, actor=request.user)
    return _("Taken back: the policy is as it was.")


def _warehouse_of(applied: Audit) -> Warehouse | None:
    policy = Policy.objects.filter(pk=applied.subject_key).select_related("warehouse").first()
    return policy.warehouse if policy else None
