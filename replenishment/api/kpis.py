"""Key figures over the API: sums of an evening with the figures made of them."""

from __future__ import annotations

from django.conf import settings
from django_filters import rest_framework as filters
from rest_framework import serializers

from inventory_site.common.api import ReadRoom
from inventory_site.common.models import ShopSettings
from replenishment.key_figures import MONEY, SUMS, figures
from replenishment.models import KeyFigures


class KpiSerializer(serializers.ModelSerializer):
    """A row names its warehouse and a category, or a supplier, or neither: then it is of all items.

    ``value_by_age`` is stock value up to 30, 90, 180 and 365 days old, and older.
    """

    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    category = serializers.CharField(source="category.name", read_only=True, default=None)
    supplier = serializers.CharField(source="supplier.code", read_only=True, default=None)
    figures = serializers.SerializerMethodField()

    class Meta:
        model = KeyFigures
        fields = ["id", "on_date", "warehouse", "category", "supplier", "figures"]

    def get_figures(self, row: KeyFigures) -> dict[str, float | None]:
        if not hasattr(self, "_rate"):
            self._rate = float(ShopSettings.objects.load().holding_rate)
        told = figures({name: getattr(row, name) for name in SUMS}, self._rate) | {"value_by_age": row.value_by_age}
        sees_costs = self.context["request"].user.has_perm(settings.COST_PERMISSION)
        return {name: value for name, value in told.items() if sees_costs or name not in MONEY}


class KpiFilter(filters.FilterSet):
    """``of`` is category, supplier or all."""

    warehouse = filters.CharFilter(field_name="warehouse__code")
    category = filters.CharFilter(field_name="category__name")
    supplier = filters.CharFilter(field_name="supplier__code")
    of = filters.ChoiceFilter(choices=[(name, name) for name in ("all", "category", "supplier")], method="only")

    class Meta:
        model = KeyFigures
        fields = {"on_date": ["exact", "gte", "lte"]}

    def only(self, rows, name, value):
        if value == "all":
            return rows.filter(category=None, supplier=None)
        return rows.exclude(**{value: None})


class KpiViewSet(ReadRoom):
    queryset = KeyFigures.objects.select_related("warehouse", "category", "supplier").order_by("-on_date", "pk")
    serializer_class = KpiSerializer
    permissions = {"list": "replenishment.view_keyfigures"}
    filterset_class = KpiFilter
    ordering_fields = ["id", "on_date"]
