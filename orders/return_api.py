"""Returns over the API: announced on a sales order, inspected, undone."""

from __future__ import annotations

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action

from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import MOST_LINES, Pieces, PiecesLine, QuantitiesSerializer, Versioned, skus_of
from inventory_site.common.api_times import ZonedTime, of_device
from orders import services
from orders.access import require_for_return
from orders.models import Return, ReturnLine

ANNOUNCE, INSPECT = "orders.add_return", "orders.change_return"


class NewReturnSerializer(QuantitiesSerializer):
    """What the customer sends back; nothing is assumed, so lines must be named."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, data):
        if not data["lines"]:
            raise serializers.ValidationError({"lines": [_("Name the lines and how many pieces come back.")]})
        return data


class ReturnLineSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="line.product.sku", read_only=True)
    name = serializers.CharField(source="line.product.name", read_only=True)
    barcode = serializers.CharField(source="line.product.barcode", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)

    class Meta:
        model = ReturnLine
        fields = [
            "id", "line", "product", "name", "barcode", "warehouse", "quantity", "sellable", "unsellable", "scrapped",
            "note",
        ]  # fmt: skip


class ReturnSerializer(serializers.ModelSerializer):
    """A return with the lines that go to the caller's warehouses."""

    order = serializers.CharField(source="order.number", read_only=True)
    lines = ReturnLineSerializer(many=True, read_only=True)

    class Meta:
        model = Return
        fields = ["number", "order", "state", "version", "reason", "created_at", "inspected_at", "lines"]


class OutcomeSerializer(PiecesLine):
    """What was found of one line of the return."""

    line = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    sellable = Pieces(min_value=0, required=False, default=0)
    unsellable = Pieces(min_value=0, required=False, default=0)
    scrapped = Pieces(min_value=0, required=False, default=0)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def subject_of(self, data) -> str:
        return self.context.get("skus", {}).get(str(data.get("line")), "")


class InspectSerializer(Versioned):
    """``at`` is when it was inspected, where a device tells it later."""

    at = ZonedTime(required=False, allow_null=True, default=None)
    lines = OutcomeSerializer(many=True, allow_empty=False, max_length=MOST_LINES)

    def validate_lines(self, lines):
        if len({line["line"] for line in lines}) < len(lines):
            raise serializers.ValidationError(_("Name each line once, with all that was found of it."))
        return lines

    def outcomes(self) -> dict[int, services.Outcome]:
        parts = [dict(part) for part in self.validated_data["lines"]]
        return {part.pop("line"): services.Outcome(**part) for part in parts}


class ReturnViewSet(ReadRoom):
    """Goods that customers send back; a sales order's ``return/`` makes one."""

    queryset = Return.objects.select_related("order").order_by("-pk")
    serializer_class = reader_class = ReturnSerializer
    permissions = {"list": "orders.view_return", "inspect": INSPECT, "undo": INSPECT, "cancel": ANNOUNCE}
    lookup_field = "number"
    filterset_fields = {"state": ["exact"], "order__number": ["exact"], "created_at": ["gte", "lte"]}
    search_fields = ["number", "order__number", "order__external_id"]
    ordering_fields = ["created_at", "number"]
    bodies = {"inspect": InspectSerializer, "undo": Versioned, "cancel": Versioned}

    def get_queryset(self):
        return super().get_queryset().prefetch_related(Prefetch("lines", lines_for(self.request.user)))

    def get_serializer_class(self):
        return self.bodies.get(self.action, ReturnSerializer)

    def _own(self, permission: str):
        """The return, where the caller's role allows the act in every warehouse that it goes to, and the body."""
        document = self.get_object()
        lines = ReturnLine.objects.filter(document=document)
        body = self.valid_body(skus=skus_of(lines, "line__product__sku"))
        require_for_return(self.request.user, permission, document)
        return document, body

    @action(detail=True, methods=["post"])
    def inspect(self, request, number=None):
        """Say what was found: sellable pieces go on sale, unsellable ones are set aside, scrapped ones written off."""
        document, body = self._own(INSPECT)
        at = of_device(body.validated_data["at"])
        wish = {"outcomes": body.outcomes(), "version": body.version_seen(), "at": at}
        return self.act(lambda: services.inspect_return(document=document, actor=request.user, **wish))

    @action(detail=True, methods=["post"])
    def cancel(self, request, number=None):
        """Nothing came back after all."""
        document, body = self._own(ANNOUNCE)
        return self.act(
            lambda: services.cancel_return(document=document, actor=request.user, version=body.version_seen())
        )

    @action(detail=True, methods=["post"])
    def undo(self, request, number=None):
        """Take an inspection back, while its pieces are still there."""
        document, body = self._own(INSPECT)
        return self.act(
            lambda: services.undo_return(document=document, actor=request.user, version=body.version_seen())
        )


def lines_for(user):
    return ReturnLine.objects.visible_to(user).select_related("line__product", "warehouse").order_by("pk")


def shown(document: Return, context: dict) -> dict:
    """A return as its own address would show it."""
    rows = Return.objects.select_related("order")
    fresh = rows.prefetch_related(Prefetch("lines", lines_for(context["request"].user))).get(pk=document.pk)
    return ReturnSerializer(fresh, context=context).data
