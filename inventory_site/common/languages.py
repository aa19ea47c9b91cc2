"""The language switch of the user menu."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from inventory_site.common.models import User


@require_POST
def switch_language(request: HttpRequest) -> HttpResponse:
    """As Django's, and kept for the person: mails speak it too, and other browsers."""
    language = request.POST.get("language")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return set_language(request)
