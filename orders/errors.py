"""Refusals of orders."""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory_site.common.errors import DomainError


class WrongState(DomainError):
    code = "wrong_state"

    @classmethod
    def of(cls, order, wanted: str) -> WrongState:
        return cls(
            _("%(number)s is %(state)s: it cannot be %(wanted)s.")
            % {"number": order.number, "state": order.get_state_display(), "wanted": wanted}
        )


class NothingToDo(DomainError):
    code = "nothing_to_do"


class InvalidLines(DomainError):
    code = "invalid_lines"


class TooMuch(DomainError):
    code = "too_much"


class DuplicateOrder(DomainError):
    code = "duplicate_order"
