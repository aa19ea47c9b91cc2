"""Refusals of replenishment."""

from __future__ import annotations

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


class CannotReopen(DomainError):
    code = "cannot_reopen"


class NothingToReplay(DomainError):
    """The history is too short for a back-test."""

    code = "nothing_to_replay"
