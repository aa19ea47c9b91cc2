"""Looking an item up in the hall: where it lies, how many there are, and what is coming."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from catalog.models import Product
from inventory_site.common.api import ReadRoom
from orders.models import PurchaseOrderLine
from stock.models import Allocation, Bin, StockLevel, TransferLine, Warehouse

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
        levels, coming = _levels(products, halls), _coming(products, halls)
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


def _levels(products: Sequence[Product], halls: Sequence[Warehouse]) -> dict[int, list[dict]]:
    """By product its stock in each of these warehouses that ever had it."""
    rows = list(
        StockLevel.objects.filter(product__in=products, warehouse__in=halls).select_related("warehouse")
        .order_by("warehouse__priority", "warehouse__code")
    )  # fmt: skip
    on_tables = Allocation.objects.open().picked().filter(level__in=rows).pieces_by_level()
    places = defaultdict(list)
    links = Bin.levels.through.objects.filter(stocklevel__in=rows).select_related("bin")
    for link in links.order_by("bin__walk_order", "bin__code"):
        places[link.stocklevel_id].append({"bin": link.bin.code, "area": link.bin.area})
    found = defaultdict(list)
    for level in rows:
        found[level.product_id].append(
            {
                "warehouse": level.warehouse.code, "on_hand": level.on_hand, "available": level.available,
                "allocated": level.allocated, "unsellable": level.unsellable, "picked": on_tables.get(level.pk, 0),
                "bins": places[level.pk],
            }
        )  # fmt: skip
    return found


def _coming(products: Sequence[Product], halls: Sequence[Warehouse]) -> dict[int, list[dict]]:
    """By product what was bought or is on its way to these warehouses, the soonest first, unknown days last."""
    found = defaultdict(list)
    bought = PurchaseOrderLine.objects.on_order().filter(product__in=products, order__warehouse__in=halls)
    for line in bought.select_related("order__warehouse"):
        found[line.product_id].append(
            {
                "kind": "purchase", "number": line.order.number, "warehouse": line.order.warehouse.code,
                "quantity": line.outstanding, "on": line.promised_on or line.order.expected_on,
            }
        )  # fmt: skip
    sent = TransferLine.objects.on_the_way().filter(product__in=products, transfer__destination__in=halls)
    for line in sent.select_related("transfer__destination"):
        found[line.product_id].append(
            {
                "kind": "transfer", "number": line.transfer.number, "warehouse": line.transfer.destination.code,
                "quantity": line.in_transit, "on": line.transfer.expected_on,
            }
        )  # fmt: skip
    for rows in found.values():
        rows.sort(key=lambda row: (row["on"] or date.max, row["number"]))
    return found
