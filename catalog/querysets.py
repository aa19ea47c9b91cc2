"""Reads of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from string import ascii_lowercase, ascii_uppercase

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from catalog.gtin import spellings

ASKED_AT_ONCE = 5000
_ASCII_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)


class CatalogQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The catalogue is one for all warehouses: whoever has any access sees it."""
        return self if user.is_authenticated else self.none()


class ProductQuerySet(CatalogQuerySet):
    def active(self):
        return self.filter(is_active=True)

    def with_sku_in(self, skus):
        """By SKU, upper and lower case alike."""
        return self.alias(_sku=Upper("sku")).filter(_sku__in=_capitals(sku.strip() for sku in skus))

    def by_code(self, codes: Iterable[str]) -> dict:
        """The product that each scanned or typed code means, by the code as it was given: by SKU, else by barcode.

        In any case, and however a GTIN is spelled; of two with one barcode that which is bought, else the older. What
        nobody knows is not in it.
        """
        asked = {code: spellings(code.strip()) for code in codes if code.strip()}
        ways = list({way for told in asked.values() for way in told})
        rows = [
            row
            for part in _parts(ways)
            for row in self.alias(_sku=Upper("sku")).filter(Q(_sku__in=_capitals(part)) | Q(barcode__in=part))
        ]
        # Barcodes are indexed as they are written: only for what is left and has letters all of them are read.
        skus, barcodes = {row.sku.lower() for row in rows}, {row.barcode for row in rows}
        left = [way for way in ways if way.lower() != way.upper() and way.lower() not in skus and way not in barcodes]
        for part in _parts(left):
            rows += self.alias(_barcode=Upper("barcode")).filter(_barcode__in=_capitals(part))
        return _meant(asked, rows)

    def named(self, code: str):
        """The product that a scanned or typed code means, as ``by_code``; None where nobody knows it."""
        return self.by_code([code]).get(code)

    def matching(self, text: str):
        return self.filter(Q(sku__icontains=text) | Q(name__icontains=text) | Q(barcode__in=spellings(text)))


def _capitals(codes: Iterable[str]) -> set[str]:
    """As the database's UPPER writes them, letter by letter; SQLite's knows only those from a to z."""
    return {told for code in codes for told in (_capital(code), code.translate(_ASCII_UPPER))}


def _capital(code: str) -> str:
    return code.upper() if code.isascii() else "".join(min(one.upper(), one, key=len) for one in code)


def _parts(codes: list[str]) -> list[list[str]]:
    return [codes[at : at + ASKED_AT_ONCE] for at in range(0, len(codes), ASKED_AT_ONCE)]


def _meant(asked: Mapping[str, list[str]], rows: list) -> dict:
    """Of these products the one that each code means in one of its spellings."""
    rows.sort(key=lambda row: (row.is_active, -row.pk))  # the last one stays
    names = {row.sku.lower(): row for row in rows}, {row.barcode.lower(): row for row in rows}
    found = {
        code: next((known[way.lower()] for known in names for way in ways if way.lower() in known), None)
        for code, ways in asked.items()
    }
    return {code: row for code, row in found.items() if row is not None}


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
