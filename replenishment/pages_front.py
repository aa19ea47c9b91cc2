"""Which joint policies are worth choosing among: a chart of the front, and a button that applies one of its points."""

from __future__ import annotations

import json

import numpy as np
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from inventory_site.common import charts
from inventory_site.common.admin_acts import new_key, run_once
from inventory_site.common.errors import DomainError
from inventory_site.common.models import Audit
from inventory_site.common.numbers import per_cent, percent, whole_number
from replenishment.optimise.policies import JointPolicy
from replenishment.services.front import APPLIED, CHOICES, CLASSES, Front, apply_front, front_of, take_back_front
from stock.models import Warehouse

CHANGE = "replenishment.change_policy"
LISTED = 12
COLOURS = (charts.PRIMARY, "#d97706", "#2563eb")


def front(request: HttpRequest) -> HttpResponse:
    """The page; ``?plan=1`` answers the front itself, which the page asks for when it is open."""
    mine = _mine(request)
    place = get_object_or_404(mine, code=request.GET["warehouse"]) if request.GET.get("warehouse") else mine.first()
    if request.GET.get("plan"):
        return _found(request, place)
    context = admin.site.each_context(request) | {
        "title": _("Stock value against fill rate"), "warehouses": mine, "place": place, "once_key": new_key(),
        "applied": _applied(request, request.GET.get("applied", "")),
    }  # fmt: skip
    return TemplateResponse(request, "replenishment/front.html", context)


def _mine(request: HttpRequest):
    if not request.user.has_perm(CHANGE) or not request.user.has_perm(settings.COST_PERMISSION):
        raise PermissionDenied
    return Warehouse.objects.visible_to(request.user, CHANGE).active()


def _applied(request: HttpRequest, pk: str) -> Audit | None:
    """What this person applied, None where that is no such row."""
    number = whole_number(pk)
    return None if number is None else Audit.objects.filter(pk=number, action=APPLIED, actor=request.user).first()


def _found(request: HttpRequest, place: Warehouse | None) -> HttpResponse:
    found = front_of(place) if place else None
    context = {"front": found, "place": place, "once_key": new_key()}
    if found:
        options = charts.scatter_options(_("stock value"), _("fill rate, per cent"))
        options["scales"]["y"] = options["scales"]["y"] | {"beginAtZero": False}
        context |= {"rows": [_row(policy) for policy in _spread(found.policies)], "chart": _chart(found),
                    "options": json.dumps(options), "classes": found.classes}  # fmt: skip
    return render(request, "replenishment/front_found.html", context)


def _spread(policies: list[JointPolicy]) -> list[JointPolicy]:
    """Some of them, evenly from the leanest to the richest."""
    if len(policies) <= LISTED:
        return policies
    return [policies[at] for at in np.linspace(0, len(policies) - 1, LISTED).round().astype(int)]


def _row(policy: JointPolicy) -> dict:
    choices = [CHOICES.index(choice) for choice in policy.choices]
    words = [
        ngettext("%(level)s %%, every day", "%(level)s %%, every %(days)s days", choice.review_period_days)
        % {"level": per_cent(choice.cycle_service_level), "days": choice.review_period_days}
        for choice in policy.choices
    ]
    return {"policy": policy, "fill_rate": percent(policy.fill_rate), "words": words,
            "choices": "-".join(map(str, choices))}  # fmt: skip


def _chart(found: Front) -> str:
    """Points by how many orders they take: a third each."""
    orders = np.array([policy.orders for policy in found.policies])
    cuts = np.quantile(orders, [1 / 3, 2 / 3])
    part = np.searchsorted(cuts, orders)
    sets = []
    for number, colour in enumerate(COLOURS):
        chosen = [p for p, of in zip(found.policies, part.tolist(), strict=True) if of == number]
        if chosen:
            least, most = min(p.orders for p in chosen), max(p.orders for p in chosen)
            points = [{"x": round(p.stock_value, 2), "y": round(p.fill_rate * 100, 3)} for p in chosen]
            label = _("%(least)d to %(most)d orders") % {"least": least, "most": most}
            sets.append({"label": label, "data": points, "backgroundColor": colour, "pointRadius": 4})
    return json.dumps({"datasets": sets})


@require_POST
def apply(request: HttpRequest) -> HttpResponse:
    """Apply one point, or take back what was applied."""
    place = get_object_or_404(_mine(request), code=request.POST.get("warehouse", ""))
    page = reverse("policy-front") + f"?warehouse={place.code}"
    try:
        if pk := request.POST.get("take_back"):
            row = _applied(request, pk)
            if row is None:
                raise Http404
            run_once(request, "front-back", lambda: take_back_front(applied=row, actor=request.user))
            messages.success(request, _("The policies are as they were."))
            return HttpResponseRedirect(page)
        classes, choices = _told(request)
        pk = run_once(request, "front-apply", lambda: apply_front(
            warehouse=place, classes=classes, choices=choices, actor=request.user).pk)  # fmt: skip
    except DomainError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(page)
    messages.success(request, _("Applied as policies of %(warehouse)s from the next night on.") % {"warehouse": place})
    return HttpResponseRedirect(f"{page}&applied={pk}")


def _told(request: HttpRequest) -> tuple[str, list[int]]:
    classes, text = request.POST.get("classes", ""), request.POST.get("choices", "").split("-")
    choices = [number for part in text if (number := whole_number(part, 2)) is not None]
    known = all(letter in CLASSES for letter in classes) and len(set(classes)) == len(classes) == len(choices) > 0
    if not known or any(number >= len(CHOICES) for number in choices):
        raise BadRequest("not a point of a front")
    return classes, choices
