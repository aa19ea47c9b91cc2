"""Looking an item up in the hall: where it lies, how many there are, and what is coming."""

from __future__ import annotations

from collections.abc import Sequence

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from catalog.models import Product
from inventory_site.common.api import ReadRoom
from orders.lookup import coming_of, levels_of
from stock.models import Warehouse

QUESTION = [
    OpenApiParameter("warehouse", str, description="Where one stands; left out, all that the caller may enter."),
    OpenApiParameter("code", str, description="A SKU or a barcode, else a part of the name or the SKU."),
]


class BinOfItem(serializers.Serializer):
    bin = serializers.CharField()
    area = serializers.CharField()


class LevelOfItem(serializers.Serializer):
    """``picked`` pieces are on hand and lie on a packing table, not on the shelf."""

    warehouse = serializers.CharField()
    on_hand = serializers.IntegerField()
    available = serializers.IntegerField()
    allocated = serializers.IntegerField()
    picked = serializers.IntegerField()
    unsellable = serializers.IntegerField()
    bins = BinOfItem(many=True)


class ComingItem(serializers.Serializer):
    """By ``purchase`` order or ``transfer``; ``on`` is the day that was promised, null where none was."""

    kind = serializers.ChoiceField(choices=["purchase", "transfer"])
    number = serializers.CharField()
    warehouse = serializers.CharField()
    quantity = serializers.IntegerField()
    on = serializers.DateField(allow_null=True)


class LookupSerializer(serializers.Serializer):
    """``here`` is the warehouse asked for, ``elsewhere`` the others that the caller may enter."""

    product = serializers.CharField()
    name = serializers.CharField()
    barcode = serializers.CharField()
    is_active = serializers.BooleanField()
    here = LevelOfItem(many=True)
    elsewhere = LevelOfItem(many=True)
    coming = ComingItem(many=True)


class LookupViewSet(ReadRoom):
    """Items with their stock in the caller's warehouses; each page costs the same queries."""

    queryset = Product.objects.order_by("sku")
    serializer_class = LookupSerializer
    permissions = {"list": "stock.view_stocklevel"}
    lookup_field = "sku"
    ordering_fields = ["sku", "name"]

    @extend_schema(parameters=QUESTION)
    def list(self, request, *args, **kwargs):
        """What a code means: the item itself where it is a SKU or a barcode, else all whose name or SKU has it."""
        products, code = self.filter_queryset(self.get_queryset()), request.query_params.get("code", "").strip()
        if code:
            exact = products.named(code)
            products = products.filter(pk=exact.pk) if exact else products.matching(code)
        page = self.paginate_queryset(products)
        return self.get_paginated_response(LookupSerializer(self._told(page), many=True).data)

    @extend_schema(parameters=QUESTION[:1])
    def retrieve(self, request, *args, **kwargs):
        return Response(LookupSerializer(self._told([self.get_object()])[0]).data)

    def _told(self, products: Sequence[Product]) -> list[dict]:
        halls = list(Warehouse.objects.visible_to(self.request.user).order_by("priority", "code"))
        asked = self.request.query_params.get("warehouse")
        here = [get_object_or_404(Warehouse, code=asked, pk__in=[hall.pk for hall in halls])] if asked else halls
        levels, coming = levels_of(products, halls), coming_of(products, halls)
        near = {hall.code for hall in here}
        return [
            {
                "product": product.sku, "name": product.name, "barcode": product.barcode,
                "is_active": product.is_active, "coming": coming[product.pk],
                "here": [row for row in levels[product.pk] if row["warehouse"] in near],
                "elsewhere": [row for row in levels[product.pk] if row["warehouse"] not in near],
            }
            for product in products
        ]  # fmt: skip
