"""The files that the phone keeps as one set, and the version that they are."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static

#: Loaded when the camera is used first; they are many times larger than the rest.
LATER = "vendor"
WORKER = "worker.js"


def folder() -> Path:
    return Path(finders.find("hall"))


def kept_names() -> list[str]:
    """Paths within static/, without the worker itself and what is loaded later."""
    root = folder()
    found = (file.relative_to(root) for file in sorted(root.rglob("*")) if file.is_file())
    return [f"hall/{file.as_posix()}" for file in found if file.parts[0] != LATER and file.name != WORKER]


def kept_addresses() -> list[str]:
    texts = [f"/count/texts/{code}.json" for code, _name in settings.LANGUAGES if code != "en"]
    return ["/count/", "/count/manifest.json", *texts, *map(static, kept_names())]


def version() -> str:
    """Changes with each kept file, so that a phone never mixes two versions."""
    return _counted() if not settings.DEBUG else _counted.__wrapped__()


@cache
def _counted() -> str:
    counted = hashlib.sha256()
    locale = sorted(Path(settings.LOCALE_PATHS[0]).rglob("djangojs.mo"))
    page = settings.BASE_DIR / "templates" / "hall" / "page.html"
    for file in (*(Path(finders.find(name)) for name in kept_names()), folder() / WORKER, page, *locale):
        counted.update(file.name.encode() + b"\0" + file.read_bytes())
    return counted.hexdigest()[:16]
