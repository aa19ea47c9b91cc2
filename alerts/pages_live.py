"""Whether an open page still shows what is: asked every few seconds, so it costs three small queries."""

from __future__ import annotations

import hashlib

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse

from alerts.models import Alert
from inventory_site.common.models import JobRun, User


def live_token(user: User) -> str:
    """Changes when an alert that the person sees is opened, changed or closed, or when a run goes on."""
    alerts = Alert.objects.visible_to(user).live().aggregate(n=Count("pk"), changed=Max("changed_at"))
    run = JobRun.objects.order_by("-pk").values_list("pk", "state", "step").first()
    return hashlib.sha256(repr((user.pk, alerts, run)).encode()).hexdigest()[:16]


@login_required
def live(request: HttpRequest) -> HttpResponse:
    """Nothing new: 204. Else the new token, and the page fetches itself again."""
    token = live_token(request.user)
    if request.GET.get("token") == token:
        return HttpResponse(status=204)
    return HttpResponse(token, content_type="text/plain")
