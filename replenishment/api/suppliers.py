"""Scorecards of suppliers over the orders that the caller may see."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from catalog.models import Supplier
from inventory_site.common.api import CostFields, ReadRoom
from replenishment.services.scorecards import LONGEST_WINDOW_DAYS, WINDOW_DAYS, scorecards


class WindowSerializer(serializers.Serializer):
    window_days = serializers.IntegerField(min_value=7, max_value=LONGEST_WINDOW_DAYS, default=WINDOW_DAYS)
    until = serializers.DateField(default=None, allow_null=True)


class DriftSerializer(serializers.Serializer):
    days = serializers.FloatField()
    chance = serializers.FloatField()
    recent = serializers.IntegerField()
    before = serializers.IntegerField()


class ScorecardSerializer(CostFields, serializers.Serializer):
    """Rates from 0 to 1, null where nothing was due. ``late_by_days`` is null unless the supplier counts as late."""

    cost_fields = ("price_rate",)
    supplier = serializers.CharField()
    orders = serializers.IntegerField()
    lines_due = serializers.IntegerField(source="lines")
    on_time_rate = serializers.FloatField(allow_null=True)
    in_full_rate = serializers.FloatField(allow_null=True)
    on_time_in_full_rate = serializers.FloatField(allow_null=True)
    lead_time_low = serializers.IntegerField(allow_null=True)
    lead_time_median = serializers.IntegerField(allow_null=True)
    lead_time_high = serializers.IntegerField(allow_null=True)
    price_rate = serializers.FloatField(allow_null=True)
    late_lines = serializers.IntegerField()
    late_pieces = serializers.IntegerField()
    late_by_days = serializers.FloatField(allow_null=True)
    drift = DriftSerializer(allow_null=True)
    weekly_capacity = serializers.FloatField(allow_null=True)


WINDOW = [
    OpenApiParameter("window_days", int, description="Lines that were due in so many days, 7 to 730; 365 unless told."),
    OpenApiParameter("until", str, description="The last of these days; today unless told."),
]


class SupplierScorecardViewSet(ReadRoom):
    queryset = Supplier.objects.order_by("code")
    serializer_class = ScorecardSerializer
    permissions = {"list": "replenishment.view_supplierscore"}
    lookup_field = "code"
    filterset_fields = ["is_active"]
    search_fields = ["code", "name"]
    ordering_fields = ["code", "name"]

    @extend_schema(parameters=WINDOW)
    def list(self, request, *args, **kwargs):
        suppliers = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self._told(suppliers))

    @extend_schema(parameters=WINDOW)
    def retrieve(self, request, *args, **kwargs):
        return Response(self._told([self.get_object()])[0])

    def _told(self, suppliers: list[Supplier]) -> list[dict]:
        window = WindowSerializer(data=self.request.query_params)
        window.is_valid(raise_exception=True)
        found = scorecards(suppliers=suppliers, user=self.request.user, **window.validated_data)
        rows = [{"supplier": one.code} | vars(found[one.pk]) for one in suppliers]
        return ScorecardSerializer(rows, many=True, context=self.get_serializer_context()).data
