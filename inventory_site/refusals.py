"""Pages for what cannot be shown: a wrong address, what is not allowed, and what went wrong in here.

They ask no database and know no session, since either may be what failed. Programs get a sentence as JSON.
"""

from __future__ import annotations

import logging

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not isinstance(exception, DisallowedHost):
        sentence = _("Something in the address or the form was not as it should be.")
        return _page(request, 400, _("This can't be read"), sentence)
    host = request.META.get("HTTP_HOST", "")
    log.warning("%r is not one of ALLOWED_HOSTS.", host)
    sentence = _("“%(host)s” is not one of the addresses that whoever runs the shop has named. For phones: stop the "
                 "server and start it with “manage.py serve --lan” (the demo: “make demo LAN=1”). Behind a proxy of "
                 "your own: name the address in the setting ALLOWED_HOSTS.")  # fmt: skip
    return _page(request, 400, _("The shop does not answer at this address"), sentence % {"host": host}, is_lost=True)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    reason = str(exception) or _("Your role does not allow this. Ask an owner or manager.")
    return _page(request, 403, _("This is not for you"), reason)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """``reason`` is for developers; people had the page open for too long, or refuse cookies."""
    sentence = _("The page was too old, or the browser keeps no cookies. Nothing was changed. Go back, load it again, "
                 "and send it once more.")  # fmt: skip
    return _page(request, 403, _("Please send it again"), sentence)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    sentence = _("Perhaps it was deleted or moved, or it belongs to a warehouse that you don't see.")
    return _page(request, 404, _("There is nothing at this address"), sentence)


def failed(request: HttpRequest) -> HttpResponse:
    sentence = _("That is our mistake, not yours. Try again; where it stays, the reason is in the server's log.")
    return _page(request, 500, _("Something went wrong"), sentence)


def _page(request: HttpRequest, status: int, title: str, sentence: str, *, is_lost: bool = False) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": sentence}, status=status)
    back = "" if is_lost else reverse("hall" if request.path.startswith(reverse("hall")) else "admin:index")
    told = {"status": status, "title": title, "sentence": sentence, "back": back}
    return HttpResponse(render_to_string("refusal.html", told), status=status)
