"""Each person reads in their own language."""

from __future__ import annotations

from django.conf import settings
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
