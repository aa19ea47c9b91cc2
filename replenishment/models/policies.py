"""How items are planned."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product, Supplier
from replenishment.querysets import PolicyQuerySet
from stock.models import Warehouse

RATE = [MinValueValidator(0.5), MaxValueValidator(0.999)]


class Policy(models.Model):
    """How to plan what it matches; the narrowest one wins: product, then category, supplier, warehouse, all."""

    class Rule(models.TextChoices):
        R_S_NQ = "R,s,nQ", _("(R,s,nQ): at the reorder point, order multiples of the order quantity")
        R_S = "R,S", _("(R,S): at each review, order up to the level")

    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("product")
    )
    category = models.ForeignKey(
        Category, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("category")
    )
    supplier = models.ForeignKey(
        Supplier, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("supplier")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("warehouse")
    )
    rule = models.CharField(_("ordering rule"), max_length=10, choices=Rule, default=Rule.R_S_NQ)
    cycle_service_level = models.FloatField(
        _("cycle service level"), default=0.95, validators=RATE,
        help_text=_("Chance that what is ordered at a review arrives before the shelf is empty: 0.5 to 0.999."),
    )  # fmt: skip
    review_period_days = models.PositiveIntegerField(
        _("review period, days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: the supplier's."),
    )
    minimum_stock = models.PositiveBigIntegerField(
        _("reorder point by hand"), null=True, blank=True, help_text=_("Replaces the computed one.")
    )
    order_quantity = models.PositiveBigIntegerField(
        _("order quantity by hand"),
        null=True,
        blank=True,
        help_text=_("Replaces the computed one; packs and minimum still hold."),
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                *(Coalesce(scope, 0) for scope in ("product", "category", "supplier", "warehouse")),
                name="replenishment_policy_once",
            ),
            models.CheckConstraint(
                condition=Q(cycle_service_level__gte=0.5, cycle_service_level__lte=0.999),
                name="replenishment_policy_rate",
            ),
        ]

    def __str__(self) -> str:
        scope = [str(part) for part in (self.product, self.category, self.supplier, self.warehouse) if part]
        return " · ".join(scope) or str(_("everything"))
