"""The shop's first integration: one flat list of what is there and what is the least that should be."""

from __future__ import annotations

from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, permissions, serializers, status

from catalog.models import Product
from inventory_site.common.api import write_once
from inventory_site.common.api_lines import Pieces, PiecesLine
from replenishment.models import InventoryPosition
from replenishment.services.inventory import record_inventory
from stock.access import require
from stock.api_fields import WarehouseByCode
from stock.models import StockLevel, Warehouse


class MayRecord(permissions.BasePermission):
    """Everybody with a role reads; recording needs what its parts need."""

    def has_permission(self, request, view):
        needed = {"POST": ["catalog.add_product", "stock.add_stockmovement", "replenishment.change_policy"]}
        return request.user.is_authenticated and request.user.has_perms(
            needed.get(request.method, ["stock.view_stocklevel"])
        )


class InventorySerializer(serializers.Serializer):
    sku = serializers.CharField(source="product.sku")
    product_name = serializers.CharField(source="product.name")
    warehouse = serializers.CharField(source="warehouse.code")
    current_stock = serializers.IntegerField(source="on_hand")
    minimum_stock = serializers.IntegerField(source="minimum", allow_null=True)
    order_quantity = serializers.IntegerField(source="lot", allow_null=True)


class WarningSerializer(InventorySerializer):
    current_stock = serializers.IntegerField(source="on_hand_now")
    minimum_stock = serializers.IntegerField(source="reorder_point")
    available = serializers.IntegerField(source="available_now")
    inventory_position = serializers.IntegerField()
    stock_out_chance = serializers.FloatField(allow_null=True)
    reason = serializers.SerializerMethodField()

    def get_reason(self, row) -> str:
        return "order" if row.inventory_position <= row.reorder_point else "runs_out"


class RecordSerializer(PiecesLine):
    """``sku`` or a product_name that only one product has; ``warehouse`` where there are several."""

    sku = serializers.CharField(max_length=64, required=False)
    product_name = serializers.CharField(max_length=200, required=False)
    warehouse = WarehouseByCode(required=False)
    current_stock = Pieces(min_value=0, required=False)
    minimum_stock = Pieces(min_value=0, required=False)
    order_quantity = Pieces(required=False)

    def subject_of(self, data) -> str:
        return str(data.get("sku") or data.get("product_name") or "")[:64]

    def validate(self, data):
        if "warehouse" not in data:
            data["warehouse"] = self._only_warehouse()
        sku, name = data.pop("sku", None), data.pop("product_name", None)
        if sku is None and name is None:
            raise serializers.ValidationError({"sku": [_("Say which product: by sku, or by product_name.")]})
        data["product"] = self._product(sku, name)
        if data["product"] is None:
            data["new_product"] = {"sku": sku or name[:64], "name": name or sku}
        return data

    def _only_warehouse(self) -> Warehouse:
        seen = list(Warehouse.objects.visible_to(self.context["request"].user).active()[:2])
        if len(seen) != 1:
            raise serializers.ValidationError({"warehouse": [_("Say which warehouse, by its code.")]})
        return seen[0]

    def _product(self, sku: str | None, name: str | None) -> Product | None:
        if sku is not None:
            return Product.objects.filter(sku__iexact=sku).first()
        named = list(Product.objects.filter(name__iexact=name)[:2])
        if len(named) > 1:
            raise serializers.ValidationError(
                {"product_name": [_("Several products are called “%(name)s”: name one by sku.") % {"name": name}]}
            )
        return named[0] if named else None


class InventoryView(generics.ListAPIView):
    """Levels with their least stock (the reorder point, unless set by hand) and usual order."""

    serializer_class = InventorySerializer
    permission_classes = [MayRecord]
    filterset_fields = {"product__sku": ["exact"], "warehouse__code": ["exact"]}
    search_fields = ["product__sku", "product__name"]
    ordering_fields = ["on_hand"]

    def get_queryset(self):
        positions = InventoryPosition.objects.filter(level=OuterRef("pk"))
        levels = StockLevel.objects.visible_to(self.request.user).select_related("product", "warehouse")
        return levels.annotate(
            minimum=Subquery(positions.values("reorder_point")[:1]),
            lot=Subquery(positions.values("order_quantity")[:1]),
        ).order_by("pk")

    @extend_schema(request=RecordSerializer, responses={200: InventorySerializer, 201: InventorySerializer})
    def post(self, request):
        """Create the product where it is new, post ``current_stock`` as a count, set the rest by hand."""
        body = RecordSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        require(request.user, "stock.add_stockmovement", wish["warehouse"])

        def record():
            level = record_inventory(**wish, actor=request.user)
            code = status.HTTP_200_OK if wish["product"] else status.HTTP_201_CREATED
            return code, InventorySerializer(self.get_queryset().get(pk=level.pk)).data

        return write_once(request, "inventory.record", record)


class InventoryWarningView(generics.ListAPIView):
    """What should be ordered, or runs out before the next receipt although enough is on order."""

    serializer_class = WarningSerializer
    permission_classes = [MayRecord]
    filterset_fields = {
        "product__sku": ["exact"], "warehouse__code": ["exact"], "stock_out_chance": ["gte", "lte"],
    }  # fmt: skip
    search_fields = ["product__sku", "product__name"]
    ordering_fields = ["days_of_cover", "inventory_position", "stock_out_chance"]

    def get_queryset(self):
        warned = InventoryPosition.objects.visible_to(self.request.user).warning().with_stock()
        rows = warned.select_related("product", "warehouse").annotate(lot=F("order_quantity"))
        return rows.order_by("runs_out_on", "pk")
