"""Set-asides over the API: pieces that may not be sold, put back on sale, or written off."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action

from catalog.api import ProductByCode, ProductBySku
from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import Pieces, PiecesLine, Versioned
from inventory_site.common.api_pictures import PictureField
from inventory_site.common.api_times import ZonedTime, of_device
from inventory_site.common.photos import photo_answer
from stock import services
from stock.access import require
from stock.api_fields import WarehouseByCode
from stock.models import SetAside

ADD, VIEW = "stock.add_setaside", "stock.view_setaside"
Reason = SetAside.Reason


class SetAsideSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="level.product.sku", read_only=True)
    warehouse = serializers.CharField(source="level.warehouse.code", read_only=True)
    actor = serializers.CharField(source="actor.username", default=None, read_only=True)
    has_photo = serializers.SerializerMethodField()

    class Meta:
        model = SetAside
        fields = [
            "id", "product", "warehouse", "quantity", "reason", "note", "reference", "actor", "effective_at",
            "recorded_at", "has_photo",
        ]  # fmt: skip

    def get_has_photo(self, row: SetAside) -> bool:
        return hasattr(row, "photo")


class _Pieces(PiecesLine):
    """Some pieces of one product in one warehouse."""

    product = ProductBySku()
    warehouse = WarehouseByCode()
    quantity = Pieces()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class WriteOffSerializer(_Pieces, Versioned):
    """``version`` is that of the stock level."""


class PutBackSerializer(WriteOffSerializer):
    reference = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class NewSetAsideSerializer(PutBackSerializer):
    """``is_scrapped``: the pieces are thrown away, so they are written off at once; ``at`` is when they were."""

    product = ProductByCode()
    photo = PictureField()
    is_scrapped = serializers.BooleanField(required=False, default=False)
    at = ZonedTime(required=False, allow_null=True, default=None)
    reason = serializers.ChoiceField(choices=[Reason.DAMAGED, Reason.EXPIRED, Reason.HELD])


class SetAsideViewSet(ReadRoom):
    """What was set aside, put back and written off; a level's unsellable pieces are the sum."""

    queryset = SetAside.objects.select_related("level__product", "level__warehouse", "actor", "photo").order_by("-pk")
    serializer_class = reader_class = SetAsideSerializer
    permissions = {"list": VIEW, "create": ADD, "put_back": ADD, "write_off": ADD, "photo": VIEW}
    filterset_fields = {
        "level__product__sku": ["exact"], "level__warehouse__code": ["exact"], "reason": ["exact"],
        "effective_at": ["gte", "lte"],
    }  # fmt: skip
    ordering_fields = ["id", "effective_at"]
    bodies = {"create": NewSetAsideSerializer, "put_back": PutBackSerializer, "write_off": WriteOffSerializer}

    def get_serializer_class(self):
        return self.bodies.get(self.action, SetAsideSerializer)

    def _wish(self) -> dict:
        wish = self.valid_body().validated_data
        require(self.request.user, ADD, wish["warehouse"])
        return {**wish, "actor": self.request.user}

    def create(self, request, *args, **kwargs):
        """Take pieces off sale, with a photo of them; promises that this breaks become short."""
        wish = self._wish()
        who = {name: wish.pop(name) for name in ("actor", "version")}
        damage = services.Damage(**wish | {"at": of_device(wish["at"])})
        return self.act(lambda: services.report_damage(damage=damage, **who), code=status.HTTP_201_CREATED)

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    @action(detail=True, pagination_class=None, filter_backends=[])
    def photo(self, request, pk=None):
        """What the pieces looked like."""
        row = self.get_object()
        if not hasattr(row, "photo"):
            raise Http404
        return photo_answer(row.photo.file)

    @action(detail=False, methods=["post"], url_path="put-back")
    def put_back(self, request):
        """Put pieces that were set aside back on sale."""
        wish = self._wish()
        return self.act(lambda: services.put_back(**wish), code=status.HTTP_201_CREATED)

    @action(detail=False, methods=["post"], url_path="write-off")
    def write_off(self, request):
        """Pieces that were set aside leave the building for good; answers with the movement's number."""
        wish = self._wish()
        return self.act(
            lambda: services.write_off_set_aside(**wish),
            code=status.HTTP_201_CREATED,
            answer=lambda movement: {"movement": movement.pk, "quantity": movement.quantity},
        )
