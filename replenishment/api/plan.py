"""Reorder points are read; suggestions are accepted, dismissed or taken back."""

from __future__ import annotations

from django.conf import settings
from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.decorators import action

from forecasting.api import LatestRunRoom
from inventory_site.common.api import CostFields, ReadRoom
from inventory_site.common.models import ShopSettings
from replenishment import services
from replenishment.models import ReorderPoint, Suggestion
from replenishment.reasons import reason
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
    source = serializers.CharField(source="source.code", default=None, read_only=True)
    supplier = serializers.CharField(source="supplier.code", default=None, read_only=True)
    alternative = serializers.CharField(source="alternative.code", default=None, read_only=True)
    purchase_order = serializers.CharField(source="purchase_line.order.number", default=None, read_only=True)
    transfer = serializers.CharField(source="transfer_line.transfer.number", default=None, read_only=True)
    reason = serializers.SerializerMethodField()

    class Meta:
        model = Suggestion
        fields = [
            "id", "run", "kind", "product", "warehouse", "source", "supplier", "alternative", "quantity", "unit_cost",
            "cost", "margin_at_risk", "price", "until_on", "needs_decision", "reason", "state", "purchase_order",
            "transfer", "promotion", "dismissal", "dismissal_note", "dismissed_until", "created_at", "decided_at",
        ]  # fmt: skip

    def get_reason(self, row) -> str:
        request = self.context.get("request")
        sees_costs = request is None or request.user.has_perm(settings.COST_PERMISSION)
        return reason(row.reason_code, row.reason_terms, currency=self._currency, shows_money=sees_costs)

    @cached_property
    def _currency(self) -> str:
        return ShopSettings.objects.load().currency


class DismissSerializer(serializers.Serializer):
    because = serializers.ChoiceField(
        choices=Suggestion.Dismissal.choices, required=False, default=Suggestion.Dismissal.OTHER
    )
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    until = serializers.DateField(required=False, allow_null=True, default=None)


class SuggestionViewSet(ReadRoom):
    queryset = Suggestion.objects.with_documents().order_by("-margin_at_risk", "pk")
    serializer_class = reader_class = SuggestionSerializer
    permissions = {
        "list": "replenishment.view_suggestion",
        "accept": "replenishment.change_suggestion",
        "dismiss": "replenishment.change_suggestion",
        "reopen": "replenishment.change_suggestion",
    }
    filterset_fields = {
        "state": ["exact"], "kind": ["exact"], "product__sku": ["exact"], "warehouse__code": ["exact"],
        "supplier__code": ["exact"], "needs_decision": ["exact"],
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
        """Make what it proposes: a line of a draft order or transfer, a promotion, a set-aside, or buy it no more."""
        suggestion = self._own()
        return self.act(
            lambda: services.accept_suggestions(suggestions=[suggestion], actor=request.user),
            answer=lambda _orders: self.shown(suggestion),
        )

    @action(detail=True, methods=["post"])
    def dismiss(self, request, pk=None):
        """Say no to it, and why."""
        told, suggestion = self.valid_body().validated_data, self._own()
        return self.act(
            lambda: services.dismiss_suggestion(
                suggestion=suggestion,
                actor=request.user,
                because=told["because"],
                note=told["reason"],
                until=told["until"],
            ),
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
