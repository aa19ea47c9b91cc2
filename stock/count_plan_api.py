"""What to count over the API: today's list with its reasons, opened as a count with one call."""

from __future__ import annotations

from django.db.models import F
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from inventory_site.common.api import CostFields, ReadRoom
from inventory_site.common.models import ShopSettings
from stock import services
from stock.access import require
from stock.api_fields import WarehouseByCode
from stock.count_api import OPEN, CountSerializer, StockCountViewSet
from stock.count_words import short_of_time, why_of
from stock.models import CountNeed, Warehouse
from stock.services.count_plans import plan_sums

TODAY = OpenApiParameter("today", bool, description="Only what is on today's lists.")


class CountNeedSerializer(CostFields, serializers.ModelSerializer):
    """``seconds`` to count it; ``cost`` that counting it is expected to find; ``count`` that is open and has it."""

    cost_fields = ("cost",)
    product = serializers.CharField(source="level.product.sku", read_only=True)
    name = serializers.CharField(source="level.product.name", read_only=True)
    warehouse = serializers.CharField(source="level.warehouse.code", read_only=True)
    bins = serializers.SerializerMethodField()
    why = serializers.SerializerMethodField()
    count = serializers.CharField(source="open_count_number", default=None, read_only=True)

    class Meta:
        model = CountNeed
        fields = ["id", "product", "name", "warehouse", "rank", "abc", "bins", "why", "is_for_cycle", "seconds", "cost",
                  "counted_at", "due_on", "turn_on", "count"]  # fmt: skip

    def get_bins(self, need) -> list[str]:
        return [place.code for place in need.level.bins.all()]

    def get_why(self, need) -> str:
        return why_of(need)


class SumsSerializer(CostFields, serializers.Serializer):
    """A warehouse's list in numbers, without what an open count has; ``note`` says where its minutes are too few."""

    cost_fields = ("cost",)
    warehouse = serializers.CharField(source="warehouse.code")
    planned_on = serializers.DateField()
    items = serializers.IntegerField()
    minutes = serializers.FloatField()
    cost = serializers.DecimalField(16, 2)
    minutes_a_day = serializers.IntegerField(source="warehouse.count_minutes")
    needed_minutes_a_day = serializers.FloatField(source="steady_minutes")
    overdue = serializers.IntegerField()
    note = serializers.SerializerMethodField()

    def get_note(self, sums) -> str:
        return short_of_time(sums)


class OpenPlannedSerializer(serializers.Serializer):
    """``minutes``: only the first items that fit into them."""

    warehouse = WarehouseByCode()
    minutes = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=1440)
    is_blind = serializers.BooleanField(required=False, default=False)


class CountPlanViewSet(ReadRoom):
    """What is worth counting today, and when each item's turn is."""

    queryset = (
        CountNeed.objects.select_related("level__product", "level__warehouse")
        .prefetch_related("level__bins")
        .with_open_count()
        .order_by("level__warehouse", F("rank").asc(nulls_last=True), "-cost", "pk")
    )
    serializer_class = reader_class = CountNeedSerializer
    permissions = {"list": "stock.view_countneed", "summary": "stock.view_countneed", "start": OPEN}
    filterset_fields = {
        "level__warehouse__code": ["exact"], "level__product__sku": ["exact"], "abc": ["exact"],
        "due_on": ["lte", "gte"], "turn_on": ["lte", "gte"],
    }  # fmt: skip
    search_fields = ["level__product__sku", "level__product__name"]
    ordering_fields = ["rank", "due_on", "turn_on"]

    def get_serializer_class(self):
        return {"start": OpenPlannedSerializer, "summary": SumsSerializer}.get(self.action, CountNeedSerializer)

    def get_queryset(self):
        rows = super().get_queryset()
        return rows.listed() if self.request.query_params.get("today", "") in ("1", "true") else rows

    @extend_schema(parameters=[TODAY])
    def list(self, request, *args, **kwargs):
        """Every planned item, those on today's lists first, what finds most money in front."""
        return super().list(request, *args, **kwargs)

    @action(detail=False, filterset_fields=[], search_fields=[], ordering_fields=[])
    def summary(self, request):
        """Each warehouse's list in numbers, and the minutes a day that its cycle needs."""
        places = Warehouse.objects.visible_to(request.user, "stock.view_countneed").active()
        found = plan_sums(list(places), ShopSettings.objects.load().today())
        told = SumsSerializer(found, many=True, context=self.get_serializer_context()).data
        return Response({"results": told})

    @action(detail=False, methods=["post"], url_path="open")
    def start(self, request):
        """Open a count of what is on today's list and in no other count."""
        wish = dict(self.valid_body().validated_data)
        require(request.user, OPEN, wish["warehouse"])
        rules = services.CountRules(is_blind=wish.pop("is_blind"))
        return self.act(
            lambda: services.open_planned_count(**wish, rules=rules, actor=request.user), code=status.HTTP_201_CREATED,
            answer=lambda count: CountSerializer(StockCountViewSet.queryset.get(pk=count.pk)).data,
        )  # fmt: skip


ROUTES = {"count-plan": CountPlanViewSet}
