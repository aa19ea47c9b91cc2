"""Refusals of the ledger."""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory_site.common.errors import DomainError


class InsufficientStock(DomainError):
    code = "insufficient_stock"

    @classmethod
    def of(cls, shortages) -> InsufficientStock:
        """Name every item that is short: (level, asked, available)."""
        sentences = [
            _("%(sku)s: %(asked)d asked, %(available)d available in %(warehouse)s.")
            % {"sku": level.product.sku, "asked": asked, "available": available, "warehouse": level.warehouse.code}
            for level, asked, available in shortages
        ]
        return cls(" ".join(sentences))


class NotAllocated(DomainError):
    code = "not_allocated"


class AlreadyReversed(DomainError):
    code = "already_reversed"


class InvalidQuantity(DomainError):
    code = "invalid_quantity"
