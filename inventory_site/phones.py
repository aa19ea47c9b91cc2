"""The page that brings a phone into the hall: a square for its camera, and whether the address is secure."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from inventory_site.common import qr

NEEDED = "stock.view_stockcount"
#: A phone cannot reach these: they mean the phone itself.
OWN = ("localhost", "127.0.0.1", "[::1]")


def phones(request: HttpRequest) -> HttpResponse:
    """With ``serve --lan`` the square leads to the plain page that says how to trust the certificate."""
    if not request.user.has_perm(NEEDED):
        raise PermissionDenied
    address = settings.LAN_WELCOME or request.build_absolute_uri(reverse("hall"))
    path, width = qr.path(address)
    context = admin.site.each_context(request) | {
        "title": _("Phones"), "address": address, "path": path, "width": width, "is_secure": request.is_secure(),
        "is_own": request.get_host().rsplit(":", 1)[0] in OWN and not settings.LAN_WELCOME,
        "is_lan": bool(settings.LAN_WELCOME),
    }  # fmt: skip
    return TemplateResponse(request, "admin/phones.html", context)
