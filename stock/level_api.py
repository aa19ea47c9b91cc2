"""Stock levels over the API: as they are, as they were, and their totals."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Case, DateTimeField, Value, When
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from inventory_site.common.api import ReadRoom
from inventory_site.common.api_rules import DeclaredOrdering
from inventory_site.common.models import ShopSettings
from stock.models import StockLevel, Warehouse

SUMS = ("on_hand", "allocated", "unsellable", "in_transit", "total")
EARLIEST_YEAR = 1900  # near year 1 a zone would lead out of the calendar
AS_OF = OpenApiParameter(
    "as_of", str, description="A date (the end of that day in each warehouse's zone), or a time with its zone."
)


class StockLevelSerializer(serializers.ModelSerializer):
    product = serializers.SlugRelatedField(slug_field="sku", read_only=True)
    warehouse = serializers.SlugRelatedField(slug_field="code", read_only=True)
    available = serializers.IntegerField(source="available_now", read_only=True)

    class Meta:
        model = StockLevel
        fields = ["id", "product", "warehouse", "on_hand", "allocated", "unsellable", "available", "version"]


class StockLevelThenSerializer(StockLevelSerializer):
    """A level as it was at ``?as_of=``."""

    on_hand = serializers.IntegerField(source="on_hand_then")
    allocated = serializers.IntegerField(source="allocated_then")
    unsellable = serializers.IntegerField(source="unsellable_then")
    available = serializers.IntegerField(source="available_then")

    class Meta(StockLevelSerializer.Meta):
        fields = ["id", "product", "warehouse", "on_hand", "allocated", "unsellable", "available"]


class TotalSerializer(serializers.Serializer):
    """One product, all of the caller's warehouses together, what is on its way between warehouses counted."""

    sku = serializers.CharField()
    on_hand = serializers.IntegerField()
    allocated = serializers.IntegerField()
    unsellable = serializers.IntegerField()
    in_transit = serializers.IntegerField()
    total = serializers.IntegerField()


class StockLevelViewSet(ReadRoom):
    queryset = StockLevel.objects.select_related("product", "warehouse").with_available().order_by("pk")
    serializer_class = StockLevelSerializer
    permissions = {"list": "stock.view_stocklevel", "totals": "stock.view_stocklevel"}
    filterset_fields = {"product__sku": ["exact"], "warehouse__code": ["exact"], "on_hand": ["exact", "lte", "gte"]}
    search_fields = ["product__sku", "product__name"]
    ordering_fields = ["id", "on_hand", "allocated"]

    def get_queryset(self):
        asked = self.request.query_params.get("as_of")
        levels = super().get_queryset()
        return levels if asked is None else levels.as_of(moment_of(asked))

    def get_serializer_class(self):
        if self.action == "totals":
            return TotalSerializer
        is_past = self.request is not None and "as_of" in self.request.query_params
        return StockLevelThenSerializer if is_past else StockLevelSerializer

    @extend_schema(parameters=[AS_OF])
    def list(self, request, *args, **kwargs):
        """What is there now, or what was there at ``as_of``; filters and order go by what is there now."""
        return super().list(request, *args, **kwargs)

    @extend_schema(parameters=[AS_OF])
    def retrieve(self, request, *args, **kwargs):
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(parameters=[OpenApiParameter("sku", str, many=True), OpenApiParameter("ordering", str)])
    @action(detail=False, filterset_fields=[], search_fields=[], ordering_fields=["sku"])
    def totals(self, request):
        """Each product's stock, and ``totals`` of all, read in one statement: no transfer is seen half done."""
        skus = request.query_params.getlist("sku") or None
        totals = StockLevel.objects.totals(request.user, skus)
        ordering = DeclaredOrdering().get_ordering(request, totals, self)
        rows = list(totals.order_by(*ordering) if ordering else totals)
        page = self.paginate_queryset(rows)
        answer = self.get_paginated_response(TotalSerializer(page, many=True).data)
        answer.data["totals"] = {name: sum(row[name] for row in rows) for name in SUMS}
        return answer


def moment_of(text: str) -> datetime | Case:
    """The moment that ``as_of`` names: for a date the last one of that day, in the zone of each level's warehouse."""
    try:
        moment, day = parse_datetime(text.replace(" ", "+")), parse_date(text)
    except ValueError:
        moment = day = None
    now = ShopSettings.objects.load().now()
    if (day or moment or now).year < EARLIEST_YEAR:
        raise _refused(text)
    if day is not None:
        if day > now.date() + timedelta(days=1):
            raise _refused(text)
        return _end_of(day)
    if moment is None or moment.tzinfo is None or moment > now:
        raise _refused(text)
    return moment


def _end_of(day: date) -> Case:
    zones = Warehouse.objects.order_by().values_list("time_zone", flat=True).distinct()
    ends = {zone: datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)) for zone in zones}
    cases = [
        When(level__warehouse__time_zone=zone, then=Value(end - timedelta(microseconds=1)))
        for zone, end in ends.items()
    ]
    return Case(*cases, output_field=DateTimeField())


def _refused(text: str) -> serializers.ValidationError:
    sentence = _(
        "“%(text)s” is not a past moment. Write a date (2026-03-29) or a time with its zone (2026-03-29T18:00Z)."
    )
    return serializers.ValidationError({"as_of": [sentence % {"text": text[:60]}]})
