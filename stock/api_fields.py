"""How a request names a warehouse."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from stock.models import Warehouse


class WarehouseByCode(serializers.SlugRelatedField):
    """A warehouse that the caller may see, by its code; others do not exist for them."""

    default_error_messages = {"does_not_exist": _("There is no warehouse with the code “{value}”.")}

    def __init__(self, **kwargs):
        super().__init__(slug_field="code", **({"queryset": Warehouse.objects.all()} | kwargs))
        self.known: dict[str, Warehouse] = {}

    def get_queryset(self):
        return super().get_queryset().visible_to(self.context["request"].user)

    def look_up(self, codes: Iterable[str]) -> None:
        """Read these at once, for the calls that follow."""
        self.known = {warehouse.code: warehouse for warehouse in self.get_queryset().filter(code__in=codes)}

    def to_internal_value(self, data):
        known = self.known.get(data) if isinstance(data, str) else None
        return known or super().to_internal_value(data)
