"""The decision on a suggestion."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inventory_site.common.admin_acts import new_key, run_once, safe_next
from inventory_site.common.errors import DomainError
from replenishment import services
from replenishment.models import Suggestion
from replenishment.shown_suggestions import for_pages
from stock import access

DECIDE = "replenishment.change_suggestion"


@login_required
@require_POST
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Accept a suggestion, or take a decision back; answers with the new buttons (htmx) or goes back to the page."""
    suggestion = get_object_or_404(Suggestion.objects.visible_to(request.user).with_documents(), pk=pk)
    access.require(request.user, DECIDE, *suggestion.places)
    refused = ""
    try:
        said = run_once(request, f"{request.resolver_match.view_name}:{verb}", lambda: _decided(request, pk, verb))
    except DomainError as error:
        refused = said = str(error)
    if not request.headers.get("HX-Request"):
        (messages.error if refused else messages.success)(request, said)
        return HttpResponseRedirect(safe_next(request, reverse("admin:index")))
    sees_costs = request.user.has_perm(settings.COST_PERMISSION)
    [suggestion] = for_pages(Suggestion.objects.with_documents().filter(pk=pk), shows_money=sees_costs)
    context = {"suggestion": suggestion, "refused": refused, "once_key": new_key()}
    return render(request, "replenishment/suggestion_buttons.html", context)


def _decided(request: HttpRequest, pk: int, verb: str) -> str:
    suggestion = Suggestion.objects.get(pk=pk)
    if verb == "accept":
        made = services.accept_suggestions(suggestions=[suggestion], actor=request.user)
        return _("Accepted: %(made)s.") % {"made": ", ".join(map(str, made))}
    if verb == "switch":
        row = services.switch_supplier(suggestion=suggestion, actor=request.user)
        return _("Bought from %(supplier)s.") % {"supplier": row.supplier}
    if verb != "reopen":
        raise Http404
    services.reopen_suggestions(suggestions=[suggestion], actor=request.user)
    return _("Taken back: the suggestion is open again.")
