"""Each person reads in their own language and by the shop's clock; the admin alone may evaluate scripts."""

from __future__ import annotations

from csp.constants import UNSAFE_EVAL
from django.core.exceptions import BadRequest
from django.http import JsonResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from inventory_site.common.languages import browser_language
from inventory_site.common.models import ShopSettings


class PersonLanguageMiddleware:
    """The person's own language, else what the browser asks for, as on the page to log in, and on pages the shop's."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated and (language := self._language(request)):
            translation.activate(language)
            request.LANGUAGE_CODE = language
        return self.get_response(request)

    @staticmethod
    def _language(request) -> str:
        shops = request.shop.language if hasattr(request, "shop") else ""
        return request.user.language or browser_language(request) or shops


class ShopZoneMiddleware:
    """Pages show and read times in the shop's zone; the API tells every time with its zone, so it needs no query.

    The settings are kept on the request, where templates find them (``context.shop``).
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.startswith("/api/"):
            return self.get_response(request)
        request.shop = ShopSettings.objects.load()
        with timezone.override(request.shop.zone):
            return self.get_response(request)


class PlainAddressMiddleware:
    """No text in the database holds a NUL: SQLite would compare what stands before it, PostgreSQL fails."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        query = request.META.get("QUERY_STRING", "")
        if "\0" not in request.path and "\0" not in query and "%00" not in query:
            return self.get_response(request)
        if not request.path.startswith("/api/"):
            raise BadRequest("NUL in the address")
        return JsonResponse({"detail": _("The address has a character that cannot be kept (NUL).")}, status=400)


class AdminPolicyMiddleware:
    """Alpine, which Unfold's pages are made of, evaluates its attributes; nothing outside the admin needs that."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response._csp_update = {"script-src": [UNSAFE_EVAL]}
        return response
