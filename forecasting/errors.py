"""Refusals of forecasting."""

from __future__ import annotations

from inventory_site.common.errors import DomainError


class OverrideRefused(DomainError):
    """What was said cannot be a forecast; the sentence names the item."""

    code = "override_refused"


class ModelsGone(DomainError):
    """The models of that version were pruned."""

    code = "models_gone"


class NotExplained(DomainError):
    """What was said of an anomaly cannot hold; the sentence names the item."""

    code = "not_explained"
