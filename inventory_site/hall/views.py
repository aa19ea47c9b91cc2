"""What the phone's page asks for, beside the API."""

from __future__ import annotations

import json
from gettext import GNUTranslations, translation

from csp.constants import NONE, SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import to_locale
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inventory_site.hall.files import WORKER, folder, kept_addresses, version
from stock.models import Warehouse

#: Nothing of the page is inline. The decoder of the camera's pictures is WebAssembly.
POLICY = {
    "default-src": [NONE],
    "script-src": [SELF, WASM_UNSAFE_EVAL],
    "worker-src": [SELF],
    "style-src": [SELF],
    "connect-src": [SELF],
    "img-src": [SELF, "data:", "blob:"],
    "media-src": [SELF, "blob:"],
    "manifest-src": [SELF],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}


@require_safe
@csp_replace(POLICY)
def page(request: HttpRequest) -> HttpResponse:
    """The shell: the same for everybody, since the phone keeps it. Who is logged in is asked for by the page."""
    response = render(request, "hall/page.html")
    response["Cache-Control"] = "no-cache"
    response["Permissions-Policy"] = "camera=(self)"
    return response


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    icons = [
        {"src": static(f"hall/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in (192, 512)
        for purpose in ("any", "maskable")
    ]
    told = {
        "name": "Shelfwise", "short_name": "Shelfwise", "id": "/count/", "start_url": "/count/", "scope": "/count/",
        "display": "standalone", "background_color": "#0f766e", "theme_color": "#0f766e", "icons": icons,
    }  # fmt: skip
    return JsonResponse(told, content_type="application/manifest+json", headers={"Cache-Control": "no-cache"})


@require_safe
@csp_replace(POLICY)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker with the names of its files; another version is another text, which browsers look for."""
    head = f"const VERSION = {json.dumps(version())};\nconst FILES = {json.dumps(kept_addresses())};\n"
    text = head + (folder() / WORKER).read_text()
    return HttpResponse(text, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@require_safe
def texts(request: HttpRequest, language: str) -> JsonResponse:
    """{English: said in the language}; a list where the number of things decides."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    found = translation("djangojs", settings.LOCALE_PATHS[0], [to_locale(language)], fallback=True)
    return JsonResponse(_catalog(found), headers={"Cache-Control": "no-cache"})


def _catalog(found) -> dict[str, str | list[str]]:
    said: dict[str, str | list[str]] = {}
    rows = found._catalog.items() if isinstance(found, GNUTranslations) else ()
    for key, text in rows:
        if isinstance(key, tuple):
            said.setdefault(key[0], []).append(text)
        elif key:
            said[key] = text
    return said


@require_safe
@never_cache
def session(request: HttpRequest) -> JsonResponse:
    """Who is logged in here, where they work, and what they may do; ``user`` is null for nobody.

    ``now`` (milliseconds) is for phones whose clock is wrong.
    """
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({"user": None})
    places = Warehouse.objects.visible_to(user).order_by("priority", "code")
    return JsonResponse(
        {
            "user": {"id": user.pk, "name": user.get_full_name() or user.username},
            "language": request.LANGUAGE_CODE,
            "csrf": get_token(request),
            "warehouses": [{"code": place.code, "name": place.name} for place in places],
            "now": timezone.now().timestamp() * 1000,
            "may": sorted(user.get_all_permissions()),
        }
    )


@require_POST
@never_cache
def log_out(request: HttpRequest) -> JsonResponse:
    """Somebody else takes the phone; what it keeps of this person is for the page to wait with. Again is no error."""
    logout(request)
    return JsonResponse({"user": None})
