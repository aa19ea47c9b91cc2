"""Wrong goods of deliveries over the API."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action

from catalog.models import Product
from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import Pieces, PiecesLine
from inventory_site.common.api_pictures import PictureField
from inventory_site.common.photos import photo_answer
from orders import services
from orders.models import DeliveryFinding, PurchaseOrder
from stock.access import require

SEE, REPORT, SETTLE = "orders.view_deliveryfinding", "orders.receive_purchaseorder", "orders.change_deliveryfinding"


class FindingSerializer(serializers.ModelSerializer):
    order = serializers.CharField(source="order.number", read_only=True)
    supplier = serializers.CharField(source="order.supplier.code", read_only=True)
    product = serializers.CharField(source="product.sku", default=None, read_only=True)
    actor = serializers.CharField(source="actor.username", default=None, read_only=True)
    has_photo = serializers.SerializerMethodField()

    class Meta:
        model = DeliveryFinding
        fields = [
            "id", "order", "supplier", "code", "product", "quantity", "note", "has_photo", "actor", "found_at",
            "settled_at",
        ]  # fmt: skip

    def get_has_photo(self, row: DeliveryFinding) -> bool:
        return bool(row.photo)


class VisibleOrder(serializers.SlugRelatedField):
    def get_queryset(self):
        return PurchaseOrder.objects.select_related("warehouse").visible_to(self.context["request"].user)


class NewFindingSerializer(PiecesLine):
    """``code`` is what the label says, known here or not."""

    order = VisibleOrder(slug_field="number", queryset=PurchaseOrder.objects.none())
    code = serializers.CharField(max_length=64)
    quantity = Pieces()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    photo = PictureField()

    def subject_of(self, data) -> str:
        return str(data.get("code", ""))[:64]


class SettleSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class DeliveryFindingViewSet(ReadRoom):
    """Goods that came with a purchase order and were not ordered; they are not stock."""

    queryset = DeliveryFinding.objects.select_related("order__supplier", "product", "actor").order_by("-pk")
    serializer_class = reader_class = FindingSerializer
    permissions = {"list": SEE, "create": REPORT, "settle": SETTLE, "photo": SEE}
    filterset_fields = {
        "order__number": ["exact"], "order__supplier__code": ["exact"], "settled_at": ["isnull"],
    }  # fmt: skip
    ordering_fields = ["id", "found_at"]
    bodies = {"create": NewFindingSerializer, "settle": SettleSerializer}

    def get_serializer_class(self):
        return self.bodies.get(self.action, FindingSerializer)

    def create(self, request, *args, **kwargs):
        """Keep what came by mistake, for whoever talks to the supplier."""
        told = dict(self.valid_body().validated_data)
        require(request.user, REPORT, told["order"].warehouse)
        product = Product.objects.named(told["code"])
        return self.act(
            lambda: services.report_wrong_goods(**told, product=product, actor=request.user),
            code=status.HTTP_201_CREATED,
        )

    @action(detail=True, methods=["post"])
    def settle(self, request, pk=None):
        """It was cleared up with the supplier."""
        finding, told = self.get_object(), self.valid_body().validated_data
        require(request.user, SETTLE, finding.order.warehouse)
        return self.act(lambda: services.settle_wrong_goods(finding=finding, actor=request.user, **told))

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    @action(detail=True, pagination_class=None, filter_backends=[])
    def photo(self, request, pk=None):
        """What it looks like."""
        row = self.get_object()
        if not row.photo:
            raise Http404
        return photo_answer(row.photo)
