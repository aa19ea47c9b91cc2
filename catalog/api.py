"""The catalogue over the API: products are named by SKU, suppliers by code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from catalog.models import Category, PriceBreak, Product, Promotion, Supplier, SupplierClosure, SupplierProduct
from inventory_site.common.api import CostFields, WriteRoom

LONGEST_SKU = Product._meta.get_field("sku").max_length


class ProductBySku(serializers.SlugRelatedField):
    """A product by its SKU, upper and lower case alike."""

    def __init__(self, **kwargs):
        super().__init__(slug_field="sku", **({"queryset": Product.objects.all()} | kwargs))
        self.known: dict[str, Product] = {}

    def look_up(self, skus: Iterable[str]) -> None:
        """Read these at once, for the calls that follow."""
        found = self.get_queryset().with_sku_in(skus)
        self.known = {product.sku.upper(): product for product in found}

    def to_internal_value(self, data):
        sku = data.strip() if isinstance(data, str) else None
        fits = sku and len(sku) <= LONGEST_SKU
        found = fits and (self.known.get(sku.upper()) or self.get_queryset().filter(sku__iexact=sku).first())
        if not found:
            told = {"sku": str(data)[:80]}
            raise serializers.ValidationError(_("There is no product with the SKU “%(sku)s”.") % told)
        return found


class ProductByCode(ProductBySku):
    """The same, or by its barcode: what a scanner reads."""

    def to_internal_value(self, data):
        found = self.get_queryset().named(data) if isinstance(data, str) and len(data) <= LONGEST_SKU else None
        return found or super().to_internal_value(data)


class ProductSerializer(CostFields, serializers.ModelSerializer):
    cost_fields = ("unit_cost",)
    category = serializers.SlugRelatedField(
        slug_field="name", queryset=Category.objects.all(), required=False, allow_null=True
    )

    class Meta:
        model = Product
        fields = [
            "sku", "name", "category", "barcode", "unit", "price", "unit_cost", "accepts_backorders", "is_active",
            "ends_on", "volume_ml", "shelf_life_days",
        ]  # fmt: skip

    def validate_sku(self, value):
        others = Product.objects.exclude(pk=self.instance.pk) if self.instance else Product.objects.all()
        if others.filter(sku__iexact=value).exists():
            raise serializers.ValidationError(_("There is a product with the SKU “%(sku)s”.") % {"sku": value})
        return value


class Replacing(serializers.ModelSerializer):
    """Rows that replace those of before: in a PATCH, where other fields may be left out, each is told whole too."""

    def validate(self, data):
        missing = [name for name, field in self.fields.items() if field.required and name not in data]
        if missing:
            raise serializers.ValidationError({n: [self.fields[n].error_messages["required"]] for n in missing})
        return data


class ClosureSerializer(Replacing):
    class Meta:
        model = SupplierClosure
        fields = ["first_on", "last_on", "reason"]

    def validate(self, data):
        data = super().validate(data)
        if data["last_on"] < data["first_on"]:
            raise serializers.ValidationError({"last_on": [_("The last day cannot be before the first.")]})
        return data


class SupplierSerializer(CostFields, serializers.ModelSerializer):
    """``closures``, where they are told, replace those of before."""

    cost_fields = ("minimum_order_cost", "freight_cost", "free_freight_from")
    closures = ClosureSerializer(many=True, required=False, max_length=200)

    class Meta:
        model = Supplier
        fields = [
            "code", "name", "email", "phone", "address", "country", "lead_time_days", "review_period_days",
            "minimum_order_cost", "freight_cost", "free_freight_from", "weekly_capacity", "payment_days",
            "order_weekdays", "closures", "is_active",
        ]  # fmt: skip

    def create(self, validated_data):
        closures = validated_data.pop("closures", [])
        return self._with_closures(super().create(validated_data), closures)

    def update(self, instance, validated_data):
        closures = validated_data.pop("closures", None)
        supplier = super().update(instance, validated_data)
        if closures is None:
            return supplier
        supplier.closures.all().delete()
        return self._with_closures(supplier, closures)

    def _with_closures(self, supplier: Supplier, closures: list[dict]) -> Supplier:
        SupplierClosure.objects.bulk_create(SupplierClosure(supplier=supplier, **closure) for closure in closures)
        supplier._prefetched_objects_cache = {}  # what was read before they were replaced
        return supplier


class PriceBreakSerializer(Replacing):
    class Meta:
        model = PriceBreak
        fields = ["min_quantity", "unit_cost"]


class SupplierProductSerializer(CostFields, serializers.ModelSerializer):
    """``price_breaks``, where they are told, replace those of before."""

    cost_fields = ("unit_cost", "price_breaks")
    product = ProductBySku()
    supplier = serializers.SlugRelatedField(slug_field="code", queryset=Supplier.objects.all())
    price_breaks = PriceBreakSerializer(many=True, required=False, max_length=50)

    class Meta:
        model = SupplierProduct
        fields = [
            "id", "supplier", "product", "supplier_sku", "unit_cost", "min_order_quantity", "pack_size",
            "lead_time_days", "is_preferred", "accepts_returns", "return_rate", "price_breaks",
        ]  # fmt: skip

    def validate_price_breaks(self, steps):
        for number, times in Counter(step["min_quantity"] for step in steps).items():
            if times > 1:
                raise serializers.ValidationError(_("From %(number)d pieces stands here twice.") % {"number": number})
        return steps

    def create(self, validated_data):
        steps = validated_data.pop("price_breaks", [])
        return self._with_breaks(super().create(validated_data), steps)

    def update(self, instance, validated_data):
        steps = validated_data.pop("price_breaks", None)
        terms = super().update(instance, validated_data)
        if steps is None:
            return terms
        terms.price_breaks.all().delete()
        return self._with_breaks(terms, steps)

    def _with_breaks(self, terms: SupplierProduct, steps: list[dict]) -> SupplierProduct:
        PriceBreak.objects.bulk_create(PriceBreak(terms=terms, **step) for step in steps)
        return terms


class PromotionSerializer(serializers.ModelSerializer):
    product = ProductBySku()

    class Meta:
        model = Promotion
        fields = ["id", "product", "warehouse_code", "name", "starts_on", "ends_on", "price", "announced_on"]

    def validate(self, data):
        old = self.instance
        first = data.get("starts_on", old and old.starts_on)
        if data.get("ends_on", old and old.ends_on) < first:
            raise serializers.ValidationError({"ends_on": [_("A promotion cannot end before it starts.")]})
        return data


class CatalogRoom(WriteRoom):
    """Read by everybody, written by whoever may change that model."""

    http_method_names = ["get", "post", "patch", "head", "options"]

    @property
    def permissions(self):
        name = self.queryset.model._meta.model_name
        return {
            "list": f"catalog.view_{name}",
            "create": f"catalog.add_{name}",
            "partial_update": f"catalog.change_{name}",
        }


class ProductViewSet(CatalogRoom):
    queryset = Product.objects.select_related("category").order_by("sku")
    serializer_class = ProductSerializer
    lookup_field = "sku"
    filterset_fields = ["category__name", "is_active", "barcode"]
    search_fields = ["sku", "name", "barcode"]
    ordering_fields = ["sku", "name", "price"]


class SupplierViewSet(CatalogRoom):
    queryset = Supplier.objects.prefetch_related("closures").order_by("code")
    serializer_class = SupplierSerializer
    lookup_field = "code"
    filterset_fields = ["is_active"]
    search_fields = ["code", "name"]
    ordering_fields = ["code", "name", "lead_time_days"]


class SupplierProductViewSet(CatalogRoom):
    queryset = (
        SupplierProduct.objects.select_related("supplier", "product").prefetch_related("price_breaks").order_by("pk")
    )
    serializer_class = SupplierProductSerializer
    filterset_fields = {"supplier__code": ["exact"], "product__sku": ["exact"], "is_preferred": ["exact"]}
    ordering_fields = ["id"]


class PromotionViewSet(CatalogRoom):
    queryset = Promotion.objects.select_related("product").order_by("-starts_on", "pk")
    serializer_class = PromotionSerializer
    filterset_fields = {"product__sku": ["exact"], "starts_on": ["gte", "lte"], "ends_on": ["gte", "lte"]}
    ordering_fields = ["starts_on", "ends_on"]


ROUTES = {
    "products": ProductViewSet,
    "suppliers": SupplierViewSet,
    "supplier-products": SupplierProductViewSet,
    "promotions": PromotionViewSet,
}
