"""Purchase orders over the API: documents are named by number."""

from __future__ import annotations

from django.db.models import Prefetch
from rest_framework import serializers, status
from rest_framework.decorators import action

from catalog.api import ProductBySku
from catalog.models import Supplier
from inventory_site.common.api import CostFields, Pieces, ReadRoom
from orders import services
from orders.models import PurchaseOrder, PurchaseOrderLine
from stock.access import require
from stock.api import WarehouseByCode

MOST_LINES = 1000


class LineQuantitySerializer(serializers.Serializer):
    line = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = Pieces()


class QuantitiesSerializer(serializers.Serializer):
    """Some pieces of some lines; without ``lines`` all that can be. The same line twice is summed."""

    lines = LineQuantitySerializer(many=True, required=False, allow_null=True, default=None, max_length=MOST_LINES)

    def chosen(self) -> dict[int, int] | None:
        parts = self.validated_data["lines"]
        if parts is None:
            return None
        summed: dict[int, int] = {}
        for part in parts:
            summed[part["line"]] = summed.get(part["line"], 0) + part["quantity"]
        return summed


class PurchaseLineSerializer(CostFields, serializers.ModelSerializer):
    cost_fields = ("unit_cost",)
    product = serializers.CharField(source="product.sku", read_only=True)

    class Meta:
        model = PurchaseOrderLine
        fields = ["id", "product", "quantity", "received", "cancelled", "unit_cost", "pack_size"]


class PurchaseOrderSerializer(serializers.ModelSerializer):
    supplier = serializers.CharField(source="supplier.code", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    lines = PurchaseLineSerializer(many=True, read_only=True)

    class Meta:
        model = PurchaseOrder
        fields = [
            "number", "supplier", "warehouse", "state", "source", "reference", "created_at", "confirmed_at",
            "expected_on", "closed_at", "lines",
        ]  # fmt: skip


class NewPurchaseLineSerializer(serializers.Serializer):
    product = ProductBySku()
    quantity = Pieces()
    unit_cost = serializers.DecimalField(max_digits=12, decimal_places=4, min_value=0, required=False, default=0)
    pack_size = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, default=1)


class NewPurchaseOrderSerializer(serializers.Serializer):
    supplier = serializers.SlugRelatedField(slug_field="code", queryset=Supplier.objects.filter(is_active=True))
    warehouse = WarehouseByCode()
    reference = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    lines = NewPurchaseLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


class ConfirmSerializer(serializers.Serializer):
    expected_on = serializers.DateField(required=False, allow_null=True, default=None)


class PurchaseOrderViewSet(ReadRoom):
    queryset = PurchaseOrder.objects.select_related("supplier", "warehouse").order_by("-pk")
    serializer_class = reader_class = PurchaseOrderSerializer
    permissions = {
        "list": "orders.view_purchaseorder",
        "create": "orders.add_purchaseorder",
        "confirm": "orders.change_purchaseorder",
        "receive": "orders.receive_purchaseorder",
        "cancel": "orders.change_purchaseorder",
    }
    lookup_field = "number"
    filterset_fields = {
        "state": ["exact"], "supplier__code": ["exact"], "warehouse__code": ["exact"], "expected_on": ["gte", "lte"],
    }  # fmt: skip
    search_fields = ["number", "reference"]
    ordering_fields = ["created_at", "expected_on", "number"]
    bodies = {
        "create": NewPurchaseOrderSerializer,
        "confirm": ConfirmSerializer,
        "receive": QuantitiesSerializer,
    }

    def get_queryset(self):
        lines = PurchaseOrderLine.objects.select_related("product").order_by("pk")
        return super().get_queryset().prefetch_related(Prefetch("lines", lines))

    def get_serializer_class(self):
        return self.bodies.get(self.action, PurchaseOrderSerializer)

    def create(self, request, *args, **kwargs):
        """Write a draft."""
        wish = dict(self.valid_body().validated_data)
        lines = [services.NewPurchaseLine(**line) for line in wish.pop("lines")]
        require(request.user, "orders.add_purchaseorder", wish["warehouse"])
        return self.act(
            lambda: services.create_purchase_order(**wish, lines=lines, actor=request.user),
            code=status.HTTP_201_CREATED,
        )

    def _own(self, permission: str):
        order = self.get_object()
        require(self.request.user, permission, order.warehouse)
        return order

    @action(detail=True, methods=["post"])
    def confirm(self, request, number=None):
        """The supplier has it: it counts as on order."""
        expected_on = self.valid_body().validated_data["expected_on"]
        order = self._own("orders.change_purchaseorder")
        return self.act(
            lambda: services.confirm_purchase_order(order=order, actor=request.user, expected_on=expected_on)
        )

    @action(detail=True, methods=["post"])
    def receive(self, request, number=None):
        """Take some lines into stock, or all that is still to come."""
        quantities = self.valid_body().chosen()
        order = self._own("orders.receive_purchaseorder")
        return self.act(lambda: services.receive_purchase_order(order=order, actor=request.user, quantities=quantities))

    @action(detail=True, methods=["post"], serializer_class=serializers.Serializer)
    def cancel(self, request, number=None):
        """Give up what has not arrived."""
        order = self._own("orders.change_purchaseorder")
        return self.act(lambda: services.cancel_purchase_order(order=order, actor=request.user))
