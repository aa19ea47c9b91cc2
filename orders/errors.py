"""Refusals of orders."""

from __future__ import annotations

from inventory_site.common.errors import DomainError, StaleVersion, WrongState


class NothingToDo(DomainError):
    code = "nothing_to_do"


class InvalidLines(DomainError):
    code = "invalid_lines"


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


__all__ = [
    "DomainError",
    "DuplicateOrder",
    "InvalidLines",
    "NotAlike",
    "NotUndoable",
    "NothingToDo",
    "StaleVersion",
    "TooMuch",
    "WrongState",
]
