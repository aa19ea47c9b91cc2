"""A count as a device takes it along into a hall without a connection."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from rest_framework import serializers

from catalog.models import SupplierProduct
from inventory_site.common.models import User
from stock.models import Allocation, Bin, CountLine, StockCount, StockLevel

Line = CountLine.State
UNFINISHED = (Line.PARTLY, Line.MOVED)


class _BinSerializer(serializers.Serializer):
    code = serializers.CharField()
    area = serializers.CharField()


class _ItemSerializer(serializers.Serializer):
    """``shelf`` is what should lie there now, null in a blind count; ``mine``: the caller counted it first, too.

    Of a recount that has begun, who counted first reads "recount" (it is not theirs), and others which bins are left.
    """

    sku = serializers.CharField()
    name = serializers.CharField()
    barcode = serializers.CharField()
    pack = serializers.IntegerField()
    bins = serializers.ListField(child=serializers.CharField())
    state = serializers.CharField()
    shelf = serializers.IntegerField(allow_null=True)
    mine = serializers.BooleanField()


class SheetSerializer(serializers.Serializer):
    number = serializers.CharField()
    state = serializers.CharField()
    version = serializers.IntegerField()
    note = serializers.CharField()
    is_blind = serializers.BooleanField()
    warehouse = serializers.CharField()
    bins = _BinSerializer(many=True)
    items = _ItemSerializer(many=True)


def sheet_of(count: StockCount, user: User) -> dict[str, Any]:
    """Seven queries, however many items; ``SheetSerializer`` describes it (it is too slow to make 20,000 rows)."""
    bins = Bin.objects.filter(warehouse=count.warehouse_id).order_by("walk_order", "code", "pk")
    places = bins.by_level(StockLevel.objects.filter(warehouse=count.warehouse_id))
    picked, packs = _picked(count), _packs(count)
    mine = set(count.entries.filter(actor=user).firsts().values_list("line", flat=True))
    columns = (
        "pk",
        "level", "level__product", "level__product__sku", "level__product__name", "level__product__barcode",
        "level__on_hand", "state", "recount_by",
    )  # fmt: skip
    items = [
        {
            "sku": sku, "name": name, "barcode": barcode, "pack": packs.get(product) or 1,
            "bins": [place.code for place in places[level]],
            "state": Line.RECOUNT if again and state in UNFINISHED and line in mine else state,
            "shelf": None if count.is_blind else on_hand - picked.get(level, 0), "mine": line in mine,
        }
        for line, level, product, sku, name, barcode, on_hand, state, again in count.lines.order_by("pk").values_list(
            *columns
        )
    ]  # fmt: skip
    return {
        "number": count.number, "state": count.state, "version": count.version, "note": count.note,
        "is_blind": count.is_blind, "warehouse": count.warehouse.code,
        "bins": [{"code": place.code, "area": place.area} for place in bins], "items": items,
    }  # fmt: skip


def _picked(count: StockCount) -> dict[int, int]:
    """Pieces by level that were taken off the shelf and are still on hand."""
    return Allocation.objects.open().picked().filter(level__warehouse=count.warehouse_id).pieces_by_level()


def _packs(count: StockCount) -> dict[int, int]:
    """The largest pack in which anybody sells the product, by product."""
    rows = SupplierProduct.objects.filter(product__levels__count_lines__count=count, pack_size__gt=1)
    return dict(rows.order_by().values_list("product").annotate(largest=Max("pack_size")))
