"""Stock over the API: levels are read, movements are posted, nothing is edited."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.decorators import action

from catalog.api import ProductBySku
from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import LARGEST, Pieces, PiecesLine, Versioned
from inventory_site.common.api_times import ZonedTime
from stock import count_api, count_plan_api, level_api, place_api, services, set_aside_api, transfer_api
from stock.access import require
from stock.api_fields import WarehouseByCode
from stock.models import StockMovement, Warehouse

Reason = StockMovement.Reason


class WarehouseSerializer(serializers.ModelSerializer):
    class Meta:
        model = Warehouse
        fields = ["code", "name", "country", "time_zone", "priority", "room_ml", "address", "is_active"]


class StockMovementSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="level.product.sku", read_only=True)
    warehouse = serializers.CharField(source="level.warehouse.code", read_only=True)
    actor = serializers.CharField(source="actor.username", default=None, read_only=True)

    class Meta:
        model = StockMovement
        fields = [
            "id", "product", "warehouse", "quantity", "reason", "reference", "actor", "effective_at", "recorded_at",
            "reverses",
        ]  # fmt: skip


class AdjustmentSerializer(PiecesLine, Versioned):
    """A correction: a signed quantity with the reason for it; ``version`` is that of the stock level."""

    product = ProductBySku()
    warehouse = WarehouseByCode()
    quantity = Pieces(min_value=-LARGEST)
    reason = serializers.ChoiceField(choices=[Reason.ADJUSTMENT, Reason.WRITE_OFF, Reason.OPENING])
    reference = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    effective_at = ZonedTime(required=False, allow_null=True, default=None)

    def validate(self, data):
        if data["quantity"] == 0:
            sentence = _("%(sku)s: a movement of 0 pieces moves nothing. Write what changes.")
            raise serializers.ValidationError({"quantity": [sentence % {"sku": data["product"].sku}]})
        return data


class WarehouseViewSet(ReadRoom):
    queryset = Warehouse.objects.order_by("priority", "code")
    serializer_class = WarehouseSerializer
    permissions = {"list": "stock.view_warehouse"}
    lookup_field = "code"
    filterset_fields = ["is_active", "country"]
    search_fields = ["code", "name"]
    ordering_fields = ["code", "priority"]


class StockMovementViewSet(ReadRoom):
    queryset = StockMovement.objects.select_related("level__product", "level__warehouse", "actor").order_by("-pk")
    serializer_class = StockMovementSerializer
    permissions = {
        "list": "stock.view_stockmovement",
        "create": "stock.add_stockmovement",
        "reverse": "stock.add_stockmovement",
    }
    filterset_fields = {
        "level__product__sku": ["exact"], "level__warehouse__code": ["exact"], "reason": ["exact"],
        "reference": ["exact"], "effective_at": ["gte", "lte"],
    }  # fmt: skip
    ordering_fields = ["id", "effective_at"]

    def get_serializer_class(self):
        return AdjustmentSerializer if self.action == "create" else StockMovementSerializer

    reader_class = StockMovementSerializer

    def create(self, request, *args, **kwargs):
        """Post an adjustment, a write-off or an opening quantity."""
        wish = {name: value for name, value in self.valid_body().validated_data.items() if value is not None}
        require(request.user, "stock.add_stockmovement", wish["warehouse"])
        return self.act(lambda: services.adjust(**wish, actor=request.user), code=status.HTTP_201_CREATED)

    @action(detail=True, methods=["post"], serializer_class=serializers.Serializer)
    def reverse(self, request, pk=None):
        """Post the opposite movement, once."""
        movement = self.get_object()
        require(request.user, "stock.add_stockmovement", movement.level.warehouse)
        return self.act(
            lambda: services.reverse_movement(movement=movement, actor=request.user), code=status.HTTP_201_CREATED
        )


ROUTES = {
    "warehouses": WarehouseViewSet,
    "stock-levels": level_api.StockLevelViewSet,
    "stock-movements": StockMovementViewSet,
    "set-asides": set_aside_api.SetAsideViewSet,
    "transfers": transfer_api.TransferViewSet,
    **count_api.ROUTES,
    **count_plan_api.ROUTES,
    "bins": place_api.BinViewSet,
}
