"""Cart events over the API: in by up to a thousand, without personal data."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Upper
from django.utils.translation import gettext as _
from rest_framework import serializers, status

from catalog.models import Product
from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import MOST_LINES, Pieces
from inventory_site.common.api_times import ZonedTime
from inventory_site.common.models import ShopSettings
from orders.interest import KEPT_DAYS, NewEvent, record_events
from orders.models import CartEvent
from stock.access import within
from stock.models import Warehouse

ADD_EVENTS = "orders.add_cartevent"
#: Older events would be dropped before they are counted.
TAKEN_DAYS = KEPT_DAYS - 3


class CartEventSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True, allow_null=True)

    class Meta:
        model = CartEvent
        fields = ["id", "product", "warehouse", "kind", "quantity", "session", "at", "external_id", "recorded_at"]


class NewCartEventSerializer(serializers.Serializer):
    """One event: what a visitor did with a product; ``session`` is hashed before it is kept."""

    product = serializers.CharField(max_length=64)
    warehouse = serializers.CharField(max_length=32, required=False, allow_null=True, default=None)
    kind = serializers.ChoiceField(CartEvent.Kind.choices)
    quantity = Pieces(default=1, max_value=1_000_000)
    session = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    at = ZonedTime()
    external_id = serializers.CharField(max_length=100, required=False, allow_null=True, default=None)

    def validate_product(self, sku: str) -> Product:
        if (found := self.context["products"].get(sku.strip().upper())) is None:
            raise serializers.ValidationError(_("There is no product with the SKU “%(sku)s”.") % {"sku": sku})
        return found

    def validate_warehouse(self, code: str | None) -> Warehouse | None:
        if code and code not in self.context["warehouses"]:
            raise serializers.ValidationError(_("There is no warehouse “%(code)s” for you.") % {"code": code})
        return self.context["warehouses"][code] if code else None

    def validate_at(self, at):
        now = self.context["now"]
        if not now - timedelta(days=TAKEN_DAYS) < at < now + timedelta(days=1):
            raise serializers.ValidationError(
                _("Tell events of the last %(days)d days, not of the future.") % {"days": TAKEN_DAYS}
            )
        return at

    def validate(self, told: dict) -> dict:
        if told["warehouse"] is None and not self.context["everywhere"]:
            raise serializers.ValidationError({"warehouse": [_("Name one: you do not work in all of them.")]})
        return told


class NewCartEventsSerializer(serializers.Serializer):
    """``events``, up to a thousand. With ``skip_bad`` the good ones are kept and the others told; else all or none."""

    events = serializers.ListField(child=serializers.JSONField(), min_length=1, max_length=MOST_LINES)
    skip_bad = serializers.BooleanField(default=False)


class KeptEventsSerializer(serializers.Serializer):
    accepted = serializers.IntegerField()
    known = serializers.IntegerField(help_text="There already, by their external_id.")
    errors = serializers.DictField(help_text="Place in the list, from 0, to what is wrong with that event.")


class CartEventViewSet(ReadRoom):
    """Views, carts and purchases by event; kept for some weeks, counted by day every night."""

    queryset = CartEvent.objects.select_related("product", "warehouse").order_by("-pk")
    serializer_class = CartEventSerializer
    permissions = {"list": "orders.view_cartevent", "create": ADD_EVENTS}
    filterset_fields = {
        "product__sku": ["exact"], "warehouse__code": ["exact"], "kind": ["exact"], "at": ["gte", "lte"],
        "external_id": ["exact"],
    }  # fmt: skip
    ordering_fields = ["id", "at"]

    def get_serializer_class(self):
        return NewCartEventsSerializer if self.action == "create" else CartEventSerializer

    def create(self, request, *args, **kwargs):
        """Keep the events; one that is known by its ``external_id`` is not kept twice."""
        body = self.valid_body().validated_data
        good, errors = self._checked(body["events"])
        if errors and (not body["skip_bad"] or not good):
            raise serializers.ValidationError({"events": errors})

        def keep() -> dict:
            accepted, known = record_events(events=good)
            return {"accepted": accepted, "known": known, "errors": errors}

        return self.act(keep, code=status.HTTP_201_CREATED, answer=lambda told: told)

    def _checked(self, told: list) -> tuple[list[NewEvent], dict[str, dict]]:
        """The good events, and what is wrong with each of the others; the products are looked up at once."""
        skus = {str(event.get("product", "")).strip().upper() for event in told if isinstance(event, dict)}
        products = Product.objects.annotate(upper=Upper("sku")).filter(upper__in=skus)
        context = {
            "products": {product.sku.upper(): product for product in products},
            "now": ShopSettings.objects.load().now(),
            "everywhere": within(self.request.user, ADD_EVENTS) is None,
            "warehouses": {row.code: row for row in Warehouse.objects.visible_to(self.request.user, ADD_EVENTS)},
        }
        good, errors = [], {}
        for place, event in enumerate(told):
            one = NewCartEventSerializer(data=event, context=context)
            if one.is_valid():
                good.append(NewEvent(**one.validated_data))
            else:
                errors[str(place)] = one.errors
        return good, errors
