"""What a rule of the forecast holds for: a product, a category, a warehouse, or all."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product
from stock.models import Warehouse
from stock.querysets import SharedOrInWarehouse


class ItemScope(models.Model):
    """Each scope has one row at most; of those that fit an item the narrowest holds: product, category, warehouse."""

    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="%(class)ss", verbose_name=_("product")
    )
    category = models.ForeignKey(
        Category, models.CASCADE, null=True, blank=True, related_name="%(class)ss", verbose_name=_("category")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="%(class)ss", verbose_name=_("warehouse")
    )

    objects = SharedOrInWarehouse.as_manager()

    class Meta:
        abstract = True
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                *(Coalesce(scope, 0) for scope in ("product", "category", "warehouse")),
                name="%(app_label)s_%(class)s_once",
                violation_error_message=_("There is one for exactly this already: change that one."),
            ),
            models.CheckConstraint(
                condition=Q(product=None) | Q(category=None), name="%(app_label)s_%(class)s_product_or_category",
                violation_error_message=_("Name a product or a category, not both."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        scope = [str(part) for part in (self.product, self.category, self.warehouse) if part]
        return " · ".join(scope) or str(_("everything"))
