"""What-if over the API: the totals of the shop at a cycle service level, or at the highest that a budget allows."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Category, Supplier
from replenishment.services.what_if import Where, told_for
from replenishment.what_if import LEVELS
from stock.models import Warehouse

#: Totals that tell costs.
MONEY = ("stock_value", "lost_margin", "holding_cost", "order_cost", "cost")


class MayAsk(BasePermission):
    def has_permission(self, request, view):
        return request.user.is_authenticated and request.user.has_perm("replenishment.view_reorderpoint")


class QuestionSerializer(serializers.Serializer):
    """``budget`` (of stock value, for who may see costs) decides the level where it is given."""

    level = serializers.FloatField(min_value=LEVELS[0], max_value=LEVELS[-1], default=0.95)
    budget = serializers.FloatField(min_value=0, max_value=10**12, required=False)
    warehouse = serializers.SlugRelatedField("code", queryset=Warehouse.objects.none(), required=False)
    category = serializers.SlugRelatedField("name", queryset=Category.objects.all(), required=False)
    supplier = serializers.SlugRelatedField("code", queryset=Supplier.objects.all(), required=False)

    def get_fields(self):
        fields = super().get_fields()
        if request := self.context.get("request"):
            fields["warehouse"].queryset = Warehouse.objects.visible_to(request.user)
        return fields


class TotalsSerializer(serializers.Serializer):
    """Expected values of a year; pieces, order lines, money."""

    on_hand = serializers.FloatField()
    stock_value = serializers.FloatField()
    lost_pieces = serializers.FloatField()
    lost_margin = serializers.FloatField()
    orders = serializers.FloatField()
    holding_cost = serializers.FloatField()
    order_cost = serializers.FloatField()
    demand = serializers.FloatField()
    cost = serializers.FloatField()


class AnswerSerializer(serializers.Serializer):
    """``level`` is null where even the lowest holds more than the budget."""

    items = serializers.IntegerField()
    level = serializers.FloatField(allow_null=True)
    planned = TotalsSerializer()
    then = TotalsSerializer(allow_null=True)


class WhatIfView(APIView):
    """What another cycle service level would hold, lose and cost, from the distributions of the published run."""

    permission_classes = [MayAsk]

    @extend_schema(parameters=[QuestionSerializer], responses=AnswerSerializer)
    def get(self, request) -> Response:
        body = QuestionSerializer(data=request.query_params, context={"request": request})
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        sees_costs = request.user.has_perm(settings.COST_PERMISSION)
        where = Where(**{name: asked.get(name) for name in ("warehouse", "category", "supplier")})
        told = told_for(request.user, where)
        has_budget = sees_costs and "budget" in asked
        level = told.curve.highest_within(asked["budget"]) if has_budget else asked["level"]
        return Response(
            {
                "items": told.items, "level": level, "planned": _told(told.curve.planned, sees_costs),
                "then": None if level is None else _told(told.curve.at(level), sees_costs),
            }
        )  # fmt: skip


def _told(totals: dict[str, float], sees_costs: bool) -> dict[str, float]:
    return {name: round(value, 2) for name, value in totals.items() if sees_costs or name not in MONEY}
