"""Picking over the API: what is ready to be picked, the walk through the bins, and what was done on it."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import LARGEST, Pieces, PiecesLine, QuantitiesSerializer, Versioned, skus_of
from inventory_site.common.api_times import ZonedTime, of_device
from orders import services
from orders.errors import InvalidLines
from orders.models import SalesOrder, SalesOrderLine
from orders.picks import Pick, picks_of, walk_of
from stock.access import require
from stock.api_fields import WarehouseByCode
from stock.models import Allocation, Warehouse

SELL, TAKE_OFF = "orders.change_salesorder", "stock.add_stockmovement"
HERE = OpenApiParameter("warehouse", str, description="A warehouse's code; it may be left out where only one serves.")


class PickSerializer(serializers.Serializer):
    """One order: what this caller's warehouses (or the one asked for) promised of it."""

    number = serializers.CharField()
    warehouses = serializers.ListField(child=serializers.CharField())
    channel = serializers.CharField()
    placed_at = serializers.DateTimeField()
    stops = serializers.IntegerField()
    pieces = serializers.IntegerField(help_text=str(_("Still to be taken.")))
    picked = serializers.IntegerField()
    minutes = serializers.IntegerField()


class PickLineSerializer(serializers.Serializer):
    line = serializers.IntegerField(source="line.pk")
    product = serializers.CharField(source="line.product.sku")
    name = serializers.CharField(source="line.product.name")
    barcode = serializers.CharField(source="line.product.barcode")
    quantity = serializers.IntegerField(help_text=str(_("Still to be taken.")))
    picked = serializers.IntegerField()
    also_in = serializers.ListField(child=serializers.CharField())


class StopSerializer(serializers.Serializer):
    bin = serializers.CharField(source="bin.code", default="")
    area = serializers.CharField(source="bin.area", default="")
    lines = PickLineSerializer(many=True)
    others = serializers.SerializerMethodField()

    def get_others(self, stop) -> list[dict[str, str]]:
        return [{"product": sku, "name": name} for sku, name in stop.others]


class WalkSerializer(serializers.Serializer):
    """The stops in the order of the walk. Metres are null where a bin has no place in the hall."""

    number = serializers.CharField(source="order.number")
    state = serializers.CharField(source="order.state")
    version = serializers.IntegerField(source="order.version")
    ship_to = serializers.CharField(source="order.ship_to")
    warehouse = serializers.CharField(source="warehouse.code")
    pieces = serializers.IntegerField(source="quantity")
    picked = serializers.IntegerField()
    minutes = serializers.IntegerField()
    metres = serializers.FloatField(allow_null=True)
    bin_order_metres = serializers.FloatField(allow_null=True)
    method = serializers.CharField()
    stops = StopSerializer(many=True)


class Here(serializers.Serializer):
    warehouse = WarehouseByCode(required=False, allow_null=True, default=None)


class PickedSerializer(QuantitiesSerializer, Here):
    """Pieces of some lines, or all; ``at`` is when they were taken, where a device sends it later."""

    at = ZonedTime(required=False, allow_null=True, default=None)


class PutBackSerializer(QuantitiesSerializer, Here):
    """Pieces of some lines, or all that was picked; ``at`` is when they lay there, where a device sends it later."""

    at = ZonedTime(required=False, allow_null=True, default=None)


class FoundSerializer(PiecesLine, Versioned, Here):
    """So many pieces of a line that were reported as missing are there after all."""

    line = serializers.IntegerField(min_value=1, max_value=LARGEST)
    quantity = Pieces()

    def subject_of(self, data) -> str:
        return self.context.get("skus", {}).get(str(data.get("line")), "")


class NotFoundSerializer(FoundSerializer):
    """So many pieces of a line were not there; ``at`` is when that was seen."""

    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    at = ZonedTime(required=False, allow_null=True, default=None)


class ShipSerializer(Versioned, Here):
    """Sends off what was picked, and nothing else."""


class PickViewSet(ReadRoom):
    """Open orders with something to pick or to send off, the oldest first."""

    queryset = SalesOrder.objects.to_pick().order_by("placed_at", "pk")
    serializer_class = PickSerializer
    permissions = {"list": "orders.view_salesorder"} | dict.fromkeys(
        ("pick", "put_back", "not_found", "found", "ship"), SELL
    )
    lookup_field = "number"
    filterset_fields = {"channel__code": ["exact"]}
    search_fields = ["number", "external_id"]
    ordering_fields = ["placed_at", "number"]
    bodies = {
        "retrieve": WalkSerializer, "pick": PickedSerializer, "put_back": PutBackSerializer,
        "not_found": NotFoundSerializer, "found": FoundSerializer, "ship": ShipSerializer,
    }  # fmt: skip

    def get_serializer_class(self):
        return self.bodies.get(self.action, PickSerializer)

    def get_queryset(self):
        """What can be picked is listed; one that is done answers all the same, since a phone may ask late."""
        if self.action != "list":
            return SalesOrder.objects.select_related("channel").order_by("pk").visible_to(self.request.user)
        return SalesOrder.objects.select_related("channel").to_pick(self._halls()).order_by("placed_at", "pk")

    def _halls(self) -> list[Warehouse]:
        visible = Warehouse.objects.visible_to(self.request.user)
        asked = self.request.query_params.get("warehouse")
        return [get_object_or_404(visible, code=asked)] if asked else list(visible)

    @extend_schema(parameters=[HERE])
    def list(self, request, *args, **kwargs):
        """The oldest order first, with its stops and about how many minutes they take."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        picks = picks_of(page, self._halls())
        rows = [_row(order, [pick for pick in picks if pick.order.pk == order.pk]) for order in page]
        return self.get_paginated_response(PickSerializer(rows, many=True).data)

    @extend_schema(parameters=[HERE])
    def retrieve(self, request, *args, **kwargs):
        """The walk through the bins of one warehouse, what is picked already included."""
        order = self.get_object()
        return Response(WalkSerializer(walk_of(order, self._serving(order, self._halls()))).data)

    def _serving(self, order: SalesOrder, halls: list[Warehouse]) -> Warehouse:
        """Of these warehouses the first that promised something of the order."""
        if len(halls) == 1:
            return halls[0]
        holders = SalesOrderLine.objects.filter(order=order).values("holder")
        promised = Allocation.objects.open().filter(holder__in=holders, level__warehouse=OuterRef("pk"))
        here = Warehouse.objects.filter(pk__in=[hall.pk for hall in halls])
        by_rank = here.order_by("priority", "code")
        return by_rank.filter(Exists(promised)).first() or by_rank[0]

    def _told(self) -> tuple[SalesOrder, Warehouse, dict]:
        """The order, the warehouse that is meant, where the caller's role allows it, and the rest of the body."""
        order = self.get_object()
        lines = SalesOrderLine.objects.filter(order=order).visible_to(self.request.user)
        skus = skus_of(lines)
        body = self.valid_body(skus=skus)
        told = dict(body.validated_data)
        hall = told.pop("warehouse") or self._serving(order, list(Warehouse.objects.visible_to(self.request.user)))
        require(self.request.user, SELL, hall)
        if "lines" in told:
            told["quantities"] = body.chosen()
            del told["lines"]
        named = {told["line"]} if "line" in told else told.get("quantities") or ()
        if not {str(line) for line in named} <= skus.keys():
            raise InvalidLines(_("%(number)s has no such line.") % {"number": order.number})
        if "at" in told:
            told["at"] = of_device(told["at"])
        return order, hall, told | {"actor": self.request.user}

    def _acted(self, service, order: SalesOrder, hall: Warehouse, told: dict) -> Response:
        return self.act(
            lambda: service(order=order, warehouse=hall, **told),
            answer=lambda row: WalkSerializer(walk_of(row, hall)).data,
        )

    @extend_schema(responses=WalkSerializer)
    @action(detail=True, methods=["post"])
    def pick(self, request, number=None):
        """Pieces were taken off the shelf: of some lines, or all that is left."""
        return self._acted(services.pick_sales_order, *self._told())

    @extend_schema(responses=WalkSerializer)
    @action(detail=True, methods=["post"], url_path="put-back")
    def put_back(self, request, number=None):
        """Picked pieces lie on their shelves again; they stay promised."""
        return self._acted(services.put_back_sales_order, *self._told())

    @extend_schema(responses=WalkSerializer)
    @action(detail=True, methods=["post"], url_path="not-found")
    def not_found(self, request, number=None):
        """Promised pieces were not there: they leave the books, the line waits, and ``count`` asks for the item."""
        order, hall, told = self._told()
        require(request.user, TAKE_OFF, hall)
        return self.act(
            lambda: services.report_missing(order=order, warehouse=hall, **told),
            code=status.HTTP_201_CREATED,
            answer=lambda missed: WalkSerializer(walk_of(order, hall)).data | {"count": missed.count.number},
        )

    @extend_schema(responses=WalkSerializer)
    @action(detail=True, methods=["post"])
    def found(self, request, number=None):
        """Takes ``not-found/`` back: the pieces are on the books again, and promised to the line as far as it waits."""
        order, hall, told = self._told()
        require(request.user, TAKE_OFF, hall)
        return self._acted(services.report_found, order, hall, told)

    @extend_schema(responses=WalkSerializer)
    @action(detail=True, methods=["post"])
    def ship(self, request, number=None):
        """What was picked here leaves; the rest of the order stays."""
        return self._acted(services.ship_picked, *self._told())


def _row(order: SalesOrder, picks: list[Pick]) -> dict:
    return {
        "number": order.number, "channel": order.channel.code, "placed_at": order.placed_at,
        "warehouses": [pick.warehouse.code for pick in picks], "stops": sum(len(pick.stops) for pick in picks),
        "pieces": sum(pick.quantity for pick in picks), "picked": sum(pick.picked for pick in picks),
        "minutes": sum(pick.minutes for pick in picks),
    }  # fmt: skip
