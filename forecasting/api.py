"""Forecasts, overrides and accuracies over the API: of the last finished run, unless another is asked for."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from forecasting import api_anomalies, api_items, drivers
from forecasting.api_accuracy import AccuracyViewSet, ValueAddedViewSet
from forecasting.api_overrides import OverrideViewSet
from forecasting.api_signals import SignalViewSet
from forecasting.csv_files import csv_file, forecast_rows
from forecasting.models import Forecast
from inventory_site.common.api import ReadRoom
from inventory_site.common.models import JobRun


class LatestRunRoom(ReadRoom):
    """Rows of the last finished nightly run; ``?run=ID`` asks for an older one."""

    def get_queryset(self):
        rows = super().get_queryset()
        if self.request.query_params.get("run"):
            return rows
        return rows.of_run(JobRun.objects.latest_published())


class DriversField(serializers.Field):
    """Pieces that each driver adds to the whole forecast; they sum to the sum of ``mean``."""

    def __init__(self, **kwargs):
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, forecast: Forecast) -> dict[str, float]:
        terms = drivers.terms(forecast.drivers, forecast.mean, forecast.baseline_mean)
        return {name: round(float(days.sum()), 3) for name, days in terms.items()}


class ForecastSerializer(serializers.ModelSerializer):
    """``mean`` and ``quantiles`` (0.5, 0.8, 0.9, 0.95, 0.98) by day from ``first_on``, people's overrides in them.

    ``baseline_mean`` is what the model said by itself, where that is not the same. ``naive`` is the last week's demand.
    """

    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    drivers = DriversField()

    class Meta:
        model = Forecast
        fields = [
            "id", "run", "product", "warehouse", "method", "first_on", "mean", "quantiles", "baseline_mean", "naive",
            "drivers", "interval_days", "lead_time_demand_mean", "baseline_lead_time_demand_mean",
            "lead_time_demand_q50", "lead_time_demand_q80", "lead_time_demand_q90", "lead_time_demand_q95",
            "lead_time_demand_q98", "lead_time_demand_q99",
        ]  # fmt: skip


class InList(filters.BaseInFilter, filters.CharFilter):
    """``A,B,C``: any of them."""


class ForecastFilter(filters.FilterSet):
    sku = InList(field_name="product__sku", lookup_expr="in", help_text="One SKU, or several with commas.")
    warehouse = InList(field_name="warehouse__code", lookup_expr="in", help_text="One code, or several with commas.")
    category = filters.CharFilter(field_name="product__category__name")
    overridden = filters.BooleanFilter(field_name="baseline_lead_time_demand_mean", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Forecast
        fields = {
            "run": ["exact"], "product__sku": ["exact"], "warehouse__code": ["exact"], "method": ["exact"],
        }  # fmt: skip


class ForecastViewSet(LatestRunRoom):
    queryset = Forecast.objects.select_related("product", "warehouse").order_by("pk")
    serializer_class = ForecastSerializer
    permissions = {"list": "forecasting.view_forecast", "export": "forecasting.view_forecast"}
    filterset_class = ForecastFilter
    search_fields = ["product__sku", "product__name", "product__barcode"]
    ordering_fields = ["id", "lead_time_demand_mean", "product__sku"]

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=False, pagination_class=None)
    def export(self, request) -> StreamingHttpResponse:
        """The same rows as CSV, a line for each day."""
        rows = self.filter_queryset(self.get_queryset())
        return csv_file("forecasts.csv", forecast_rows(rows))


ROUTES = {
    "forecasts": ForecastViewSet,
    "forecast-overrides": OverrideViewSet,
    "forecast-value-added": ValueAddedViewSet,
    "forecast-accuracy": AccuracyViewSet,
    "signals": SignalViewSet,
    **api_anomalies.ROUTES,
    **api_items.ROUTES,
}
