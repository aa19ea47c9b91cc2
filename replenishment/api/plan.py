"""Reorder points are read; suggestions are accepted, dismissed or taken back."""

from __future__ import annotations

from django.conf import settings
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.response import Response

from forecasting.api import LatestRunRoom
from inventory_site.common.api import CostFields, ReadRoom
from inventory_site.common.api_lines import LARGEST, MOST_LINES
from inventory_site.common.models import ShopSettings
from replenishment import services
from replenishment.budget_words import summary
from replenishment.errors import NeedsDecision
from replenishment.models import ReorderPoint, Suggestion
from replenishment.plan_notes import sentences
from replenishment.reasons import reason
from replenishment.services.purchase_plan import weekly_plan
from stock.access import require


class ReorderPointSerializer(CostFields, serializers.ModelSerializer):
    cost_fields = ("unit_cost",)
    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    supplier = serializers.CharField(source="supplier.code", default=None, read_only=True)
    notes = serializers.SerializerMethodField()

    class Meta:
        model = ReorderPoint
        fields = [
            "id", "run", "product", "warehouse", "supplier", "rule", "cycle_service_level", "lead_time_days",
            "review_period_days", "lead_time_demand", "quantile", "safety_stock", "reorder_point", "order_quantity",
            "order_up_to_level", "maximum_stock", "min_order_quantity", "pack_size", "unit_cost", "set_by_hand",
            "target", "fill_rate", "mode", "policy", "notes",
        ]  # fmt: skip

    def get_notes(self, row) -> list[str]:
        """What the plan had to take instead, or could not keep, in sentences."""
        return sentences(row.notes)


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


class PlanSerializer(serializers.Serializer):
    budget = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True,
                                      default=None)  # fmt: skip
    warehouse = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")


class ChosenSerializer(serializers.Serializer):
    suggestion = serializers.IntegerField(min_value=1, max_value=LARGEST)
    quantity = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)


class AcceptManySerializer(serializers.Serializer):
    lines = ChosenSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


class SuggestionViewSet(ReadRoom):
    queryset = Suggestion.objects.with_documents().order_by("-margin_at_risk", "pk")
    serializer_class = reader_class = SuggestionSerializer
    permissions = {
        "list": "replenishment.view_suggestion",
        "accept": "replenishment.change_suggestion",
        "dismiss": "replenishment.change_suggestion",
        "reopen": "replenishment.change_suggestion",
        "plan": "replenishment.change_suggestion",
        "accept_many": "replenishment.change_suggestion",
    }
    filterset_fields = {
        "state": ["exact"], "kind": ["exact"], "product__sku": ["exact"], "warehouse__code": ["exact"],
        "supplier__code": ["exact"], "needs_decision": ["exact"],
    }  # fmt: skip
    ordering_fields = ["id", "quantity", "created_at"]

    def get_serializer_class(self):
        by_action = {"dismiss": DismissSerializer, "plan": PlanSerializer, "accept_many": AcceptManySerializer}
        return by_action.get(self.action, SuggestionSerializer)

    @action(detail=False, methods=["post"], filterset_fields=None, pagination_class=None)
    def plan(self, request):
        """This week's purchase under a ``budget`` (empty: no limit): what to buy, what limits it. Changes nothing."""
        if not request.user.has_perm(settings.COST_PERMISSION):
            raise PermissionDenied(_("The plan tells costs."))
        told = self.valid_body().validated_data
        rows = Suggestion.objects.visible_to(request.user, "replenishment.change_suggestion")
        if told["warehouse"]:
            rows = rows.filter(warehouse__code=told["warehouse"])
        return Response(summary(weekly_plan(rows, budget=told["budget"])))

    @action(detail=False, methods=["post"], url_path="accept-many", filterset_fields=None, pagination_class=None)
    def accept_many(self, request):
        """Accept several at once, all or none; a ``quantity`` replaces the one of a purchase."""
        lines = {line["suggestion"]: line.get("quantity") for line in self.valid_body().validated_data["lines"]}
        mine = Suggestion.objects.visible_to(request.user, "replenishment.change_suggestion")
        rows = list(mine.filter(pk__in=lines))
        if len(rows) < len(lines):
            raise NotFound(_("Some of these suggestions are not there, or you may not decide on them."))
        changed = {pk: quantity for pk, quantity in lines.items() if quantity}

        def accepted() -> list:
            alone = next((row for row in rows if row.needs_decision and len(rows) > 1), None)
            if alone:
                raise NeedsDecision.of(alone)
            return services.accept_suggestions(suggestions=rows, actor=request.user, quantities=changed)

        return self.act(
            accepted,
            answer=lambda made: {"accepted": len(rows), "made": [str(document) for document in made]},
        )

    def get_queryset(self):
        rows = super().get_queryset()
        sees_costs = self.request.user.has_perm(settings.COST_PERMISSION)
        return rows if sees_costs else rows.order_by("created_at", "pk")  # the order would tell what is at stake

    def _own(self) -> Suggestion:
        suggestion = self.get_object()
        require(self.request.user, "replenishment.change_suggestion", *suggestion.places)
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
