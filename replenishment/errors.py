"""Refusals of replenishment."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inventory_site.common.errors import DomainError
from replenishment.models import Suggestion


class SuggestionClosed(DomainError):
    code = "suggestion_closed"

    @classmethod
    def of(cls, suggestion: Suggestion) -> SuggestionClosed:
        return cls(
            _("The suggestion for %(sku)s is no longer open: it is %(state)s.")
            % {"sku": suggestion.product.sku, "state": suggestion.get_state_display()}
        )


class NoAlternative(DomainError):
    code = "no_alternative"

    @classmethod
    def of(cls, suggestion: Suggestion) -> NoAlternative:
        return cls(_("No other supplier of %(sku)s is known.") % {"sku": suggestion.product.sku})


class QuantityFixed(DomainError):
    code = "quantity_fixed"

    @classmethod
    def of(cls, suggestion: Suggestion) -> QuantityFixed:
        return cls(_("Only the quantity of a purchase can be changed, not of %(row)s.") % {"row": suggestion})


class NeedsDecision(DomainError):
    code = "needs_decision"

    @classmethod
    def of(cls, suggestion: Suggestion) -> NeedsDecision:
        return cls(_("%(row)s needs a decision of its own: accept it alone.") % {"row": suggestion})


class CannotReopen(DomainError):
    code = "cannot_reopen"


class DismissalPast(DomainError):
    code = "dismissal_past"

    @classmethod
    def of(cls, until: date) -> DismissalPast:
        day = date_format(until, "SHORT_DATE_FORMAT")
        return cls(_("It cannot stay away until %(day)s: that day is over.") % {"day": day})


class CannotTakeBack(DomainError):
    """What would be undone is no longer as it was left."""

    code = "cannot_take_back"


class NothingToReplay(DomainError):
    """The history is too short for a back-test."""

    code = "nothing_to_replay"
