"""Overrides over the API: said once per key, listed, taken back."""

from __future__ import annotations

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action

from catalog.api import ProductBySku
from forecasting.errors import OverrideRefused
from forecasting.models import Override
from forecasting.services.overrides import (
    ADD,
    CHANGE,
    Wish,
    create_overrides,
    fault_in,
    read_amount,
    withdraw_overrides,
)
from inventory_site.common.api import ReadRoom
from inventory_site.common.models import ShopSettings
from stock import access
from stock.api_fields import WarehouseByCode


class OverrideSerializer(serializers.ModelSerializer):
    """``override`` is what was said as people write it: “120” pieces in the period, or “+20 %”."""

    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    override = serializers.CharField(source="said", read_only=True)
    made_by = serializers.CharField(source="made_by.username", read_only=True)

    class Meta:
        model = Override
        fields = [
            "id", "product", "warehouse", "first_on", "last_on", "override", "kind", "amount", "reason", "made_by",
            "made_at", "withdrawn_at",
        ]  # fmt: skip


class NewOverrideSerializer(serializers.Serializer):
    """``override``: “120” for pieces in the whole period, “+20 %” or “-5 %” for a change of the forecast."""

    product = ProductBySku()
    warehouse = WarehouseByCode()
    first_on = serializers.DateField()
    last_on = serializers.DateField()
    override = serializers.CharField(max_length=40)
    reason = serializers.CharField(max_length=200)

    def validate_override(self, text: str) -> tuple[str, float]:
        try:
            return read_amount(text)
        except OverrideRefused as refusal:
            raise serializers.ValidationError(str(refusal)) from None

    def validate(self, told: dict) -> dict:
        kind, amount = told.pop("override")
        wish = Wish(**told, kind=kind, amount=amount)
        if why := fault_in(wish, ShopSettings.objects.load().today()):
            raise serializers.ValidationError({"last_on": [why]})
        return {"wish": wish}


class OverrideFilter(filters.FilterSet):
    sku = filters.CharFilter(field_name="product__sku")
    warehouse = filters.CharFilter(field_name="warehouse__code")
    standing = filters.BooleanFilter(field_name="withdrawn_at", lookup_expr="isnull")

    class Meta:
        model = Override
        fields = {"first_on": ["gte", "lte"], "last_on": ["gte", "lte"], "kind": ["exact"]}


class OverrideViewSet(ReadRoom):
    queryset = Override.objects.select_related("product", "warehouse", "made_by").order_by("-pk")
    serializer_class = reader_class = OverrideSerializer
    permissions = {"list": "forecasting.view_override", "create": ADD, "withdraw": CHANGE}
    filterset_class = OverrideFilter
    search_fields = ["product__sku", "product__name", "reason"]
    ordering_fields = ["id", "first_on", "made_at"]

    @extend_schema(request=NewOverrideSerializer, responses={201: OverrideSerializer})
    def create(self, request):
        """Say what is expected instead of the forecast; plans heed it from the next nightly run on."""
        return self.act(self._said, code=status.HTTP_201_CREATED)

    def _said(self) -> Override:
        wish = self.valid_body(NewOverrideSerializer).validated_data["wish"]
        return create_overrides(wishes=[wish], actor=self.request.user)[0]

    @extend_schema(request=None, responses=OverrideSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request, pk=None):
        """Take it back; what was withdrawn before stays as it is."""
        row = self.get_object()
        access.require(request.user, CHANGE, row.warehouse)

        def taken_back() -> Override:
            withdraw_overrides(overrides=[row], actor=request.user)
            return row

        return self.act(taken_back)
