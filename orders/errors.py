"""Refusals of orders."""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory_site.common.errors import DomainError, StaleVersion, WrongState  # noqa: F401  of any document


class NothingToDo(DomainError):
    code = "nothing_to_do"


class InvalidLines(DomainError):
    code = "invalid_lines"

    @classmethod
    def unknown(cls, line: int) -> InvalidLines:
        """A primary key that the caller named and may not, or nobody has."""
        return cls(_("Line %(line)s is not on an order.") % {"line": line})


class TooMuch(DomainError):
    code = "too_much"


class DuplicateOrder(DomainError):
    code = "duplicate_order"


class NotAlike(DomainError):
    """Orders that may not become one."""

    code = "not_alike"


class NotUndoable(DomainError):
    """What was done has consequences already."""

    code = "not_undoable"


class TermsNotMet(DomainError):
    """A purchase order that the supplier would not take as it is."""

    code = "terms_not_met"
