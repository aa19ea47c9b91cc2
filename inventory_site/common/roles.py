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
_shop_wide: set[str] = set()


def grant(roles: frozenset[Role], *permissions: str) -> None:
    """Let these roles do these things ("stock.view_stocklevel")."""
    for permission in permissions:
        _granted[permission].update(roles)


def grant_shop_wide(roles: frozenset[Role], *permissions: str) -> None:
    """The same for what belongs to no warehouse: only a role in all warehouses counts."""
    grant(roles, *permissions)
    _shop_wide.update(permissions)


def grant_models(app: str, *models_: str, view: frozenset[Role], change: frozenset[Role] = frozenset()) -> None:
    """Grant view, and add, change and delete, on an app's models in one line."""
    for model in models_:
        grant(view | change, f"{app}.view_{model}")
        grant(change, *(f"{app}.{verb}_{model}" for verb in ("add", "change", "delete")))


def roles_granting(permission: str) -> frozenset[str]:
    return frozenset(_granted.get(permission, ()))


def permissions_of(roles: set[str], roles_everywhere: set[str]) -> set[str]:
    """What somebody with these roles may do; ``roles_everywhere`` are those that hold in all warehouses."""
    return {
        permission
        for permission, holders in _granted.items()
        if holders & (roles_everywhere if permission in _shop_wide else roles)
    }


def every_permission(model: str, *verbs: str) -> list[str]:
    """("common.user", "view", "add") → common.view_user, common.add_user."""
    app, name = model.split(".")
    return [f"{app}.{verb}_{name}" for verb in verbs or ("view", "add", "change", "delete")]


grant(EVERYONE, "common.view_shopsettings", "common.view_jobrun", "common.view_jobpartition")
grant_shop_wide(frozenset({Role.OWNER}), "common.change_shopsettings", *every_permission("common.user"))
grant_shop_wide(frozenset({Role.OWNER}), *every_permission("common.apitoken"))
grant_shop_wide(MANAGERS, "common.view_audit", "common.run_nightly")
grant(OFFICE, "common.view_importjob", "common.add_importjob", "common.change_importjob")
for _model in ("periodictask", "intervalschedule", "crontabschedule", "clockedschedule", "solarschedule"):
    grant_shop_wide(frozenset({Role.OWNER}), *every_permission(f"django_celery_beat.{_model}", "view", "change"))
for _model in ("accessattempt", "accesslog", "accessfailurelog"):
    grant_shop_wide(frozenset({Role.OWNER}), f"axes.view_{_model}")
grant_shop_wide(frozenset({Role.OWNER}), "axes.delete_accessattempt")
