"""This week's purchase under a budget: the plan, what limits it, and the button that makes its drafts."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inventory_site.common.admin_acts import new_key, run_once
from inventory_site.common.errors import DomainError
from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import percent, typed_amount
from replenishment import services
from replenishment.budget_words import limit_sentence, shortfall_sentence
from replenishment.models import Suggestion
from replenishment.services.caution import caution_of
from replenishment.services.purchase_plan import weekly_plan
from stock.models import Warehouse

DECIDE = "replenishment.change_suggestion"
SALT = "replenishment.budget"
MOST_BUDGET = Decimal("1e12")


def budget_plan(request: HttpRequest) -> HttpResponse:
    """The page with its form; ``?plan=1`` answers the plan itself, which the page asks for when it is open."""
    _require(request)
    budget, place = _budget(request), _place(request)
    if request.GET.get("plan"):
        return _planned(request, budget, place)
    context = admin.site.each_context(request) | {
        "title": _("This week's purchase"), "budget": budget, "place": place,
        "warehouses": Warehouse.objects.visible_to(request.user, DECIDE), "query": request.GET.urlencode(),
        "usual": ShopSettings.objects.load().purchase_budget,
    }  # fmt: skip
    return TemplateResponse(request, "replenishment/budget.html", context)


def _require(request: HttpRequest) -> None:
    """The plan is all about money."""
    if not request.user.has_perm(DECIDE) or not request.user.has_perm(settings.COST_PERMISSION):
        raise PermissionDenied


def _budget(request: HttpRequest) -> Decimal | None:
    """As it was typed, else the shop's; an empty field is no limit."""
    if "budget" not in request.GET:
        return ShopSettings.objects.load().purchase_budget
    if not request.GET["budget"].strip():
        return None
    budget = typed_amount(request.GET["budget"])
    if budget is None or not 0 <= budget <= MOST_BUDGET:
        raise BadRequest("budget is no amount of money")
    return budget


def _place(request: HttpRequest) -> Warehouse | None:
    code = request.GET.get("warehouse", "")
    return get_object_or_404(Warehouse.objects.visible_to(request.user, DECIDE), code=code) if code else None


def own_purchases(user, place: Warehouse | None):
    """Open purchases that this person may decide on."""
    rows = Suggestion.objects.visible_to(user, DECIDE).open()
    return rows.filter(warehouse=place) if place else rows


def _planned(request: HttpRequest, budget: Decimal | None, place: Warehouse | None) -> HttpResponse:
    rows = own_purchases(request.user, place)
    plan = weekly_plan(rows, budget=budget)
    context = {
        "plan": plan, "limits": [limit_sentence(limit) for limit in plan.binding],
        "shortfalls": [shortfall_sentence(limit) for limit in plan.shortfalls], "once_key": new_key(),
        "left_out": plan.left_out, "held_back": plan.held_back,
        "gap": percent(plan.gap, 2),
        "chosen": sorted(plan.chosen, key=lambda line: -line.cost),
        "not_now": [line for line in plan.lines if not line.quantity],
        "signed": signing.dumps([[x.suggestion.pk, x.quantity] for x in plan.chosen], salt=SALT, compress=True),
        "caution": caution_of(plan) if request.GET.get("caution") else None,
        "query": request.GET.urlencode(),
    }  # fmt: skip
    return render(request, "replenishment/budget_plan.html", context)


@require_POST
def apply_plan(request: HttpRequest) -> HttpResponse:
    """Put the plan's lots on drafts, one per supplier and warehouse; taken back like any accepted suggestion."""
    _require(request)
    try:
        chosen = dict(signing.loads(request.POST.get("lines", ""), salt=SALT, max_age=86_400))
    except signing.BadSignature as error:
        raise BadRequest("the plan is not ours, or a day old") from error
    rows = list(own_or_accepted(request.user).filter(pk__in=chosen))
    try:
        said = run_once(request, "budget-apply", lambda: _applied(request, rows, chosen))
    except DomainError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("purchase-plan"))
    messages.success(request, said)
    return HttpResponseRedirect(reverse("admin:orders_purchaseorder_changelist") + "?state__exact=draft")


def own_or_accepted(user):
    return Suggestion.objects.visible_to(user, DECIDE).filter(kind=Suggestion.Kind.PURCHASE)


def _applied(request: HttpRequest, rows: list[Suggestion], chosen: dict[int, int]) -> str:
    made = services.accept_suggestions(suggestions=rows, actor=request.user, quantities=chosen)
    return _("On drafts: %(orders)s.") % {"orders": ", ".join(order.number for order in made)}
