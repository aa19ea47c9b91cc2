"""What Today fetches after it is there: what the night changed and why, and what nobody has told it yet."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from alerts.models import Alert
from inventory_site.common import audit
from inventory_site.common.admin_acts import new_key, run_once
from inventory_site.common.models import ConfirmedDefault, ShopSettings, User
from inventory_site.open_questions import SHOWN, confirmable, open_questions
from replenishment.moved_points import moved_points

MOVED_SHOWN = 6


@login_required
def more(request: HttpRequest) -> HttpResponse:
    """A part of a page, fetched by htmx: comparing two nights takes longer than the rest of Today."""
    user = request.user
    if not user.has_perm("replenishment.view_reorderpoint"):
        raise PermissionDenied
    moved, count = moved_points(user, shown=MOVED_SHOWN)
    questions = open_questions(user) if user.has_perm("catalog.change_product") else []
    context = {
        "moved": moved, "moved_count": count, "questions": questions[:SHOWN], "question_count": len(questions),
        "once_key": new_key(), **_news(user),
    }  # fmt: skip
    return render(request, "admin/today_more.html", context)


def _news(user: User) -> dict[str, int]:
    """Alerts that came, and that went by themselves, since the shop's day began."""
    today = ShopSettings.objects.load().today()
    mine = Alert.objects.visible_to(user).leading()
    return {
        "opened": mine.live().filter(opened_on__gte=today).count(),
        "gone": mine.filter(state=Alert.State.CLOSED, closed_at__date__gte=today).count(),
    }


@login_required
@require_POST
def confirm_default(request: HttpRequest) -> HttpResponse:
    """Say of an assumed number that it is right: the question goes, and what waited for it may run by itself."""
    key = request.POST.get("key", "")
    if not confirmable(request.user, key):
        raise Http404

    def effect() -> str:
        ConfirmedDefault.objects.get_or_create(key=key, defaults={"confirmed_by": request.user})
        audit.record(actor=request.user, action="default.confirm", subject=ShopSettings(pk=1), changes={"key": key})
        return key

    run_once(request, "today-confirm", effect)
    return HttpResponseRedirect(reverse("today-more" if request.headers.get("HX-Request") else "admin:index"))
