"""Photos that are kept: written below MEDIA_ROOT, sent to who may see them, and shown in the admin."""

from __future__ import annotations

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _


def keep_photo(content: bytes) -> str:
    """Write a JPEG and return its name, made from what it shows: a repeated try writes it once."""
    mark = hashlib.sha256(content).hexdigest()
    name = f"photos/{mark[:2]}/{mark}.jpg"
    return name if default_storage.exists(name) else default_storage.save(name, ContentFile(content))


def photo_answer(file) -> HttpResponse:
    """A kept photo, for this person's browser only."""
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    with file.open() as opened:
        return HttpResponse(opened.read(), content_type="image/jpeg", headers=headers)


def photo_cell(view: str, key: int) -> str:
    """A kept photo, by the view that asks who may see it; a click shows it in full."""
    address = reverse(view, args=[key])
    return format_html('<a href="{0}"><img class="sw-photo" src="{0}" alt="{1}"></a>', address, _("photo"))
