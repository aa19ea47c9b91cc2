"""Signals over the API: read them, and tell up to a thousand at once."""

from __future__ import annotations

import math

from django.utils.translation import gettext as _
from rest_framework import serializers, status

from forecasting.models import Signal
from forecasting.models.data import NAME
from forecasting.services.signals import Word, tell_signals
from forecasting.signal_file import WRITE_SIGNALS
from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import MOST_LINES
from inventory_site.common.models import ShopSettings
from stock.access import within
from stock.models import Warehouse


class SignalSerializer(serializers.ModelSerializer):
    warehouse = serializers.CharField(source="warehouse.code", read_only=True, allow_null=True)

    class Meta:
        model = Signal
        fields = ["id", "name", "warehouse", "on_date", "value", "known_on"]


class NewSignalSerializer(serializers.Serializer):
    """One value; without ``known_on`` it is known today, or on its own day where that is past."""

    name = serializers.CharField(max_length=40, validators=[NAME])
    warehouse = serializers.CharField(max_length=32, required=False, allow_null=True, default=None)
    on_date = serializers.DateField()
    value = serializers.FloatField()
    known_on = serializers.DateField(required=False, allow_null=True, default=None)

    def validate_warehouse(self, code: str | None) -> Warehouse | None:
        if code and code not in self.context["warehouses"]:
            raise serializers.ValidationError(_("There is no warehouse “%(code)s” for you.") % {"code": code})
        return self.context["warehouses"][code] if code else None

    def validate_value(self, value: float) -> float:
        if not math.isfinite(value) or abs(value) > 1e12:
            raise serializers.ValidationError(_("Write a number, like 12.5."))
        return value

    def validate_known_on(self, day):
        if day and day > self.context["today"]:
            raise serializers.ValidationError(_("In the future: nobody knows it yet."))
        return day

    def validate(self, told: dict) -> dict:
        if told["warehouse"] is None and not self.context["everywhere"]:
            raise serializers.ValidationError({"warehouse": [_("Name one: you do not work in all of them.")]})
        return told

    def word(self, told: dict) -> Word:
        return Word(**told | {"known_on": told["known_on"] or min(told["on_date"], self.context["today"])})


class NewSignalsSerializer(serializers.Serializer):
    signals = NewSignalSerializer(many=True, allow_empty=False, max_length=MOST_LINES)


class SignalViewSet(ReadRoom):
    """Values from outside by day; the same name, warehouse, day and ``known_on`` told again replaces the value."""

    queryset = Signal.objects.select_related("warehouse").order_by("pk")
    serializer_class = SignalSerializer
    permissions = {"list": "forecasting.view_signal", "create": WRITE_SIGNALS}
    filterset_fields = {
        "name": ["exact"], "warehouse__code": ["exact"], "on_date": ["exact", "gte", "lte"], "known_on": ["lte"],
    }  # fmt: skip
    ordering_fields = ["id", "on_date"]

    def get_serializer_class(self):
        return NewSignalsSerializer if self.action == "create" else SignalSerializer

    def create(self, request, *args, **kwargs):
        """Tell some values: all of them, or none where one of them is wrong."""
        places = Warehouse.objects.visible_to(request.user, WRITE_SIGNALS)
        body = self.valid_body(
            warehouses={place.code: place for place in places},
            everywhere=within(request.user, WRITE_SIGNALS) is None,
            today=ShopSettings.objects.load().today(),
        )
        one = body.fields["signals"].child
        words = [one.word(told) for told in body.validated_data["signals"]]

        def tell() -> dict:
            new, changed = tell_signals(words=words, actor=request.user)
            return {"new": new, "changed": changed, "known": len(words) - new - changed}

        return self.act(tell, code=status.HTTP_201_CREATED, answer=lambda told: told)
