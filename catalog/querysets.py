"""Reads of the catalogue."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from catalog.gtin import spellings


class CatalogQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The catalogue is one for all warehouses: whoever has any access sees it."""
        return self if user.is_authenticated else self.none()


class ProductQuerySet(CatalogQuerySet):
    def active(self):
        return self.filter(is_active=True)

    def with_sku_in(self, skus):
        """By SKU, upper and lower case alike."""
        return self.alias(_sku=Upper("sku")).filter(_sku__in=[sku.strip().upper() for sku in skus])

    def named(self, code: str):
        """The product that a scanned or typed code means: by SKU, else by the barcode; None where nobody knows it."""
        code = code.strip()
        if not code:
            return None
        found = self.filter(Q(sku__iexact=code) | Q(barcode__in=spellings(code))).order_by("pk")
        return next((one for one in found if one.sku.lower() == code.lower()), found.first())

    def matching(self, text: str):
        return self.filter(Q(sku__icontains=text) | Q(name__icontains=text) | Q(barcode__in=spellings(text)))


class SupplierProductQuerySet(CatalogQuerySet):
    def preferred(self):
        """The terms to buy on, one row per product: the preferred supplier's, else the first entered."""
        first = (
            type(self)(self.model)
            .filter(product=models.OuterRef("product"), supplier__is_active=True)
            .order_by("-is_preferred", "pk")
            .values("pk")[:1]
        )
        return self.filter(pk=models.Subquery(first))


class PromotionQuerySet(CatalogQuerySet):
    def between(self, first_on: date, last_on: date):
        return self.filter(starts_on__lte=last_on, ends_on__gte=first_on)

    def known_on(self, day: date):
        return self.filter(announced_on__lte=day)
