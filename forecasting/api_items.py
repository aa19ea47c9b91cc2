"""Classes of items, new items, and forecasts of several items, over the API."""

from __future__ import annotations

from rest_framework import serializers

from forecasting.models import AggregateForecast, Launch, Segment
from inventory_site.common.api import ReadRoom
from inventory_site.common.models import JobRun


class SegmentSerializer(serializers.ModelSerializer):
    """``kept`` names the classes that an item would have without the margin at a border."""

    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)

    class Meta:
        model = Segment
        fields = [
            "id", "product", "warehouse", "abc", "xyz", "pattern", "shape", "since_on", "judged_on", "measures", "kept",
        ]  # fmt: skip


class SegmentViewSet(ReadRoom):
    queryset = Segment.objects.select_related("product", "warehouse").order_by("pk")
    serializer_class = SegmentSerializer
    permissions = {"list": "forecasting.view_segment"}
    filterset_fields = {
        "product__sku": ["exact"], "warehouse__code": ["exact"], "abc": ["exact"], "xyz": ["exact"],
        "pattern": ["exact"], "shape": ["exact"],
    }  # fmt: skip
    ordering_fields = ["id", "since_on"]


class LaunchSerializer(serializers.ModelSerializer):
    """``look_alikes`` holds SKUs and their shares; ``own_share`` is how much its own demand counts by now."""

    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)

    class Meta:
        model = Launch
        fields = [
            "id", "run", "product", "warehouse", "age_days", "look_alikes", "daily_start", "daily_now", "own_share",
        ]  # fmt: skip


class OfLatestRun(ReadRoom):
    def get_queryset(self):
        rows = super().get_queryset()
        return rows if self.request.query_params.get("run") else rows.of_run(JobRun.objects.latest_published())


class LaunchViewSet(OfLatestRun):
    queryset = Launch.objects.select_related("product", "warehouse").order_by("pk")
    serializer_class = LaunchSerializer
    permissions = {"list": "forecasting.view_launch"}
    filterset_fields = {"run": ["exact"], "product__sku": ["exact"], "warehouse__code": ["exact"]}
    ordering_fields = ["id", "age_days"]


class AggregateForecastSerializer(serializers.ModelSerializer):
    """``mean`` is the sum of the items' means; ``quantiles`` (0.5, 0.8, 0.9, 0.95, 0.98) are the level's own.

    ``total_quantiles`` (0.5, 0.8, 0.9, 0.95, 0.98, 0.99) are of the demand of all days together.
    """

    product = serializers.CharField(source="product.sku", read_only=True, default=None)
    category = serializers.CharField(source="category.name", read_only=True, default=None)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True, default=None)

    class Meta:
        model = AggregateForecast
        fields = [
            "id", "run", "level", "key", "product", "category", "warehouse", "items", "method", "first_on", "mean",
            "quantiles", "total_mean", "total_quantiles",
        ]  # fmt: skip


class AggregateForecastViewSet(OfLatestRun):
    queryset = AggregateForecast.objects.select_related("product", "category", "warehouse").order_by("pk")
    serializer_class = AggregateForecastSerializer
    permissions = {"list": "forecasting.view_aggregateforecast"}
    filterset_fields = {
        "run": ["exact"], "level": ["exact"], "product__sku": ["exact"], "category__name": ["exact"],
        "warehouse__code": ["exact"],
    }  # fmt: skip
    ordering_fields = ["id", "total_mean"]


ROUTES = {
    "segments": SegmentViewSet,
    "launches": LaunchViewSet,
    "aggregate-forecasts": AggregateForecastViewSet,
}
