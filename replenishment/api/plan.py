"""Reorder points are read; suggestions are accepted, dismissed or taken back."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.decorators import action

from forecasting.api import LatestRunRoom
from inventory_site.common.api import CostFields, ReadRoom
from replenishment import services
from replenishment.explain import sentence
from replenishment.models import ReorderPoint, Suggestion
from stock.access import require


class ReorderPointSerializer(CostFields, serializers.ModelSerializer):
    cost_fields = ("unit_cost",)
    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    supplier = serializers.CharField(source="supplier.code", default=None, read_only=True)

    class Meta:
        model = ReorderPoint
        fields = [
            "id", "run", "product", "warehouse", "supplier", "rule", "cycle_service_level", "lead_time_days",
            "review_period_days", "lead_time_demand", "quantile", "safety_stock", "reorder_point", "order_quantity",
            "order_up_to_level", "min_order_quantity", "pack_size", "unit_cost", "set_by_hand",
        ]  # fmt: skip


class ReorderPointViewSet(LatestRunRoom):
    queryset = ReorderPoint.objects.select_related("product", "warehouse", "supplier").order_by("pk")
    serializer_class = ReorderPointSerializer
    permissions = {"list": "replenishment.view_reorderpoint"}
    filterset_fields = {
        "run": ["exact"], "product__sku": ["exact"], "warehouse__code": ["exact"], "supplier__code": ["exact"],
    }  # fmt: skip
    ordering_fields = ["id", "reorder_point", "safety_stock"]


class SuggestionSerializer(CostFields, serializers.ModelSerializer):
    cost_fields = ("unit_cost", "cost", "margin_at_risk")
    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    supplier = serializers.CharField(source="supplier.code", read_only=True)
    purchase_order = serializers.CharField(source="purchase_line.order.number", default=None, read_only=True)
    reason = serializers.SerializerMethodField()

    class Meta:
        model = Suggestion
        fields = [
            "id", "run", "product", "warehouse", "supplier", "quantity", "unit_cost", "cost", "margin_at_risk",
            "reason", "state", "purchase_order", "created_at", "decided_at",
        ]  # fmt: skip

    def get_reason(self, row) -> str:
        return sentence(row.reason_code, row.reason_terms)


class DismissSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class SuggestionViewSet(ReadRoom):
    queryset = Suggestion.objects.select_related("product", "warehouse", "supplier", "purchase_line__order").order_by(
        "-margin_at_risk", "pk"
    )
    serializer_class = reader_class = SuggestionSerializer
    permissions = {
        "list": "replenishment.view_suggestion",
        "accept": "replenishment.change_suggestion",
        "dismiss": "replenishment.change_suggestion",
        "reopen": "replenishment.change_suggestion",
    }
    filterset_fields = {
        "state": ["exact"], "product__sku": ["exact"], "warehouse__code": ["exact"], "supplier__code": ["exact"],
    }  # fmt: skip
    ordering_fields = ["id", "quantity", "created_at"]

    def get_serializer_class(self):
        return DismissSerializer if self.action == "dismiss" else SuggestionSerializer

    def _own(self) -> Suggestion:
        suggestion = self.get_object()
        require(self.request.user, "replenishment.change_suggestion", suggestion.warehouse)
        return suggestion

    @action(detail=True, methods=["post"], serializer_class=serializers.Serializer)
    def accept(self, request, pk=None):
        """Put it on a draft purchase order of its supplier and warehouse."""
        suggestion = self._own()
        return self.act(
            lambda: services.accept_suggestions(suggestions=[suggestion], actor=request.user),
            answer=lambda _orders: self.shown(suggestion),
        )

    @action(detail=True, methods=["post"])
    def dismiss(self, request, pk=None):
        """Say no to it, and why."""
        reason, suggestion = self.valid_body().validated_data["reason"], self._own()
        return self.act(
            lambda: services.dismiss_suggestion(suggestion=suggestion, actor=request.user, reason=reason),
            answer=lambda _row: self.shown(suggestion),
        )

    @action(detail=True, methods=["post"], serializer_class=serializers.Serializer)
    def reopen(self, request, pk=None):
        """Take an acceptance (while its order is a draft) or a dismissal back."""
        suggestion = self._own()
        return self.act(
            lambda: services.reopen_suggestions(suggestions=[suggestion], actor=request.user),
            answer=lambda _rows: self.shown(suggestion),
        )
