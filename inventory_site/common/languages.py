"""The language that a browser asks for, and the switch of the user menu."""

from __future__ import annotations

import contextlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from inventory_site.common.models import User


def asked_for(header: str) -> str:
    """The first language of a browser's wish that the shop speaks; empty where it speaks none of them."""
    for code, _weight in parse_accept_lang_header(header):
        with contextlib.suppress(LookupError):
            return translation.get_supported_language_variant(code)
    return ""


def browser_language(request: HttpRequest) -> str:
    """What was switched to in this browser, else what it asks for; empty where the shop does not speak that."""
    switched = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    return switched if switched in dict(settings.LANGUAGES) else asked_for(request.headers.get("Accept-Language", ""))


@require_POST
def switch_language(request: HttpRequest) -> HttpResponse:
    """As Django's, and kept for the person: mails speak it too, and other browsers."""
    language = request.POST.get("language")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return set_language(request)
