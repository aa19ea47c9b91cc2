"""Roles and what each may do. An app declares its own ladder in its ``roles.py``."""

from __future__ import annotations

from collections import defaultdict

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    MANAGER = "manager", _("manager")
    BUYER = "buyer", _("buyer")
    CLERK = "clerk", _("clerk")
    VIEWER = "viewer", _("viewer")


EVERYONE = frozenset(Role)
OFFICE = frozenset({Role.OWNER, Role.MANAGER, Role.BUYER})
MANAGERS = frozenset({Role.OWNER, Role.MANAGER})
FLOOR = frozenset({Role.OWNER, Role.MANAGER, Role.CLERK})

_granted: dict[str, set[str]] = defaultdict(set)


def grant(roles: frozenset[Role], *permissions: str) -> None:
    """Let these roles do these things ("stock.view_stocklevel")."""
    for permission in permissions:
        _granted[permission].update(roles)


def grant_models(app: str, *models_: str, view: frozenset[Role], change: frozenset[Role] = frozenset()) -> None:
    """Grant view, and add, change and delete, on an app's models in one line."""
    for model in models_:
        grant(view | change, f"{app}.view_{model}")
        grant(change, *(f"{app}.{verb}_{model}" for verb in ("add", "change", "delete")))


def roles_granting(permission: str) -> frozenset[str]:
    return frozenset(_granted.get(permission, ()))


def permissions_of(roles: set[str]) -> set[str]:
    return {permission for permission, holders in _granted.items() if holders & roles}
