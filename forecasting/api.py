"""Forecasts over the API: those of the last finished run, unless another is asked for."""

from __future__ import annotations

from rest_framework import serializers

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


class ForecastSerializer(serializers.ModelSerializer):
    """``mean`` and ``quantiles`` (0.5, 0.8, 0.9, 0.95, 0.98) by day from ``first_on``."""

    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)

    class Meta:
        model = Forecast
        fields = [
            "id", "run", "product", "warehouse", "method", "first_on", "mean", "quantiles", "lead_time_demand_mean",
            "lead_time_demand_q50", "lead_time_demand_q80", "lead_time_demand_q90", "lead_time_demand_q95",
            "lead_time_demand_q98", "lead_time_demand_q99",
        ]  # fmt: skip


class ForecastViewSet(LatestRunRoom):
    queryset = Forecast.objects.select_related("product", "warehouse").order_by("pk")
    serializer_class = ForecastSerializer
    permissions = {"list": "forecasting.view_forecast"}
    filterset_fields = {
        "run": ["exact"], "product__sku": ["exact"], "warehouse__code": ["exact"], "method": ["exact"],
    }  # fmt: skip
    ordering_fields = ["id", "lead_time_demand_mean"]


ROUTES = {"forecasts": ForecastViewSet}
