"""Pages about messages: stop them with one click, and see tomorrow's digest before it is sent."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from alerts import services
from alerts.models import Subscription
from inventory_site.common.models import ShopSettings


@csrf_exempt  # a mail program posts here for its reader, without a page of ours and without a cookie (RFC 8058)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: UUID) -> HttpResponse:
    """Looking changes nothing, since programs follow links; POST stops the messages, or takes that back."""
    found = Subscription.objects.select_related("user", "warehouse", "channel")
    subscription = get_object_or_404(found, token=token, user__is_active=True)
    if request.method == "POST":
        change = services.subscribe_again if "again" in request.POST else services.unsubscribe
        change(subscription=subscription)
        subscription.refresh_from_db()
    shop = ShopSettings.objects.load()
    with translation.override(subscription.user.language or shop.language):
        return render(request, "alerts/unsubscribe.html", {"subscription": subscription, "shop": shop})


@login_required
@permission_required("alerts.view_subscription", raise_exception=True)
@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The digest as it would be written now, whole, in its reader's language."""
    mine = Subscription.objects.visible_to(request.user).with_people()
    subscription = get_object_or_404(mine, pk=pk)
    shop = ShopSettings.objects.load()
    draft = services.draft_digest(subscription, shop.today())
    if draft and (draft.subscription.user == request.user or request.user.has_perm(settings.COST_PERMISSION)):
        return HttpResponse(draft.html)
    return render(request, "alerts/nothing_to_send.html", {"subscription": subscription, "is_hidden": bool(draft)})
