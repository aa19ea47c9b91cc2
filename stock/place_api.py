"""Bins over the API: places on the shelves, what lies in them, and moving it."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from catalog.api import ProductByCode
from inventory_site.common.api import WriteRoom
from inventory_site.common.api_times import ZonedTime
from stock import services
from stock.access import require
from stock.api_fields import WarehouseByCode
from stock.models import Bin, StockLevel
from stock.models.counts import CODE_TAKEN

SEE, CHANGE = "stock.view_bin", "stock.change_bin"
MOST_ITEMS = 500


class BinSerializer(serializers.ModelSerializer):
    """``aisle`` and ``position_metres`` (from its front end) make the walks of pickers short."""

    warehouse = WarehouseByCode()

    class Meta:
        model = Bin
        fields = ["id", "warehouse", "code", "area", "walk_order", "aisle", "position_metres"]

    def validate(self, data):
        now = {name: getattr(self.instance, name, None) for name in ("warehouse", "code")} | data
        others = Bin.objects.exclude(pk=getattr(self.instance, "pk", None))
        if others.filter(warehouse=now["warehouse"], code__iexact=now["code"]).exists():
            raise serializers.ValidationError({"code": [CODE_TAKEN]})
        if self.instance and self.instance.warehouse != now["warehouse"] and self.instance.levels.exists():
            sentence = _("Items of %(warehouse)s lie in %(bin)s. Take them out first.")
            said = {"warehouse": self.instance.warehouse.code, "bin": self.instance.code}
            raise serializers.ValidationError({"warehouse": [sentence % said]})
        return data


class PlacedSerializer(serializers.Serializer):
    """Where one item lies now."""

    product = serializers.CharField(source="product.sku")
    name = serializers.CharField(source="product.name")
    bins = serializers.SerializerMethodField()

    def get_bins(self, level: StockLevel) -> list[str]:
        return [place.code for place in level.bins.order_by("walk_order", "code")]


class BinItemSerializer(serializers.Serializer):
    product = serializers.CharField(source="product.sku")
    name = serializers.CharField(source="product.name")
    barcode = serializers.CharField(source="product.barcode")
    on_hand = serializers.IntegerField()


class TakeSerializer(serializers.Serializer):
    """The item (a SKU or a barcode) lies in ``bin`` no more, since ``at`` where that is told later."""

    warehouse = WarehouseByCode()
    product = ProductByCode()
    bin = serializers.CharField(max_length=40)
    at = ZonedTime(required=False, allow_null=True, default=None)

    def validate(self, data):
        places = Bin.objects.filter(warehouse=data["warehouse"]).select_related("warehouse")
        names = data.keys() & {"bin", "instead_of"}
        found = places.by_code(data[name] for name in names)
        for name in names:
            code = data[name]
            data[name] = found.get(code)
            if code and data[name] is None:
                sentence = _("There is no bin “%(bin)s” in %(warehouse)s.")
                raise serializers.ValidationError(
                    {name: [sentence % {"bin": code, "warehouse": data["warehouse"].code}]}
                )
        return data


class PutSerializer(TakeSerializer):
    """``instead_of`` is the bin that it lies in no more; empty: it lies there too."""

    instead_of = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")


class BinViewSet(WriteRoom):
    """Places on the shelves of a warehouse, in the order of a walk."""

    queryset = Bin.objects.select_related("warehouse").order_by("walk_order", "code", "pk")
    serializer_class = reader_class = BinSerializer
    permissions = {
        "list": SEE, "create": "stock.add_bin", "partial_update": CHANGE, "items": SEE, "place": CHANGE, "take": CHANGE,
    }  # fmt: skip
    filterset_fields = {"warehouse__code": ["exact"], "area": ["exact"], "code": ["exact", "iexact"]}
    ordering_fields = ["walk_order", "code"]
    search_fields = ["code", "area"]
    bodies = {"place": PutSerializer, "take": TakeSerializer, "items": BinItemSerializer}

    def get_serializer_class(self):
        return self.bodies.get(self.action, BinSerializer)

    def held(self, row):
        """Locked, so that nothing is laid into a bin that goes to another warehouse."""
        return get_object_or_404(self.get_queryset().locked(), pk=row.pk)

    def saved(self, body, verb):
        place = body.validated_data.get("warehouse") or body.instance.warehouse
        require(self.request.user, CHANGE, place)
        if body.instance is not None:
            require(self.request.user, CHANGE, body.instance.warehouse)
        return super().saved(body, verb)

    @extend_schema(responses=BinItemSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def items(self, request, pk=None):
        """What lies in this bin."""
        place = self.get_object()
        levels = place.levels.filter(warehouse=place.warehouse).select_related("product").order_by("product__sku")
        levels = levels[:MOST_ITEMS]
        return Response(BinItemSerializer(levels, many=True).data)

    def _told(self) -> dict:
        told = dict(self.valid_body().validated_data)
        require(self.request.user, CHANGE, told.pop("warehouse"))
        return {"place": told.pop("bin"), "actor": self.request.user, **told}

    @extend_schema(responses=PlacedSerializer)
    @action(detail=False, methods=["post"], url_path="put")
    def place(self, request):
        """An item lies in this bin, too or instead of another one."""
        told = self._told()
        return self.act(lambda: services.put_in_bin(**told), answer=_placed)

    @extend_schema(responses=PlacedSerializer)
    @action(detail=False, methods=["post"])
    def take(self, request):
        """An item lies in this bin no more."""
        told = self._told()
        return self.act(lambda: services.take_from_bin(**told), answer=_placed)


def _placed(level: StockLevel) -> dict:
    return PlacedSerializer(level).data
