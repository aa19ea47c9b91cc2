"""What is sold and who sells it to us."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from catalog.querysets import CatalogQuerySet, ProductQuerySet, PromotionQuerySet, SupplierProductQuerySet

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]
RATE = [*NOT_NEGATIVE, MaxValueValidator(Decimal(1))]
COUNTRY = [RegexValidator("^[A-Z]{2}$", _("Write two capital letters: LV, DE, CN."))]


def validate_weekdays(value: Any) -> None:
    """Refuse what is not a list of different weekdays; True is no Tuesday."""
    is_list = isinstance(value, list) and all(type(day) is int and 0 <= day <= 6 for day in value)
    if not is_list or len(set(value)) != len(value):
        raise ValidationError(
            _("Write a list of weekdays, each once, 0 for Monday to 6 for Sunday: [0, 3], not %(value)s."),
            params={"value": json.dumps(value)},
        )


class Category(models.Model):
    name = models.CharField(_("name"), max_length=120, unique=True)

    objects = CatalogQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    sku = models.CharField(_("SKU"), max_length=64, help_text=_("Unique, upper and lower case alike."))
    name = models.CharField(_("name"), max_length=200)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="products", verbose_name=_("category")
    )
    barcode = models.CharField(_("barcode"), max_length=64, blank=True, db_index=True)
    unit = models.CharField(_("stock unit"), max_length=20, default="piece")
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=2, default=0, validators=NOT_NEGATIVE)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, default=0, validators=NOT_NEGATIVE)
    accepts_backorders = models.BooleanField(
        _("accepts back-orders"), default=False, help_text=_("Orders are taken when nothing is available.")
    )
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Off: no longer bought."))
    ends_on = models.DateField(
        _("last day on sale"), null=True, blank=True, help_text=_("Nothing is planned for later days.")
    )
    replaced_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="replaces", verbose_name=_("replaced by"),
        help_text=_("The product that takes over: it is planned like this one until it has sold for a while."),
    )  # fmt: skip
    volume_ml = models.PositiveIntegerField(
        _("volume, ml"), null=True, blank=True, help_text=_("The room that one piece takes. Empty: unknown.")
    )
    shelf_life_days = models.PositiveIntegerField(
        _("shelf life, days"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("From its receipt. Empty: it keeps."),
    )  # fmt: skip
    source = models.CharField(_("source"), max_length=20, default="manual", editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["sku"]
        constraints = [
            models.UniqueConstraint(
                Upper("sku"), name="catalog_product_sku", violation_error_message=_("There is a product with this SKU.")
            ),
            models.CheckConstraint(condition=models.Q(price__gte=0, unit_cost__gte=0), name="catalog_product_money"),
        ]
        indexes = [models.Index(fields=["name"], name="catalog_product_name")]
        permissions = [("view_cost", "Can see costs and margins")]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


class Supplier(models.Model):
    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    lead_time_days = models.PositiveIntegerField(
        _("declared lead time, days"),
        default=7,
        help_text=_("From confirming an order to its receipt; the measured one takes over."),
    )
    review_period_days = models.PositiveIntegerField(
        _("review period, days"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("Days between two chances to order."),
    )
    minimum_order_cost = models.DecimalField(
        _("minimum order value"), max_digits=12, decimal_places=2, default=0, validators=NOT_NEGATIVE
    )
    freight_cost = models.DecimalField(
        _("freight per order"), max_digits=12, decimal_places=2, default=0, validators=NOT_NEGATIVE
    )
    free_freight_from = models.DecimalField(
        _("free freight from"), max_digits=12, decimal_places=2, null=True, blank=True, validators=NOT_NEGATIVE,
        help_text=_("Order value from which no freight is paid. Empty: it is always paid."),
    )  # fmt: skip
    weekly_capacity = models.PositiveIntegerField(
        _("pieces a week at most"), null=True, blank=True,
        help_text=_("What the supplier can deliver. Empty: learned from what was ordered and received; 0: nothing."),
    )  # fmt: skip
    payment_days = models.PositiveIntegerField(
        _("payment term, days"), null=True, blank=True, help_text=_("After the receipt. Empty: due at the receipt.")
    )
    country = models.CharField(
        _("country"), max_length=2, blank=True, validators=COUNTRY,
        help_text=_("Two letters: no orders are taken on its public holidays. Empty: holidays do not matter."),
    )  # fmt: skip
    address = models.TextField(_("address"), blank=True)
    order_weekdays = models.JSONField(
        _("order weekdays"),
        default=list,
        blank=True,
        validators=[validate_weekdays],
        help_text=_("Days on which the supplier takes orders, 0 for Monday to 6 for Sunday; none: every day."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects = CatalogQuerySet.as_manager()

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(review_period_days__gte=1), name="catalog_supplier_review"),
            models.CheckConstraint(
                condition=models.Q(minimum_order_cost__gte=0, freight_cost__gte=0)
                & (models.Q(free_freight_from=None) | models.Q(free_freight_from__gte=0)),
                name="catalog_supplier_money",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SupplierClosure(models.Model):
    """Days on which a supplier takes no orders, besides the public holidays of its country."""

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="closures", verbose_name=_("supplier"))
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("days without orders")
        verbose_name_plural = _("days without orders")
        ordering = ["-first_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_on__gte=models.F("first_on")), name="catalog_closure_days",
                violation_error_message=_("The last day cannot be before the first."),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.supplier} {self.first_on}"


class SupplierProduct(models.Model):
    """The terms on which one supplier sells one product."""

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="terms", verbose_name=_("supplier"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="terms", verbose_name=_("product"))
    supplier_sku = models.CharField(_("supplier's SKU"), max_length=64, blank=True)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, validators=NOT_NEGATIVE)
    min_order_quantity = models.PositiveIntegerField(
        _("minimum order quantity"), default=1, validators=[MinValueValidator(1)]
    )
    pack_size = models.PositiveIntegerField(_("pack size"), default=1, validators=[MinValueValidator(1)])
    lead_time_days = models.PositiveIntegerField(
        _("declared lead time, days"), null=True, blank=True, help_text=_("Empty: the supplier's.")
    )
    is_preferred = models.BooleanField(_("preferred"), default=False)
    accepts_returns = models.BooleanField(
        _("takes back"), default=False, help_text=_("The supplier takes back what does not sell.")
    )
    return_rate = models.DecimalField(
        _("credited share"), max_digits=5, decimal_places=4, default=0, validators=RATE,
        help_text=_("Share of the cost that is credited for what is taken back, 0 to 1."),
    )  # fmt: skip

    objects = SupplierProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("supplier's terms")
        verbose_name_plural = _("suppliers' terms")
        ordering = ["product", "-is_preferred", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["supplier", "product"], name="catalog_supplierproduct_once"),
            models.UniqueConstraint(
                fields=["product"], condition=models.Q(is_preferred=True), name="catalog_one_preferred_supplier"
            ),
            models.CheckConstraint(
                condition=models.Q(pack_size__gte=1, min_order_quantity__gte=1), name="catalog_supplierproduct_lots"
            ),
            models.CheckConstraint(
                condition=models.Q(return_rate__gte=0, return_rate__lte=1), name="catalog_supplierproduct_returns"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} · {self.supplier}"


class PriceBreak(models.Model):
    """From so many pieces in one order on, each of them costs this."""

    terms = models.ForeignKey(
        SupplierProduct, models.CASCADE, related_name="price_breaks", verbose_name=_("supplier's terms")
    )
    min_quantity = models.PositiveIntegerField(_("from pieces"), validators=[MinValueValidator(2)])
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, validators=NOT_NEGATIVE)

    class Meta:
        verbose_name = _("price break")
        verbose_name_plural = _("price breaks")
        ordering = ["terms", "min_quantity"]
        constraints = [models.UniqueConstraint(fields=["terms", "min_quantity"], name="catalog_pricebreak_once")]

    def __str__(self) -> str:
        return f"{self.min_quantity}: {self.unit_cost}"


class Promotion(models.Model):
    """A product offered at a price or shown prominently on some days, everywhere or in one warehouse's region."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="promotions", verbose_name=_("product"))
    warehouse_code = models.CharField(
        _("warehouse"), max_length=32, blank=True, help_text=_("A warehouse's code; empty: everywhere.")
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"), help_text=_("The last day of the promotion."))
    price = models.DecimalField(
        _("price"), max_digits=12, decimal_places=2, null=True, blank=True, validators=NOT_NEGATIVE
    )
    announced_on = models.DateField(_("known since"), help_text=_("Forecasts made before this day don't know of it."))

    objects = PromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering = ["-starts_on", "product"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="catalog_promotion_days"
            ),
            models.UniqueConstraint(
                fields=["product", "warehouse_code", "starts_on", "name"], name="catalog_promotion_once"
            ),
        ]
        indexes = [models.Index(fields=["starts_on", "ends_on"], name="catalog_promotion_when")]

    def __str__(self) -> str:
        return f"{self.product} {self.starts_on}"
