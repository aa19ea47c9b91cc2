"""Entries that a higher app adds to the menu of a lower app's list, which knows nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """``do`` gets the admin, the request and the chosen rows, and answers with a page or nothing."""

    name: str
    label: str
    permission: str
    do: Callable[[Any, Any, Any], Any]


_offered: dict[str, dict[str, Entry]] = {}


def offer(page: str, entry: Entry) -> None:
    """Add it to the list of a model ("catalog.product")."""
    _offered.setdefault(page, {})[entry.name] = entry


def offered(page: str) -> list[Entry]:
    return list(_offered.get(page, {}).values())
