"""Refusals about alerts."""

from inventory_site.common.errors import DomainError


class NotLive(DomainError):
    code = "alert_not_live"


class SnoozeInPast(DomainError):
    code = "snooze_in_past"


class EmptyComment(DomainError):
    code = "empty_comment"
