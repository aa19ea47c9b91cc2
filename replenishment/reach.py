"""Whose role reaches a policy: of one warehouse, the role there; of all warehouses, a role in each of them."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from stock import access
from stock.models import Warehouse


def reaches(user, permission: str, warehouse: Warehouse | None) -> bool:
    """Whether the user may do that to a policy of this warehouse; None: of all of them."""
    mine = Warehouse.objects.visible_to(user, permission)
    if warehouse is None:
        return user.has_perm(permission) and not Warehouse.objects.exclude(pk__in=mine.values("pk")).exists()
    return user.has_perm(permission) and mine.filter(pk=warehouse.pk).exists()


def require_reach(user, permission: str, warehouse: Warehouse | None) -> None:
    """Refuse where the user's role does not reach it, with what to do about it."""
    if not user.has_perm(permission):
        raise PermissionDenied
    if warehouse is not None:
        access.require(user, permission, warehouse)
    elif not reaches(user, permission, None):
        raise PermissionDenied(_("Your role does not reach all that this policy would match. Name a warehouse."))
