"""Read settings from the environment, and say plainly which variable is wrong."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def flag(name: str, default: bool) -> bool:
    """A variable that is 1/0, true/false, yes/no or on/off."""
    value = os.environ.get(name, "").strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    if value:
        raise ImproperlyConfigured(f"{name}={value!r}: write 1 or 0.")
    return default


def number(name: str, default: int) -> int:
    """A variable that is a whole number."""
    value = os.environ.get(name, "").strip()
    if value and not value.isdecimal():
        raise ImproperlyConfigured(f"{name}={value!r}: write a whole number.")
    return int(value) if value else default


def names(name: str, default: str = "") -> list[str]:
    """A comma-separated list, empty parts left out."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def secret_key(folder: Path) -> str:
    """SECRET_KEY, or one made once and kept beside the data, readable by its owner only."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    file = folder / "secret_key"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    key = file.read_text()
    if len(key) < 50:
        raise ImproperlyConfigured(f"{file} is too short: delete it and start again, or set SECRET_KEY.")
    return key
