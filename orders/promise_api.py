"""What a supplier is sent and what it promises, over the API: parts of the room of purchase orders."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from inventory_site.common.api_lines import LARGEST, MOST_LINES
from orders import services
from orders.errors import InvalidLines
from orders.models import PromisedDate, PurchaseOrderLine, Reminder
from orders.purchase_files import file_answer

PERMISSIONS = {
    "pdf": "orders.view_purchaseorder", "csv": "orders.view_purchaseorder", "promise": "orders.change_purchaseorder",
    "remind": "orders.change_purchaseorder",
}  # fmt: skip


class PromisedDateSerializer(serializers.ModelSerializer):
    actor = serializers.CharField(source="actor.username", default=None, read_only=True)

    class Meta:
        model = PromisedDate
        fields = ["was_on", "promised_on", "actor", "recorded_at"]


class ReminderSerializer(serializers.ModelSerializer):
    actor = serializers.CharField(source="actor.username", default=None, read_only=True)

    class Meta:
        model = Reminder
        fields = ["asked_on", "note", "actor"]


class PromisedLineSerializer(serializers.Serializer):
    line = serializers.IntegerField(min_value=1, max_value=LARGEST)
    promised_on = serializers.DateField(allow_null=True)


class PromiseSerializer(serializers.Serializer):
    """The days that the supplier promises, by line; null takes a promise back. Named twice, the last counts."""

    lines = PromisedLineSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


class RemindSerializer(serializers.Serializer):
    """That the supplier was asked, today unless told otherwise, about all lines that are still to come."""

    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    asked_on = serializers.DateField(required=False, allow_null=True, default=None)


BODIES = {"promise": PromiseSerializer, "remind": RemindSerializer}


class SupplierSide:
    """Mixed into the view set of purchase orders."""

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, pagination_class=None, filter_backends=[])
    def pdf(self, request, number=None):
        """The order as it is sent to the supplier; without prices for who may not see costs."""
        return file_answer(self.get_object(), "pdf", request.user)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, pagination_class=None, filter_backends=[])
    def csv(self, request, number=None):
        """The same as lines for the supplier's program."""
        return file_answer(self.get_object(), "csv", request.user)

    @action(detail=True, methods=["post"])
    def promise(self, request, number=None):
        """Write down what the supplier promises; who changed what from when to when is kept."""
        order = self._own("orders.change_purchaseorder")
        dates = {row["line"]: row["promised_on"] for row in self.valid_body().validated_data["lines"]}

        def promised() -> list[PurchaseOrderLine]:
            if foreign := dates.keys() - set(order.lines.values_list("pk", flat=True)):
                raise InvalidLines.unknown(min(foreign))
            return services.promise_dates(dates=dates, actor=request.user)

        return self.act(promised, answer=lambda _lines: self.shown(order))

    @action(detail=True, methods=["post"])
    def remind(self, request, number=None):
        """Note that the supplier was asked where the goods are."""
        order, told = self._own("orders.change_purchaseorder"), self.valid_body().validated_data
        lines = [line.pk for line in order.lines.all() if line.outstanding]
        return self.act(
            lambda: services.remind_supplier(lines=lines, actor=request.user, **told),
            answer=lambda _rows: self.shown(order),
        )
