"""Refusals of the ledger."""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory_site.common.errors import DomainError


class InsufficientStock(DomainError):
    code = "insufficient_stock"

    @classmethod
    def of(cls, shortages) -> InsufficientStock:
        """Name every item that is short: (level, asked, available)."""
        return cls.named(
            (level.product.sku, asked, available, level.warehouse.code) for level, asked, available in shortages
        )

    @classmethod
    def named(cls, shortages) -> InsufficientStock:
        """The same by (SKU, asked, available, where)."""
        sentences = [
            _("%(sku)s: %(asked)d asked, %(available)d available in %(warehouse)s.")
            % {"sku": sku, "asked": asked, "available": available, "warehouse": where}
            for sku, asked, available, where in shortages
        ]
        return cls(" ".join(sentences))


class NotAllocated(DomainError):
    code = "not_allocated"


class NotSetAside(DomainError):
    code = "not_set_aside"


class TooMuch(DomainError):
    code = "too_much"


class AlreadyReversed(DomainError):
    code = "already_reversed"


class OfDocument(DomainError):
    """The movement belongs to an order, a transfer or a return, which has an undo of its own."""

    code = "of_document"


class NotInThePast(DomainError):
    """The moment given for a movement is still to come, or absurdly long ago."""

    code = "not_in_the_past"


class InvalidTransfer(DomainError):
    code = "invalid_transfer"


class InvalidQuantity(DomainError):
    code = "invalid_quantity"


class WrongBin(DomainError):
    """The bins are not what the caller takes them for."""

    code = "wrong_bin"


class NothingToCount(DomainError):
    code = "nothing_to_count"


class UnsettledLines(DomainError):
    """Some lines of a count were counted and cannot be posted yet."""

    code = "unsettled_lines"


class ApprovalNeeded(DomainError):
    code = "approval_needed"


class NotCountable(DomainError):
    """What a device sent cannot become a count of anything."""

    code = "not_countable"


class LabelRefused(DomainError):
    """What should stand on a label does not fit there."""

    code = "label_refused"


class CountedSince(DomainError):
    """A count is taken back whose items were counted again since."""

    code = "counted_since"
