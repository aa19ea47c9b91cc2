"""The ways on which goods go from one warehouse to another, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from inventory_site.common.admin import ShelfAdmin
from replenishment.models import TransferLane


@admin.register(TransferLane)
class TransferLaneAdmin(ShelfAdmin):
    by_warehouse = True
    cost_fields = ("cost_per_piece",)
    list_display = ("__str__", "days", "cost_per_piece", "is_open")
    list_select_related = ("source", "destination")
    fields = (("source", "destination"), ("days", "cost_per_piece"), "is_open")

    def save_model(self, request, obj: TransferLane, form, change: bool) -> None:
        if not request.user.is_superuser and not self._reaches(request, obj, "change" if change else "add"):
            raise PermissionDenied(_("Your role does not reach both warehouses of this lane."))
        super().save_model(request, obj, form, change)

    def _reaches(self, request, lane: TransferLane, verb: str) -> bool:
        permission = self._permission(verb)
        mine = {*type(lane.source).objects.visible_to(request.user, permission).values_list("pk", flat=True)}
        return {lane.source_id, lane.destination_id} <= mine
