"""Purchase orders over the API: documents are named by number."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from catalog.api import ProductBySku
from catalog.models import Supplier
from inventory_site.common.api import CostFields, ReadRoom
from inventory_site.common.api_lines import LARGEST, MOST_LINES, Pieces, PiecesLine, Versioned, skus_of
from inventory_site.common.api_pictures import PictureField
from inventory_site.common.api_times import ZonedTime, of_device
from orders import services
from orders.models import PromisedDate, PurchaseOrder, PurchaseOrderLine, Receipt, Reminder
from orders.promise_api import BODIES, PERMISSIONS, PromisedDateSerializer, ReminderSerializer, SupplierSide
from orders.services.purchase_terms import problems_of
from stock.access import require
from stock.api_fields import WarehouseByCode

OVER = "orders.over_receive_purchaseorder"


class PurchaseLineSerializer(CostFields, serializers.ModelSerializer):
    """``promises`` and ``reminders``, the newest first."""

    cost_fields = ("unit_cost",)
    promises = PromisedDateSerializer(many=True, read_only=True)
    reminders = ReminderSerializer(many=True, read_only=True)
    product = serializers.CharField(source="product.sku", read_only=True)
    name = serializers.CharField(source="product.name", read_only=True)
    barcode = serializers.CharField(source="product.barcode", read_only=True)
    outstanding = serializers.IntegerField(read_only=True)

    class Meta:
        model = PurchaseOrderLine
        fields = [
            "id", "product", "name", "barcode", "quantity", "received", "over_received", "cancelled", "outstanding",
            "unit_cost", "pack_size", "promised_on", "promises", "reminders",
        ]  # fmt: skip


class ReceiptSerializer(serializers.ModelSerializer):
    """``lead_time_days`` is measured: from confirming the order to these goods, in days of the warehouse."""

    product = serializers.CharField(source="line.product.sku", read_only=True)
    lead_time_days = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = Receipt
        fields = ["id", "line", "product", "quantity", "received_at", "lead_time_days", "undone_at"]


class PurchaseOrderSerializer(serializers.ModelSerializer):
    supplier = serializers.CharField(source="supplier.code", read_only=True)
    supplier_name = serializers.CharField(source="supplier.name", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    lines = PurchaseLineSerializer(many=True, read_only=True)
    receipts = serializers.SerializerMethodField()

    class Meta:
        model = PurchaseOrder
        fields = [
            "number", "supplier", "supplier_name", "warehouse", "state", "version", "source", "reference", "created_at",
            "confirmed_at", "expected_on", "closed_at", "lines", "receipts",
        ]  # fmt: skip

    @extend_schema_field(ReceiptSerializer(many=True))
    def get_receipts(self, order: PurchaseOrder) -> list[dict]:
        found = []
        for line in order.lines.all():
            line.order = order
            for receipt in line.receipts.all():
                receipt.line = line
                found.append(receipt)
        return ReceiptSerializer(sorted(found, key=lambda row: row.pk), many=True).data


class NewPurchaseLineSerializer(PiecesLine):
    """A cost or a pack size that is left out is the supplier's, the cost at the quantity ordered."""

    product = ProductBySku()
    quantity = Pieces()
    unit_cost = serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=0, required=False, allow_null=True, default=None
    )
    pack_size = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, allow_null=True, default=None
    )


class NewPurchaseOrderSerializer(serializers.Serializer):
    supplier = serializers.SlugRelatedField(slug_field="code", queryset=Supplier.objects.filter(is_active=True))
    warehouse = WarehouseByCode()
    reference = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    lines = NewPurchaseLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


class ChangedPurchaseLineSerializer(NewPurchaseLineSerializer):
    quantity = Pieces(min_value=0)


class PurchaseLinesSerializer(Versioned):
    """What these products' quantities on the draft shall be; 0 takes one off. The same SKU twice is summed."""

    lines = ChangedPurchaseLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


class ConfirmSerializer(Versioned):
    """``despite_terms`` confirms below a minimum quantity or in broken packs."""

    expected_on = serializers.DateField(required=False, allow_null=True, default=None)
    despite_terms = serializers.BooleanField(required=False, default=False)


class ReceivedLineSerializer(PiecesLine):
    """A line of the order, or a product on it, with pieces, packs or both; ``damaged`` are pieces among them."""

    line = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    product = serializers.CharField(required=False, max_length=64)
    quantity = Pieces(required=False)
    packs = Pieces(required=False)
    damaged = Pieces(required=False)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    photo = PictureField()

    def subject_of(self, data: Mapping) -> str:
        return super().subject_of(data) or self.context["skus"].get(str(data.get("line")), "")

    def validate(self, data: dict) -> dict:
        if ("line" in data) == ("product" in data):
            raise serializers.ValidationError(_("Name either the line or the product."))
        if "quantity" not in data and "packs" not in data:
            raise serializers.ValidationError(_("Write how many pieces or packs arrived."))
        skus = self.context["skus"]
        if "product" in data:
            found = [line for line, sku in skus.items() if sku.casefold() == data["product"].strip().casefold()]
            if not found:
                raise serializers.ValidationError(
                    {"product": [_("“%(sku)s” is not on this order.") % {"sku": data["product"]}]}
                )
            data["line"] = int(found[0])
        return data


class ReceiveSerializer(Versioned):
    """What arrived; without ``lines`` all that is still to come. The same line twice is summed.

    ``at`` is when it was put on the shelf, where a device tells it later.
    """

    at = ZonedTime(required=False, allow_null=True, default=None)

    lines = ReceivedLineSerializer(
        many=True, required=False, allow_null=True, allow_empty=False, default=None, max_length=MOST_LINES
    )

    def counted(self, name: str) -> dict[int, int] | None:
        """{line: pieces} or {line: packs}; None where all is received."""
        parts = self.validated_data["lines"]
        if parts is None:
            return None
        total: dict[int, int] = {}
        for part in parts:
            if name in part:
                total[part["line"]] = total.get(part["line"], 0) + part[name]
        return total

    def damaged(self) -> dict[int, services.Damaged]:
        """By line; of a line that is named twice the pieces are summed, and the last note and photo hold."""
        found: dict[int, services.Damaged] = {}
        for part in self.validated_data["lines"] or ():
            if "damaged" in part:
                before = found.get(part["line"], services.Damaged(0))
                pieces = before.quantity + part["damaged"]
                found[part["line"]] = services.Damaged(
                    pieces, part["note"] or before.note, part["photo"] or before.photo
                )
        return found


class UndoReceiptSerializer(Versioned):
    receipt = serializers.IntegerField(min_value=1, max_value=LARGEST)


class ProblemSerializer(serializers.Serializer):
    """A blocking problem is confirmed only with ``despite_terms``."""

    code = serializers.CharField()
    sentence = serializers.CharField()
    is_blocking = serializers.BooleanField()


class PurchaseOrderViewSet(SupplierSide, ReadRoom):
    queryset = PurchaseOrder.objects.select_related("supplier", "warehouse").order_by("-pk")
    serializer_class = reader_class = PurchaseOrderSerializer
    permissions = {
        "list": "orders.view_purchaseorder",
        "create": "orders.add_purchaseorder",
        "lines": "orders.change_purchaseorder",
        "problems": "orders.view_purchaseorder",
        "confirm": "orders.change_purchaseorder",
        "receive": "orders.receive_purchaseorder",
        "undo_receipt": "orders.receive_purchaseorder",
        "cancel": "orders.change_purchaseorder",
    } | PERMISSIONS
    lookup_field = "number"
    filterset_fields = {
        "state": ["exact"], "supplier__code": ["exact"], "warehouse__code": ["exact"], "expected_on": ["gte", "lte"],
    }  # fmt: skip
    search_fields = ["number", "reference"]
    ordering_fields = ["created_at", "expected_on", "number"]
    bodies = {
        "create": NewPurchaseOrderSerializer,
        "lines": PurchaseLinesSerializer,
        "confirm": ConfirmSerializer,
        "receive": ReceiveSerializer,
        "undo_receipt": UndoReceiptSerializer,
        "cancel": Versioned,
    } | BODIES

    def get_queryset(self):
        receipts = Prefetch("receipts", Receipt.objects.order_by("pk"))
        told = [Prefetch("promises", PromisedDate.objects.select_related("actor")),
                Prefetch("reminders", Reminder.objects.select_related("actor"))]  # fmt: skip
        lines = PurchaseOrderLine.objects.select_related("product").prefetch_related(receipts, *told).order_by("pk")
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
    def lines(self, request, number=None):
        """Change what a draft asks for."""
        order = self._own("orders.change_purchaseorder")
        body = self.valid_body()
        lines = [services.NewPurchaseLine(**line) for line in body.validated_data["lines"]]
        return self.act(
            lambda: services.change_purchase_lines(
                order=order, lines=lines, actor=request.user, version=body.version_seen()
            )
        )

    @extend_schema(responses=ProblemSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def problems(self, request, number=None):
        """What speaks against confirming it today: minimums, packs, order days."""
        order = self.get_object()
        sees_costs = request.user.has_perm(settings.COST_PERMISSION)
        found = [problem for problem in problems_of(order) if sees_costs or not problem.tells_cost]
        return Response(ProblemSerializer(found, many=True).data)

    @action(detail=True, methods=["post"])
    def confirm(self, request, number=None):
        """The supplier has it: it counts as on order."""
        order = self._own("orders.change_purchaseorder")
        body = self.valid_body()
        return self.act(lambda: services.confirm_purchase_order(order=order, actor=request.user, **body.validated_data))

    @action(detail=True, methods=["post"])
    def receive(self, request, number=None):
        """Take some lines into stock, in pieces or packs, or all that is still to come."""
        order = self._own("orders.receive_purchaseorder")
        body = self.valid_body(skus=skus_of(order.lines))
        may_exceed = PurchaseOrder.objects.visible_to(request.user, OVER).filter(pk=order.pk).exists()
        return self.act(
            lambda: services.receive_purchase_order(
                order=order, actor=request.user, quantities=body.counted("quantity"), packs=body.counted("packs"),
                version=body.version_seen(), may_exceed=may_exceed, damaged=body.damaged(),
                received_at=of_device(body.validated_data["at"]),
            )
        )  # fmt: skip

    @action(detail=True, methods=["post"], url_path="undo-receipt")
    def undo_receipt(self, request, number=None):
        """Take a mistaken receipt back: its goods leave the stock and are on order again."""
        order = self._own("orders.receive_purchaseorder")
        body = self.valid_body()
        known = Receipt.objects.select_related("line__order")
        receipt = get_object_or_404(known, pk=body.validated_data["receipt"], line__order=order)
        return self.act(
            lambda: services.undo_receipt(receipt=receipt, actor=request.user, version=body.version_seen()),
            answer=lambda _receipt: self.shown(order),
        )

    @action(detail=True, methods=["post"])
    def cancel(self, request, number=None):
        """Give up what has not arrived."""
        order = self._own("orders.change_purchaseorder")
        version = self.valid_body().version_seen()
        return self.act(lambda: services.cancel_purchase_order(order=order, actor=request.user, version=version))
