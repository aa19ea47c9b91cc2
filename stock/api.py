"""Stock over the API: levels are read, movements are posted, nothing is edited."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.decorators import action

from catalog.api import ProductBySku
from inventory_site.common.api import LARGEST, ReadRoom
from stock.access import require
from stock.models import StockLevel, StockMovement, Warehouse
from stock.services import adjust, reverse_movement

Reason = StockMovement.Reason


class WarehouseByCode(serializers.SlugRelatedField):
    """A warehouse that the caller may see, by its code; others do not exist for them."""

    def __init__(self, **kwargs):
        super().__init__(slug_field="code", **({"queryset": Warehouse.objects.all()} | kwargs))

    def get_queryset(self):
        return super().get_queryset().visible_to(self.context["request"].user)


class WarehouseSerializer(serializers.ModelSerializer):
    class Meta:
        model = Warehouse
        fields = ["code", "name", "country", "time_zone", "priority", "is_active"]


class StockLevelSerializer(serializers.ModelSerializer):
    product = serializers.SlugRelatedField(slug_field="sku", read_only=True)
    warehouse = serializers.SlugRelatedField(slug_field="code", read_only=True)
    available = serializers.IntegerField(source="available_now", read_only=True)

    class Meta:
        model = StockLevel
        fields = ["id", "product", "warehouse", "on_hand", "allocated", "unsellable", "available", "version"]


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


class AdjustmentSerializer(serializers.Serializer):
    """A correction: a signed quantity with the reason for it."""

    product = ProductBySku()
    warehouse = WarehouseByCode()
    quantity = serializers.IntegerField(min_value=-LARGEST, max_value=LARGEST)
    reason = serializers.ChoiceField(choices=[Reason.ADJUSTMENT, Reason.WRITE_OFF, Reason.OPENING])
    reference = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")

    def validate_quantity(self, value):
        if value == 0:
            raise serializers.ValidationError(_("A movement of 0 pieces moves nothing. Write what changes."))
        return value


class WarehouseViewSet(ReadRoom):
    queryset = Warehouse.objects.order_by("priority", "code")
    serializer_class = WarehouseSerializer
    permissions = {"list": "stock.view_warehouse"}
    lookup_field = "code"
    filterset_fields = ["is_active", "country"]
    search_fields = ["code", "name"]
    ordering_fields = ["code", "priority"]


class StockLevelViewSet(ReadRoom):
    queryset = StockLevel.objects.select_related("product", "warehouse").with_available().order_by("pk")
    serializer_class = StockLevelSerializer
    permissions = {"list": "stock.view_stocklevel"}
    filterset_fields = {"product__sku": ["exact"], "warehouse__code": ["exact"], "on_hand": ["exact", "lte", "gte"]}
    search_fields = ["product__sku", "product__name"]
    ordering_fields = ["id", "on_hand", "allocated"]


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
        wish = self.valid_body().validated_data
        require(request.user, "stock.add_stockmovement", wish["warehouse"])
        return self.act(lambda: adjust(**wish, actor=request.user), code=status.HTTP_201_CREATED)

    @action(detail=True, methods=["post"], serializer_class=serializers.Serializer)
    def reverse(self, request, pk=None):
        """Post the opposite movement, once."""
        movement = self.get_object()
        require(request.user, "stock.add_stockmovement", movement.level.warehouse)
        return self.act(lambda: reverse_movement(movement=movement, actor=request.user), code=status.HTTP_201_CREATED)


ROUTES = {
    "warehouses": WarehouseViewSet,
    "stock-levels": StockLevelViewSet,
    "stock-movements": StockMovementViewSet,
}
