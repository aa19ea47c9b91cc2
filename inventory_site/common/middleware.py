"""Each person reads in their own language; the admin alone may evaluate scripts."""

from __future__ import annotations

from csp.constants import UNSAFE_EVAL
from django.conf import settings
from django.urls import reverse
from django.utils import translation


class PersonLanguageMiddleware:
    """The person's own language, else what the language switch or the browser said."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        language = request.user.language if request.user.is_authenticated else ""
        if language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        return self.get_response(request)


class AdminPolicyMiddleware:
    """Alpine, which Unfold's pages are made of, evaluates its attributes; nothing outside the admin needs that."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response._csp_update = {"script-src": [UNSAFE_EVAL]}
        return response
