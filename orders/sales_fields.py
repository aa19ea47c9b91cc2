"""How a sales order is written and read over the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from catalog.api import ProductBySku
from inventory_site.common.api_lines import (
    LARGEST,
    MOST_LINES,
    Pieces,
    PiecesLine,
    QuantitiesSerializer,
    Versioned,
    summed,
)
from inventory_site.common.api_times import ZonedTime
from inventory_site.common.models import ShopSettings
from inventory_site.common.models.shop import AllocationStrategy
from orders.models import SalesChannel, SalesOrder, SalesOrderLine
from orders.services import NewLine
from orders.sources import elsewhere_of, sources_of
from stock.api_fields import WarehouseByCode

MOST_MINUTES = 60 * 24 * 366
MOST_MERGED = 100
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
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
    total = serializers.DecimalField(max_digits=20, decimal_places=2, read_only=True, help_text=_("What was ordered."))
    due = serializers.DecimalField(
        max_digits=20, decimal_places=2, read_only=True, help_text=_("What is to be paid: cancelled pieces are off.")
    )
    lines = SalesLineSerializer(many=True, read_only=True)

    class Meta:
        model = SalesOrder
        fields = [
            "number", "channel", "external_id", "customer", "state", "stage", "version", "source", "currency",
            "shipping_charge", "discount", "total", "due", "ship_to", "strategy", "reserved_until", "merged_into",
            "placed_at", "lines",
        ]  # fmt: skip

    def get_fields(self):
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and not request.user.has_perm("orders.view_customer"):
            fields.pop("ship_to")
        return fields


class OneSalesOrderSerializer(SalesOrderSerializer):
    """A single order: each line tells ``sources``, the warehouses that promised or shipped its pieces.

    ``elsewhere`` are the pieces that other warehouses did, which the caller may not enter.
    """

    def to_representation(self, order):
        told = super().to_representation(order)
        lines = list(order.lines.all())
        user = self.context["request"].user
        sources, elsewhere = sources_of(lines, user), elsewhere_of(lines, user)
        for line, row in zip(lines, told["lines"], strict=True):
            row["sources"] = [
                {"warehouse": source.code, "state": source.state, "quantity": source.quantity}
                for source in sources.get(line.holder, ())
            ]
            row["elsewhere"] = elsewhere.get(line.holder, 0)
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
    placed_at = ZonedTime(required=False, allow_null=True, default=None)
    ship_to = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    shipping_charge = serializers.DecimalField(**AMOUNT)
    discount = serializers.DecimalField(**AMOUNT)
    strategy = serializers.ChoiceField(AllocationStrategy.choices, required=False, allow_blank=True, default="")
    is_draft = serializers.BooleanField(required=False, default=False)
    reserved_minutes = serializers.IntegerField(
        min_value=1, max_value=MOST_MINUTES, required=False, allow_null=True, default=None
    )
    lines = NewSalesLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)

    def validate_placed_at(self, value: datetime | None) -> datetime | None:
        latest = ShopSettings.objects.load().now() + timedelta(days=1)
        if value is not None and not EARLIEST <= value <= latest:
            raise serializers.ValidationError(
                _("An order is placed between %(earliest)s and %(latest)s, not on %(day)s.")
                % {"earliest": EARLIEST.date(), "latest": latest.date(), "day": value.date()}
            )
        return value


class ChangedSalesLineSerializer(PiecesLine):
    """A line of the draft with its new quantity or price (0 takes it off), or a product and warehouse to add."""

    line = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    product = ProductBySku(required=False)
    warehouse = WarehouseByCode(required=False)
    quantity = Pieces(min_value=0, required=False)
    unit_price = serializers.DecimalField(max_digits=12, decimal_places=4, min_value=0, required=False)

    def subject_of(self, data: Mapping) -> str:
        return super().subject_of(data) or self.context["skus"].get(str(data.get("line")), "")

    def validate(self, data: dict) -> dict:
        if ("line" in data) == ("product" in data):
            raise serializers.ValidationError(_("Name either the line or a product to add."))
        if "product" in data and not ("warehouse" in data and data.get("quantity")):
            raise serializers.ValidationError(_("A product to add needs a warehouse and a quantity."))
        if "line" in data and not {"quantity", "unit_price"} & set(data):
            raise serializers.ValidationError(_("Write the line's new quantity or price."))
        return data


class SalesLinesSerializer(Versioned):
    """What of a draft's lines changes; the others stay as they are. The same line twice is summed."""

    lines = ChangedSalesLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)

    def changes(self) -> dict:
        """The arguments of ``services.change_sales_draft``."""
        parts = self.validated_data["lines"]
        added = [{"unit_price": Decimal(0)} | part for part in parts if "product" in part]
        return {
            "quantities": summed([part for part in parts if "line" in part and "quantity" in part]),
            "prices": {part["line"]: part["unit_price"] for part in parts if "line" in part and "unit_price" in part},
            "added": [NewLine(**part) for part in added],
            "version": self.version_seen(),
        }


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
    until_at = ZonedTime(required=False, allow_null=True, default=None)
    minutes = serializers.IntegerField(
        min_value=1, max_value=MOST_MINUTES, required=False, allow_null=True, default=None
    )

    def validate(self, data):
        if data["until_at"] and data["minutes"]:
            raise serializers.ValidationError({"minutes": [_("Write either minutes or until_at.")]})
        if data["until_at"] and data["until_at"] > timezone.now() + timedelta(minutes=MOST_MINUTES):
            raise serializers.ValidationError({"until_at": [_("Reserve for a year at most.")]})
        return data

    def until(self) -> datetime | None:
        minutes = self.validated_data["minutes"]
        return timezone.now() + timedelta(minutes=minutes) if minutes else self.validated_data["until_at"]
