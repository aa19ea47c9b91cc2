"""Transfers over the API: drafted, shipped from one warehouse, received in the other."""

from __future__ import annotations

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.decorators import action

from catalog.api import ProductBySku
from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import MOST_LINES, Pieces, PiecesLine, QuantitiesSerializer, Versioned, skus_of
from inventory_site.common.api_times import ZonedTime, of_device
from stock import services
from stock.access import require, require_either
from stock.api_fields import WarehouseByCode
from stock.models import Transfer, TransferLine

DRAFT, MOVE, OVER = "stock.add_transfer", "stock.change_transfer", "stock.over_receive_transfer"


class TransferLineSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="product.sku", read_only=True)
    name = serializers.CharField(source="product.name", read_only=True)
    barcode = serializers.CharField(source="product.barcode", read_only=True)
    in_transit = serializers.IntegerField(read_only=True)

    class Meta:
        model = TransferLine
        fields = [
            "id", "product", "name", "barcode", "quantity", "shipped", "received", "returned", "lost", "in_transit",
        ]  # fmt: skip


class TransferSerializer(serializers.ModelSerializer):
    source = serializers.CharField(source="source.code", read_only=True)
    destination = serializers.CharField(source="destination.code", read_only=True)
    lines = TransferLineSerializer(many=True, read_only=True)

    class Meta:
        model = Transfer
        fields = [
            "number", "source", "destination", "state", "version", "reference", "created_at", "shipped_at",
            "expected_on", "closed_at", "lines",
        ]  # fmt: skip


class NewTransferLineSerializer(PiecesLine):
    product = ProductBySku()
    quantity = Pieces()


class NewTransferSerializer(serializers.Serializer):
    """Lines of the same product are added up."""

    source = WarehouseByCode()
    destination = WarehouseByCode()
    reference = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    expected_on = serializers.DateField(required=False, allow_null=True, default=None)
    lines = NewTransferLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)

    def validate(self, data):
        if data["source"] == data["destination"]:
            raise serializers.ValidationError({"destination": [_("Goods cannot be sent to where they are.")]})
        return data


class ChangedTransferLineSerializer(NewTransferLineSerializer):
    quantity = Pieces(min_value=0)


class TransferLinesSerializer(Versioned):
    """What these products' quantities on the draft shall be; 0 takes one off. The same SKU twice is summed."""

    lines = ChangedTransferLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


class ReceiveSerializer(QuantitiesSerializer):
    """``may_exceed``: more than is in transit arrived, within the shop's tolerance.

    The surplus is taken off what is available in the source. It takes the permission to over-receive. ``at`` is when
    the goods were put on the shelf, where a device tells it later.
    """

    may_exceed = serializers.BooleanField(required=False, default=False)
    at = ZonedTime(required=False, allow_null=True, default=None)


class TransferViewSet(ReadRoom):
    """Goods on their way between two warehouses of ours."""

    queryset = Transfer.objects.select_related("source", "destination").order_by("-pk")
    serializer_class = reader_class = TransferSerializer
    permissions = {
        "list": "stock.view_transfer",
        "create": DRAFT,
        "lines": DRAFT,
        "ship": MOVE,
        "receive": MOVE,
        "close": MOVE,
        "cancel": DRAFT,
    }
    lookup_field = "number"
    filterset_fields = {
        "state": ["exact"], "source__code": ["exact"], "destination__code": ["exact"], "expected_on": ["gte", "lte"],
    }  # fmt: skip
    search_fields = ["number", "reference"]
    ordering_fields = ["created_at", "expected_on", "number"]
    bodies = {
        "create": NewTransferSerializer,
        "lines": TransferLinesSerializer,
        "ship": QuantitiesSerializer,
        "receive": ReceiveSerializer,
        "close": Versioned,
        "cancel": Versioned,
    }

    def get_queryset(self):
        lines = TransferLine.objects.select_related("product").order_by("pk")
        return super().get_queryset().prefetch_related(Prefetch("lines", lines))

    def get_serializer_class(self):
        return self.bodies.get(self.action, TransferSerializer)

    def create(self, request, *args, **kwargs):
        """Write a draft; nothing is promised or moved before it is shipped."""
        wish = dict(self.valid_body().validated_data)
        lines = [services.TransferWish(**line) for line in wish.pop("lines")]
        require_either(request.user, DRAFT, wish["source"], wish["destination"])
        return self.act(
            lambda: services.create_transfer(**wish, lines=lines, actor=request.user), code=status.HTTP_201_CREATED
        )

    @action(detail=True, methods=["post"])
    def lines(self, request, number=None):
        """Change what a draft asks for."""
        transfer, body = self.get_object(), self.valid_body()
        require_either(request.user, DRAFT, transfer.source, transfer.destination)
        lines = [services.TransferWish(**line) for line in body.validated_data["lines"]]
        return self.act(
            lambda: services.change_transfer_draft(
                transfer=transfer, lines=lines, actor=request.user, version=body.version_seen()
            )
        )

    @action(detail=True, methods=["post"])
    def ship(self, request, number=None):
        """It leaves the source: some lines, or all; what is not shipped falls away."""
        transfer = self.get_object()
        body = self.valid_body(skus=skus_of(transfer.lines))
        require(request.user, MOVE, transfer.source)
        return self.act(
            lambda: services.ship_transfer(
                transfer=transfer, actor=request.user, quantities=body.chosen(), version=body.version_seen()
            )
        )

    @action(detail=True, methods=["post"])
    def receive(self, request, number=None):
        """It arrives: some lines, or all that is in transit."""
        transfer = self.get_object()
        body = self.valid_body(skus=skus_of(transfer.lines))
        require(request.user, MOVE, transfer.destination)
        if body.validated_data["may_exceed"]:
            require(request.user, OVER, transfer.destination)
        told = body.validated_data
        wish = {"quantities": body.chosen(), "may_exceed": told["may_exceed"], "at": of_device(told["at"])}
        return self.act(
            lambda: services.receive_transfer(
                transfer=transfer, actor=request.user, version=body.version_seen(), **wish
            )
        )

    @action(detail=True, methods=["post"])
    def close(self, request, number=None):
        """What is still in transit never came: it is written off as lost on the way."""
        transfer, version = self.get_object(), self.valid_body().version_seen()
        require(request.user, MOVE, transfer.destination)
        return self.act(lambda: services.close_transfer(transfer=transfer, actor=request.user, version=version))

    @action(detail=True, methods=["post"])
    def cancel(self, request, number=None):
        """Give up a draft, or send back what is in transit; from either side."""
        transfer, version = self.get_object(), self.valid_body().version_seen()
        needed = DRAFT if transfer.state == Transfer.State.DRAFT else MOVE
        require_either(request.user, needed, transfer.source, transfer.destination)
        return self.act(lambda: services.cancel_transfer(transfer=transfer, actor=request.user, version=version))
