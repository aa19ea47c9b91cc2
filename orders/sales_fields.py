"""How a sales order is written and read over the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from catalog.api import ProductBySku
from inventory_site.common.api_lines import LARGEST, MOST_LINES, Pieces, PiecesLine, QuantitiesSerializer, Versioned
from inventory_site.common.models.shop import AllocationStrategy
from orders.models import SalesChannel, SalesOrder, SalesOrderLine
from orders.sources import sources_of
from stock.api_fields import WarehouseByCode

MOST_MINUTES = 60 * 24 * 366
MOST_MERGED = 100
AMOUNT = {"max_digits": 12, "decimal_places": 2, "min_value": 0, "required": False, "default": Decimal(0)}


class SalesLineSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    allocated = serializers.IntegerField(source="allocated_now", read_only=True)
    backordered = serializers.IntegerField(read_only=True)

    class Meta:
        model = SalesOrderLine
        fields = [
            "id", "product", "warehouse", "quantity", "allocated", "backordered", "shipped", "cancelled", "returned",
            "unit_price", "amount",
        ]  # fmt: skip


class SalesOrderSerializer(serializers.ModelSerializer):
    """An order with the lines of the caller's own warehouses; the address is for who may see customers."""

    channel = serializers.CharField(source="channel.code", read_only=True)
    customer = serializers.CharField(source="customer.external_id", default=None, read_only=True)
    merged_into = serializers.CharField(source="merged_into.number", default=None, read_only=True)
    stage = serializers.CharField(read_only=True)
    total = serializers.DecimalField(max_digits=16, decimal_places=2, read_only=True)
    lines = SalesLineSerializer(many=True, read_only=True)

    class Meta:
        model = SalesOrder
        fields = [
            "number", "channel", "external_id", "customer", "state", "stage", "version", "source", "currency",
            "shipping_charge", "discount", "total", "ship_to", "strategy", "reserved_until", "merged_into",
            "placed_at", "lines",
        ]  # fmt: skip

    def get_fields(self):
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and not request.user.has_perm("orders.view_customer"):
            fields.pop("ship_to")
        return fields


class OneSalesOrderSerializer(SalesOrderSerializer):
    """A single order: each line tells ``sources``, the warehouses that promised or shipped its pieces."""

    def to_representation(self, order):
        told = super().to_representation(order)
        lines = list(order.lines.all())
        sources = sources_of(lines, self.context["request"].user)
        for line, row in zip(lines, told["lines"], strict=True):
            row["sources"] = [
                {"warehouse": source.code, "state": source.state, "quantity": source.quantity}
                for source in sources.get(line.holder, ())
            ]
        return told


class NewSalesLineSerializer(PiecesLine):
    product = ProductBySku()
    warehouse = WarehouseByCode()
    quantity = Pieces()
    unit_price = serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=0, required=False, default=Decimal(0)
    )


class NewSalesOrderSerializer(serializers.Serializer):
    """``customer`` is the customer's number in the shop; ``external_id`` the order's number in the channel."""

    channel = serializers.SlugRelatedField(slug_field="code", queryset=SalesChannel.objects.all())
    external_id = serializers.CharField(max_length=100, required=False, allow_null=True, default=None)
    customer = serializers.CharField(max_length=100, required=False, allow_null=True, default=None)
    placed_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    ship_to = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    shipping_charge = serializers.DecimalField(**AMOUNT)
    discount = serializers.DecimalField(**AMOUNT)
    strategy = serializers.ChoiceField(AllocationStrategy.choices, required=False, allow_blank=True, default="")
    is_draft = serializers.BooleanField(required=False, default=False)
    reserved_minutes = serializers.IntegerField(
        min_value=1, max_value=MOST_MINUTES, required=False, allow_null=True, default=None
    )
    lines = NewSalesLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


class AllocateSerializer(Versioned):
    strategy = serializers.ChoiceField(AllocationStrategy.choices, required=False, allow_blank=True, default="")


class SplitSerializer(QuantitiesSerializer):
    """``lines`` only where it is split by lines."""

    by = serializers.ChoiceField(["availability", "warehouse", "lines"])

    def validate(self, data):
        if (data["by"] == "lines") != bool(data["lines"]):
            raise serializers.ValidationError({"lines": [_("Name pieces of lines to split by lines, and only then.")]})
        return data


class MergeSerializer(serializers.Serializer):
    """``versions`` are those that the caller saw, by number."""

    orders = serializers.ListField(child=serializers.CharField(max_length=64), min_length=2, max_length=MOST_MERGED)
    versions = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=LARGEST), required=False, default=dict
    )


class HoldSerializer(Versioned):
    until_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    minutes = serializers.IntegerField(
        min_value=1, max_value=MOST_MINUTES, required=False, allow_null=True, default=None
    )

    def validate(self, data):
        if data["until_at"] and data["minutes"]:
            raise serializers.ValidationError({"minutes": [_("Write either minutes or until_at.")]})
        return data

    def until(self) -> datetime | None:
        minutes = self.validated_data["minutes"]
        return timezone.now() + timedelta(minutes=minutes) if minutes else self.validated_data["until_at"]
