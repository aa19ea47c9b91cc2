"""Orders and demand over the API: documents are named by number."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.decorators import action

from catalog.api import ProductBySku
from inventory_site.common.api import Pieces, ReadRoom
from orders import services
from orders.errors import InvalidLines
from orders.models import (
    Customer,
    DailyDemand,
    SalesChannel,
    SalesOrder,
    SalesOrderLine,
)
from orders.purchase_api import PurchaseOrderViewSet
from stock.access import require
from stock.api_fields import WarehouseByCode

MOST_LINES = 1000


class SalesLineSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    allocated = serializers.IntegerField(source="allocated_now", read_only=True)
    backordered = serializers.IntegerField(read_only=True)

    class Meta:
        model = SalesOrderLine
        fields = [
            "id", "product", "warehouse", "quantity", "allocated", "backordered", "shipped", "cancelled", "unit_price",
        ]  # fmt: skip


class SalesOrderSerializer(serializers.ModelSerializer):
    """An order with the lines of the caller's own warehouses."""

    channel = serializers.CharField(source="channel.code", read_only=True)
    customer = serializers.CharField(source="customer.external_id", default=None, read_only=True)
    lines = SalesLineSerializer(many=True, read_only=True)

    class Meta:
        model = SalesOrder
        fields = ["number", "channel", "external_id", "customer", "state", "source", "currency", "placed_at", "lines"]


class NewSalesLineSerializer(serializers.Serializer):
    product = ProductBySku()
    warehouse = WarehouseByCode()
    quantity = Pieces()
    unit_price = serializers.DecimalField(max_digits=12, decimal_places=4, min_value=0, required=False, default=Decimal(0))


class NewSalesOrderSerializer(serializers.Serializer):
    """``customer`` is the customer's number in the shop; ``external_id`` the order's number in the channel."""

    channel = serializers.SlugRelatedField(slug_field="code", queryset=SalesChannel.objects.all())
    external_id = serializers.CharField(max_length=100, required=False, allow_null=True, default=None)
    customer = serializers.CharField(max_length=100, required=False, allow_null=True, default=None)
    placed_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    lines = NewSalesLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


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


class SalesOrderViewSet(ReadRoom):
    queryset = SalesOrder.objects.select_related("channel", "customer").order_by("-pk")
    serializer_class = reader_class = SalesOrderSerializer
    permissions = {
        "list": "orders.view_salesorder",
        "create": "orders.add_salesorder",
        "allocate": "orders.change_salesorder",
        "ship": "orders.change_salesorder",
        "cancel": "orders.change_salesorder",
    }
    lookup_field = "number"
    filterset_fields = {
        "state": ["exact"], "channel__code": ["exact"], "external_id": ["exact"], "placed_at": ["gte", "lte"],
    }  # fmt: skip
    search_fields = ["number", "external_id"]
    ordering_fields = ["placed_at", "number"]

    def get_queryset(self):
        lines = SalesOrderLine.objects.visible_to(self.request.user).with_allocated()
        lines = lines.select_related("product", "warehouse").order_by("pk")
        return super().get_queryset().prefetch_related(Prefetch("lines", lines))

    def get_serializer_class(self):
        return {"create": NewSalesOrderSerializer, "ship": QuantitiesSerializer, "cancel": QuantitiesSerializer}.get(
            self.action, SalesOrderSerializer
        )

    def create(self, request, *args, **kwargs):
        """Place an order; what takes no back-orders is allocated in full or the whole order is refused."""
        wish = dict(self.valid_body().validated_data)
        lines = [services.NewLine(**line) for line in wish.pop("lines")]
        require(request.user, "orders.add_salesorder", *{line.warehouse for line in lines})
        number = wish.pop("customer")

        def place():
            customer = Customer.objects.get_or_create(external_id=number)[0] if number else None
            return services.place_sales_order(**wish, lines=lines, customer=customer, actor=request.user)

        return self.act(place, code=status.HTTP_201_CREATED)

    def _own(self, quantities=None):
        """The order, where the caller's role allows the act in the warehouse of each line that it touches."""
        order = self.get_object()
        if quantities is not None and not set(quantities) <= {line.pk for line in order.lines.all()}:
            raise InvalidLines(_("%(number)s has no such line.") % {"number": order.number})
        touched = SalesOrderLine.objects.filter(order=order).select_related("warehouse")
        if quantities is not None:
            touched = touched.filter(pk__in=quantities)
        require(self.request.user, "orders.change_salesorder", *{line.warehouse for line in touched})
        return order

    @action(detail=True, methods=["post"], serializer_class=serializers.Serializer)
    def allocate(self, request, number=None):
        """Promise what is available to whatever waits."""
        order = self._own()
        return self.act(
            lambda: services.allocate_sales_order(order=order, actor=request.user), answer=lambda _n: self.shown(order)
        )

    @action(detail=True, methods=["post"])
    def ship(self, request, number=None):
        """Ship some lines, or all that is allocated."""
        quantities = self.valid_body().chosen()
        order = self._own(quantities)
        return self.act(lambda: services.ship_sales_order(order=order, actor=request.user, quantities=quantities))

    @action(detail=True, methods=["post"])
    def cancel(self, request, number=None):
        """Cancel some lines, or all that was not shipped."""
        quantities = self.valid_body().chosen()
        order = self._own(quantities)
        return self.act(lambda: services.cancel_sales_order(order=order, actor=request.user, quantities=quantities))


class DailyDemandSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="series.product.sku", read_only=True)
    warehouse = serializers.CharField(source="series.warehouse.code", read_only=True)

    class Meta:
        model = DailyDemand
        fields = ["product", "warehouse", "on_date", "demand", "sales", "price", "stocked_out_rate"]


class DemandViewSet(ReadRoom):
    """Daily demand; a day without a row had none."""

    queryset = DailyDemand.objects.select_related("series__product", "series__warehouse").order_by("series", "on_date")
    serializer_class = DailyDemandSerializer
    permissions = {"list": "orders.view_dailydemand"}
    filterset_fields = {
        "series__product__sku": ["exact"], "series__warehouse__code": ["exact"], "on_date": ["exact", "gte", "lte"],
    }  # fmt: skip
    ordering_fields = ["on_date", "demand"]


ROUTES = {
    "sales-orders": SalesOrderViewSet,
    "purchase-orders": PurchaseOrderViewSet,
    "demand": DemandViewSet,
}
