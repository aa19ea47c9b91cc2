"""What a person may do, from their roles in the warehouses."""

from __future__ import annotations

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from inventory_site.common.roles import permissions_of
from stock.models import Warehouse


class RoleBackend(BaseBackend):
    """Grants a permission where any role of the person does; rows are narrowed by ``visible_to``."""

    def get_all_permissions(self, user_obj, obj=None):
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_role_permissions"):
            prefetch_related_objects([user_obj], "warehouse_access")  # what follows asks for it again and again
            access = user_obj.warehouse_access.all()
            everywhere = {row.role for row in access if row.warehouse_id is None}
            user_obj._role_permissions = permissions_of({row.role for row in access}, everywhere)
        return user_obj._role_permissions

    def has_module_perms(self, user_obj, app_label):
        return any(p.startswith(f"{app_label}.") for p in self.get_all_permissions(user_obj))


def require(user, permission: str, *warehouses: Warehouse) -> None:
    """Refuse where the user's role in one of the warehouses does not grant the permission."""
    allowed = set(Warehouse.objects.visible_to(user, permission).values_list("pk", flat=True))
    for warehouse in warehouses:
        if warehouse.pk not in allowed:
            raise PermissionDenied(
                _("Your role in %(warehouse)s does not allow this. Ask its owner or manager.")
                % {"warehouse": warehouse}
            )


def require_either(user, permission: str, *warehouses: Warehouse) -> None:
    """Refuse unless the user's role in at least one of the warehouses grants the permission."""
    allowed = set(Warehouse.objects.visible_to(user, permission).values_list("pk", flat=True))
    if not allowed & {warehouse.pk for warehouse in warehouses}:
        raise PermissionDenied(_("Your role in these warehouses does not allow this. Ask an owner or manager."))


def within(user, permission: str) -> set[int] | None:
    """The warehouses where the user's role grants the permission, for services; None: in all of them."""
    warehouses = Warehouse.objects.visible_to(user, permission)
    return set(warehouses.values_list("pk", flat=True)) if warehouses.query.where else None
