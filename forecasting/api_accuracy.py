"""How right forecasts and overrides were, over the API."""

from __future__ import annotations

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from forecasting.accuracy import SUMS, figures
from forecasting.csv_files import nearer
from forecasting.models import AccuracyByHorizon, ForecastValueAdded
from inventory_site.common.api import ReadRoom

VIEW = "forecasting.view_accuracybyhorizon"
GROUPS = {
    "horizon": "horizon", "method": "method", "pattern": "pattern", "abc": "abc", "xyz": "xyz",
    "warehouse": "warehouse__code", "category": "category__name", "day": "run__business_date",
}  # fmt: skip


class FiguresField(serializers.Field):
    """Every figure of ``forecasting.accuracy.figures``; null where it is not defined."""

    def __init__(self, **kwargs):
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, row: AccuracyByHorizon) -> dict[str, float | None]:
        return figures({name: getattr(row, name) for name in SUMS})


class AccuracySerializer(serializers.ModelSerializer):
    """Series that are alike, in one run. ``source`` is ``issued`` for what was really forecast, or ``backtest``."""

    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    category = serializers.CharField(source="category.name", read_only=True, default="")
    day = serializers.DateField(source="run.business_date", read_only=True)
    figures = FiguresField()

    class Meta:
        model = AccuracyByHorizon
        fields = [
            "id", "run", "day", "source", "horizon", "warehouse", "category", "method", "pattern", "abc", "xyz", "n",
            "demand", "figures",
        ]  # fmt: skip


class AccuracyFilter(filters.FilterSet):
    warehouse = filters.CharFilter(field_name="warehouse__code")
    category = filters.CharFilter(field_name="category__name")
    since = filters.DateFilter(field_name="run__business_date", lookup_expr="gte")
    until = filters.DateFilter(field_name="run__business_date", lookup_expr="lte")

    class Meta:
        model = AccuracyByHorizon
        fields = {name: ["exact"] for name in ("run", "source", "horizon", "method", "pattern", "abc", "xyz")}


class AccuracyViewSet(ReadRoom):
    queryset = AccuracyByHorizon.objects.select_related("warehouse", "category", "run").order_by("-pk")
    serializer_class = AccuracySerializer
    permissions = {"list": VIEW, "summary": VIEW}
    filterset_class = AccuracyFilter
    ordering_fields = ["id", "n"]

    @extend_schema(parameters=[OpenApiParameter("by", enum=list(GROUPS), required=True)])
    @action(detail=False, pagination_class=None)
    def summary(self, request) -> Response:
        """The figures of all rows together by one property: ``?by=horizon``, and the filters of the list."""
        by = request.query_params.get("by", "")
        if by not in GROUPS:
            raise ValidationError({"by": [f"One of {', '.join(GROUPS)}."]})
        rows = self.filter_queryset(self.get_queryset()).summed("source", GROUPS[by])
        return Response({"results": [self._group(by, row) for row in rows]})

    @staticmethod
    def _group(by: str, row: dict) -> dict:
        sums = {name: row[f"total_{name}"] for name in SUMS}
        told = {"source": row["source"], by: row[GROUPS[by]], "n": sums["n"], "demand": sums["demand"]}
        return told | {"figures": figures(sums)}


class ValueAddedSerializer(serializers.ModelSerializer):
    """``pieces_nearer``: how much nearer to demand the override came than the model; negative where it was worse."""

    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    said = serializers.CharField(source="override.said", read_only=True)
    reason = serializers.CharField(source="override.reason", read_only=True)
    made_by = serializers.CharField(source="override.made_by.username", read_only=True)
    pieces_nearer = serializers.SerializerMethodField()

    class Meta:
        model = ForecastValueAdded
        fields = [
            "id", "override", "product", "warehouse", "first_on", "last_on", "said", "reason", "made_by", "naive",
            "model", "overridden", "actual", "pieces_nearer", "evaluated_on",
        ]  # fmt: skip

    def get_pieces_nearer(self, row) -> float | None:
        return nearer(row)


class ValueAddedFilter(filters.FilterSet):
    sku = filters.CharFilter(field_name="product__sku")
    warehouse = filters.CharFilter(field_name="warehouse__code")

    class Meta:
        model = ForecastValueAdded
        fields = {"override": ["exact"], "evaluated_on": ["gte", "lte"]}


class ValueAddedViewSet(ReadRoom):
    """Overrides with what naive, model and override had said; the demand is filled in once their days are over."""

    queryset = ForecastValueAdded.objects.select_related("override__made_by", "product", "warehouse").order_by("-pk")
    serializer_class = ValueAddedSerializer
    permissions = {"list": "forecasting.view_forecastvalueadded"}
    filterset_class = ValueAddedFilter
    ordering_fields = ["id", "first_on", "evaluated_on"]
