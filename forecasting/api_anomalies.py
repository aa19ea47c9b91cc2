"""Anomalies over the API: listed, explained once per key, opened again."""

from __future__ import annotations

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from forecasting import anomaly_words
from forecasting.models import Anomaly
from forecasting.services.explaining import CHANGE, explain_anomaly, withdraw_explanations
from inventory_site.common.api import ReadRoom
from stock import access


class AnomalySerializer(serializers.ModelSerializer):
    """``expected`` and ``seen`` are pieces from ``first_on`` to ``last_on``; ``score`` is in standard deviations."""

    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    sentence = serializers.SerializerMethodField()
    explained_by = serializers.CharField(source="explained_by.username", read_only=True, default=None)

    class Meta:
        model = Anomaly
        fields = [
            "id", "product", "warehouse", "about", "kind", "feature", "expected", "seen", "score", "sentence",
            "first_on", "last_on", "found_on", "seen_on", "state", "explained_by", "explained_at", "note",
        ]  # fmt: skip

    def get_sentence(self, row: Anomaly) -> str:
        return anomaly_words.sentence(row)


class ExplanationSerializer(serializers.Serializer):
    """``one_off``: these days are left out of the history; ``new_level``: demand stays as it is now."""

    explanation = serializers.ChoiceField(choices=[(state.value, state.label) for state in Anomaly.EXPLAINED])
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class AnomalyFilter(filters.FilterSet):
    sku = filters.CharFilter(field_name="product__sku")
    warehouse = filters.CharFilter(field_name="warehouse__code")

    class Meta:
        model = Anomaly
        fields = {"state": ["exact"], "about": ["exact"], "kind": ["exact"], "first_on": ["gte", "lte"]}


class AnomalyViewSet(ReadRoom):
    queryset = Anomaly.objects.select_related("product", "warehouse", "explained_by").order_by("-pk")
    serializer_class = reader_class = AnomalySerializer
    permissions = {"list": "forecasting.view_anomaly", "explain": CHANGE, "withdraw": CHANGE}
    filterset_class = AnomalyFilter
    search_fields = ["product__sku", "product__name", "note"]
    ordering_fields = ["id", "score", "first_on", "found_on"]

    @extend_schema(request=ExplanationSerializer, responses=AnomalySerializer)
    @action(detail=True, methods=["post"])
    def explain(self, request, pk=None):
        """Say what it was; plans heed it from the next nightly run on."""
        row = self.get_object()
        access.require(request.user, CHANGE, row.warehouse)

        def told() -> Anomaly:
            said = self.valid_body(ExplanationSerializer).validated_data
            return explain_anomaly(anomaly=row, actor=request.user, **said)

        return self.act(told)

    @extend_schema(request=None, responses=AnomalySerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request, pk=None):
        """Take back what was said of it; what is open stays as it is."""
        row = self.get_object()
        access.require(request.user, CHANGE, row.warehouse)

        def taken_back() -> Anomaly:
            withdraw_explanations(anomalies=[row], actor=request.user)
            return row

        return self.act(taken_back)


ROUTES = {"anomalies": AnomalyViewSet}
