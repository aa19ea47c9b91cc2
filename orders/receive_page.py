"""The page on which a clerk receives a purchase order, with a scanner, with fingers, or without any script."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from inventory_site.common.admin_acts import KEY, Act, new_key, run_once
from inventory_site.common.admin_lines import LinesForm
from inventory_site.common.errors import DomainError, StaleVersion
from inventory_site.common.models import ShopSettings
from orders.models import PurchaseOrder
from orders.services.purchases import ON_ORDER

RECEIVE, OVER = "orders.receive_purchaseorder", "orders.over_receive_purchaseorder"
DUE_SHOWN = 30


def receive_form(request: HttpRequest, order: PurchaseOrder) -> LinesForm:
    """A number for each line; all that is missing where the page is asked for that."""
    lines = [(line.pk, line.product.sku, line.outstanding) for line in _lines(order)]
    return LinesForm(request.POST or None, lines, is_filled="all" in request.GET, is_capped=False)


def _lines(order: PurchaseOrder):
    return order.lines.select_related("product").order_by("pk")


def receive_view(admin, request: HttpRequest, object_id: str, act: Act) -> HttpResponse:
    """Show the page, or receive what it says; the page's script gets JSON, a plain form a page."""
    order = admin.get_object(request, object_id)
    if order is None:
        raise Http404
    if not admin.may(request, act.permission, order):
        return admin.refuse()
    form = act.form(request, order)
    if request.method != "POST":
        if act.possible(order):
            return _page(admin, request, order, form)
        messages.warning(request, _("%(number)s: nothing is left to receive.") % {"number": order.number})
        return HttpResponseRedirect(admin.page_of(order))
    if not form.is_valid():
        return _refused(admin, request, order, form, _sentence(form))
    try:
        # a replay of what was received already must be answered, whatever the order's state is by now
        said = run_once(request, request.resolver_match.view_name, lambda: act.run(request, [order], form.cleaned_data))
    except DomainError as error:
        return _refused(admin, request, order, form, str(error), is_stale=isinstance(error, StaleVersion))
    messages.success(request, said)
    if _is_scripted(request):
        return JsonResponse({"next": admin.page_of(order)})
    return HttpResponseRedirect(admin.page_of(order))


def _is_scripted(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def _sentence(form: forms.Form) -> str:
    return " ".join(f"{form.fields[name].label}: {why}" for name, errors in form.errors.items() for why in errors)


def _refused(
    admin, request: HttpRequest, order: PurchaseOrder, form: forms.Form, sentence: str, is_stale: bool = False
) -> HttpResponse:
    """Nothing was received: say why and keep what was entered. A stale page is shown again with today's numbers."""
    if _is_scripted(request) and not is_stale:
        return JsonResponse({"detail": sentence}, status=409)
    messages.error(request, sentence)
    if _is_scripted(request):
        return JsonResponse({"reload": True}, status=409)
    return _page(admin, request, order, form)


def _page(admin, request: HttpRequest, order: PurchaseOrder, form: forms.Form) -> HttpResponse:
    rows = [{"line": line, "field": form[f"line_{line.pk}"]} for line in _lines(order)]
    context = admin.admin_site.each_context(request) | {
        "title": _("Receive %(number)s") % {"number": order.number}, "opts": admin.opts, "order": order, "rows": rows,
        "back": admin.page_of(order), "once_key": request.POST.get(KEY) or new_key(),
    }  # fmt: skip
    return TemplateResponse(request, "orders/receive.html", context)


def find_view(admin, request: HttpRequest) -> HttpResponse:
    """Scan or type an order's number (or its reference), or pick one of those that are due."""
    if not request.user.has_perm(RECEIVE):
        raise PermissionDenied
    mine = PurchaseOrder.objects.visible_to(request.user, RECEIVE).select_related("supplier", "warehouse")
    asked = request.GET.get("number", "").strip()
    if asked:
        found = list(mine.filter(Q(number__iexact=asked) | Q(reference=asked, state__in=ON_ORDER))[:2])
        if len(found) == 1:
            return HttpResponseRedirect(reverse("admin:orders_purchaseorder_do", args=[found[0].pk, "receive"]))
        messages.error(
            request,
            _("“%(number)s” is not the number of one purchase order that you may receive.") % {"number": asked},
        )
    due = mine.on_order().with_overdue(ShopSettings.objects.load().today())
    due = due.order_by(F("expected_on").asc(nulls_last=True), "pk")
    context = admin.admin_site.each_context(request) | {
        "title": _("Receive goods"), "opts": admin.opts, "asked": asked, "due": due[:DUE_SHOWN],
    }  # fmt: skip
    return TemplateResponse(request, "orders/receive_find.html", context)
